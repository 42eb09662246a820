// SPDX-License-Identifier: MIT
//
// Closing, going to sleep and acquiring credits, each overtaken before every atomic step: nothing is accepted and then
// not delivered, nobody is counted as asleep who is not, and credits held and free add up to the capacity.
#define WEIR_ATOMIC_HEADER "test/support/wait_hooked_atomic.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "test/support/overtaken.hpp"
#include "weir/credit_gate.hpp"
#include "weir/detail/cursor/closing.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"
#include "weir/wait.hpp"

namespace {

using weir::status;
using weir_test::for_each_step;
using weir_test::overtaken;

constexpr std::chrono::steady_clock::time_point long_past{};

// ---- the end of sending --------------------------------------------------------------------------------------

/// A claim of the items 254 and 255, after which the counter wraps.
struct one_claim {
    explicit one_claim(bool asymmetric) : end(asymmetric) {}

    void claim() { is_claimed = end.claim(position, from, to); }
    void expect_settled() {
        EXPECT_EQ(position.load(weir::detail::relaxed), is_claimed ? to : from);
        EXPECT_TRUE(end.is_ended());
        EXPECT_EQ(end.is_drained(position, from), !is_claimed);
        EXPECT_EQ(end.is_drained(position, to), is_claimed);
        EXPECT_FALSE(end.claim(position, position.load(weir::detail::relaxed), 7)) << "ended for ever";
        EXPECT_EQ(end.is_drained(position, from), !is_claimed);
    }

    static constexpr std::uint8_t from = 254, to = 0;
    weir::detail::closing<std::uint8_t> end;
    weir::detail::atomic<std::uint8_t> position{from};
    bool is_claimed = false;
};

class closing : public testing::TestWithParam<bool> {
    void SetUp() override {
        if (GetParam() && !weir::detail::has_heavy_fence())
            GTEST_SKIP() << "this kernel, or this build, has no membarrier";
    }
};
INSTANTIATE_TEST_SUITE_P(fences, closing, testing::Bool(),
                         [](const auto& test) { return std::string(test.param ? "asymmetric" : "seq_cst"); });

TEST_P(closing, and_a_claim_agree_whichever_comes_in_the_midst_of_the_other) {
    for_each_step([](int step) {
        one_claim c(GetParam());
        const bool was_overtaken = overtaken(
            step, [&] { c.claim(); }, [&] { c.end.end(); });
        if (!was_overtaken) {
            EXPECT_TRUE(c.is_claimed);
            EXPECT_FALSE(c.end.is_ended());
            EXPECT_FALSE(c.end.is_drained(c.position, c.to));
            c.end.end();
        }
        c.expect_settled();
        return was_overtaken;
    });
    for_each_step([](int step) {
        one_claim c(GetParam());
        const bool was_overtaken = overtaken(
            step, [&] { c.end.end(); }, [&] { c.claim(); });
        c.expect_settled();
        c.end.end();
        c.expect_settled();
        return was_overtaken;
    });
}

// While a push is being refused, its claim shows for a moment: who was told closed before, is told so all the same.
template <class Ring>
class closed_for_ever : public testing::Test {};
using seq_cst = weir::wait::parking<weir::fence::seq_cst>;
using rings = testing::Types<weir::spsc_ring<int>, weir::spsc_ring<int, seq_cst>, weir::pull::spsc_ring<int>,
                             weir::mpmc_ring<int>, weir::strict_mpmc_ring<int>>;
TYPED_TEST_SUITE(closed_for_ever, rings);

TYPED_TEST(closed_for_ever, is_said_by_each_pop_amid_each_push_that_is_refused) {
    const std::array<void (*)(TypeParam&), 2> pushes{
        [](TypeParam& r) { EXPECT_EQ(r.try_push(1), status::closed); },
        [](TypeParam& r) {
            EXPECT_EQ(r.try_push_n(std::array{1, 2}), 0U);
        },
    };
    for (const auto push : pushes) {
        for_each_step([push](int step) {
            TypeParam ring(3, {std::uint64_t{0} - 1});
            if constexpr (TypeParam::has_credit_on_request) ring.request(3);
            ring.close();
            int out = 0;
            const auto is_closed = [&] {
                const status answer = ring.try_pop(out);
                EXPECT_EQ(answer, status::closed);
                return answer == status::closed;
            };
            if (!is_closed()) return false;
            const auto pop = [&] {
                if (!is_closed()) return;
                EXPECT_EQ(ring.pop_until(out, long_past), status::closed);
                EXPECT_FALSE(ring.pop());
                std::array<int, 2> some{};
                EXPECT_EQ(ring.pop_n(some), 0U);
            };
            return overtaken(
                step, [&] { push(ring); }, pop);
        });
    }
}

// A size lies between 0 and the capacity, whatever comes and goes while the numbers are read that it is made of.
TYPED_TEST(closed_for_ever, or_open_its_size_lies_within_the_capacity) {
    for (const bool ends_full : {false, true}) {
        for_each_step([ends_full](int step) {
            TypeParam ring(3, {std::uint64_t{0} - 1});
            if constexpr (TypeParam::has_credit_on_request) ring.request(1000);
            EXPECT_TRUE(ring.try_push(1));
            const auto come_and_go = [&] {
                for (int i = 0; i < 10; ++i) {
                    EXPECT_TRUE(ring.try_push(1));
                    EXPECT_TRUE(ring.try_pop());
                }
                while (ends_full && ring.try_push(1)) continue;
            };
            return overtaken(
                step,
                [&] {
                    EXPECT_LE(ring.size_approx(), 3U);
                    EXPECT_LE(ring.credits(), 3U);
                },
                come_and_go);
        });
    }
}

// ---- the way to sleep ----------------------------------------------------------------------------------------

template <class Wait>
class parking_lot : public testing::Test {
protected:
    using waiting_lot = typename Wait::lot;
    static bool never() { return false; }

    /// As far as the sleep, and no further: the time is over.
    static void go_to_sleep(waiting_lot& in) { EXPECT_FALSE(in.wait(never, long_past)); }
};
using parkings = testing::Types<weir::wait::park, seq_cst>;
TYPED_TEST_SUITE(parking_lot, parkings);

TYPED_TEST(parking_lot, counts_no_sleeper_once_all_have_left) {
    using lot_type = typename TypeParam::lot;
    const std::array<void (*)(lot_type&), 4> acts{
        [](lot_type& lot) { lot.notify(1); },
        [](lot_type& lot) { lot.notify(5); },
        [](lot_type& lot) { lot.notify_all(); },
        [](lot_type& lot) { TestFixture::go_to_sleep(lot); },
    };
    for (const auto act : acts) {
        for_each_step([act](int step) {
            lot_type lot(true);
            const bool was_overtaken = overtaken(
                step, [&] { TestFixture::go_to_sleep(lot); }, [&] { act(lot); });
            EXPECT_FALSE(lot.notify(5)) << "a wake for nobody";
            TestFixture::go_to_sleep(lot);  // as one more, who would leave what was left of the others
            EXPECT_FALSE(lot.notify(5)) << "a wake for nobody";
            return was_overtaken;
        });
    }
}

// Inside done() a waiter is registered, or not yet: of two who notify at the same time one wakes it at most.
TYPED_TEST(parking_lot, wakes_each_waiter_once_while_others_notify) {
    using lot_type = typename TypeParam::lot;
    int woken = 0;
    for_each_step([&](int step) {
        bool was_overtaken = false;
        lot_type lot(true);
        const auto done = [&] {
            int times = 0;
            const auto notify = [&] { times += lot.notify(1) ? 1 : 0; };
            was_overtaken = overtaken(step, notify, notify) || was_overtaken;
            EXPECT_LE(times, 1) << "one waiter";
            woken += times;
            return false;
        };
        EXPECT_FALSE(lot.wait(done, long_past));
        EXPECT_FALSE(lot.notify(1)) << "a wake for nobody";
        return was_overtaken;
    });
    EXPECT_GT(woken, 0);
}

// ---- credits -------------------------------------------------------------------------------------------------

/// A gate of 5 credits, and two shares: one has 2 for itself, the other borrows all it gets.
struct shared_gate {
    weir::credit_gate gate{5};
    weir::credit_gate::share rich{gate, 2};
    weir::credit_gate::share poor{gate, 0};
    std::vector<weir::credit_permit> permits;

    status take(weir::credit_source& from, std::size_t n) {
        weir::credit_permit permit;
        const status answer = from.try_acquire(permit, n);
        if (answer) permits.push_back(std::move(permit));
        return answer;
    }
    void give_back() {
        if (permits.empty()) return;
        const weir::credit_permit last = std::move(permits.back());
        permits.pop_back();
    }
    void expect_right() {
        std::size_t held = 0;
        for (const auto& permit : permits) held += permit.size();
        EXPECT_EQ(gate.in_use(), held);
        EXPECT_EQ(gate.credits(), 5 - held);
        permits.clear();
        EXPECT_EQ(gate.in_use() + rich.in_use() + poor.in_use(), 0U);
        if (gate.is_closed()) return;
        EXPECT_EQ(take(rich, 5), status::success) << "all of them are free";
        permits.clear();
        EXPECT_EQ(take(gate, 3), status::success);
        EXPECT_EQ(take(poor, 1), status::no_credit);
        EXPECT_EQ(take(rich, 3), status::no_credit);
        EXPECT_EQ(take(rich, 2), status::success);
        permits.clear();
    }
};

struct named_act {
    const char* name;
    std::size_t takes;
    void (*act)(shared_gate&);
};
const std::array<named_act, 9> acts{{
    {"the share takes 1", 1, [](shared_gate& g) { (void)g.take(g.rich, 1); }},
    {"the share takes 2", 2, [](shared_gate& g) { (void)g.take(g.rich, 2); }},
    {"the other share takes 1", 1, [](shared_gate& g) { (void)g.take(g.poor, 1); }},
    {"the other share takes 3", 3, [](shared_gate& g) { (void)g.take(g.poor, 3); }},
    {"somebody takes 2", 2, [](shared_gate& g) { (void)g.take(g.gate, 2); }},
    {"the last one gives back", 0, [](shared_gate& g) { g.give_back(); }},
    {"somebody takes 1 and gives it back", 1,
     [](shared_gate& g) {
         if (g.take(g.gate, 1)) g.give_back();
     }},
    {"the share takes 1 and gives it back", 1,
     [](shared_gate& g) {
         if (g.take(g.rich, 1)) g.give_back();
     }},
    {"it is closed", 0, [](shared_gate& g) { g.gate.close(); }},
}};

TEST(credit_gate, adds_up_when_an_acquire_is_overtaken_at_any_step) {
    for (const named_act& act : acts) {
        SCOPED_TRACE(act.name);
        for (const std::size_t n : {1U, 2U, 3U}) {
            for (const std::size_t which : {0U, 1U, 2U}) {
                for_each_step([&](int step) {
                    shared_gate g;
                    EXPECT_EQ(g.take(g.rich, 1), status::success);
                    const std::array<weir::credit_source*, 3> sources{&g.gate, &g.rich, &g.poor};
                    status answer = status::timeout;
                    const bool was_overtaken = overtaken(
                        step, [&] { answer = g.take(*sources[which], n); }, [&] { act.act(g); });
                    if (1 + n + act.takes <= 3) {
                        EXPECT_EQ(answer, g.gate.is_closed() && !answer ? status::closed : status::success);
                    }
                    g.expect_right();
                    return was_overtaken;
                });
            }
        }
    }
}

TEST(credit_gate, adds_up_when_a_return_is_overtaken_at_any_step) {
    for (const named_act& act : acts) {
        SCOPED_TRACE(act.name);
        for_each_step([&](int step) {
            shared_gate g;
            EXPECT_EQ(g.take(g.rich, 1), status::success);
            weir::credit_permit permit;
            EXPECT_EQ(g.rich.try_acquire(permit, 3), status::success) << "one is its own, two are borrowed";
            const bool was_overtaken = overtaken(
                step, [&] { permit.give_back(2); }, [&] { act.act(g); });
            permit.give_back();
            g.expect_right();
            return was_overtaken;
        });
    }
}

// A share has borrowed one credit too many, for another thread was quicker; meanwhile somebody has come to wait for it.
TEST(credit_gate, a_waiter_gets_the_credits_that_a_share_borrowed_in_vain) {
    int times_served = 0;
    for_each_step([&](int step) {
        weir::credit_gate gate(2);
        weir::credit_gate::share share(gate, 0);
        weir::credit_permit mine, others, waiters;
        std::thread waiter;
        const bool was_overtaken = overtaken(
            step, [&] { (void)share.try_acquire(mine); },
            [&] {
                EXPECT_EQ(share.try_acquire(others), status::success);
                if (gate.credits() > 0 || mine) return;  // to be had, or taken already: nobody has to wait for it
                std::atomic<int> asked{0};
                waiter = std::thread([&gate, &waiters, &asked] {
                    const auto never = [&asked]() noexcept { return ++asked < 0; };
                    (void)gate.acquire_unless(waiters, 1, never);
                });
                while (asked < 2) std::this_thread::yield();  // from the second time on it stands in the queue
                std::this_thread::yield();
            });
        if (waiter.joinable()) {
            EXPECT_EQ(gate.in_use(), 2U) << "a credit is free, and somebody waits for it";
            ++times_served;
            gate.close();
            waiter.join();
        }
        return was_overtaken;
    });
    EXPECT_GT(times_served, 0);
}

}  // namespace
