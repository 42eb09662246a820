// SPDX-License-Identifier: MIT
//
// The names of P0260 over weir's rings.
#include "weir/std_queue.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "test/await/task.hpp"
#include "weir/ring.hpp"

namespace {

using weir::bounded_queue;
using weir::conqueue_errc;
using weir_test::task;

TEST(std_queue, holds_exactly_what_it_was_made_for) {
    bounded_queue<int> queue(3);
    EXPECT_EQ(queue.capacity(), 3U);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.try_push(i), conqueue_errc::success);
    EXPECT_EQ(queue.try_push(3), conqueue_errc::full);
    conqueue_errc answer = conqueue_errc::busy;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(queue.try_pop(answer), i);
        EXPECT_EQ(answer, conqueue_errc::success);
    }
    EXPECT_EQ(queue.try_pop(answer), std::nullopt);
    EXPECT_EQ(answer, conqueue_errc::empty);
}

TEST(std_queue, delivers_after_close_what_was_accepted_before) {
    bounded_queue<std::unique_ptr<int>> queue(2);
    EXPECT_TRUE(queue.push(std::make_unique<int>(1)));
    EXPECT_EQ(queue.try_emplace(new int(2)), conqueue_errc::success);
    EXPECT_FALSE(queue.is_closed());
    queue.close();
    queue.close();
    EXPECT_TRUE(queue.is_closed());
    auto refused = std::make_unique<int>(3);
    EXPECT_FALSE(queue.push(std::move(refused)));
    EXPECT_EQ(queue.try_push(std::move(refused)), conqueue_errc::closed);
    ASSERT_NE(refused, nullptr) << "a push that is refused leaves its argument";
    EXPECT_EQ(**queue.pop(), 1);
    conqueue_errc answer = conqueue_errc::busy;
    EXPECT_EQ(**queue.try_pop(answer), 2);
    EXPECT_EQ(queue.pop(), std::nullopt);
    EXPECT_EQ(queue.try_pop(answer), std::nullopt);
    EXPECT_EQ(answer, conqueue_errc::closed);
}

TEST(std_queue, makes_a_thread_wait_for_room_and_for_items) {
    bounded_queue<int> queue(1);
    std::thread producer([&] {
        for (int i = 0; i < 100; ++i) EXPECT_TRUE(i % 2 == 0 ? queue.push(i) : queue.emplace(i));
        queue.close();
    });
    int next = 0;
    while (const auto item = queue.pop()) EXPECT_EQ(*item, next++);
    EXPECT_EQ(next, 100);
    producer.join();
}

TEST(std_queue, is_awaited_on_either_side) {
    bounded_queue<std::string> queue(1);
    std::string got;
    const task popping = [](auto& from, std::string& to) -> task {
        while (const auto item = co_await from.async_pop()) to += *item + " ";
        to += "closed";
    }(queue, got);
    int accepted = 0;
    const task pushing = [](auto& to, int& count) -> task {
        const bool one = co_await to.async_push("one");
        const bool xs = co_await to.async_emplace(std::size_t{3}, 'x');
        to.close();
        const bool late = co_await to.async_push("late");
        count = one + xs + late;
    }(queue, accepted);
    EXPECT_EQ(accepted, 2);
    EXPECT_EQ(got, "one xxx closed");
}

TEST(std_queue, ends_an_awaited_operation_when_it_is_asked_to_stop) {
    bounded_queue<int> queue(1);
    std::stop_source stop;
    int ended = 0;
    const task popping = [](auto& from, int& count, std::stop_token token) -> task {
        const auto item = co_await from.async_pop(token);
        count += item.has_value() ? 0 : 1;
    }(queue, ended, stop.get_token());
    EXPECT_EQ(ended, 0);
    stop.request_stop();
    EXPECT_EQ(ended, 1);
    EXPECT_TRUE(queue.push(1));
    const task pushing = [](auto& to, int& count, std::stop_token token) -> task {
        const bool is_accepted = co_await to.async_push(2, token);
        count += is_accepted ? 0 : 1;
    }(queue, ended, stop.get_token());
    EXPECT_EQ(ended, 2) << "a stop was requested before: it only tries";
    EXPECT_EQ(queue.pop(), 1);
}

template <class End>
concept can_push = requires(End end) { end.push(1); };
template <class End>
concept can_pop = requires(End end) { end.pop(); };

TEST(std_queue, has_ends_of_one_side) {
    bounded_queue<int, weir::spsc_ring<int>> queue(4);
    auto back = queue.back();
    auto front = queue.front();
    static_assert(can_push<decltype(back)> && !can_pop<decltype(back)>);
    static_assert(can_pop<decltype(front)> && !can_push<decltype(front)>);
    static_assert(std::is_copy_constructible_v<decltype(back)> && !std::is_copy_constructible_v<decltype(queue)>);
    EXPECT_TRUE(back.push(1));
    back.close();
    EXPECT_TRUE(front.is_closed());
    EXPECT_EQ(front.pop(), 1);
    EXPECT_EQ(front.pop(), std::nullopt);
    EXPECT_EQ(queue.ring().size_approx(), 0U);
}

TEST(std_queue, names_its_answers) {
    EXPECT_EQ(to_string(conqueue_errc::closed), "closed");
    EXPECT_EQ(to_string(conqueue_errc::busy_async), "busy_async");
}

}  // namespace
