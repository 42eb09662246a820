// SPDX-License-Identifier: MIT
//
// What credit_gate, its permits and its shares promise, to one thread and to many.
#include "weir/credit_gate.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "test/support/refusal.hpp"
#include "test/support/wait_support.hpp"
#include "weir/ring.hpp"
#include "weir/stop.hpp"

namespace {

using namespace std::chrono_literals;
using weir::credit_gate;
using weir::credit_permit;
using weir::status;

constexpr auto ages = 60s;
using clock = std::chrono::steady_clock;

/// Returns when somebody waits at a gate that has free credits: from then on they are refused.
template <class Source>
void until_somebody_waits(Source& source) {
    while (source.try_acquire(1)) std::this_thread::yield();
}

// ---- one thread --------------------------------------------------------------------------------------------------

TEST(credit_gate, grants_exactly_its_capacity) {
    for (const std::size_t capacity : {1U, 2U, 3U, 100U}) {
        credit_gate gate(capacity);
        EXPECT_EQ(gate.capacity(), capacity);
        std::vector<credit_permit> permits(capacity);
        for (std::size_t i = 0; i < capacity; ++i) {
            EXPECT_EQ(gate.credits(), capacity - i);
            ASSERT_EQ(gate.try_acquire(permits[i]), status::success);
            EXPECT_EQ(gate.in_use(), i + 1);
        }
        EXPECT_EQ(gate.try_acquire(), std::nullopt);
        permits.back().give_back();
        EXPECT_EQ(gate.try_acquire(permits.back()), status::success) << "one came back, one is granted";
        EXPECT_EQ(gate.try_acquire(), std::nullopt);
    }
}

TEST(credit_gate, carries_the_largest_capacity) {
    constexpr std::size_t most = (std::uint64_t{1} << 62) - 1;
    credit_gate gate(most);
    auto all = gate.try_acquire(most);
    ASSERT_TRUE(all);
    EXPECT_EQ(gate.credits(), 0U);
    EXPECT_FALSE(gate.is_closed());
    all->give_back(1);
    EXPECT_EQ(gate.credits(), 1U);
    all.reset();
    EXPECT_EQ(gate.credits(), most);
}

#if defined(__cpp_exceptions)
using weir_test::refusal;

TEST(credit_gate, an_impossible_capacity_is_refused_with_a_sentence) {
    EXPECT_EQ(refusal([] { credit_gate gate(0); }),
              "weir: a credit_gate of capacity 0 is impossible; choose 1 to 4611686018427387903");
    EXPECT_EQ(refusal([] { credit_gate gate(std::size_t{1} << 62); }),
              "weir: a credit_gate of capacity 4611686018427387904 is impossible; choose 1 to 4611686018427387903");
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    EXPECT_EQ(refusal([] { credit_gate gate(most); }),
              "weir: a credit_gate of capacity 18446744073709551615 is impossible; choose 1 to 4611686018427387903");
}

TEST(credit_gate, waits_as_long_as_a_time_can_be) {
    credit_gate gate(2);
    credit_permit permit;
    ASSERT_TRUE(gate.acquire(permit));
    EXPECT_TRUE(permit);
    EXPECT_EQ(permit.size(), 1U) << "one is what is asked for without a number";
    for (const std::chrono::nanoseconds time : {std::chrono::nanoseconds::max(), std::chrono::nanoseconds(1h)}) {
        std::thread other([&] {
            credit_permit both;
            EXPECT_EQ(gate.acquire_for(both, 2, time), status::success);
        });
        std::this_thread::sleep_for(10ms);
        permit = {};
        other.join();
        ASSERT_TRUE(gate.acquire(permit));
    }
}

TEST(credit_gate, no_credits_and_more_than_ever_are_refused_with_a_sentence) {
    credit_gate gate(10);
    credit_permit permit;
    const std::string nothing = "weir: 0 credits were asked for, which are no permit; ask for 1 to 10";
    EXPECT_EQ(refusal([&] { (void)gate.try_acquire(0); }), nothing);
    EXPECT_EQ(refusal([&] { (void)gate.acquire_for(permit, 0, 1s); }), nothing);
    const std::string too_many =
        "weir: 11 credits were asked for where there are never more than 10: ask for 1 to 10, or make the gate larger";
    EXPECT_EQ(refusal([&] { (void)gate.try_acquire(permit, 11); }), too_many);
    EXPECT_EQ(refusal([&] { (void)gate.acquire(11); }), too_many) << "it would wait for ever";
    EXPECT_EQ(gate.credits(), 10U);
}

TEST(credit_permit, gives_back_when_an_exception_passes) {
    credit_gate gate(3);
    try {
        const auto permit = gate.acquire(2);
        EXPECT_EQ(gate.in_use(), 2U);
        throw 1;
    } catch (int) {
    }
    EXPECT_EQ(gate.credits(), 3U);
}

TEST(credit_share, guarantees_beyond_the_capacity_are_refused_with_a_sentence) {
    credit_gate gate(100);
    const credit_gate::share first(gate, 70);
    EXPECT_EQ(
        refusal([&] { const credit_gate::share second(gate, 31); }),
        "weir: a share of 31 credits of a gate of 100, of which 70 are guaranteed already: guarantee no more than "
        "30");
    const auto permit = gate.acquire(25);
    EXPECT_EQ(refusal([&] { const credit_gate::share second(gate, 30); }),
              "weir: a share of 30 credits of a gate that has 5 free now: make the shares before the first permit");
    EXPECT_EQ(gate.in_use(), 25U);
}

TEST(credit_share, may_end_in_any_order) {
    for (const auto& order : {std::array{0, 1, 2}, std::array{2, 1, 0}, std::array{1, 0, 2}}) {
        credit_gate gate(10);
        std::array<std::optional<credit_gate::share>, 3> shares;
        for (auto& share : shares) share.emplace(gate, 3);
        EXPECT_EQ(gate.in_use(), 0U);
        for (const int i : order) {
            shares[static_cast<std::size_t>(i)].reset();
            for (auto& share : shares) {
                EXPECT_TRUE(!share || share->try_acquire(3)) << "its own";
            }
        }
        EXPECT_TRUE(gate.try_acquire(10)) << "all have given back";
    }
}

TEST(credit_share, what_it_can_never_have_is_refused_with_a_sentence) {
    credit_gate gate(100);
    credit_gate::share mine(gate, 20);
    credit_gate::share other(gate, 70);
    const std::string remedy = ", or make the gate larger, or the guarantees of its shares smaller";
    EXPECT_EQ(refusal([&] { (void)mine.acquire(31); }),
              "weir: 31 credits were asked for where there are never more than 30: ask for 1 to 30" + remedy);
    EXPECT_EQ(refusal([&] { (void)gate.acquire(11); }),
              "weir: 11 credits were asked for where there are never more than 10: ask for 1 to 10" + remedy);
}
#endif

TEST(credit_gate, a_refusal_leaves_the_permit_untouched) {
    credit_gate gate(3);
    credit_permit permit = *gate.try_acquire(2);
    EXPECT_EQ(gate.try_acquire(permit, 2), status::no_credit);
    EXPECT_EQ(gate.acquire_for(permit, 2, 1ms), status::timeout);
    EXPECT_EQ(gate.acquire_unless(permit, 2, []() noexcept { return true; }), status::no_credit);
    EXPECT_EQ(permit.size(), 2U);
    EXPECT_EQ(gate.try_acquire(permit, 1), status::success) << "what it held before is given back";
    EXPECT_EQ(permit.size(), 1U);
    EXPECT_EQ(gate.credits(), 2U);
    gate.close();
    EXPECT_EQ(gate.try_acquire(permit, 1), status::closed);
    EXPECT_EQ(permit.size(), 1U);
}

TEST(credit_permit, is_for_nothing_at_first) {
    credit_permit permit;
    EXPECT_EQ(permit.size(), 0U);
    EXPECT_FALSE(permit);
    permit.give_back();
    permit.give_back(0);
    EXPECT_FALSE(permit.split(0));
    permit.merge({});
    static_assert(std::is_nothrow_move_constructible_v<credit_permit> && !std::is_copy_constructible_v<credit_permit>);
}

TEST(credit_permit, gives_back_when_it_is_dropped) {
    credit_gate gate(5);
    {
        const auto permit = gate.acquire(3);
        ASSERT_TRUE(permit && *permit);
        EXPECT_EQ(gate.credits(), 2U);
    }
    EXPECT_EQ(gate.credits(), 5U);
}

TEST(credit_permit, gives_back_at_the_end_of_its_thread) {
    credit_gate gate(5);
    std::thread([&] {
        static thread_local credit_permit permit;
        EXPECT_EQ(gate.acquire(permit, 4), status::success);
        EXPECT_EQ(gate.credits(), 1U);
    }).join();
    EXPECT_EQ(gate.credits(), 5U);
}

TEST(credit_permit, moves_its_credits_and_gives_them_back_once) {
    credit_gate gate(10);
    credit_permit a = *gate.acquire(3);
    credit_permit b(std::move(a));
    EXPECT_EQ(a.size(), 0U);
    EXPECT_EQ(b.size(), 3U);
    a = *gate.acquire(4);
    EXPECT_EQ(gate.in_use(), 7U);
    a = std::move(b);
    EXPECT_EQ(a.size(), 3U);
    EXPECT_EQ(b.size(), 0U);
    EXPECT_EQ(gate.in_use(), 3U) << "what it held before is given back";
    credit_permit& itself = a;
    a = std::move(itself);
    EXPECT_EQ(a.size(), 3U);
    a.merge(std::move(itself));
    EXPECT_EQ(a.size(), 3U);
}

TEST(credit_permit, is_given_back_split_and_merged_in_parts) {
    credit_gate gate(10);
    credit_permit permit = *gate.acquire(8);
    permit.give_back(3);
    EXPECT_EQ(permit.size(), 5U);
    EXPECT_EQ(gate.credits(), 5U);
    credit_permit part = permit.split(2);
    EXPECT_EQ(permit.size(), 3U);
    EXPECT_EQ(part.size(), 2U);
    EXPECT_EQ(gate.credits(), 5U) << "both parts are held";
    permit.merge(std::move(part));
    EXPECT_EQ(permit.size(), 5U);
    EXPECT_EQ(part.size(), 0U);
    credit_permit rest = permit.split(5);
    EXPECT_FALSE(permit);
    permit.merge(std::move(rest));
    permit.merge({});
    EXPECT_EQ(permit.size(), 5U) << "there was nothing to take over";
    permit.give_back();
    EXPECT_EQ(gate.credits(), 10U);
}

TEST(credit_permit_death, aborts_when_more_is_asked_of_it_than_it_holds) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    credit_gate gate(10);
    credit_gate other(10);
    credit_permit permit = *gate.acquire(2);
    EXPECT_DEATH(permit.give_back(3), "give_back: more than it holds; look at size");
    EXPECT_DEATH((void)permit.split(3), "split: more than it holds; look at size");
    credit_permit one = *gate.acquire(1);
    EXPECT_DEATH(one.merge(*other.acquire(1)), "credits of two gates or shares do not mix");
    EXPECT_DEATH(permit.merge(*other.acquire(1)), "credits of two gates or shares do not mix; keep both permits");
}

TEST(credit_gate_death, aborts_when_it_is_destroyed_before_its_permits_or_shares) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            credit_permit permit;
            credit_gate gate(1);
            permit = *gate.acquire();
        },
        "credit_gate: destroyed before its permits or shares; let it outlive them");
    EXPECT_DEATH(
        {
            std::optional<credit_gate::share> share;
            credit_gate gate(1);
            share.emplace(gate, 1U);
        },
        "credit_gate: destroyed before its permits or shares; let it outlive them");
    EXPECT_DEATH(
        {
            credit_gate gate(1);
            credit_permit permit;
            credit_gate::share share(gate, 1);
            permit = *share.acquire();
        },
        "credit_gate::share: destroyed before its permits; let it outlive them");
}

TEST(credit_gate, grants_nothing_once_closed_and_takes_credits_back) {
    credit_gate gate(5);
    credit_permit permit = *gate.acquire(2);
    credit_permit refused;
    gate.close();
    gate.close();
    EXPECT_TRUE(gate.is_closed());
    EXPECT_EQ(gate.try_acquire(refused, 1), status::closed);
    EXPECT_EQ(gate.acquire(refused, 5), status::closed);
    EXPECT_EQ(gate.acquire(1), std::nullopt);
    EXPECT_EQ(gate.acquire_for(refused, 1, ages), status::closed);
    EXPECT_EQ(gate.acquire_unless(refused, 1, []() noexcept { return false; }), status::closed);
    EXPECT_EQ(weir::acquire(gate, refused, 1, std::stop_token{}), status::closed);
    EXPECT_EQ(gate.in_use(), 2U);
    permit.give_back();
    EXPECT_EQ(gate.credits(), 5U);
}

TEST(credit_gate, a_waiter_that_gives_up_leaves_no_trace) {
    credit_gate gate(2);
    credit_permit out = *gate.acquire(1);
    credit_permit permit;
    EXPECT_EQ(gate.acquire_for(permit, 2, 5ms), status::timeout);
    EXPECT_EQ(gate.acquire_for(permit, 2, -1s), status::timeout);
    EXPECT_EQ(gate.acquire_until(permit, 2, clock::time_point::min()), status::timeout);
    EXPECT_EQ(gate.acquire_until(permit, 1, clock::time_point::min()), status::success) << "what need not wait is had";
    permit.give_back();
    EXPECT_EQ(gate.try_acquire(permit, 1), status::success);
    permit.give_back();
    out.give_back();
    EXPECT_EQ(gate.acquire_for(permit, 2, std::chrono::nanoseconds::max()), status::success);
}

// ---- many threads ------------------------------------------------------------------------------------------------

TEST(credit_gate, a_waiter_is_served_when_there_are_enough_for_him) {
    credit_gate gate(3);
    credit_permit out = *gate.acquire(3);
    std::atomic<bool> had{false};
    std::thread waiter([&] {
        const auto permit = gate.acquire(2);
        EXPECT_TRUE(permit);
        had = true;
    });
    out.give_back(1);
    until_somebody_waits(gate);
    EXPECT_FALSE(had) << "one is not enough";
    EXPECT_EQ(gate.credits(), 1U) << "it stays free until there are two";
    out.give_back(1);
    waiter.join();
    EXPECT_TRUE(had);
    EXPECT_EQ(gate.credits(), 2U);
}

TEST(credit_gate, a_try_does_not_overtake_a_waiter) {
    credit_gate gate(10);
    credit_permit out = *gate.acquire(1);
    std::thread waiter([&] { EXPECT_TRUE(gate.acquire(10)); });
    until_somebody_waits(gate);
    EXPECT_EQ(gate.credits(), 9U);
    credit_permit permit;
    EXPECT_EQ(gate.try_acquire(permit, 1), status::no_credit) << "nine are free, and somebody waits";
    EXPECT_EQ(gate.acquire_for(permit, 1, 5ms), status::timeout) << "nor does who came later";
    out.give_back();
    waiter.join();
    EXPECT_EQ(gate.try_acquire(permit, 1), status::success);
}

TEST(credit_gate, a_waiter_for_all_credits_is_not_starved_by_waiters_for_one) {
    credit_gate gate(8);
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> turns{0};
    const weir_test::watchdog dog([&] { return turns.load(); },
                                  [&] { return std::to_string(turns) + " turns, then all is still"; });
    std::vector<std::thread> stream;
    for (int i = 0; i < 3; ++i) {
        stream.emplace_back([&] {
            credit_permit held = *gate.acquire();
            while (!stop) {
                credit_permit next;  // never without one, had it not to wait
                if (gate.acquire_for(next, 1, 1ms) == status::success) {
                    held = std::move(next);
                } else {
                    held.give_back();
                    if (gate.acquire(held) != status::success) return;
                }
                ++turns;
            }
        });
    }
    for (std::uint64_t i = 0, rounds = weir_test::rounds(200); i < rounds; ++i) {
        const auto all = gate.acquire(8);
        ASSERT_TRUE(all);
        EXPECT_EQ(gate.credits(), 0U);
    }
    stop = true;
    for (auto& thread : stream) thread.join();
    EXPECT_EQ(gate.credits(), 8U);
}

TEST(credit_gate, a_waiter_that_gives_up_passes_the_turn_on) {
    credit_gate gate(2);
    const credit_permit out = *gate.acquire(1);
    std::atomic<bool> served{false};
    std::thread wants_too_much([&] {
        while (!served) {
            credit_permit permit;
            EXPECT_EQ(gate.acquire_for(permit, 2, 5ms), status::timeout);
        }
    });
    for (int i = 0; i < 20; ++i) {
        until_somebody_waits(gate);
        EXPECT_TRUE(gate.acquire(1)) << "one was free all the time";
    }
    served = true;
    wants_too_much.join();
    EXPECT_EQ(gate.credits(), 1U);
}

TEST(credit_gate, close_wakes_all_waiters) {
    for (std::uint64_t i = 0, rounds = weir_test::rounds(200); i < rounds; ++i) {
        credit_gate gate(2);
        credit_permit out = *gate.acquire(1);
        std::vector<std::thread> waiters;
        for (int k = 0; k < 3; ++k) {
            waiters.emplace_back([&] {
                credit_permit permit;
                EXPECT_EQ(gate.acquire(permit, 2), status::closed);
                EXPECT_EQ(gate.acquire(permit, 1), status::closed);
            });
        }
        if (i % 2 == 0) until_somebody_waits(gate);
        gate.close();
        for (auto& thread : waiters) thread.join();
        out.give_back();
        EXPECT_EQ(gate.credits(), 2U);
    }
}

TEST(credit_gate, a_stop_ends_a_wait_and_passes_the_turn_on) {
    credit_gate gate(2);
    const credit_permit out = *gate.acquire(1);
    std::stop_source source;
    std::thread waiter([&] {
        credit_permit permit;
        EXPECT_EQ(weir::acquire(gate, permit, 2, source.get_token()), status::no_credit);
        EXPECT_FALSE(permit);
    });
    until_somebody_waits(gate);
    std::thread behind([&] { EXPECT_TRUE(gate.acquire(1)); });
    source.request_stop();
    waiter.join();
    behind.join();

    credit_permit permit;
    EXPECT_EQ(weir::acquire(gate, permit, 1, source.get_token()), status::success) << "it tries, though stopped before";
    EXPECT_EQ(weir::acquire(gate, permit, 2, source.get_token()), status::no_credit);
}

// The request comes at any point of the way to sleep.
TEST(credit_gate, a_stop_is_never_lost) {
    credit_gate gate(1);
    const credit_permit out = *gate.acquire();
    const std::uint64_t rounds = weir_test::rounds(5000);
    std::stop_source source;
    std::atomic<std::uint64_t> stopped{0};
    weir_test::meeting meet(2);
    const weir_test::watchdog dog([&] { return stopped.load(); },
                                  [&] { return std::to_string(stopped) + " waits were stopped"; });
    std::thread waiter([&] {
        for (std::uint64_t i = 0; i < rounds; ++i) {
            meet();
            credit_permit permit;
            EXPECT_EQ(weir::acquire(gate, permit, 1, source.get_token()), status::no_credit);
            ++stopped;
            meet();
        }
    });
    weir_test::random_pause pause(8);
    for (std::uint64_t i = 0; i < rounds; ++i) {
        source = {};
        meet();
        pause();
        source.request_stop();
        meet();
    }
    waiter.join();
}

// Whoever holds every credit is alone, and sees what those before did: ThreadSanitizer watches `guarded`.
TEST(credit_gate, publishes_the_writes_made_while_holding_the_credits) {
    credit_gate gate(4);
    std::uint64_t guarded = 0;
    const std::uint64_t rounds = weir_test::rounds(20'000);
    std::vector<std::thread> threads;
    for (unsigned k = 0; k < 3; ++k) {
        threads.emplace_back([&, k] {
            for (std::uint64_t i = 0; i < rounds; ++i) {
                credit_permit permit;
                while ((k == 0 ? gate.try_acquire(permit, 4) : gate.acquire(permit, 4)) != status::success) {
                    std::this_thread::yield();
                }
                ++guarded;
                if (i % 3 == 0) permit.give_back(1);  // no longer alone
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(guarded, 3 * rounds);
    EXPECT_EQ(gate.credits(), 4U);
}

/// One thread's part in a storm: acquires and gives back in every way there is.
template <class Source>
void storm(Source& source, std::size_t most, std::uint64_t rounds, std::uint64_t seed,
           std::atomic<std::uint64_t>& done) {
    weir_test::numbers random(seed);
    weir_test::random_pause pause(seed);
    credit_permit kept;
    for (std::uint64_t i = 0; i < rounds; ++i, ++done) {
        credit_permit permit;
        const std::size_t n = 1 + random.below(most);
        status answer = status::success;
        switch (random.below(5)) {
        case 0: answer = source.try_acquire(permit, n); break;
        case 1: answer = source.acquire_for(permit, n, std::chrono::microseconds(random.below(200))); break;
        case 2: {
            std::stop_source stop;
            std::thread stopper;
            if (random.below(16) == 0) stopper = std::thread([&] { stop.request_stop(); });
            if (!stopper.joinable()) stop.request_stop();
            answer = weir::acquire(source, permit, n, stop.get_token());
            if (stopper.joinable()) stopper.join();
            break;
        }
        default:
            kept.give_back();  // who waits for good holds nothing: else all may wait for each other
            answer = source.acquire(permit, n);
            EXPECT_EQ(answer, status::success);
        }
        if (answer == status::success) {
            ASSERT_EQ(permit.size(), n);
            pause();
            kept.merge(permit.split(random.below(n + 1)));
            permit.give_back(permit.size() / 2);
        } else {
            ASSERT_EQ(permit.size(), 0U);
        }
        if (kept.size() > most / 2) kept.give_back(kept.size() / 2 + 1);
    }
}

TEST(credit_gate, held_and_free_add_up_to_capacity_after_a_storm_and_stay_in_bounds_during_it) {
    constexpr std::size_t capacity = 10;
    credit_gate gate(capacity);
    credit_gate::share share(gate, 3);
    const std::uint64_t rounds = weir_test::rounds(4000);
    std::atomic<std::uint64_t> done{0};
    std::atomic<bool> over{false};
    const weir_test::watchdog dog([&] { return done.load(); },
                                  [&] { return std::to_string(gate.credits()) + " credits are free"; });
    std::thread watcher([&] {
        while (!over) {
            ASSERT_LE(gate.in_use(), capacity);
            ASSERT_LE(gate.credits(), capacity);
            ASSERT_LE(share.in_use(), capacity);
            std::this_thread::yield();
        }
    });
    std::vector<std::thread> threads;
    for (unsigned k = 0; k < 2; ++k) {
        threads.emplace_back([&, k] { storm(gate, 7, rounds, 10 + k, done); });
        threads.emplace_back([&, k] { storm(share, 10, rounds, 20 + k, done); });
    }
    for (auto& thread : threads) thread.join();
    over = true;
    watcher.join();
    EXPECT_EQ(share.in_use(), 0U);
    EXPECT_EQ(gate.credits(), capacity);
    EXPECT_TRUE(share.try_acquire(capacity)) << "nothing went astray between share and pool";
}

// ---- what it is for ----------------------------------------------------------------------------------------------

// A budget of bytes: a large message waits for as much, small ones for less, and no more is in flight than the budget.
TEST(credit_gate, keeps_messages_of_any_size_within_a_budget_of_bytes) {
    struct message {
        std::size_t bytes = 0;
        credit_permit permit;
    };
    constexpr std::size_t budget = 64 * 1024;
    constexpr std::array<std::size_t, 5> sizes{64, 60'000, 1500, 64, 30'000};
    credit_gate bytes(budget);
    weir::spsc_ring<message> ring(1024);  // has room for all of them: the budget alone holds the producer back
    std::atomic<std::size_t> in_flight{0};
    std::atomic<std::size_t> peak{0};
    const std::uint64_t messages = weir_test::rounds(20'000);
    std::thread consumer([&] {
        for (message next; ring.pop(next) == status::success;) {
            in_flight -= next.bytes;
            next.permit.give_back();  // finished, not only popped
        }
    });
    for (std::uint64_t i = 0; i < messages; ++i) {
        const std::size_t size = sizes[i % sizes.size()];
        auto permit = bytes.acquire(size);
        ASSERT_TRUE(permit);
        const std::size_t now = in_flight += size;
        if (now > peak) peak = now;
        ASSERT_EQ(ring.push({size, std::move(*permit)}), status::success);
    }
    ring.close();
    consumer.join();
    EXPECT_LE(peak, budget);
    EXPECT_EQ(bytes.credits(), budget);
}

// ---- shares ------------------------------------------------------------------------------------------------------

TEST(credit_share, has_its_guarantee_whatever_the_others_take) {
    credit_gate gate(10);
    credit_gate::share greedy(gate, 2);
    credit_gate::share modest(gate, 3);
    EXPECT_EQ(greedy.guaranteed(), 2U);
    const auto seven = greedy.try_acquire(7);
    ASSERT_TRUE(seven) << "two of its own, five that float";
    EXPECT_EQ(greedy.try_acquire(1), std::nullopt);
    EXPECT_EQ(gate.try_acquire(1), std::nullopt);
    EXPECT_EQ(gate.credits(), 3U);
    const auto three = modest.try_acquire(3);
    ASSERT_TRUE(three);
    EXPECT_EQ(modest.try_acquire(1), std::nullopt);
    EXPECT_EQ(gate.in_use(), 10U);
    EXPECT_EQ(greedy.in_use(), 7U);
    EXPECT_EQ(modest.in_use(), 3U);
}

TEST(credit_share, gives_back_borrowed_credits_first) {
    credit_gate gate(10);
    credit_gate::share share(gate, 4);
    credit_permit own = *share.acquire(4);
    credit_permit borrowed = *share.acquire(6);
    own.give_back(4);
    EXPECT_EQ(share.in_use(), 6U);
    EXPECT_TRUE(gate.try_acquire(4)) << "four that float came back, whichever permit they were in";
    EXPECT_EQ(gate.try_acquire(5), std::nullopt);
    borrowed.give_back(4);
    EXPECT_EQ(share.in_use(), 2U);
    EXPECT_TRUE(gate.try_acquire(6));
    EXPECT_TRUE(share.try_acquire(8));
}

TEST(credit_share, gives_its_guarantee_to_the_gate_when_it_ends) {
    credit_gate gate(10);
    {
        const credit_gate::share first(gate, 4);
        const credit_gate::share second(gate, 6);
        EXPECT_EQ(gate.credits(), 10U);
    }
    EXPECT_TRUE(gate.try_acquire(10));
}

TEST(credit_share, with_credits_of_its_own_does_not_wait_behind_waiters_for_the_pool) {
    credit_gate gate(4);
    credit_gate::share share(gate, 2);
    credit_permit floating = *gate.acquire(2);
    std::thread waits_for_the_pool([&] { EXPECT_TRUE(gate.acquire(2)); });
    floating.give_back(1);
    until_somebody_waits(gate);
    EXPECT_TRUE(share.try_acquire(2)) << "its own";
    EXPECT_EQ(share.try_acquire(3), std::nullopt) << "one is free, and meant for who waits";
    auto own = share.acquire(2);
    std::thread second([&] { EXPECT_TRUE(share.acquire(2)); });
    own->give_back();
    second.join();
    floating.give_back();
    waits_for_the_pool.join();
    EXPECT_EQ(gate.credits(), 4U);
}

TEST(credit_share, is_closed_with_its_gate) {
    credit_gate gate(4);
    credit_gate::share share(gate, 2);
    const credit_permit own = *share.acquire(1);
    std::thread waiter([&] { EXPECT_EQ(share.acquire(4), std::nullopt); });
    until_somebody_waits(gate);
    gate.close();
    waiter.join();
    credit_permit refused;
    EXPECT_EQ(share.try_acquire(refused, 1), status::closed);
}

TEST(credit_share, of_a_modest_producer_is_never_short_beside_a_greedy_one) {
    credit_gate gate(6);
    credit_gate::share greedy(gate, 1);
    credit_gate::share modest(gate, 2);
    std::atomic<bool> over{false};
    std::thread taker([&] {
        for (std::size_t n = 1; !over; n = n % 4 + 1) {
            credit_permit permit;
            (void)greedy.acquire_for(permit, n, 100us);
        }
    });
    for (std::uint64_t i = 0, rounds = weir_test::rounds(50'000); i < rounds; ++i) {
        credit_permit one = *modest.acquire();
        ASSERT_TRUE(modest.try_acquire(1)) << "two are guaranteed";
        if (i % 64 == 0) (void)modest.acquire_for(one, 3, 10us);  // borrows as well, now and then
    }
    over = true;
    taker.join();
    EXPECT_EQ(gate.credits(), 6U);
}

}  // namespace
