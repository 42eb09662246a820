// SPDX-License-Identifier: MIT
//
// Readers of a broadcast ring that come, fall behind, are given up, or skip, while others wait for them.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include "weir/broadcast_ring.hpp"
#include "weir/message_ring.hpp"

namespace {

using namespace std::chrono_literals;
using weir::status;

TEST(late_reader, that_is_given_up_wakes_the_readers_after_it) {
    weir::broadcast_ring<int> ring(2);
    auto elder = ring.join({.limit = {10ms}});
    auto younger = ring.join({.after = {&elder}});
    std::thread reads([in = std::move(younger)]() mutable {
        while (in.pop()) continue;
    });
    std::this_thread::sleep_for(20ms);  // asleep, after the elder
    EXPECT_EQ(ring.push(1), status::success);
    EXPECT_EQ(ring.push(2), status::success);
    EXPECT_EQ(ring.push_for(3, 20s), status::success);
    ring.close();
    reads.join();
}

TEST(late_reader, that_holds_nothing_up_costs_a_waiting_push_nothing) {
    weir::broadcast_ring<int> ring(8);
    const auto slow = ring.join();
    auto late = ring.join({.limit = {1ms}});
    for (int i = 0; i < 8; ++i) ASSERT_EQ(ring.try_push(i), status::success);
    EXPECT_EQ(ring.try_push(8), status::full);
    EXPECT_TRUE(late.try_pop());
    std::this_thread::sleep_for(5ms);
    const auto used_ms = [] {
        timespec now{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
    };
    const auto before = used_ms();
    EXPECT_EQ(ring.push_for(8, 300ms), status::timeout);
    EXPECT_LT(used_ms() - before, 150);
}

TEST(late_reader, that_skips_what_is_claimed_and_not_sent_finds_nothing) {
    using namespace weir::detail;
    using state = broadcast_state<1, true>;
    std::array<copied_words<int>, 4> words{};
    std::array<atomic<std::uint64_t>, 4> marks{};
    state shared(4, 0, true);
    word_slots<int> slots(words.data(), 4);
    bool advanced = false;
    broadcast_producers<int, 1> producers(shared, slots, marks.data());
    broadcast_reader<int, state> reader(shared, slots, broadcast_seat::lossy, "", {}, {});
    ASSERT_EQ(producers.try_put(shared, 0, advanced), status::success);
    shared.claims.claimed.fetch_add(2, relaxed);  // of a producer that is suspended
    for (int i = 2; i < 5; ++i) ASSERT_EQ(producers.try_put(shared, i, advanced), status::success);
    const auto visit = [](int) {};
    EXPECT_EQ(reader.consume(shared, visit, 1, [](std::size_t) {}), 0U);
    EXPECT_FALSE(reader.has_items(shared));
    EXPECT_LE(reader.missed(), 5U);
}

#if defined(__cpp_exceptions)
TEST(late_reader, keeps_the_gap_of_an_item_whose_visit_throws) {
    weir::broadcast_ring<int> ring(4);
    auto reader = ring.join({.mode = weir::reader_mode::lossy});
    for (int i = 0; i < 10; ++i) ASSERT_EQ(ring.try_push(i), status::success);
    EXPECT_THROW(reader.consume([](int) { throw 1; }), int);
    EXPECT_EQ(reader.try_pop(), std::optional(6));
    EXPECT_EQ(reader.missed(), 6U);
    EXPECT_EQ(reader.gap(), 6U);
}
#endif

TEST(broadcast_items, may_lack_assignment) {
    struct tag {
        const int id;
    };
    weir::broadcast_ring<tag> ring(2);
    auto reader = ring.join();
    ASSERT_EQ(ring.push(tag{7}), status::success);
    const auto got = reader.try_pop();
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->id, 7);
}

// Another producer's message fills the end of the storage meanwhile, so that less is needed than when the wait began.
TEST(message_wait, ends_when_the_message_fits) {
    weir::mpsc_message_ring<> ring(64);
    const std::array<std::byte, 24> bytes{};
    const auto first = [&](std::size_t n) { return std::span<const std::byte>(bytes).first(n); };
    ASSERT_EQ(ring.try_push(first(8)), status::success);
    ASSERT_EQ(ring.try_push(first(16)), status::success);
    status answer = status::closed;
    std::thread pushes([&] { answer = ring.push_for(first(24), 20s); });
    std::this_thread::sleep_for(50ms);
    ASSERT_EQ(ring.try_push(first(16)), status::success);
    EXPECT_EQ(ring.consume([](std::uint16_t, std::span<const std::byte>) {}, 2), 2U);
    pushes.join();
    EXPECT_EQ(answer, status::success);
}

}  // namespace
