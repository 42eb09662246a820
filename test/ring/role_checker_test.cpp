// SPDX-License-Identifier: MIT
//
// Built with the checks on, whatever the preset: a second thread on a single-ended side is a bug that must not pass.
#define WEIR_CHECK_ROLES 1
#include <gtest/gtest.h>

#include <array>
#include <thread>

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
