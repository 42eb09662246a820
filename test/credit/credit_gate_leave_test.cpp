// SPDX-License-Identifier: MIT
//
// Waiters at a credit_gate that give up and leave, from any place in the queue, and those that are served, closed or
// called back while they make up their minds. Credits are handed out in the call that makes it possible, so what is in
// use after a call is exact, and no test needs to wait for it.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "weir/credit_gate.hpp"

namespace {

using namespace std::chrono_literals;
using weir::credit_gate;
using weir::credit_permit;
using weir::status;
using clock = std::chrono::steady_clock;

enum class way { by_stop, by_deadline };
constexpr way ways[] = {way::by_stop, way::by_deadline};

/// A thread that stands in the queue for `n` credits when the constructor returns, and is held there, in the middle of
/// asking whether it is to stop: at once, or after it has slept for a while.
class waiter {
public:
    template <class Source>
    waiter(Source& source, std::size_t n, way leaves, std::chrono::milliseconds sleeps = 0ms)
        : n_(n), leaves_(leaves), thread_([this, &source, n, held_from = clock::now() + sleeps] {
              const auto stop = [this, held_from, first = true]() mutable noexcept {
                  if (std::exchange(first, false)) return false;  // before it stands in the queue
                  if (clock::now() < held_from) return false;
                  in_the_queue_ = true;
                  while (held_) std::this_thread::yield();
                  return gives_up_ && leaves_ == way::by_stop;
              };
              const auto deadline = leaves_ == way::by_deadline ? held_from : clock::time_point::max();
              answer_ = source.acquire_unless(permit_, n, stop, deadline);
              is_back_ = true;
          }) {
        while (!in_the_queue_ && !is_back_) {
            if (leaves_ == way::by_stop) source.wake_all();
            std::this_thread::yield();
        }
        EXPECT_TRUE(in_the_queue_) << "it did not have to wait for " << n;
    }
    ~waiter() {
        if (thread_.joinable()) (void)leave();
    }

    /// It gives up, if it has not been served. Returns the answer that it had.
    status leave() {
        gives_up_ = true;
        held_ = false;
        thread_.join();
        EXPECT_EQ(permit_.size(), answer_ == status::success ? n_ : 0U);
        return answer_;
    }
    /// What it says of having given up.
    status vain() const { return leaves_ == way::by_stop ? status::no_credit : status::timeout; }
    void give_back() { permit_.give_back(); }

private:
    const std::size_t n_;
    const way leaves_;
    std::atomic<bool> in_the_queue_{false};
    std::atomic<bool> is_back_{false};
    std::atomic<bool> held_{true};
    std::atomic<bool> gives_up_{false};
    credit_permit permit_;
    status answer_ = status::busy;
    std::thread thread_;  // last: it uses the others
};

/// A gate of 10, 6 out, and three in the queue, who want 5, 3 and 2.
struct queue_of_three {
    explicit queue_of_three(way leaves) {
        for (const std::size_t n : {5U, 3U, 2U}) waiters.emplace_back(gate, n, leaves);
        EXPECT_EQ(gate.in_use(), 6U);
    }
    /// All that is out comes back, and nothing of those who waited is left.
    void expect_no_trace() {
        waiters.clear();
        out.give_back();
        EXPECT_EQ(gate.in_use(), 0U);
        EXPECT_TRUE(gate.try_acquire(10)) << "nobody waits any more";
    }
    credit_gate gate{10};
    credit_permit out = *gate.acquire(6);
    std::deque<waiter> waiters;
};

TEST(credit_gate, when_the_first_leaves_the_next_ones_are_served_if_there_are_enough) {
    for (const way leaves : ways) {
        queue_of_three t(leaves);
        EXPECT_EQ(t.waiters[0].leave(), t.waiters[0].vain());
        EXPECT_EQ(t.gate.in_use(), 9U) << "three for the second, one is free, and the third wants two";
        EXPECT_FALSE(t.gate.try_acquire(1)) << "before the third";
        t.out.give_back(1);
        EXPECT_EQ(t.gate.in_use(), 10U);
        EXPECT_EQ(t.waiters[1].leave(), status::success);
        EXPECT_EQ(t.waiters[2].leave(), status::success);
        t.expect_no_trace();
    }
}

TEST(credit_gate, when_one_in_the_middle_leaves_the_others_keep_their_turns) {
    for (const way leaves : ways) {
        queue_of_three t(leaves);
        EXPECT_EQ(t.waiters[1].leave(), t.waiters[1].vain());
        EXPECT_EQ(t.gate.in_use(), 6U) << "four are free, the first wants five";
        t.out.give_back(1);
        EXPECT_EQ(t.gate.in_use(), 10U);
        t.out.give_back(1);
        EXPECT_EQ(t.gate.in_use(), 9U) << "one is not enough for the third";
        t.out.give_back(1);
        EXPECT_EQ(t.gate.in_use(), 10U);
        EXPECT_EQ(t.waiters[0].leave(), status::success);
        EXPECT_EQ(t.waiters[2].leave(), status::success);
        t.expect_no_trace();
    }
}

TEST(credit_gate, when_the_last_leaves_the_others_keep_their_turns_before_newcomers) {
    for (const way leaves : ways) {
        queue_of_three t(leaves);
        EXPECT_EQ(t.waiters[2].leave(), t.waiters[2].vain());
        waiter later(t.gate, 1, leaves);
        EXPECT_EQ(t.gate.in_use(), 6U);
        t.out.give_back(1);
        EXPECT_EQ(t.gate.in_use(), 10U) << "five for the first";
        t.out.give_back(3);
        EXPECT_EQ(t.gate.in_use(), 10U) << "three for the second";
        t.out.give_back(1);
        EXPECT_EQ(t.gate.in_use(), 10U) << "one for who came later";
        EXPECT_EQ(later.leave(), status::success);
        later.give_back();
        EXPECT_EQ(t.waiters[0].leave(), status::success);
        EXPECT_EQ(t.waiters[1].leave(), status::success);
        t.expect_no_trace();
    }
}

TEST(credit_gate, when_all_leave_the_gate_is_as_before) {
    for (const way leaves : ways) {
        for (const auto& order : {std::vector<std::size_t>{0, 1, 2}, {1, 0, 2}, {2, 1, 0}, {1, 2, 0}}) {
            credit_gate gate(10);
            const credit_permit out = *gate.acquire(9);
            std::deque<waiter> waiters;
            for (const std::size_t n : {4U, 3U, 2U}) waiters.emplace_back(gate, n, leaves);
            for (const std::size_t i : order) {
                EXPECT_FALSE(gate.try_acquire(1)) << "somebody waits";
                EXPECT_EQ(waiters[i].leave(), waiters[i].vain());
                EXPECT_EQ(gate.in_use(), 9U);
            }
            EXPECT_TRUE(gate.try_acquire(1));
        }
    }
}

TEST(credit_gate, a_waiter_served_while_it_gives_up_has_its_credits) {
    for (const way leaves : ways) {
        queue_of_three t(leaves);
        t.out.give_back(4);
        EXPECT_EQ(t.gate.in_use(), 10U) << "five and three, and two that are out";
        EXPECT_EQ(t.waiters[1].leave(), status::success);
        EXPECT_EQ(t.waiters[0].leave(), status::success);
        EXPECT_EQ(t.waiters[2].leave(), t.waiters[2].vain());
        EXPECT_EQ(t.gate.in_use(), 10U);
        t.expect_no_trace();
    }
}

TEST(credit_gate, a_waiter_answered_closed_while_it_gives_up_returns_closed) {
    for (const way leaves : ways) {
        queue_of_three t(leaves);
        EXPECT_EQ(t.waiters[1].leave(), t.waiters[1].vain());
        t.gate.close();
        EXPECT_EQ(t.waiters[0].leave(), status::closed);
        EXPECT_EQ(t.waiters[2].leave(), status::closed);
        EXPECT_EQ(t.gate.in_use(), 6U);
        t.out.give_back();
        EXPECT_EQ(t.gate.credits(), 10U);
    }
}

TEST(credit_gate, a_sleeper_answered_while_it_gives_up_returns_that_answer) {
    for (const way leaves : ways) {
        credit_gate gate(10);
        credit_permit out = *gate.acquire(8);
        waiter first(gate, 3, leaves, 20ms);
        waiter second(gate, 2, leaves);
        out.give_back(2);
        EXPECT_EQ(gate.in_use(), 9U) << "three for the first";
        EXPECT_EQ(first.leave(), status::success);
        waiter third(gate, 5, leaves, 20ms);
        gate.close();
        EXPECT_EQ(third.leave(), status::closed);
        EXPECT_EQ(second.leave(), status::closed);
        EXPECT_EQ(gate.in_use(), 9U);
    }
}

// ---- shares ------------------------------------------------------------------------------------------------------

/// Five that float, of which the gate's own permit holds all, and two shares. In the queue: two of the first share, who
/// want 4 and 1 to borrow, and one of the gate, who wants 2.
struct queue_of_shares {
    explicit queue_of_shares(way leaves) {
        waiters.emplace_back(first, 4, leaves);
        waiters.emplace_back(first, 1, leaves);
        waiters.emplace_back(gate, 2, leaves);
        EXPECT_EQ(gate.in_use(), 8U);
    }
    void expect_no_trace() {
        waiters.clear();
        floating.give_back();
        own.give_back();
        EXPECT_EQ(first.in_use(), 0U);
        EXPECT_EQ(gate.in_use(), 0U);
        EXPECT_TRUE(first.try_acquire(8)) << "nobody of the share waits any more";
        EXPECT_TRUE(gate.try_acquire(5));
    }
    credit_gate gate{10};
    credit_gate::share first{gate, 3};
    credit_gate::share second{gate, 2};
    credit_permit floating = *gate.acquire(5);
    credit_permit own = *first.acquire(3);
    std::deque<waiter> waiters;
};

TEST(credit_share, when_its_first_waiter_leaves_its_next_one_is_served_and_then_those_of_the_gate) {
    for (const way leaves : ways) {
        queue_of_shares t(leaves);
        t.floating.give_back(2);
        EXPECT_EQ(t.gate.in_use(), 6U) << "two are free, and the first wants four";
        EXPECT_EQ(t.waiters[0].leave(), t.waiters[0].vain());
        EXPECT_EQ(t.first.in_use(), 4U) << "one for the second of the share";
        EXPECT_EQ(t.gate.in_use(), 7U) << "one is free, and who waits at the gate wants two";
        t.floating.give_back(1);
        EXPECT_EQ(t.gate.in_use(), 8U);
        EXPECT_EQ(t.waiters[1].leave(), status::success);
        EXPECT_EQ(t.waiters[2].leave(), status::success);
        t.expect_no_trace();
    }
}

TEST(credit_share, when_one_of_its_waiters_leaves_the_other_still_precedes_a_try) {
    for (const way leaves : ways) {
        queue_of_shares t(leaves);
        EXPECT_EQ(t.waiters[1].leave(), t.waiters[1].vain());
        t.own.give_back(1);
        EXPECT_FALSE(t.first.try_acquire(1)) << "its own, but the first, who wants four, is before";
        EXPECT_TRUE(t.second.try_acquire(2)) << "the other share has nobody waiting";
        t.floating.give_back(3);
        EXPECT_EQ(t.first.in_use(), 6U) << "four: one of its own, three borrowed";
        EXPECT_EQ(t.gate.in_use(), 8U) << "and two of the gate's own permit";
        EXPECT_EQ(t.waiters[0].leave(), status::success);
        t.waiters[0].give_back();
        EXPECT_EQ(t.first.in_use(), 2U);
        EXPECT_EQ(t.gate.in_use(), 6U) << "two that came back went to who waited at the gate";
        EXPECT_EQ(t.waiters[2].leave(), status::success);
        t.expect_no_trace();
    }
}

TEST(credit_share, that_waits_to_borrow_is_not_overtaken_by_younger_requests) {
    for (const way leaves : ways) {
        queue_of_shares t(leaves);
        for (const std::size_t i : {1U, 2U}) EXPECT_EQ(t.waiters[i].leave(), t.waiters[i].vain());
        t.floating.give_back(2);
        EXPECT_FALSE(t.gate.try_acquire(1)) << "two are free, and meant for the share's waiter, who wants four";
        EXPECT_FALSE(t.second.try_acquire(3)) << "one of them borrowed";
        EXPECT_TRUE(t.second.try_acquire(2)) << "its own";
        t.floating.give_back(2);
        EXPECT_EQ(t.first.in_use(), 7U);
        EXPECT_EQ(t.waiters[0].leave(), status::success);
        t.expect_no_trace();
    }
}

TEST(credit_share, in_the_queue_waiters_of_one_share_do_not_overtake_each_other) {
    for (const way leaves : ways) {
        queue_of_shares t(leaves);
        t.own.give_back(1);
        EXPECT_EQ(t.first.in_use(), 2U) << "its own, enough for the second, but the first is before";
        EXPECT_EQ(t.waiters[0].leave(), t.waiters[0].vain());
        EXPECT_EQ(t.first.in_use(), 3U);
        EXPECT_EQ(t.waiters[1].leave(), status::success);
        EXPECT_EQ(t.waiters[2].leave(), t.waiters[2].vain());
        t.expect_no_trace();
    }
}

TEST(credit_share, when_all_its_waiters_have_left_it_has_its_own_at_once) {
    for (const way leaves : ways) {
        queue_of_shares t(leaves);
        for (const std::size_t i : {0U, 1U}) EXPECT_EQ(t.waiters[i].leave(), t.waiters[i].vain());
        t.own.give_back(2);
        EXPECT_TRUE(t.first.try_acquire(2)) << "its own, though somebody waits at the gate";
        EXPECT_FALSE(t.first.try_acquire(3));
        t.floating.give_back(1);
        EXPECT_EQ(t.gate.in_use(), 5U) << "one is not enough for who waits at the gate";
        EXPECT_EQ(t.waiters[2].leave(), t.waiters[2].vain());
        t.expect_no_trace();
    }
}

// ---- that calls back ---------------------------------------------------------------------------------------------

/// Waits for two of three credits that are all out, and calls `act` where it stands in the queue.
template <class Act>
status wait_and(credit_gate& gate, credit_permit& permit, Act act) {
    int asked = 0;
    return gate.acquire_unless(permit, 2, [&]() noexcept {
        ++asked;
        return asked > 1 && act();  // the first time it does not stand in the queue yet
    });
}

TEST(credit_gate, a_stop_predicate_may_give_back_the_awaited_credits) {
    credit_gate gate(3);
    credit_permit out = *gate.acquire(3);
    credit_permit permit;
    EXPECT_EQ(wait_and(gate, permit,
                       [&] {
                           EXPECT_FALSE(gate.try_acquire(1)) << "somebody waits: itself";
                           gate.wake_all();
                           if (out) out.give_back(1);
                           return false;
                       }),
              status::success);
    EXPECT_EQ(permit.size(), 2U);
    EXPECT_EQ(out.size(), 1U);
    EXPECT_EQ(gate.in_use(), 3U);
    permit.give_back();
    EXPECT_TRUE(gate.try_acquire(2));
}

TEST(credit_gate, a_stop_predicate_that_gives_back_the_awaited_credits_and_stops_has_them) {
    credit_gate gate(3);
    credit_permit out = *gate.acquire(3);
    credit_permit permit;
    EXPECT_EQ(wait_and(gate, permit, [&] { return out.give_back(), true; }), status::success)
        << "it was served before it said so";
    EXPECT_EQ(gate.in_use(), 2U);
}

TEST(credit_gate, a_stop_predicate_may_close_the_gate) {
    for (const bool stops : {false, true}) {
        credit_gate gate(3);
        const credit_permit out = *gate.acquire(3);
        credit_permit permit;
        EXPECT_EQ(wait_and(gate, permit, [&] { return gate.close(), stops; }), status::closed);
        EXPECT_EQ(permit.size(), 0U);
        EXPECT_EQ(gate.in_use(), 3U);
    }
}

TEST(credit_gate, a_wait_in_vain_lasts_until_its_deadline) {
    credit_gate gate(1);
    const credit_permit out = *gate.acquire();
    credit_permit permit;
    const auto begin = clock::now();
    EXPECT_EQ(gate.acquire_for(permit, 1, 20ms), status::timeout);
    EXPECT_GE(clock::now() - begin, 20ms);
}

TEST(credit_gate, shares_leave_in_any_order_and_their_guarantees_are_free_again) {
    for (const std::size_t first : {0U, 1U, 2U}) {
        for (const std::size_t second : {1U, 2U}) {
            credit_gate gate(10);
            std::deque<std::optional<credit_gate::share>> shares(3);
            for (std::size_t i = 0; i < 3; ++i) shares[i].emplace(gate, i + 1);
            std::size_t free = 4;
            for (const std::size_t leaves : {first, (first + second) % 3, (first + 3 - second) % 3}) {
                shares[leaves].reset();
                free += leaves + 1;
                EXPECT_TRUE(gate.try_acquire(free)) << "share " << leaves << " has left";
                EXPECT_EQ(gate.credits(), 10U);
            }
        }
    }
}

}  // namespace
