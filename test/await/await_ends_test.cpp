// SPDX-License-Identifier: MIT
//
// What co_await promises of several rings (async_select) and of a credit_gate (async_acquire).
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test/await/task.hpp"
#include "weir/await.hpp"
#include "weir/broadcast_ring.hpp"
#include "weir/credit_gate.hpp"
#include "weir/handles.hpp"
#include "weir/message_ring.hpp"
#include "weir/ring.hpp"
#include "weir/select.hpp"

namespace {

using weir::async_acquire;
using weir::async_select;
using weir::by_priority;
using weir::credit_gate;
using weir::items_of;
using weir::room_in;
using weir::selected;
using weir::selection;
using weir::status;
using weir_test::task;

// ---- the first of several -----------------------------------------------------------------------------------------

TEST(await_select, names_an_end_that_is_ready_without_suspending) {
    weir::spsc_ring<int> a(1);
    weir::mpmc_ring<int> b(1);
    ASSERT_TRUE(b.try_push(1));
    std::optional<selected> found;
    const task selecting = [](auto& one, auto& two, auto& to) -> task {
        to.emplace(co_await async_select(items_of(one), items_of(two)));
    }(a, b, found);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->index(), 1U);
    EXPECT_EQ(b.size_approx(), 1U) << "it takes nothing";
}

TEST(await_select, serves_rings_until_all_are_closed) {
    weir::spsc_ring<int> a(2);
    weir::spsc_ring<std::string> b(2);
    std::vector<std::string> log;
    const task serving = [](auto& one, auto& two, auto& to) -> task {
        selection feeds;
        while (const selected ready = co_await async_select(feeds, items_of(one), items_of(two))) {
            if (ready.is_closed()) {
                to.push_back("closed " + std::to_string(ready.index()));
            } else if (ready.index() == 0) {
                to.push_back(std::to_string(*one.try_pop()));
            } else {
                to.push_back(*two.try_pop());
            }
        }
        to.push_back("end");
    }(a, b, log);
    EXPECT_TRUE(a.push(1));
    EXPECT_TRUE(b.push("one"));
    a.close();
    EXPECT_TRUE(b.push("two"));
    b.close();
    EXPECT_TRUE(serving.is_done());
    EXPECT_EQ(log, (std::vector<std::string>{"1", "one", "closed 0", "two", "end"}));
}

TEST(await_select, prefers_the_end_that_is_named_first) {
    weir::spsc_ring<int> a(8), b(8);
    std::vector<std::size_t> order;
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(a.try_push(i) && b.try_push(i));
    const task serving = [](auto& one, auto& two, auto& to) -> task {
        for (int i = 0; i < 6; ++i) {
            const selected ready = co_await async_select(by_priority, items_of(two), items_of(one));
            to.push_back(ready.index());
            (void)(ready.index() == 0 ? two.try_pop() : one.try_pop());
        }
    }(a, b, order);
    EXPECT_EQ(order, (std::vector<std::size_t>{0, 0, 0, 1, 1, 1}));
}

TEST(await_select, waits_for_ends_of_every_family) {
    auto [tx, rx] = weir::channel<weir::spsc_ring<int>>(1);
    weir::spsc_message_ring<> messages(256);
    weir::broadcast_ring<int> feed(2);
    auto reader = feed.join();
    weir::mpmc_ring<int> full(1);
    ASSERT_TRUE(full.try_push(1));
    std::array<std::byte, 8> bytes{};
    std::vector<std::size_t> order;
    const task serving = [](auto& from, auto& records, auto& seen, auto& room, auto& to) -> task {
        for (int i = 0; i < 4; ++i) {
            const selected ready = co_await async_select(from, items_of(records), seen, room_in(room));
            to.push_back(ready.index());
            if (ready.index() == 0) (void)from.try_pop();
            if (ready.index() == 1) (void)records.try_consume_one([](std::uint16_t, std::span<const std::byte>) {});
            if (ready.index() == 2) (void)seen.try_pop();
            if (ready.index() == 3) (void)room.try_push(2);
        }
    }(rx, messages, reader, full, order);
    EXPECT_TRUE(messages.push(bytes));
    EXPECT_TRUE(feed.push(1));
    EXPECT_TRUE(full.try_pop());
    EXPECT_TRUE(tx.push(1));
    EXPECT_TRUE(serving.is_done());
    EXPECT_EQ(order, (std::vector<std::size_t>{1, 2, 3, 0}));
}

TEST(await_select, ends_when_it_is_asked_to_stop_and_when_it_is_destroyed) {
    weir::mpmc_ring<int> a(1), b(1);
    std::stop_source stop;
    std::optional<selected> found;
    const auto wait = [](auto& one, auto& two, auto& to, std::stop_token token) -> task {
        to.emplace(co_await async_select(token, items_of(one), items_of(two)));
    };
    const task stopped = wait(a, b, found, stop.get_token());
    EXPECT_FALSE(found);
    stop.request_stop();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->answer(), status::empty);
    std::optional<selected> never;
    task destroyed = wait(a, b, never, std::stop_token());
    destroyed.destroy();
    EXPECT_TRUE(a.try_push(1));
    EXPECT_TRUE(b.try_push(1));
    EXPECT_FALSE(never);
}

TEST(await_select, leaves_what_it_was_woken_for_to_others) {
    weir::mpmc_ring<int> shared(2);
    weir::spsc_ring<int> alone(1);
    std::optional<selected> found;
    const task selecting = [](auto& one, auto& two, auto& to) -> task {
        to.emplace(co_await async_select(items_of(one), items_of(two)));
    }(shared, alone, found);
    int got = 0;
    const task popping = [](auto& from, int& to) -> task { to = *co_await weir::async_pop(from); }(shared, got);
    EXPECT_TRUE(shared.push(7));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->index(), 0U);
    EXPECT_EQ(got, 7) << "the operation that was woken first takes nothing";
}

// ---- credit --------------------------------------------------------------------------------------------------------

task take(credit_gate& gate, std::size_t n, std::vector<std::size_t>& order, std::optional<weir::credit_permit>& kept) {
    kept = co_await async_acquire(gate, n);
    order.push_back(kept ? n : 0);
}

TEST(await_acquire, waits_in_the_queue_of_the_gate) {
    credit_gate gate(10);
    auto held = gate.try_acquire(10);
    std::vector<std::size_t> order;
    std::array<std::optional<weir::credit_permit>, 3> kept;
    const task large = take(gate, 8, order, kept[0]);
    const task small = take(gate, 1, order, kept[1]);
    EXPECT_EQ(gate.try_acquire(), std::nullopt);
    held->give_back(5);
    EXPECT_TRUE(order.empty()) << "no request overtakes the queue";
    held->give_back(5);
    EXPECT_EQ(order, (std::vector<std::size_t>{8, 1}));
    const task last = take(gate, 1, order, kept[2]);
    EXPECT_TRUE(last.is_done());
    EXPECT_EQ(gate.in_use(), 10U);
    for (auto& each : kept) each.reset();
    EXPECT_EQ(gate.credits(), 10U);
}

TEST(await_acquire, passes_a_cancelled_and_a_destroyed_request_over) {
    credit_gate gate(10);
    auto held = gate.try_acquire(5);
    std::vector<std::size_t> order;
    std::array<std::optional<weir::credit_permit>, 3> kept;
    std::stop_source stop;
    const task stopped = [](auto& from, auto& to, auto& token) -> task {
        to = co_await async_acquire(from, 10, token.get_token());
    }(gate, kept[0], stop);
    task destroyed = take(gate, 9, order, kept[1]);
    const task served = take(gate, 5, order, kept[2]);
    stop.request_stop();
    EXPECT_TRUE(stopped.is_done());
    EXPECT_FALSE(kept[0]);
    EXPECT_TRUE(order.empty());
    destroyed.destroy();
    EXPECT_EQ(order, (std::vector<std::size_t>{5}));
    kept[2].reset();
    held.reset();
    const task again = [](auto& from, auto& to, auto& token) -> task {
        to = co_await async_acquire(from, 10, token.get_token());  // only tries
    }(gate, kept[0], stop);
    EXPECT_TRUE(kept[0]);
}

TEST(await_acquire, asks_for_one_credit_until_a_stop) {
    credit_gate gate(1);
    std::stop_source stop;
    std::array<std::optional<weir::credit_permit>, 2> kept;
    const auto take_one = [](auto& from, auto& to, std::stop_token token) -> task {
        to = co_await async_acquire(from, token);
    };
    const task first = take_one(gate, kept[0], stop.get_token());
    ASSERT_TRUE(kept[0]);
    EXPECT_EQ(kept[0]->size(), 1U);
    const task second = take_one(gate, kept[1], stop.get_token());
    EXPECT_FALSE(second.is_done());
    stop.request_stop();
    EXPECT_TRUE(second.is_done());
    EXPECT_FALSE(kept[1]);
}

TEST(await_acquire, ends_with_nothing_when_the_gate_is_closed_or_made_too_small) {
    credit_gate gate(10);
    credit_gate::share share(gate, 2);
    auto held = gate.try_acquire(8);
    std::vector<std::size_t> order;
    std::array<std::optional<weir::credit_permit>, 2> kept;
    const task large = take(gate, 8, order, kept[0]);
    const task one = take(gate, 1, order, kept[1]);
    gate.shrink(1);
    EXPECT_EQ(order, (std::vector<std::size_t>{0}));
    gate.close();
    EXPECT_EQ(order, (std::vector<std::size_t>{0, 0}));
    std::optional<weir::credit_permit> late;
    const task closed = [](auto& from, auto& to) -> task { to = co_await async_acquire(from); }(share, late);
    EXPECT_TRUE(closed.is_done());
    EXPECT_FALSE(late);
}

TEST(await_acquire, is_served_beside_threads) {
    credit_gate gate(2);
    auto held = gate.try_acquire(2);
    std::vector<std::size_t> order;
    std::optional<weir::credit_permit> kept;
    const task first = take(gate, 1, order, kept);
    std::thread second([&] { EXPECT_TRUE(gate.acquire(1)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    gate.wake_all();
    EXPECT_TRUE(order.empty());
    held.reset();
    second.join();
    EXPECT_EQ(order, (std::vector<std::size_t>{1}));
}

#if defined(__cpp_exceptions)
TEST(await_acquire, refuses_an_impossible_number_before_it_waits) {
    credit_gate gate(10);
    EXPECT_THROW((void)async_acquire(gate, 11), std::invalid_argument);
    EXPECT_THROW((void)async_acquire(gate, 0), std::invalid_argument);
    EXPECT_THROW((void)async_acquire(gate, 11, std::stop_token()), std::invalid_argument);
}
#endif

}  // namespace
