// SPDX-License-Identifier: MIT
//
// The names of P0260 over weir's rings.
#include "weir/std_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "test/await/task.hpp"
#include "weir/ring.hpp"

namespace {

using weir::bounded_queue;
using weir::conqueue_status;
using weir_test::task;

TEST(std_queue, holds_exactly_what_it_was_made_for) {
    bounded_queue<int> queue(3);
    EXPECT_EQ(queue.capacity(), 3U);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.try_push(i), conqueue_status::success);
    EXPECT_EQ(queue.try_push(3), conqueue_status::full);
    for (int i = 0; i < 3; ++i) {
        const auto item = queue.try_pop();
        ASSERT_TRUE(item.has_value());
        EXPECT_EQ(*item, i);
    }
    EXPECT_FALSE(queue.try_pop());
    EXPECT_EQ(queue.try_pop().error(), conqueue_status::empty);
}

TEST(std_queue, delivers_after_close_what_was_accepted_before) {
    bounded_queue<std::unique_ptr<int>> queue(2);
    EXPECT_TRUE(queue.push(std::make_unique<int>(1)));
    EXPECT_EQ(queue.try_emplace(new int(2)), conqueue_status::success);
    EXPECT_FALSE(queue.is_closed());
    queue.close();
    queue.close();
    EXPECT_TRUE(queue.is_closed());
    auto refused = std::make_unique<int>(3);
    EXPECT_FALSE(queue.push(std::move(refused)));
    EXPECT_EQ(queue.try_push(std::move(refused)), conqueue_status::closed);
    ASSERT_NE(refused, nullptr) << "a push that is refused leaves its argument";
    EXPECT_EQ(**queue.pop(), 1);
    EXPECT_EQ(**queue.try_pop(), 2);
    EXPECT_EQ(queue.pop(), std::nullopt);
    EXPECT_EQ(queue.try_pop().error(), conqueue_status::closed);
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
    bounded_queue<int> other(4);
    other.front().close();
    EXPECT_TRUE(other.is_closed()) << "either side may close";
    EXPECT_FALSE(other.push(1));
}

struct noting {
    std::vector<std::string>& calls;
    void set_value(std::string&& x) && noexcept { calls.push_back("value " + x); }
    void set_value() && noexcept { calls.push_back("pushed"); }
    void set_error(conqueue_status why) && noexcept { calls.push_back("error " + std::string(to_string(why))); }
    void set_stopped() && noexcept { calls.push_back("stopped"); }
};

TEST(std_queue, ends_a_sender_by_a_value_or_by_the_error_closed_or_stopped) {
    bounded_queue<std::string> queue(1);
    std::vector<std::string> calls;
    std::stop_source stop;
    auto pop = queue.async_pop().connect(noting{calls});
    pop.start();
    auto push = queue.async_push("x").connect(noting{calls});
    push.start();
    auto never = queue.async_pop(stop.get_token()).connect(noting{calls});
    never.start();
    stop.request_stop();
    auto waiting = queue.async_pop().connect(noting{calls});
    waiting.start();
    queue.close();
    auto late = queue.async_emplace("late").connect(noting{calls});
    late.start();
    EXPECT_EQ(calls, (std::vector<std::string>{"value x", "pushed", "stopped", "error closed", "error closed"}));
}

static_assert(weir::basic_concurrent_queue<bounded_queue<int>> && weir::concurrent_queue<bounded_queue<int>> &&
              weir::async_concurrent_queue<bounded_queue<int>>);
static_assert(weir::concurrent_queue<bounded_queue<std::unique_ptr<int>, weir::spsc_ring<std::unique_ptr<int>>>>);

/// Written for any queue of the proposal: a log that loses messages rather than wait, and the task that prints them.
template <weir::concurrent_queue Queue>
bool log_message(Queue& log, std::string&& message) {
    return log.try_push(std::move(message)) == conqueue_status::success;
}
template <weir::concurrent_queue Queue>
std::string print_messages(Queue& log) {
    std::string printed;
    auto message = log.try_pop();
    for (; message; message = log.try_pop()) printed += *message + "\n";
    EXPECT_NE(message.error(), conqueue_status::success);
    return printed;
}

TEST(std_queue, is_a_log_that_loses_messages_rather_than_wait) {
    bounded_queue<std::string, weir::strict_mpmc_ring<std::string>> log(2);
    EXPECT_TRUE(log_message(log, "one"));
    EXPECT_TRUE(log_message(log, "two"));
    EXPECT_FALSE(log_message(log, "lost"));
    EXPECT_EQ(print_messages(log), "one\ntwo\n");
    EXPECT_EQ(log.try_pop().value_or("nothing"), "nothing");
}

/// One thread finds names, several look them up, until the queue is closed and drained.
TEST(std_queue, hands_each_name_to_one_of_several_searchers) {
    bounded_queue<int> names(4);
    std::atomic<int> sum{0}, found{0};
    std::vector<std::thread> searchers;
    for (int i = 0; i < 3; ++i) {
        searchers.emplace_back([&] {
            while (const auto name = names.pop()) sum += *name, ++found;
        });
    }
    for (int i = 1; i <= 200; ++i) EXPECT_TRUE(names.push(i));
    names.close();
    for (auto& each : searchers) each.join();
    EXPECT_EQ(found, 200);
    EXPECT_EQ(sum, 200 * 201 / 2);
}

TEST(std_queue, names_its_answers) {
    EXPECT_EQ(to_string(conqueue_status::closed), "closed");
    EXPECT_EQ(to_string(conqueue_status::busy_async), "busy_async");
}

}  // namespace
