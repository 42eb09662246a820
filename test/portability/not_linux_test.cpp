// SPDX-License-Identifier: MIT
//
// What the rings become on a POSIX system that is not Linux, such as macOS, run on this one.
#include "test/portability/not_linux.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "test/support/sanitized.hpp"
#include "weir/broadcast_ring.hpp"
#include "weir/message_ring.hpp"
#include "weir/overflow.hpp"
#include "weir/ring.hpp"

#if defined(__linux__) || !WEIR_FUTEX_FALLBACK
#error "this is to be what macOS gets"
#endif

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

TEST(not_linux, every_publisher_pays_for_the_order_of_waiting) {
    EXPECT_FALSE(weir::detail::has_heavy_fence());
    EXPECT_FALSE(weir::detail::is_asymmetric<weir::fence::asymmetric>());
}

// A thread that is asleep, not one that still spins: the pauses are longer than any spin.
template <class Wait>
void hands_items_to_a_thread_that_sleeps() {
    weir::mpmc_ring<int, Wait> there(1), back(1);
    std::thread peer([&] {
        while (const std::optional<int> item = there.pop()) ASSERT_TRUE(back.push(*item + 1));
        back.close();
    });
    for (int i = 0; i < 20; ++i) {
        std::this_thread::sleep_for(2ms);
        ASSERT_TRUE(there.push(i));
        ASSERT_EQ(back.pop(), i + 1);
    }
    std::this_thread::sleep_for(2ms);
    there.close();
    EXPECT_EQ(back.pop(), std::nullopt);
    peer.join();
}

TEST(not_linux, a_sleeping_thread_is_woken_by_an_item_and_by_a_close) {
    hands_items_to_a_thread_that_sleeps<weir::wait::park>();
    hands_items_to_a_thread_that_sleeps<weir::wait::parking<weir::fence::seq_cst>>();
    hands_items_to_a_thread_that_sleeps<weir::wait::sleep>();
    hands_items_to_a_thread_that_sleeps<weir::wait::yield>();
    hands_items_to_a_thread_that_sleeps<weir::wait::spin>();
}

TEST(not_linux, a_wait_ends_at_its_deadline_and_not_before) {
    weir::spsc_ring<int> ring(1);
    int out = 0;
    const auto begin = clock::now();
    EXPECT_EQ(ring.pop_for(out, 20ms), weir::status::timeout);
    EXPECT_GE(clock::now() - begin, 20ms);
    EXPECT_EQ(ring.pop_until(out, clock::time_point::min()), weir::status::timeout);
}

// Waiters for several things, and of rings that share a bucket of the table, are woken, too.
TEST(not_linux, many_sleepers_are_all_woken) {
    constexpr std::size_t many = 70;  // more than the table has buckets
    weir::mpmc_ring<int> blocks(8);
    std::vector<std::unique_ptr<weir::spsc_ring<int>>> rings;
    std::vector<std::thread> threads;
    std::atomic<std::size_t> woken{0};
    for (std::size_t i = 0; i < many; ++i) rings.push_back(std::make_unique<weir::spsc_ring<int>>(1));
    for (std::size_t i = 0; i < many; ++i) {
        threads.emplace_back([&, i] {
            if (rings[i]->pop() == static_cast<int>(i)) ++woken;
        });
    }
    threads.emplace_back([&] {
        std::array<int, 4> four{};
        if (blocks.pop_n(four) == 4) ++woken;
    });
    std::this_thread::sleep_for(20ms);
    for (std::size_t i = 0; i < many; ++i) ASSERT_TRUE(rings[i]->push(static_cast<int>(i)));
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(blocks.push(i));
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(woken, many + 1);
}

TEST(not_linux, messages_broadcasts_and_overflow_wait_as_well) {
    weir::mpsc_message_ring<> messages(256);
    weir::broadcast_ring<int> broadcast(4);
    weir::overflow_ring<int, weir::overflow::drop_oldest> overflow(4);
    auto reader = broadcast.join();
    int seen = 0;
    std::thread consumer([&] {
        EXPECT_TRUE(messages.consume_one([&](std::uint16_t type, std::span<const std::byte>) { seen += type; }));
        seen += reader.pop().value_or(0);
        seen += overflow.pop().value_or(0);
    });
    std::this_thread::sleep_for(5ms);
    EXPECT_TRUE(messages.push(std::span<const std::byte>(), 1));
    std::this_thread::sleep_for(5ms);
    EXPECT_TRUE(broadcast.push(10));
    std::this_thread::sleep_for(5ms);
    EXPECT_TRUE(overflow.push(100));
    consumer.join();
    EXPECT_EQ(seen, 111);
}

TEST(not_linux, huge_pages_are_normal_ones_and_the_report_says_so) {
    const weir::spsc_ring<int, weir::storage::huge_pages> ring(1000);
    EXPECT_TRUE(ring.memory().degraded());
    const std::string report = ring.memory().to_string();
    EXPECT_NE(report.find("normal pages are used; weir asks for huge pages on Linux alone"), std::string::npos)
        << report;
}

#if WEIR_CHECK_ROLES
TEST(not_linux_death, a_second_thread_on_a_lone_side_is_found) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    weir::spsc_ring<int> ring(2);
    ASSERT_TRUE(ring.try_push(1));
    EXPECT_DEATH(std::thread([&] { (void)ring.try_push(2); }).join(), "weir: ");
}
#endif

}  // namespace
