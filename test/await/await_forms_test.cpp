// SPDX-License-Identifier: MIT
//
// The forms of what is awaited: with credit on request, by handles, with looks before it suspends, awaited again, and as a sender.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test/await/task.hpp"
#include "weir/await.hpp"
#include "weir/credit_gate.hpp"
#include "weir/handles.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"
#include "weir/select.hpp"

namespace {

using weir::async_pop;
using weir::async_push;
using weir::status;
using weir_test::manual_executor;
using weir_test::task;

TEST(await_forms, a_push_waits_for_credit_on_request) {
    weir::pull::spsc_ring<int> ring(4);
    std::optional<status> answer;
    const task pushing = [](auto& to, auto& got) -> task { got.emplace(co_await async_push(to, 5)); }(ring, answer);
    EXPECT_FALSE(answer);
    ring.request(1);
    EXPECT_EQ(answer, status::success);
    EXPECT_EQ(ring.try_pop(), 5);
}

TEST(await_forms, handles_stand_for_their_ring) {
    auto [tx, rx] = weir::channel<weir::spsc_ring<std::string>>(1);
    std::string got;
    const task popping = [](auto& from, std::string& to) -> task {
        while (auto x = co_await async_pop(from)) to += *x;
        to += '.';
    }(rx, got);
    const task pushing = [](auto& to) -> task {
        const std::string kept = "is kept ";
        (void)co_await async_push(to, kept);
        EXPECT_EQ(kept, "is kept ");
        (void)co_await async_push(to, "made of it");
    }(tx);
    EXPECT_TRUE(pushing.is_done());
    tx.reset();
    EXPECT_EQ(got, "is kept made of it.");
}

TEST(await_forms, looks_as_often_as_it_is_told_before_it_suspends) {
    weir::mpmc_ring<int> ring(1);
    int got = 0;
    std::thread producer;
    const task popping = [](auto& from, int& to, std::thread& by) -> task {
        by = std::thread([&from] { (void)from.push(3); });
        to = *co_await async_pop(from).spin(static_cast<std::size_t>(-1));  // for ever, but for the item
    }(ring, got, producer);
    EXPECT_TRUE(popping.is_done());
    EXPECT_EQ(got, 3);
    producer.join();
}

TEST(await_forms, looks_as_often_with_an_executor_and_does_not_need_it_then) {
    weir::mpmc_ring<int> ring(1);
    manual_executor executor;
    int got = 0;
    std::thread producer;
    const task popping = [](auto& from, int& to, std::thread& by, manual_executor& on) -> task {
        by = std::thread([&from] { (void)from.push(3); });
        to = *co_await async_pop(from).spin(static_cast<std::size_t>(-1)).resume_on(on);
    }(ring, got, producer, executor);
    EXPECT_EQ(got, 3);
    EXPECT_EQ(executor.given, 0);
    producer.join();
}

TEST(await_forms, may_be_awaited_again_when_it_has_ended) {
    weir::spsc_ring<int> ring(4);
    std::vector<int> got;
    std::stop_source stop;
    const task popping = [](auto& from, auto& to, std::stop_token token) -> task {
        auto pop = async_pop(from, token);
        while (const auto item = co_await pop) to.push_back(*item);
        to.push_back(-1);
    }(ring, got, stop.get_token());
    for (int i = 1; i <= 3; ++i) EXPECT_TRUE(ring.push(i));  // suspended before each
    EXPECT_EQ(got, (std::vector<int>{1, 2, 3}));
    stop.request_stop();
    EXPECT_EQ(got, (std::vector<int>{1, 2, 3, -1}));
}

TEST(await_forms, wakes_all_without_waking_anything_for_ever) {
    weir::mpmc_ring<int> ring(1);
    int got = 0;
    const task popping = [](auto& from, int& to) -> task { to = *co_await async_pop(from); }(ring, got);
    ring.wake_all();  // it looks, and waits on
    EXPECT_EQ(got, 0);
    EXPECT_TRUE(ring.push(1));
    EXPECT_EQ(got, 1);
}

struct receiver {
    std::vector<std::string>& calls;
    void set_value(std::optional<int> x) && noexcept { calls.push_back(x ? "value " + std::to_string(*x) : "closed"); }
    void set_value(status answer) && noexcept { calls.push_back(std::string(to_string(answer))); }
    void set_value(std::optional<weir::credit_permit> p) && noexcept { calls.push_back(p ? "permit" : "no permit"); }
    void set_value(weir::selected found) && noexcept { calls.push_back("end " + std::to_string(found.index())); }
    void set_stopped() && noexcept { calls.push_back("stopped"); }
};

TEST(await_forms, is_a_sender) {
    weir::spsc_ring<int> ring(1);
    std::vector<std::string> calls;
    std::stop_source stop;
    {
        const int item = 1;  // it has to live until the operation ends
        auto at_once = async_push(ring, item).connect(receiver{calls});
        EXPECT_TRUE(calls.empty()) << "it does nothing before it is started";
        at_once.start();
        auto pop = async_pop(ring).connect(receiver{calls});
        pop.start();
        auto late = async_pop(ring, stop.get_token()).connect(receiver{calls});
        late.start();
        EXPECT_TRUE(ring.try_push(2));
        auto never = async_pop(ring, stop.get_token()).connect(receiver{calls});
        never.start();
        stop.request_stop();
        auto end = async_pop(ring).connect(receiver{calls});
        end.start();
        ring.close();
    }
    EXPECT_EQ(calls, (std::vector<std::string>{"success", "value 1", "value 2", "stopped", "closed"}));
}

TEST(await_forms, is_a_sender_of_credit) {
    weir::credit_gate gate(2);
    auto held = gate.try_acquire(2);
    std::vector<std::string> calls;
    std::stop_source stop;
    auto stopped = weir::async_acquire(gate, 2, stop.get_token()).connect(receiver{calls});
    stopped.start();
    auto granted = weir::async_acquire(gate, 1).connect(receiver{calls});
    granted.start();
    stop.request_stop();
    held->give_back(1);
    auto closed = weir::async_acquire(gate, 2).connect(receiver{calls});
    closed.start();
    gate.close();
    EXPECT_EQ(calls, (std::vector<std::string>{"stopped", "permit", "no permit"}));
    held.reset();
}

TEST(await_forms, a_select_that_has_ended_and_lives_on_keeps_no_wake_up) {
    weir::mpmc_ring<int> shared(2), alone(2);
    std::vector<std::string> calls;
    auto select = weir::async_select(weir::items_of(shared), weir::items_of(alone)).connect(receiver{calls});
    select.start();
    auto pop = async_pop(shared).connect(receiver{calls});
    pop.start();
    EXPECT_TRUE(shared.push(7));
    EXPECT_EQ(calls.size(), 2U) << "the item is for the one that takes it";
    EXPECT_NE(std::find(calls.begin(), calls.end(), "value 7"), calls.end());
    EXPECT_NE(std::find(calls.begin(), calls.end(), "end 0"), calls.end());
}

/// A token as std::execution has them, which names its callback.
struct own_token {
    template <class F>
    struct callback_type {
        callback_type(own_token token, F f) : f_(f) {
            ++*token.registered;
            *token.call = [this] { f_(); };
        }
        F f_;
    };
    int* registered;
    std::function<void()>* call;
};

TEST(await_forms, takes_tokens_that_name_their_callback) {
    weir::spsc_ring<int> ring(1);
    std::vector<std::string> calls;
    int registered = 0;
    std::function<void()> stop;
    auto pop = async_pop(ring, own_token{&registered, &stop}).connect(receiver{calls});
    EXPECT_EQ(registered, 0);
    pop.start();
    EXPECT_EQ(registered, 1);
    stop();
    EXPECT_EQ(calls, std::vector<std::string>{"stopped"});
}

/// A token whose callbacks are counted, and are never called.
struct counting_token {
    template <class F>
    struct callback_type {
        callback_type(counting_token token, F) : alive(*token.alive) { ++alive; }
        callback_type(const callback_type&) = delete;
        ~callback_type() { --alive; }
        int& alive;
    };
    int* alive;
};

TEST(await_forms, ends_without_a_stop_callback_that_could_still_be_called) {
    weir::spsc_ring<int> ring(1);
    weir::credit_gate gate(1);
    auto held = gate.try_acquire(1);
    std::vector<std::string> calls;
    int alive = 0;
    auto pop = async_pop(ring, counting_token{&alive}).connect(receiver{calls});
    auto credit = weir::async_acquire(gate, 1, counting_token{&alive}).connect(receiver{calls});
    pop.start();
    credit.start();
    EXPECT_EQ(alive, 2);
    EXPECT_TRUE(ring.push(1));
    EXPECT_EQ(alive, 1);
    held.reset();
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(calls, (std::vector<std::string>{"value 1", "permit"}));
}

#if GTEST_HAS_DEATH_TEST && !defined(__SANITIZE_THREAD__)
/// An item that destroys a coroutine when it is moved for the second time: out of the ring.
struct tripwire {
    static inline std::optional<task> victim;
    static inline int moves = 0;
    tripwire() = default;
    tripwire(tripwire&&) noexcept {
        if (++moves == 2) victim.reset();
    }
    tripwire& operator=(tripwire&&) = default;
};

TEST(await_forms, says_so_when_an_operation_is_destroyed_while_it_is_woken) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            weir::mpmc_ring<tripwire> ring(1);
            tripwire::victim.emplace([](auto& from) -> task { (void)co_await async_pop(from); }(ring));
            (void)ring.try_push(tripwire());
        },
        "an operation was destroyed while another thread was about to end it");
}
#endif

}  // namespace
