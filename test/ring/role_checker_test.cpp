// SPDX-License-Identifier: MIT
//
// Built with the checks on, whatever the preset: a second thread on a single-ended side is a bug that must not pass.
#define WEIR_CHECK_ROLES 1
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "weir/overflow.hpp"
#include "weir/ring.hpp"

namespace {

template <class F>
void in_another_thread(F f) {
    std::thread(f).join();
}

TEST(role_checker_death_test, a_second_producer_aborts_with_a_sentence) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    weir::spsc_ring<int> ring(4);
    (void)ring.try_push(1);
    EXPECT_DEATH(in_another_thread([&] { (void)ring.try_push(2); }),
                 "^weir: a second thread pushes .* use mpsc_ring.*\n");
    EXPECT_DEATH(in_another_thread([&] { (void)ring.try_reserve(2); }), "a second thread pushes");
}

TEST(role_checker_death_test, a_second_consumer_aborts_with_a_sentence) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    weir::spsc_ring<int> ring(4);
    (void)ring.try_pop();
    EXPECT_DEATH(in_another_thread([&] { (void)ring.try_pop(); }), "a second thread pops .* use spmc_ring");
    EXPECT_DEATH(in_another_thread([&] { (void)ring.try_peek(1); }), "a second thread pops");
}

// ---- within an operation of the same side ------------------------------------------------------------------------

/// Calls `act` when it is made of a number, and when it is assigned.
struct acting {
    explicit acting(int = 0) noexcept(false) {
        if (act) std::exchange(act, nullptr)();
    }
    acting(acting&&) noexcept {}
    acting& operator=(acting&&) noexcept {
        if (act) std::exchange(act, nullptr)();
        return *this;
    }
    static inline std::function<void()> act;
};

TEST(role_checker_death_test, a_push_within_a_push_or_a_reservation_aborts_with_a_sentence) {
    weir::spsc_ring<acting> ring(4);
    acting::act = [&] { (void)ring.try_emplace(2); };
    EXPECT_DEATH((void)ring.try_emplace(1), "^weir: a ring of one producer is pushed to while another push to it");
    acting::act = [&] { (void)ring.try_reserve(1); };
    EXPECT_DEATH((void)ring.try_emplace(1), "while another push to it, or a reservation, is under way");
#if defined(__cpp_exceptions)
    acting::act = [] { throw std::runtime_error("as told"); };
    EXPECT_THROW((void)ring.try_emplace(1), std::runtime_error);
#endif
    acting::act = [&] { (void)ring.try_pop(); };
    EXPECT_TRUE(ring.try_emplace(1)) << "an exception ends a push, too, and a push may pop";
    {
        auto slots = ring.try_reserve(2);
        slots.emplace();
        EXPECT_DEATH((void)ring.try_emplace(3), "while another push to it, or a reservation, is under way");
        slots.commit(1);
        EXPECT_DEATH((void)ring.try_reserve(1), "while another push to it, or a reservation, is under way");
    }
    auto slots = ring.try_reserve(1);
    slots.emplace();
    slots.commit(1);
    EXPECT_TRUE(ring.try_emplace(4)) << "what is committed to the last slot is over";
}

TEST(role_checker_death_test, a_pop_within_a_pop_aborts_with_a_sentence) {
    weir::spsc_ring<acting> ring(4);
    while (ring.try_emplace(1)) {
    }
    const auto pops = [&](acting&) { (void)ring.try_pop(); };
    EXPECT_DEATH(ring.consume(pops), "^weir: a ring of one consumer is popped from in the middle of another pop");
    EXPECT_DEATH((void)ring.try_consume_one(pops), "in the middle of another pop from it");
    EXPECT_DEATH(ring.consume([&](acting&) { (void)ring.try_peek(1); }), "in the middle of another pop from it");
    acting out;
    acting::act = [&] { ring.consume([](acting&) {}); };
    EXPECT_DEATH((void)ring.try_pop(out), "in the middle of another pop from it");
    acting::act = nullptr;
#if defined(__cpp_exceptions)
    const auto throws = [](acting&) { throw std::runtime_error("as told"); };
    EXPECT_THROW((void)ring.try_consume_one(throws), std::runtime_error);
    EXPECT_THROW(ring.consume(throws), std::runtime_error);
#endif
    EXPECT_EQ(ring.consume([&](acting&) { (void)ring.try_emplace(2); }), 4U) << "a visit may push";
}

TEST(role_checker_death_test, a_second_thread_at_an_end_of_an_overflow_ring_aborts_with_a_sentence) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    weir::overflow_ring<int, weir::overflow::drop_oldest> ring(4);
    (void)ring.push(1);
    (void)ring.try_pop();
    EXPECT_DEATH(in_another_thread([&] { (void)ring.push(2); }),
                 "a second thread pushes to an overflow_ring of one producer");
    EXPECT_DEATH(in_another_thread([&] { (void)ring.try_pop(); }), "a second thread pops from an overflow_ring");
    weir::overflow_ring<int, weir::overflow::block> waiting(4);
    (void)waiting.push(1);
    EXPECT_DEATH(in_another_thread([&] { (void)waiting.push(2); }),
                 "a second thread pushes to an overflow_ring of one producer");
}

TEST(role_checker_death_test, a_second_thread_that_commits_or_releases_aborts_with_a_sentence) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    weir::spsc_ring<int> ring(4);
    auto slots = ring.try_reserve(2);
    slots.emplace(1);
    EXPECT_DEATH(in_another_thread([&] { slots.commit(1); }), "a second thread pushes");
    slots.commit(1);
    auto items = ring.try_peek(1);
    EXPECT_DEATH(in_another_thread([&] { items.release(1); }), "a second thread pops");
    items.release(1);
}

TEST(role_checker, each_side_may_be_a_thread_of_its_own) {
    weir::spsc_ring<int> ring(4);
    in_another_thread([&] { EXPECT_TRUE(ring.try_push(1)); });
    in_another_thread([&] { EXPECT_TRUE(ring.try_pop().has_value()); });
}

TEST(role_checker, a_role_can_be_handed_on) {
    weir::spsc_ring<int> ring(4);
    EXPECT_TRUE(ring.try_push(1));
    in_another_thread([&] {
        ring.adopt_producer();
        EXPECT_TRUE(ring.try_push(2));
    });
    ring.adopt_producer();
    EXPECT_TRUE(ring.try_push(3));
}

TEST(in_place_death_test, more_than_was_reserved_or_shown_aborts_with_a_sentence) {
    weir::spsc_ring<int> ring(4);
    EXPECT_DEATH(ring.try_reserve(2).commit(3), "more than was reserved");
    EXPECT_DEATH(ring.try_peek(2).release(1), "more than was peeked at");
}

TEST(in_place_death_test, more_than_the_reserved_slots_is_not_built) {
    weir::spsc_ring<int> ring(4);
    const std::array<int, 3> three{1, 2, 3};
    EXPECT_DEATH(ring.try_reserve(2).append(three.begin(), 3), "more elements than reserved slots");
    const auto build_three = [&] {
        auto slots = ring.try_reserve(2);
        for (const int i : three) slots.emplace(i);
    };
    EXPECT_DEATH(build_three(), "more elements than reserved slots");
}

}  // namespace
