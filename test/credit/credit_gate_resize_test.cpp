// SPDX-License-Identifier: MIT
//
// A credit_gate that grows, shrinks and forgets permits while it is used.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test/support/eventually.hpp"
#include "test/support/refusal.hpp"
#include "test/support/wait_support.hpp"
#include "weir/credit_gate.hpp"

namespace {

using weir::credit_gate;
using weir::credit_permit;
using weir::status;

TEST(credit_gate_resize, what_is_added_can_be_acquired_at_once) {
    credit_gate gate(2);
    auto both = gate.try_acquire(2);
    EXPECT_FALSE(gate.try_acquire());
    gate.grow(3);
    EXPECT_EQ(gate.capacity(), 5U);
    EXPECT_EQ(gate.credits(), 3U);
    auto three = gate.try_acquire(3);
    EXPECT_TRUE(three);
    EXPECT_FALSE(gate.try_acquire());
    three.reset();
    both.reset();
    EXPECT_TRUE(gate.try_acquire(5));
}

TEST(credit_gate_resize, what_is_added_serves_the_queue_in_its_order) {
    credit_gate gate(4);
    credit_permit held;
    ASSERT_TRUE(gate.try_acquire(held, 4));
    std::vector<std::size_t> order;
    std::thread large([&] {
        const auto permit = gate.acquire(3);
        order.push_back(3);
    });
    gate.grow(2);
    EXPECT_TRUE(weir_test::eventually([&] { return !gate.try_acquire(); })) << "the request for 3 comes first";
    gate.grow(1);
    large.join();
    EXPECT_EQ(order, std::vector<std::size_t>{3});
    EXPECT_EQ(gate.credits(), 3U);
}

TEST(credit_gate_resize, free_credits_are_taken_away_at_once) {
    credit_gate gate(5);
    auto two = gate.try_acquire(2);
    gate.shrink(3);
    EXPECT_EQ(gate.capacity(), 2U);
    EXPECT_EQ(gate.in_use(), 2U);
    EXPECT_EQ(gate.credits(), 0U);
    EXPECT_FALSE(gate.try_acquire());
    two.reset();
    EXPECT_EQ(gate.credits(), 2U);
    EXPECT_TRUE(gate.try_acquire(2));
}

TEST(credit_gate_resize, credits_in_use_are_taken_away_as_they_come_back) {
    credit_gate gate(4);
    auto all = gate.try_acquire(4);
    gate.shrink(3);
    EXPECT_EQ(gate.capacity(), 1U);
    EXPECT_EQ(gate.in_use(), 4U) << "until they come back, more are in use than the capacity";
    EXPECT_EQ(gate.credits(), 0U);
    all->give_back(1);
    all->give_back(2);
    EXPECT_EQ(gate.in_use(), 1U);
    EXPECT_FALSE(gate.try_acquire());
    all->give_back(1);
    EXPECT_EQ(gate.in_use(), 0U);
    const auto one = gate.try_acquire();
    EXPECT_TRUE(one);
    EXPECT_FALSE(gate.try_acquire());
}

TEST(credit_gate_resize, what_is_owed_is_paid_by_what_is_added) {
    credit_gate gate(4);
    auto all = gate.try_acquire(4);
    gate.shrink(2);
    gate.grow(3);
    EXPECT_EQ(gate.capacity(), 5U);
    EXPECT_EQ(gate.credits(), 1U);
    EXPECT_TRUE(gate.try_acquire());
    all.reset();
    EXPECT_TRUE(gate.try_acquire(5));
}

TEST(credit_gate_resize, a_request_that_can_never_be_granted_any_more_is_answered) {
    credit_gate gate(4);
    auto held = gate.try_acquire(2);
    status of_large = status::success;
    std::thread large([&] {
        credit_permit permit;
        of_large = gate.acquire(permit, 4);
    });
    while (gate.try_acquire(1)) std::this_thread::yield();  // refused from when it waits
    gate.shrink(1);
    large.join();
    EXPECT_EQ(of_large, status::too_large);
    EXPECT_EQ(gate.credits(), 1U);
}

TEST(credit_gate_resize, guarantees_stay) {
    credit_gate gate(10);
    credit_gate::share mine(gate, 4);
    auto all = gate.try_acquire(6);
    gate.shrink(6);
    EXPECT_EQ(gate.capacity(), 4U);
    EXPECT_TRUE(mine.try_acquire(4));
    all.reset();
    EXPECT_EQ(gate.in_use(), 0U);
    EXPECT_FALSE(mine.try_acquire(4)->split(0)) << "what is guaranteed can still be had";
    gate.grow(1);
    EXPECT_TRUE(mine.try_acquire(5));
}

TEST(credit_gate_resize, permits_whose_holder_died_are_forgotten) {
    credit_gate gate(3);
    {
        auto lost = gate.try_acquire(2);
        EXPECT_EQ(lost->forget(), 2U);
        EXPECT_FALSE(*lost);
    }
    EXPECT_EQ(gate.in_use(), 2U) << "a permit that forgot its credits does not give them back";
    gate.forget(1);
    EXPECT_EQ(gate.credits(), 2U);
    std::thread waiting([&] { EXPECT_TRUE(gate.acquire(3)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    gate.forget(1);
    waiting.join();
    EXPECT_EQ(gate.credits(), 3U);

    credit_gate::share mine(gate, 1);
    (void)mine.try_acquire(3)->forget();
    EXPECT_EQ(mine.in_use(), 3U);
    mine.forget(3);
    EXPECT_EQ(gate.credits(), 3U);
}

#if defined(__cpp_exceptions)
using weir_test::refusal;

TEST(credit_gate_resize, impossible_amounts_are_refused_with_a_sentence) {
    credit_gate gate(10);
    credit_gate::share mine(gate, 4);
    EXPECT_EQ(refusal([&] { gate.grow(4611686018427387900U); }),
              "weir: a credit_gate of capacity 10 cannot grow by 4611686018427387900; the largest one has "
              "4611686018427387903");
    EXPECT_EQ(
        refusal([&] { gate.shrink(7); }),
        "weir: a credit_gate of capacity 10 cannot shrink by 7: 4 are guaranteed to shares, and one must be left; "
        "shrink by 6 at most");
    credit_gate small(3);
    EXPECT_EQ(refusal([&] { small.shrink(3); }),
              "weir: a credit_gate of capacity 3 cannot shrink by 3: 0 are guaranteed to shares, and one must be left; "
              "shrink by 2 at most");
    const auto one = small.try_acquire();
    EXPECT_EQ(refusal([&] { small.forget(2); }),
              "weir: 2 credits cannot be forgotten where 1 are in permits; forget those of a holder that died, once");
    EXPECT_EQ(refusal([&] { mine.forget(1); }),
              "weir: 1 credits cannot be forgotten where 0 are in permits; forget those of a holder that died, once");
    EXPECT_EQ(gate.credits(), 10U);
    const auto of_the_gate = gate.try_acquire(2);
    EXPECT_NE(refusal([&] { mine.forget(1); }), "") << "credits of the gate are none of the share's";
    // What is owed may still come back, and has to fit beside what is added.
    credit_gate owing(10);
    const auto held = owing.try_acquire(10);
    owing.shrink(5);
    EXPECT_EQ(refusal([&] { owing.grow(4611686018427387898U); }),
              "weir: a credit_gate of capacity 5 cannot grow by 4611686018427387898; the largest one has "
              "4611686018427387903");
}
#endif

TEST(credit_gate_resize, keeps_its_books_while_threads_use_it) {
    credit_gate gate(8);
    std::atomic<std::size_t> held{0};
    const auto rounds = weir_test::rounds(20'000);
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 2; ++t) {
        threads.emplace_back([&, t] {
            weir_test::numbers numbers(t + 1);
            for (std::uint64_t i = 0; i < rounds; ++i) {
                const std::size_t n = 1 + numbers.below(3);
                const auto permit = gate.acquire(n);
                ASSERT_TRUE(permit);
                EXPECT_LE(held += n, 16U) << "no more than the gate ever had";
                held -= n;
            }
        });
    }
    threads.emplace_back([&] {
        for (std::uint64_t i = 0; i < rounds / 4; ++i) {
            gate.grow(8);
            gate.shrink(8);
        }
    });
    for (std::thread& each : threads) each.join();
    EXPECT_EQ(gate.capacity(), 8U);
    EXPECT_EQ(gate.in_use(), 0U);
    EXPECT_TRUE(gate.try_acquire(8));
}

}  // namespace
