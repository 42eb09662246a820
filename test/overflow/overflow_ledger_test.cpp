// SPDX-License-Identifier: MIT
//
// The ledger of the policies block and codel: every number of it after every operation of one thread. The others are
// compared with a model in overflow_test.cpp.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <random>
#include <thread>
#include <type_traits>

#include "weir/overflow.hpp"

namespace {

using namespace std::chrono_literals;
using weir::overflow_ring;
using weir::status;
namespace overflow = weir::overflow;

/// A clock that a test sets.
struct hand_clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<hand_clock>;
    static constexpr bool is_steady = true;
    static time_point now() noexcept { return time_point(time); }
    static inline duration time{0};
};
using hand_codel = overflow::codel<hand_clock>;

TEST(overflow, a_pop_gives_up_after_its_time_and_waits_as_long_as_it_can) {
    overflow_ring<int, overflow::reject> ring(2);
    int out = 0;
    EXPECT_EQ(ring.pop_for(out, 1ns), status::timeout);
    ASSERT_TRUE(ring.push(7));
    EXPECT_EQ(ring.pop_for(out, std::chrono::nanoseconds::max()), status::success);
    EXPECT_EQ(out, 7);
    std::thread producer([&] {
        std::this_thread::sleep_for(10ms);
        ring.adopt_producer();
        EXPECT_TRUE(ring.push(8));
    });
    EXPECT_EQ(ring.pop_for(out, std::chrono::hours(200'000)), status::success) << "23 years";
    EXPECT_EQ(out, 8);
    producer.join();
}

TEST(overflow, both_roles_can_be_handed_on) {
    overflow_ring<int, overflow::reject> ring(2);
    ASSERT_TRUE(ring.push(7));
    int out = 0;
    ASSERT_TRUE(ring.try_pop(out));
    std::thread([&] {
        ring.adopt_producer();
        ring.adopt_consumer();
        EXPECT_TRUE(ring.push(8));
        EXPECT_TRUE(ring.try_pop(out));
    }).join();
    EXPECT_EQ(out, 8);
}

template <class Policy, class Producers>
void expect_every_number_after_every_step(Policy policy, std::size_t capacity) {
    hand_clock::time = 0ns;
    overflow_ring<int, Policy, Producers> ring(capacity, policy);
    constexpr bool blocks = std::is_same_v<Policy, overflow::block>;
    std::mt19937 random(3);
    std::deque<int> queued;  // those that have not been lost for the lack of room
    overflow::ledger expected;
    for (int step = 0; step < 3000; ++step) {
        hand_clock::time += 1ms;
        if (step == 2900) ring.close();
        // A hundred steps towards full, then a hundred towards empty.
        if ((random() % 4 != 0) == (step / 100 % 2 == 0)) {
            status answer = status::success;
            if constexpr (blocks) {
                answer = ring.push_until(int{step}, std::chrono::steady_clock::time_point::min());
            } else {
                answer = ring.push(step);
            }
            ++expected.offered;
            const bool fits = queued.size() < capacity;
            if (step >= 2900) {
                ASSERT_EQ(answer, status::closed);
                ++expected.refused;
            } else if (fits) {
                ASSERT_EQ(answer, status::success);
                queued.push_back(step);
            } else if (blocks) {
                ASSERT_EQ(answer, status::timeout);
                ++expected.refused;
            } else {
                ASSERT_EQ(answer, status::success);
                ++expected.lost_newest;
            }
        } else if (const std::optional<int> item = ring.try_pop()) {
            ++expected.delivered;
            for (; queued.front() != *item; queued.pop_front()) ++expected.lost_late;
            queued.pop_front();
        } else {
            ASSERT_TRUE(queued.empty()) << "the last one is never dropped";
        }
        expected.queued = queued.size();
        const overflow::ledger sum = ring.account();
        ASSERT_TRUE(sum.is_exact()) << "step " << step;
        ASSERT_EQ(sum.offered, expected.offered);
        ASSERT_EQ(sum.refused, expected.refused);
        ASSERT_EQ(sum.delivered, expected.delivered);
        ASSERT_EQ(sum.queued, expected.queued);
        ASSERT_EQ(sum.lost_newest, expected.lost_newest);
        ASSERT_EQ(sum.lost_late, expected.lost_late);
        ASSERT_EQ(sum.lost(), expected.lost()) << "by no other cause";
    }
    EXPECT_GT(expected.refused, 0U);
    if (!blocks) {
        EXPECT_GT(expected.lost_late, 0U);
        EXPECT_GT(expected.lost_newest, 0U);
    }
}

TEST(overflow, the_ledger_of_block_and_codel_is_right_to_the_number_after_every_step) {
    expect_every_number_after_every_step<overflow::block, overflow::one_producer>({}, 5);
    expect_every_number_after_every_step<overflow::block, overflow::many_producers>({}, 5);
    expect_every_number_after_every_step<hand_codel, overflow::one_producer>({3ms, 20ms}, 25);
    expect_every_number_after_every_step<hand_codel, overflow::many_producers>({3ms, 20ms}, 25);
}

}  // namespace
