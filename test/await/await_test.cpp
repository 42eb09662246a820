// SPDX-License-Identifier: MIT
//
// What co_await promises of rings: at once, suspended, closed, cancelled, destroyed, on an executor, and as a sender.
#include "weir/await.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test/await/task.hpp"
#include "test/support/wait_support.hpp"
#include "weir/ring.hpp"

namespace {

using weir::async_pop;
using weir::async_push;
using weir::status;
using weir_test::manual_executor;
using weir_test::task;

using item = std::unique_ptr<int>;
item of(int n) { return std::make_unique<int>(n); }

/// What one pop gave: 0 while it is awaited, -1 if there is nothing.
task pop_one(auto& ring, int& got) {
    const auto popped = co_await async_pop(ring);
    got = popped ? **popped : -1;
}
task pop_one(auto& ring, int& got, std::stop_token stop) {
    const auto popped = co_await async_pop(ring, stop);
    got = popped ? **popped : -1;
}
task push_one(auto& ring, item& x, std::optional<status>& answer) {
    answer.emplace(co_await async_push(ring, std::move(x)));
}
task push_one(auto& ring, item& x, std::optional<status>& answer, std::stop_token stop) {
    answer.emplace(co_await async_push(ring, std::move(x), stop));
}

template <class Ring>
class await : public testing::Test {
public:
    Ring ring{2};
    void fill() {
        for (int i = 1; i <= 2; ++i) ASSERT_TRUE(ring.try_push(of(i)));
    }
};
using rings =
    testing::Types<weir::spsc_ring<item>, weir::mpmc_ring<item>, weir::strict_mpmc_ring<item>,
                   weir::spsc_ring<item, weir_test::parking_seq_cst>, weir::mpmc_ring<item, weir_test::parking_seq_cst>>;
TYPED_TEST_SUITE(await, rings);

TYPED_TEST(await, a_pop_that_finds_an_item_does_not_suspend) {
    this->fill();
    int got = 0;
    const task popping = pop_one(this->ring, got);
    EXPECT_TRUE(popping.is_done());
    EXPECT_EQ(got, 1);
}

TYPED_TEST(await, a_pop_is_resumed_inside_the_push_that_it_waits_for) {
    int got = 0;
    const task popping = pop_one(this->ring, got);
    EXPECT_FALSE(popping.is_done());
    EXPECT_TRUE(this->ring.push(of(7)));
    EXPECT_TRUE(popping.is_done());
    EXPECT_EQ(got, 7);
    EXPECT_EQ(this->ring.size_approx(), 0U);
}

TYPED_TEST(await, a_push_is_resumed_inside_the_pop_that_makes_room) {
    this->fill();
    item x = of(3);
    std::optional<status> answer;
    const task pushing = push_one(this->ring, x, answer);
    EXPECT_FALSE(pushing.is_done());
    EXPECT_NE(x, nullptr);
    for (int i = 1; i <= 3; ++i) EXPECT_EQ(**this->ring.try_pop(), i);
    EXPECT_TRUE(pushing.is_done());
    EXPECT_EQ(answer, status::success);
    EXPECT_EQ(x, nullptr);
}

TYPED_TEST(await, close_wakes_a_pop_after_what_was_accepted_and_a_push_whose_argument_stays) {
    int got = 0;
    const task popping = pop_one(this->ring, got);
    this->ring.close();
    EXPECT_TRUE(popping.is_done());
    EXPECT_EQ(got, -1);

    TypeParam full(1);
    ASSERT_TRUE(full.try_push(of(1)));
    item x = of(2);
    std::optional<status> answer;
    const task pushing = push_one(full, x, answer);
    EXPECT_FALSE(pushing.is_done());
    full.close();
    EXPECT_EQ(answer, status::closed);
    EXPECT_EQ(*x, 2);
    const task last = pop_one(full, got);
    EXPECT_EQ(got, 1);
    const task none = pop_one(full, got);
    EXPECT_EQ(got, -1);
}

TYPED_TEST(await, a_cancelled_pop_takes_nothing) {
    std::stop_source stop;
    int got = 0;
    const task popping = pop_one(this->ring, got, stop.get_token());
    EXPECT_FALSE(popping.is_done());
    stop.request_stop();
    EXPECT_TRUE(popping.is_done());
    EXPECT_EQ(got, -1);
    EXPECT_TRUE(this->ring.try_push(of(5)));
    EXPECT_EQ(this->ring.size_approx(), 1U);
    const task next = pop_one(this->ring, got, stop.get_token());  // a stop was requested: it only tries
    EXPECT_EQ(got, 5);
    const task after = pop_one(this->ring, got, stop.get_token());
    EXPECT_TRUE(after.is_done());
    EXPECT_EQ(got, -1);
}

TYPED_TEST(await, a_cancelled_push_leaves_its_argument) {
    this->fill();
    std::stop_source stop;
    item x = of(3);
    std::optional<status> answer;
    const task pushing = push_one(this->ring, x, answer, stop.get_token());
    EXPECT_FALSE(pushing.is_done());
    stop.request_stop();
    EXPECT_TRUE(pushing.is_done());
    EXPECT_EQ(answer, status::full);
    EXPECT_EQ(*x, 3);
    EXPECT_EQ(this->ring.size_approx(), 2U);
}

TYPED_TEST(await, a_destroyed_coroutine_is_withdrawn) {
    int got = 0;
    int other = 0;
    task popping = pop_one(this->ring, got);
    popping.destroy();
    const task next = pop_one(this->ring, other);
    EXPECT_TRUE(this->ring.try_push(of(4)));
    EXPECT_EQ(other, 4);
    EXPECT_EQ(got, 0);
    std::stop_source stop;
    task stoppable = pop_one(this->ring, got, stop.get_token());
    stoppable.destroy();
    stop.request_stop();
    EXPECT_TRUE(this->ring.try_push(of(5)));
    EXPECT_EQ(got, 0);
    EXPECT_EQ(this->ring.size_approx(), 1U);
}

TYPED_TEST(await, a_status_tells_closed_from_stopped) {
    std::stop_source stop;
    std::vector<status> answers;
    item out;
    auto ask = [&](std::stop_token token) -> task { answers.push_back(co_await async_pop(this->ring, out, token)); };
    const task stopped = ask(stop.get_token());
    stop.request_stop();
    const task waiting = [](auto& from, item& to, auto& all) -> task {
        all.push_back(co_await async_pop(from, to));
        all.push_back(co_await async_pop(from, to));
    }(this->ring, out, answers);
    EXPECT_TRUE(this->ring.try_push(of(8)));
    EXPECT_EQ(*out, 8);
    this->ring.close();
    EXPECT_EQ(answers, (std::vector<status>{status::empty, status::success, status::closed}));
}

TYPED_TEST(await, resumes_on_the_executor_that_it_names) {
    manual_executor executor;
    int got = 0;
    const task popping = [](auto& from, manual_executor& on, int& to) -> task {
        to = **co_await async_pop(from).resume_on(on);
        to = **co_await async_pop(from).resume_on(on);  // at once: no executor
    }(this->ring, executor, got);
    EXPECT_TRUE(this->ring.try_push(of(6)));
    EXPECT_EQ(this->ring.size_approx(), 0U) << "the thread that pushes takes the item out";
    EXPECT_EQ(got, 0);
    EXPECT_EQ(executor.given, 1);
    EXPECT_TRUE(this->ring.try_push(of(9)));
    executor.run();
    EXPECT_EQ(got, 9);
    EXPECT_EQ(executor.given, 1);
    EXPECT_TRUE(popping.is_done());
}

TYPED_TEST(await, takes_part_in_the_ring_from_any_thread) {
    // Debug builds abort if a thread uses a side that it has no right to.
    int sum = 0;
    const task popping = [](auto& from, int& total) -> task {
        while (auto x = co_await async_pop(from)) {
            total += **x;
            if (auto another = from.try_pop()) total += **another;
        }
    }(this->ring, sum);
    for (int round = 0; round < 3; ++round) {
        std::thread([&] {
            if constexpr (!TypeParam::has_many_producers) this->ring.adopt_producer();
            for (int i = 0; i < 2; ++i) EXPECT_TRUE(this->ring.push(of(1)));
        }).join();
    }
    this->ring.close();
    EXPECT_TRUE(popping.is_done());
    EXPECT_EQ(sum, 6);
}

// ---- where many wait ---------------------------------------------------------------------------------------------

TEST(await_many, are_served_in_their_order_and_a_cancelled_one_is_passed_over) {
    weir::mpmc_ring<item> ring(4);
    std::array<int, 4> got{};
    std::stop_source stop;
    const task first = pop_one(ring, got[0]);
    const task second = pop_one(ring, got[1], stop.get_token());
    task third = pop_one(ring, got[2]);
    const task fourth = pop_one(ring, got[3]);
    EXPECT_TRUE(ring.push(of(1)));
    stop.request_stop();
    third.destroy();
    EXPECT_TRUE(ring.push(of(2)));
    EXPECT_EQ(got, (std::array<int, 4>{1, -1, 0, 2}));
}

TEST(await_many, wait_beside_threads) {
    weir::mpmc_ring<int> ring(4);
    int of_coroutine = 0;
    const task popping = [](auto& from, int& got) -> task { got = *co_await async_pop(from); }(ring, of_coroutine);
    int of_thread = 0;
    std::thread consumer([&] { of_thread = *ring.pop(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_TRUE(ring.push(1));
    EXPECT_TRUE(ring.push(2));
    consumer.join();
    EXPECT_EQ(of_thread + of_coroutine, 3);
}

TEST(await_many, are_resumed_by_a_batch_one_after_the_other) {
    // Nested calls would need more than a stack.
    constexpr std::size_t count = 100'000;
    weir::mpmc_ring<int> ring(count);
    int sum = 0;
    std::vector<task> waiting;
    for (std::size_t i = 0; i < count; ++i) {
        waiting.push_back([](auto& from, int& total) -> task { total += *co_await async_pop(from); }(ring, sum));
    }
    EXPECT_EQ(ring.try_push_n(std::vector<int>(count - 1, 1)), count - 1);
    EXPECT_EQ(sum, static_cast<int>(count - 1));
    EXPECT_FALSE(waiting.back().is_done());
    EXPECT_TRUE(ring.try_push(1));
    EXPECT_EQ(sum, static_cast<int>(count));
}

TEST(await_many, may_be_destroyed_by_one_that_is_resumed) {
    weir::mpmc_ring<item> ring(4);
    std::array<int, 2> got{};
    std::optional<task> sibling;
    const task first = [](auto& from, auto& other) -> task {
        const auto none = co_await async_pop(from);
        EXPECT_FALSE(none.has_value());
        other.reset();
    }(ring, sibling);
    sibling.emplace(pop_one(ring, got[1]));
    ring.close();
    EXPECT_FALSE(sibling);
    EXPECT_EQ(got[1], 0);
}

}  // namespace
