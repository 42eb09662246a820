// SPDX-License-Identifier: MIT
//
// Visits of all there are, and `most` at most: every form of them, in every family of rings.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <thread>

#include "weir/broadcast_ring.hpp"
#include "weir/message_ring.hpp"
#include "weir/overflow.hpp"
#include "weir/ring.hpp"
#include "weir/stop.hpp"

namespace {

using weir::forever;

/// Each form of `from` visits two of three, then the third. `put()` puts one.
template <class From, class Put, class Visit>
void expect_two_of_three(From& from, Put put, Visit visit) {
    using std::chrono::hours;
    const std::stop_source source;
    const auto never = [] { return false; };
    const auto put_three = [&] {
        for (int i = 0; i < 3; ++i) ASSERT_TRUE(put());
    };
    const auto check = [&](auto form) {
        put_three();
        ASSERT_EQ(form(2U), 2U);
        ASSERT_EQ(form(2U), 1U);
    };
    check([&](std::size_t most) { return from.consume(visit, most); });
    check([&](std::size_t most) { return from.consume_some(visit, most); });
    check([&](std::size_t most) { return from.consume_some_for(visit, hours(1), most); });
    if constexpr (requires { from.consume_some_until(visit, forever, std::size_t{1}); }) {
        check([&](std::size_t most) { return from.consume_some_until(visit, forever, most); });
    }
    check([&](std::size_t most) { return from.consume_some_unless(visit, never, forever, most); });
    check([&](std::size_t most) { return weir::consume_some(from, visit, source.get_token(), most); });

    // They come while it waits.
    bool are_there = false;
    const auto put_when_asked = [&] {
        if (!are_there) put_three();
        are_there = true;
        return false;
    };
    EXPECT_EQ(from.consume_some_unless(visit, put_when_asked, forever, 2), 2U);
    EXPECT_EQ(from.consume(visit), 1U);
}

TEST(at_most, so_many_items_are_visited) {
    const auto check = [](auto&& ring) {
        expect_two_of_three(
            ring, [&ring] { return ring.try_push(1); }, [](int&) noexcept {});
    };
    check(weir::spsc_ring<int>(3));
    check(weir::mpmc_ring<int>(3));
    check(weir::strict_mpmc_ring<int>(3));
    check(weir::overflow_ring<int, weir::overflow::reject>(3));
    check(weir::overflow_ring<int, weir::overflow::drop_oldest>(3));
}

TEST(at_most, so_many_items_that_others_see_are_visited) {
    weir::broadcast_ring<int> ring(3);
    auto reader = ring.join();
    expect_two_of_three(
        reader, [&] { return ring.try_push(1); }, [](const int&) {});
}

TEST(at_most, so_many_messages_are_visited) {
    const auto check = [](auto&& ring) {
        const std::array<std::byte, 5> bytes{};
        expect_two_of_three(
            ring, [&] { return ring.try_push(bytes); }, [](std::uint16_t, std::span<const std::byte>) {});
    };
    check(weir::spsc_message_ring<>(1024));
    check(weir::mpsc_message_ring<>(1024));
}

// With a stop token, also when they come while it waits: three in one step.
TEST(at_most, so_many_are_visited_after_a_wait_that_a_token_could_end) {
    weir::spsc_ring<int> ring(3);
    const std::stop_source source;
    std::thread producer([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        EXPECT_EQ(ring.try_push_n(std::array{1, 2, 3}), 3U);
    });
    const auto visit = [](int&) noexcept {};
    EXPECT_EQ(weir::consume_some(ring, visit, source.get_token(), 2), 2U);
    producer.join();
    EXPECT_EQ(ring.consume(visit), 1U);
}

}  // namespace
