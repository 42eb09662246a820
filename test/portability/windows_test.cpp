// SPDX-License-Identifier: MIT
//
// What Windows has in place of the calls of Linux. <windows.h> comes last here and first in windows_first.cpp: the declarations
// in weir's headers must be its own.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "weir/broadcast_ring.hpp"
#include "weir/message_ring.hpp"
#include "weir/overflow.hpp"
#include "weir/pipeline.hpp"
#include "weir/ring.hpp"

#include <windows.h>

bool use_after_windows_header();

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using weir::detail::futex_wait;
using weir::detail::futex_wake;
using weir::detail::futex_word;

static_assert(!WEIR_FUTEX_FALLBACK, "WaitOnAddress stands for the futex");

TEST(windows, its_header_may_come_first) { EXPECT_TRUE(use_after_windows_header()); }

TEST(windows, a_wait_returns_at_once_if_the_word_has_changed_or_the_deadline_has_passed) {
    const futex_word word{1};
    futex_wait(word, 0, weir::detail::forever);
    futex_wait(word, 1, clock::now());
    futex_wait(word, 1, clock::time_point::min());
}

TEST(windows, a_wait_ends_after_its_deadline) {
    const futex_word word{1};
    const auto deadline = clock::now() + 30ms;
    while (!weir::detail::has_passed(deadline)) futex_wait(word, 1, deadline);
    EXPECT_GE(clock::now(), deadline);
    EXPECT_LT(clock::now(), deadline + 20s);
}

TEST(windows, wakes_one_or_all) {
    futex_word word{0};
    std::atomic<int> awake{0};
    std::vector<std::thread> sleepers;
    for (int i = 0; i < 4; ++i) {
        sleepers.emplace_back([&] {
            while (word.load(weir::detail::acquire) == 0) futex_wait(word, 0, weir::detail::forever);
            ++awake;
        });
    }
    std::this_thread::sleep_for(50ms);
    word.store(1, weir::detail::release);
    while (awake == 0) {  // one that was not asleep yet needs no wake
        futex_wake(word, 1);
        std::this_thread::sleep_for(1ms);
    }
    futex_wake(word, 4);
    for (std::thread& sleeper : sleepers) sleeper.join();
    EXPECT_EQ(awake, 4);
}

TEST(windows, its_barrier_can_be_called_and_is_not_relied_on_under_wine) {
    const bool is_wine = ::GetProcAddress(::GetModuleHandleA("ntdll.dll"), "wine_get_version") != nullptr;
    EXPECT_EQ(weir::detail::has_heavy_fence(), !is_wine);
    weir::detail::heavy_fence();
}

TEST(windows, a_thread_is_known_by_its_number) {
    const void* other = nullptr;
    std::thread([&] { other = weir::detail::this_thread(); }).join();
    EXPECT_NE(weir::detail::this_thread(), nullptr);
    EXPECT_EQ(weir::detail::this_thread(), weir::detail::this_thread());
    EXPECT_NE(other, nullptr);
    EXPECT_NE(weir::detail::this_thread(), other);
}

TEST(windows, knows_whether_it_was_given_one_cpu) {
    DWORD_PTR allowed = 0, existing = 0;
    ASSERT_NE(::GetProcessAffinityMask(::GetCurrentProcess(), &allowed, &existing), 0);
    EXPECT_EQ(weir::detail::started_on_one_cpu, __builtin_popcountll(allowed) == 1);
}

TEST(windows, sleeps_for_at_least_that_long) {
    const auto begin = clock::now();
    weir::detail::sleep_for(300us);
    weir::detail::sleep_for(0us);
    weir::detail::sleep_for(-1us);
    EXPECT_GE(clock::now() - begin, 300us);
    weir::detail::yield_cpu();
}

TEST(windows, slots_are_aligned_on_the_heap_in_the_ring_and_in_pages) {
    struct alignas(128) item {
        int n;
    };
    const auto aligned = [](auto& ring) {
        auto slots = ring.try_reserve(1);
        return reinterpret_cast<std::uintptr_t>(slots.first().data()) % 128 == 0;
    };
    weir::spsc_ring<item> heap(3);
    weir::spsc_ring<item, weir::storage::fixed<3>> fixed;  // on the stack
    weir::spsc_ring<item, weir::storage::huge_pages> pages(3);
    EXPECT_TRUE(aligned(heap));
    EXPECT_TRUE(aligned(fixed));
    EXPECT_TRUE(aligned(pages));
    EXPECT_NE(pages.memory().to_string().find("weir asks for huge pages on Linux alone"), std::string::npos);
}

TEST(windows, a_pipeline_runs) {
    weir::pipeline line;
    int next = 0;
    long sum = 0;
    auto source = line.source<int>("source", [&] { return next < 1000 ? std::optional<int>(next++) : std::nullopt; });
    auto sink = line.sink<int>("sink", [&](int item) { sum += item; });
    line.connect(source, sink, 8);
    line.run();
    line.join();
    EXPECT_EQ(sum, 499'500);
}

}  // namespace
