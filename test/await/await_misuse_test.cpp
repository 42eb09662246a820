// SPDX-License-Identifier: MIT
//
// Mistakes with coroutines that debug builds notice: each aborts with a sentence.
#define WEIR_CHECK_ROLES 1

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "test/await/task.hpp"
#include "weir/await.hpp"
#include "weir/ring.hpp"
#include "weir/select.hpp"

namespace {

using weir::async_pop;
using weir::async_push;
using weir::async_select;
using weir::items_of;
using weir_test::manual_executor;
using weir_test::task;

task popping(auto& from, int& got) {
    while (const auto item = co_await async_pop(from)) got = *item;
}

// ---- not noticed: what is no mistake -------------------------------------------------------------------------------

TEST(await_misuse, one_coroutine_may_wait_after_another_and_at_each_side) {
    weir::spsc_ring<int> ring(1);
    int got = 0;
    {
        const task first = popping(ring, got);
        ASSERT_TRUE(ring.try_push(1));
    }
    EXPECT_EQ(got, 1);
    task second = popping(ring, got);
    ASSERT_TRUE(ring.try_push(2));
    EXPECT_EQ(got, 2);
    second.destroy();
    ASSERT_TRUE(ring.try_push(3));
    task pushing = [](auto& to) -> task { (void)co_await async_push(to, 4); }(ring);
    EXPECT_EQ(ring.try_pop(), 3);
    EXPECT_TRUE(pushing.is_done());
}

TEST(await_misuse, one_operation_may_name_an_end_twice) {
    weir::spsc_ring<int> ring(1);
    std::optional<weir::selected> found;
    const task selecting = [](auto& from, auto& to) -> task {
        to.emplace(co_await async_select(items_of(from), items_of(from)));
    }(ring, found);
    ASSERT_TRUE(ring.try_push(1));
    EXPECT_TRUE(found);
}

TEST(await_misuse, several_coroutines_may_wait_at_a_ring_for_many) {
    weir::mpmc_ring<int> ring(2);
    int one = 0, other = 0;
    const task first = popping(ring, one), second = popping(ring, other);
    ASSERT_TRUE(ring.try_push(1) && ring.try_push(2));
    EXPECT_EQ(one + other, 3);
    ring.close();
}

TEST(await_misuse, a_coroutine_that_its_executor_has_run_may_be_destroyed) {
    weir::mpmc_ring<int> ring(1);
    manual_executor executor;
    int got = 0;
    task waiting = [](auto& from, auto& on, int& to) -> task {
        while (const auto item = co_await async_pop(from).resume_on(on)) to = *item;
    }(ring, executor, got);
    ASSERT_TRUE(ring.try_push(1));
    executor.run();
    EXPECT_EQ(got, 1);
    waiting.destroy();  // asleep again
    EXPECT_TRUE(ring.try_push(2));
}

// ---- noticed -------------------------------------------------------------------------------------------------------

#if GTEST_HAS_DEATH_TEST && !defined(__SANITIZE_THREAD__)

TEST(await_misuse_death, destroyed_between_the_executor_and_its_turn) {
    weir::mpmc_ring<int> ring(1);
    manual_executor executor;
    const auto destroy_too_early = [&] {
        task waiting = [](auto& from, auto& on) -> task { (void)co_await async_pop(from).resume_on(on); }(ring,
                                                                                                          executor);
        (void)ring.try_push(1);
        waiting.destroy();
    };
    EXPECT_DEATH(destroy_too_early(), "a coroutine was destroyed after it was handed to its executor");
}

TEST(await_misuse_death, two_coroutines_at_a_side_for_one) {
    const auto both_pop = [] {
        weir::spsc_ring<int> ring(1);
        int got = 0;
        const task first = popping(ring, got), second = popping(ring, got);
    };
    EXPECT_DEATH(both_pop(), "a second coroutine waits at a side of a ring that is for one at a time");
    const auto one_selects = [] {
        weir::spsc_ring<int> ring(1);
        int got = 0;
        const task first = popping(ring, got);
        const task second = [](auto& from) -> task { (void)co_await async_select(items_of(from)); }(ring);
    };
    EXPECT_DEATH(one_selects(), "a second coroutine waits at a side of a ring that is for one at a time");
    const auto both_push = [] {
        weir::spsc_ring<int> ring(1);
        (void)ring.try_push(0);
        const auto push = [](auto& to) -> task { (void)co_await async_push(to, 1); };
        const task first = push(ring), second = push(ring);
    };
    EXPECT_DEATH(both_push(), "a second coroutine waits at a side of a ring that is for one at a time");
}

TEST(await_misuse_death, a_ring_destroyed_under_a_coroutine) {
    const auto ring_first = [] {
        int got = 0;
        auto ring = std::make_unique<weir::mpmc_ring<int>>(1);
        const task waiting = popping(*ring, got);
        ring.reset();
    };
    EXPECT_DEATH(ring_first(), "a ring was destroyed while a coroutine");
}

#endif

}  // namespace
