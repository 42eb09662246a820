// SPDX-License-Identifier: MIT
//
// What meets an operation on its way to sleep: a close, a stop and an item at once, the destruction of another one. Round by round on
// fresh rings; each item is counted, so that none is lost or delivered twice. WEIR_SOAK_ROUNDS=10000000 makes it the long form.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "test/await/task.hpp"
#include "test/support/wait_support.hpp"
#include "weir/await.hpp"
#include "weir/credit_gate.hpp"
#include "weir/ring.hpp"
#include "weir/select.hpp"

namespace {

using weir::async_pop;
using weir::async_push;
using weir::status;
using weir_test::numbers;
using weir_test::task;

/// A second thread, which runs one step in each round, beside that of the test's thread.
class partner {
public:
    explicit partner(std::function<void(std::uint64_t)> step)
        : thread_([this, step = std::move(step)] {
              for (std::uint64_t round = 1;; ++round) {
                  if (!wait_for(begun_, round)) return;
                  here_ = round;
                  step(round);
                  done_ = round;
              }
          }) {}
    ~partner() {
        is_over_ = true;
        thread_.join();
    }

    /// Both steps, beside each other; now and then one after the other, so that each order is tried on any machine.
    void round(const std::function<void()>& mine) {
        const std::uint64_t round = done_ + 1;
        if (round % 16 == 0) mine();
        begun_ = round;
        (void)wait_for(round % 16 == 1 ? done_ : here_, round);
        if (round % 16 != 0) mine();
        (void)wait_for(done_, round);
    }
    std::uint64_t rounds() const { return done_; }

private:
    bool wait_for(const std::atomic<std::uint64_t>& word, std::uint64_t round) const {
        for (unsigned looks = 0; word < round; ++looks) {
            if (is_over_) return false;
            if (looks > 200) std::this_thread::yield();
        }
        return true;
    }
    std::atomic<std::uint64_t> begun_{0}, here_{0}, done_{0};
    std::atomic<bool> is_over_{false};
    std::thread thread_;  // last: it uses the others
};

/// A few instructions or some hundreds, so that the steps of two threads meet at any point.
void dither(numbers& from) {
    for (std::uint64_t left = from.below(from.below(4) == 0 ? 2000 : 60); left > 0; --left)
        asm volatile("" ::: "memory");
}

/// What one operation gave. The last word is written at the end, by the thread that resumed it.
struct outcome {
    std::optional<status> answer;
    int item = 0;
    std::atomic<bool> is_over{false};
};
void until_over(const outcome& of) {
    for (unsigned looks = 0; !of.is_over; ++looks) {
        if (looks > 200) std::this_thread::yield();
    }
}

task pop_one(auto& ring, outcome& to, std::stop_token stop = {}) {
    to.answer.emplace(co_await async_pop(ring, to.item, stop));
    to.is_over = true;
}
task push_one(auto& ring, int item, outcome& to) {
    to.answer.emplace(co_await async_push(ring, item));
    to.is_over = true;
}

template <class Ring>
class await_race : public testing::Test {};
using rings = testing::Types<weir::spsc_ring<int>, weir::mpmc_ring<int>, weir::strict_mpmc_ring<int>,
                             weir::mpmc_ring<int, weir_test::parking_seq_cst>>;
TYPED_TEST_SUITE(await_race, rings);

template <class Ring>
void take_over(Ring& ring) {
    if constexpr (!Ring::has_many_consumers) ring.adopt_consumer();
    if constexpr (!Ring::has_many_producers) ring.adopt_producer();
}

// The item before the close is delivered, or was refused; after the close every pop ends.
TYPED_TEST(await_race, close_against_a_pop_that_suspends) {
    std::optional<TypeParam> ring;
    numbers other(1), mine(2);
    status pushed = status::closed;
    std::uint64_t items = 0, delivered = 0, empty_handed = 0;
    const std::uint64_t rounds = weir_test::rounds(20'000);
    partner closing([&](std::uint64_t round) {
        if constexpr (!TypeParam::has_many_producers) ring->adopt_producer();
        dither(other);
        pushed = round % 2 == 0 ? ring->try_push(static_cast<int>(round)) : status(status::closed);
        ring->close();
    });
    const weir_test::watchdog dog([&] { return closing.rounds(); }, [&] { return "of " + std::to_string(rounds); });
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        ring.emplace(2);
        outcome got;
        std::optional<task> popping;
        closing.round([&] {
            dither(mine);
            popping.emplace(pop_one(*ring, got));
        });
        until_over(got);
        popping.reset();
        if constexpr (!TypeParam::has_many_consumers) ring->adopt_consumer();
        items += pushed == status::success ? 1 : 0;
        delivered += got.answer == status::success ? 1 : 0;
        empty_handed += got.answer == status::closed ? 1 : 0;
        ASSERT_EQ(got.answer == status::success, pushed == status::success) << "round " << round;
        ASSERT_EQ(got.item, got.answer == status::success ? static_cast<int>(round) : 0);
        ASSERT_EQ(ring->try_pop(), std::nullopt);
    }
    EXPECT_EQ(items, delivered);
    EXPECT_EQ(delivered + empty_handed, rounds);
}

// What was accepted is in the ring, and what was not is not.
TYPED_TEST(await_race, close_against_a_push_that_suspends) {
    std::optional<TypeParam> ring;
    numbers other(3), mine(4);
    std::uint64_t accepted = 0, found = 0, refused = 0;
    const std::uint64_t rounds = weir_test::rounds(20'000);
    partner closing([&](std::uint64_t round) {
        if constexpr (!TypeParam::has_many_consumers) ring->adopt_consumer();
        dither(other);
        if (round % 2 == 0) (void)ring->try_pop();
        ring->close();
    });
    const weir_test::watchdog dog([&] { return closing.rounds(); }, [&] { return "of " + std::to_string(rounds); });
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        ring.emplace(1);
        ASSERT_TRUE(ring->try_push(-1));
        outcome put;
        std::optional<task> pushing;
        closing.round([&] {
            dither(mine);
            pushing.emplace(push_one(*ring, static_cast<int>(round), put));
        });
        until_over(put);
        pushing.reset();
        take_over(*ring);
        accepted += put.answer == status::success ? 1 : 0;
        refused += put.answer == status::closed ? 1 : 0;
        while (const auto item = ring->try_pop()) found += *item == static_cast<int>(round) ? 1 : 0;
    }
    EXPECT_EQ(accepted, found);
    EXPECT_EQ(accepted + refused, rounds);
}

// One item for two pops, of which one is stopped: it is neither lost nor delivered twice, nor left beside the one that waits.
template <class Ring>
class await_race_of_many : public testing::Test {};
using rings_of_many =
    testing::Types<weir::mpmc_ring<int>, weir::strict_mpmc_ring<int>, weir::mpmc_ring<int, weir_test::parking_seq_cst>>;
TYPED_TEST_SUITE(await_race_of_many, rings_of_many);

TYPED_TEST(await_race_of_many, a_stop_against_the_item_that_wakes) {
    TypeParam ring(2);
    std::optional<std::stop_source> stop;
    numbers other(5), mine(6);
    std::uint64_t stopped = 0, first = 0, second = 0;
    const std::uint64_t rounds = weir_test::rounds(20'000);
    partner cancelling([&](std::uint64_t) {
        dither(other);
        stop->request_stop();
    });
    const weir_test::watchdog dog([&] { return cancelling.rounds(); }, [&] { return "of " + std::to_string(rounds); });
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        stop.emplace();
        std::array<outcome, 2> got;
        std::optional<task> cancelled, patient;
        cancelled.emplace(pop_one(ring, got[0], stop->get_token()));
        patient.emplace(pop_one(ring, got[1]));
        cancelling.round([&] {
            dither(mine);
            ASSERT_TRUE(ring.try_push(static_cast<int>(round)));
        });
        until_over(got[0]);
        if (got[0].answer == status::success) {
            ++first;
            ASSERT_TRUE(ring.try_push(0));
        }
        ASSERT_TRUE(got[1].is_over) << "round " << round << ": the item lies beside a coroutine that waits";
        second += got[1].answer == status::success ? 1 : 0;
        stopped += got[0].answer == status::success ? 0 : 1;
        ASSERT_EQ(ring.size_approx(), 0U);
    }
    EXPECT_EQ(second, rounds);
    EXPECT_EQ(first + stopped, rounds);
    EXPECT_GT(stopped, 0U);
    EXPECT_GT(first, 0U);
    this->RecordProperty("stopped_percent", static_cast<int>(100 * stopped / rounds));
}

// A frame is destroyed while others are listed before and behind it, and leave.
TYPED_TEST(await_race_of_many, the_destruction_of_a_frame_against_others_that_come_and_go) {
    TypeParam ring(4);
    std::optional<std::stop_source> stop;
    numbers other(7), mine(8);
    std::uint64_t delivered = 0;
    const std::uint64_t rounds = weir_test::rounds(20'000);
    std::array<outcome, 4>* got = nullptr;
    std::optional<task> late, leaving, victim, last;
    partner coming([&](std::uint64_t) {
        dither(other);
        stop->request_stop();
        late.emplace(pop_one(ring, (*got)[3]));
    });
    const weir_test::watchdog dog([&] { return coming.rounds(); }, [&] { return "of " + std::to_string(rounds); });
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        std::array<outcome, 4> these;
        got = &these;
        stop.emplace();
        leaving.emplace(pop_one(ring, these[0], stop->get_token()));
        victim.emplace(pop_one(ring, these[1]));
        last.emplace(pop_one(ring, these[2]));
        coming.round([&] {
            dither(mine);
            victim.reset();
        });
        ASSERT_TRUE(these[0].is_over);
        for (int i = 0; i < 2; ++i) ASSERT_TRUE(ring.try_push(i));
        ASSERT_TRUE(these[2].is_over && these[3].is_over) << "round " << round << ": an item went to a destroyed frame";
        ASSERT_FALSE(these[1].is_over);
        delivered += these[2].answer == status::success && these[3].answer == status::success ? 2 : 0;
        ASSERT_EQ(ring.size_approx(), 0U);
        leaving.reset();
        last.reset();
        late.reset();
    }
    EXPECT_EQ(delivered, 2 * rounds);
}

// Two rings become ready together; the coroutine is stopped at about that time, too, in every third round.
TEST(await_race_of_several, a_select_takes_nothing_and_leaves_nothing_behind) {
    weir::mpmc_ring<int> a(2), b(2);
    std::optional<std::stop_source> stop;
    numbers other(9), mine(10);
    std::array<std::uint64_t, 3> ends{};
    const std::uint64_t rounds = weir_test::rounds(20'000);
    partner pushing([&](std::uint64_t round) {
        dither(other);
        if (round % 3 == 0) stop->request_stop();
        EXPECT_TRUE(b.try_push(2));
    });
    const weir_test::watchdog dog([&] { return pushing.rounds(); }, [&] { return "of " + std::to_string(rounds); });
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        stop.emplace();
        std::optional<weir::selected> found;
        std::atomic<bool> is_over{false};
        outcome beside;
        const task selecting = [](auto& one, auto& two, auto& to, auto& over, std::stop_token token) -> task {
            to.emplace(co_await weir::async_select(token, weir::items_of(one), weir::items_of(two)));
            over = true;
        }(a, b, found, is_over, stop->get_token());
        const task popping = pop_one(b, beside);
        pushing.round([&] {
            dither(mine);
            ASSERT_TRUE(a.try_push(1));
        });
        while (!is_over) std::this_thread::yield();
        ++ends[*found ? found->index() : 2];
        ASSERT_TRUE(beside.is_over) << "round " << round << ": the item lies beside a coroutine that waits";
        ASSERT_EQ(a.try_pop(), 1);
        ASSERT_EQ(b.try_pop(), std::nullopt);
    }
    EXPECT_GT(ends[0], 0U);
    EXPECT_GT(ends[1], 0U);
}

// Credit of a gate: a request is stopped while credit comes back, and another one waits behind it.
TEST(await_race_of_gates, a_stop_against_the_credit_that_comes_back) {
    weir::credit_gate gate(2);
    std::optional<std::stop_source> stop;
    numbers other(11), mine(12);
    std::uint64_t granted = 0;
    const std::uint64_t rounds = weir_test::rounds(20'000);
    partner cancelling([&](std::uint64_t) {
        dither(other);
        stop->request_stop();
    });
    const weir_test::watchdog dog([&] { return cancelling.rounds(); }, [&] { return "of " + std::to_string(rounds); });
    const auto take = [](auto& from, std::size_t n, bool& has, std::atomic<bool>& over, std::stop_token token) -> task {
        {
            const auto permit = co_await weir::async_acquire(from, n, token);
            has = permit.has_value();
        }
        over = true;
    };
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        stop.emplace();
        auto held = gate.try_acquire(2);
        ASSERT_TRUE(held);
        std::array<bool, 2> has{};
        std::array<std::atomic<bool>, 2> is_over{};
        const task large = take(gate, 2, has[0], is_over[0], stop->get_token());
        const task small = take(gate, 1, has[1], is_over[1], {});
        cancelling.round([&] {
            dither(mine);
            held->give_back(1);
            dither(mine);
            held.reset();
        });
        while (!is_over[0] || !is_over[1]) std::this_thread::yield();
        ASSERT_TRUE(has[1]);
        granted += has[0] ? 1 : 0;
        ASSERT_EQ(gate.credits(), 2U);
    }
    EXPECT_GT(granted, 0U);
    EXPECT_LT(granted, rounds);
}

}  // namespace
