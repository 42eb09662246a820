// SPDX-License-Identifier: MIT
//
// What co_await promises of a ring with an overflow policy: what a thread's pop and push of it promise.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "test/await/task.hpp"
#include "weir/await.hpp"
#include "weir/overflow.hpp"

namespace {

using weir::async_pop;
using weir::async_push;
using weir::overflow_ring;
using weir::status;
using weir_test::task;
namespace overflow = weir::overflow;

struct class_of {
    std::size_t operator()(int x) const noexcept { return x < 100 ? 0 : 1; }
};

struct taken {
    std::vector<int> items;
    std::vector<std::uint64_t> gaps;
    bool ended = false;
};

task consume(auto& ring, taken& out) {
    while (const auto item = co_await async_pop(ring)) {
        out.items.push_back(*item);
        out.gaps.push_back(ring.gap());
    }
    out.ended = true;
}

TEST(await_overflow, a_pop_waits_for_items_and_ends_with_the_ring) {
    const auto check = [](auto ring) {
        taken out;
        const task consuming = consume(*ring, out);
        EXPECT_TRUE(ring->try_push(1));
        EXPECT_TRUE(ring->try_push(200));
        EXPECT_EQ(out.items, (std::vector<int>{1, 200}));
        EXPECT_FALSE(out.ended);
        ring->close();
        EXPECT_TRUE(out.ended);
        EXPECT_EQ(ring->account().delivered, 2U);
    };
    check(std::make_unique<overflow_ring<int, overflow::block>>(2));
    check(std::make_unique<overflow_ring<int, overflow::reject, overflow::many_producers>>(2));
    check(std::make_unique<overflow_ring<int, overflow::drop_newest>>(2));
    check(std::make_unique<overflow_ring<int, overflow::drop_oldest>>(2));
    check(std::make_unique<overflow_ring<int, overflow::sample>>(2, overflow::sample{.keep_one_in = 2, .from = 2}));
    check(std::make_unique<overflow_ring<int, overflow::codel<>>>(2));
    check(std::make_unique<overflow_ring<int, overflow::shed_lowest<2, class_of>>>(2));
}

TEST(await_overflow, an_item_comes_with_the_gap_before_it) {
    overflow_ring<int, overflow::drop_oldest> ring(2);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(ring.try_push(i));
    taken out;
    const task consuming = consume(ring, out);
    EXPECT_EQ(out.items, (std::vector<int>{3, 4}));
    EXPECT_EQ(out.gaps, (std::vector<std::uint64_t>{3, 0}));
    ring.close();
}

TEST(await_overflow, a_push_answers_at_once_as_its_policy_says) {
    overflow_ring<int, overflow::drop_oldest> newest(1);
    overflow_ring<int, overflow::reject> oldest(1);
    std::vector<status> answers;
    const task pushing = [](auto& one, auto& other, auto& to) -> task {
        for (int i = 0; i < 2; ++i) {
            to.push_back(co_await async_push(one, i));
            to.push_back(co_await async_push(other, i));
        }
    }(newest, oldest, answers);
    EXPECT_TRUE(pushing.is_done());
    EXPECT_EQ(answers, (std::vector<status>{status::success, status::success, status::success, status::full}));
    EXPECT_EQ(newest.try_pop(), 1);
    EXPECT_EQ(oldest.try_pop(), 0);
    EXPECT_EQ(oldest.account().refused, 1U);
}

TEST(await_overflow, with_block_a_push_waits_for_room_and_counts_as_one_offer) {
    overflow_ring<std::string, overflow::block> ring(1);
    ASSERT_TRUE(ring.try_push("first"));
    std::optional<status> answer;
    std::string value = "a text that is too long for the place inside";
    const task pushing = [](auto& to, auto& x, auto& got) -> task {
        got.emplace(co_await async_push(to, std::move(x)));
    }(ring, value, answer);
    EXPECT_FALSE(answer);
    EXPECT_EQ(ring.account().offered, 1U);
    EXPECT_EQ(ring.try_pop(), "first");
    EXPECT_EQ(answer, status::success);
    EXPECT_EQ(ring.account().offered, 2U);
    EXPECT_EQ(ring.account().refused, 0U);
    EXPECT_EQ(ring.try_pop(), "a text that is too long for the place inside");
}

TEST(await_overflow, with_block_a_push_that_is_stopped_or_finds_it_closed_counts_as_refused_once) {
    overflow_ring<std::string, overflow::block, overflow::many_producers> ring(1);
    ASSERT_TRUE(ring.try_push("first"));
    std::optional<status> stopped, closed;
    std::string one = "a text that is too long for the place inside", other = one + "!";
    std::stop_source stop;
    const auto push = [](auto& to, auto& x, auto& got, std::stop_token token) -> task {
        got.emplace(co_await async_push(to, std::move(x), token));
    };
    const task first = push(ring, one, stopped, stop.get_token());
    const task second = push(ring, other, closed, std::stop_token());
    stop.request_stop();
    EXPECT_EQ(stopped, status::full);
    EXPECT_EQ(ring.account().refused, 1U);
    EXPECT_FALSE(closed);
    ring.close();
    EXPECT_EQ(closed, status::closed);
    EXPECT_EQ(ring.account().refused, 2U);
    EXPECT_EQ(ring.account().offered, 3U);
    EXPECT_EQ(one + "!", other) << "untouched";
}

TEST(await_overflow, with_block_room_wakes_each_of_several_producers) {
    overflow_ring<int, overflow::block, overflow::many_producers> ring(1);
    ASSERT_TRUE(ring.try_push(0));
    int pushed = 0;
    const auto push = [](auto& to, int x, int& count) -> task {
        if (co_await async_push(to, x)) ++count;
    };
    const task first = push(ring, 1, pushed), second = push(ring, 2, pushed);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(ring.try_pop(), i);
    EXPECT_EQ(pushed, 2);
}

}  // namespace
