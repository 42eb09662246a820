// SPDX-License-Identifier: MIT
//
// A look, or a change of a number that threads share, is overtaken: before each of its atomic steps in turn another
// thread does something. What it then says was true at some moment, and no change is lost.
#define WEIR_ATOMIC_HEADER "test/support/wait_hooked_atomic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "test/support/overtaken.hpp"
#include "weir/detail/mpmc/core.hpp"
#include "weir/detail/strict/core.hpp"
#include "weir/detail/wait/roll_call.hpp"
#include "weir/stats.hpp"

namespace {

using namespace weir::detail;
using weir::status;

using weir_test::for_each_step;
using weir_test::overtaken;

// ---- looks at a ring -----------------------------------------------------------------------------------------

using heap = weir::storage::heap;
template <class Core>
class look : public testing::Test {
public:
    static constexpr std::uint64_t start = std::uint64_t{0} - 2;

    template <class Round>
    static void with_core(std::size_t capacity, int items, Round round) {
        if constexpr (Core::has_credit_on_request) {
            Core core(capacity, start, false, weir::pull::grant_every{});
            core.request(1000);
            fill(core, items);
            round(core);
        } else {
            Core core(capacity, start, false);
            fill(core, items);
            round(core);
        }
    }
    static void fill(Core& core, int items) {
        for (int i = 0; i < items; ++i) ASSERT_EQ(core.try_emplace(-1), status::success);
    }
    static void pop(Core& core) {
        ASSERT_EQ(core.try_take([](int&) noexcept {}), status::success);
    }
    static void push(Core& core) { ASSERT_EQ(core.try_emplace(-1), status::success); }
};
using cores = testing::Types<mpmc_core<int, heap, std::uint64_t>, strict_core<int, heap, std::uint64_t, 4>,
                             mpmc_core<int, heap, std::uint64_t, granting::on_request>,
                             strict_core<int, heap, std::uint64_t, 4, granting::on_request>>;
TYPED_TEST_SUITE(look, cores);

// The ring is neither empty nor full at any moment, whichever items those are.
TYPED_TEST(look, finds_items_and_room_while_items_come_and_go) {
    using fixture = look<TypeParam>;
    for (const int laps : {0, 1, 2, 4, 5, 8}) {
        SCOPED_TRACE(std::to_string(laps) + " items come and go");
        const auto come_and_go = [&](TypeParam& core) {
            for (int i = 0; i < laps; ++i) {
                fixture::push(core);
                fixture::pop(core);
            }
        };
        const auto expect = [&](const char* what, auto is_right) {
            SCOPED_TRACE(what);
            for_each_step([&](int step) {
                bool was_overtaken = false;
                fixture::with_core(3, 1, [&](TypeParam& core) {
                    was_overtaken = overtaken(
                        step, [&] { EXPECT_TRUE(is_right(core)); }, [&] { come_and_go(core); });
                });
                return was_overtaken;
            });
        };
        expect("has_items", [](TypeParam& core) { return core.has_items(); });
        expect("has_room", [](TypeParam& core) { return core.has_room(); });
        expect("drained", [](TypeParam& core) { return !core.drained(); });
        expect("size", [](TypeParam& core) { return core.size_approx() <= 3; });
        if constexpr (TypeParam::has_credit_on_request) {
            expect("credits", [](TypeParam& core) { return core.credits_approx() <= 3; });
            expect("unused credit", [](TypeParam& core) { return core.has_unused_credit(); });
        }
    }
}

// One of two items is taken: the other one must be found, though the look began at the first.
TYPED_TEST(look, finds_the_second_item_when_the_first_is_taken_meanwhile) {
    using fixture = look<TypeParam>;
    for_each_step([&](int step) {
        bool was_overtaken = false;
        fixture::with_core(2, 2, [&](TypeParam& core) {
            was_overtaken = overtaken(
                step, [&] { EXPECT_TRUE(core.has_items()); }, [&] { fixture::pop(core); });
        });
        return was_overtaken;
    });
}

// The mirror image: one of two free slots is used.
TYPED_TEST(look, finds_the_second_slot_when_the_first_is_used_meanwhile) {
    using fixture = look<TypeParam>;
    for_each_step([&](int step) {
        bool was_overtaken = false;
        fixture::with_core(2, 0, [&](TypeParam& core) {
            was_overtaken = overtaken(
                step, [&] { EXPECT_TRUE(core.has_room()); }, [&] { fixture::push(core); });
        });
        return was_overtaken;
    });
}

// A producer of a strict ring that stood still at its last step puts the hint at where the items end far back: all
// others find the end by the links.
template <class Core>
class hint : public look<Core> {};
using cores_with_hint = testing::Types<strict_core<int, heap, std::uint64_t, 4>,
                                       strict_core<int, heap, std::uint64_t, 4, granting::on_request>>;
TYPED_TEST_SUITE(hint, cores_with_hint);

TYPED_TEST(hint, that_is_far_behind_hides_no_items_and_no_room_and_blocks_no_thread) {
    using fixture = look<TypeParam>;
    for (const int pushed : {0, 1, 3, 4, 5, 10, 33, 63}) {
        for (const int popped : {0, 1, pushed}) {
            SCOPED_TRACE(std::to_string(pushed) + " pushes and " + std::to_string(popped) + " pops meanwhile");
            for_each_step([&](int step) {
                bool was_overtaken = false;
                fixture::with_core(64, 0, [&](TypeParam& core) {
                    std::vector<int> out;
                    const auto pop = [&] { return core.try_take([&](int& i) noexcept { out.push_back(i); }); };
                    std::size_t size = 1;
                    const auto meanwhile = [&] {
                        for (int i = 1; i <= pushed; ++i) EXPECT_EQ(core.try_emplace(i), status::success);
                        for (int i = 0; i < popped && pop(); ++i) continue;
                        size += static_cast<std::size_t>(pushed) - out.size();
                    };
                    was_overtaken = overtaken(
                        step, [&] { EXPECT_EQ(core.try_emplace(0), status::success); }, meanwhile);
                    ASSERT_EQ(core.size_approx(), size);
                    EXPECT_EQ(core.has_room(), size < 64);
                    if constexpr (TypeParam::has_credit_on_request) {
                        EXPECT_EQ(core.credits_approx(), 64 - size);
                    }
                    EXPECT_EQ(core.try_emplace(100), size < 64 ? status::success : status::full);
                    ASSERT_EQ(core.size_approx(), std::min<std::size_t>(64, size + 1));
                    core.close();
                    ASSERT_TRUE(core.is_closed());
                    EXPECT_EQ(core.try_emplace(101), status::closed);
                    while (pop()) continue;
                    EXPECT_EQ(pop(), status::closed);
                    std::ranges::sort(out);
                    std::vector<int> in(was_overtaken ? static_cast<std::size_t>(pushed) + 1 : 1);
                    std::iota(in.begin(), in.end(), 0);
                    if (size < 64) in.push_back(100);
                    EXPECT_EQ(out, in);
                });
                return was_overtaken;
            });
        }
    }
}

// ---- the roll call of wait::event ----------------------------------------------------------------------------

TEST(roll_call, a_call_counts_threads_that_arrive_during_it) {
    for_each_step([&](int step) {
        roll_call roll;
        std::optional<roll_call::member> member;
        const bool was_overtaken = overtaken(
            step, [&] { roll.call(); }, [&] { member.emplace(roll); });
        EXPECT_EQ(roll.is_incomplete(), was_overtaken);
        if (member) member->look();
        EXPECT_FALSE(roll.is_incomplete());
        return was_overtaken;
    });
}

TEST(roll_call, a_call_is_not_lost_to_another_one) {
    for_each_step([&](int step) {
        roll_call roll;
        roll_call::member first(roll), second(roll);
        const bool was_overtaken = overtaken(
            step, [&] { roll.call(); },
            [&] {
                roll.call();
                first.look();
            });
        EXPECT_TRUE(roll.is_incomplete());
        second.look();
        EXPECT_EQ(roll.is_incomplete(), true) << "the first was called again, or never looked";
        first.look();
        EXPECT_FALSE(roll.is_incomplete());
        return was_overtaken;
    });
}

TEST(roll_call, a_look_that_a_call_overtakes_leaves_the_numbers_right) {
    for (const bool leaves : {false, true}) {
        for_each_step([&](int step) {
            roll_call roll;
            std::optional<roll_call::member> member(std::in_place, roll);
            roll.call();
            EXPECT_TRUE(roll.is_incomplete());
            const bool was_overtaken = overtaken(
                step, [&] { leaves ? member.reset() : member->look(); }, [&] { roll.call(); });
            EXPECT_FALSE(roll.is_incomplete());
            roll.call();
            EXPECT_EQ(roll.is_incomplete(), !leaves);
            if (member) member->look();
            EXPECT_FALSE(roll.is_incomplete());
            return was_overtaken;
        });
    }
}

TEST(roll_call, is_complete_when_each_has_looked_or_left) {
    roll_call roll;
    roll.call();
    EXPECT_FALSE(roll.is_incomplete()) << "nobody is there";
    roll_call::member first(roll);
    {
        roll_call::member second(roll);
        EXPECT_FALSE(roll.is_incomplete()) << "both came after the call";
        roll.call();
        first.look();
        EXPECT_TRUE(roll.is_incomplete());
        first.look();
        EXPECT_TRUE(roll.is_incomplete()) << "to look twice answers for nobody else";
    }
    EXPECT_FALSE(roll.is_incomplete());
}

// ---- statistics ----------------------------------------------------------------------------------------------

/// Returns when the clock of the statistics has gone on.
void pass_time() {
    using clock = std::chrono::steady_clock;
    for (const auto start = clock::now(); clock::now() < start + std::chrono::nanoseconds(100);) continue;
}

/// A stopwatch, and how much time it can have seen.
struct watched {
    stopwatch watch;
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();

    void expect_possible() const {
        const std::uint64_t told = watch.read_ns();
        const auto passed = std::chrono::steady_clock::now() - since;
        EXPECT_LE(told, static_cast<std::uint64_t>(std::chrono::nanoseconds(passed).count()));
    }
    void expect_to_run() const {
        expect_possible();
        const std::uint64_t before = watch.read_ns();
        pass_time();
        EXPECT_GT(watch.read_ns(), before);
        expect_possible();
    }
    void expect_to_stand() const {
        expect_possible();
        const std::uint64_t before = watch.read_ns();
        pass_time();
        EXPECT_EQ(watch.read_ns(), before);
    }
};

TEST(stopwatch, runs_from_a_start_to_the_next_stop) {
    watched w;
    w.expect_to_stand();
    EXPECT_EQ(w.watch.read_ns(), 0U);
    for (int period = 0; period < 3; ++period) {
        w.watch.start();
        w.expect_to_run();
        w.watch.start();
        w.expect_to_run();
        w.watch.stop();
        w.expect_to_stand();
        w.watch.stop();
        w.expect_to_stand();
    }
}

/// What other threads do to a stopwatch meanwhile.
std::vector<void (*)(stopwatch&)> turns() {
    const auto start_later = [](stopwatch& w) {
        pass_time();
        w.start();
        pass_time();
    };
    return {
        [](stopwatch& w) { w.stop(); },
        start_later,
        [](stopwatch& w) {
            w.stop();
            pass_time();
            w.start();
            pass_time();
        },
        [](stopwatch& w) {
            w.start();
            pass_time();
            w.stop();
            pass_time();
        },
    };
}

TEST(stopwatch, is_stopped_after_a_stop_whatever_other_threads_do_meanwhile) {
    for (const auto turn : turns()) {
        for_each_step([&](int step) {
            watched w;
            w.watch.start();
            pass_time();
            const bool was_overtaken = overtaken(
                step, [&] { w.watch.stop(); }, [&] { turn(w.watch); });
            w.expect_to_stand();
            EXPECT_GT(w.watch.read_ns(), 0U);
            return was_overtaken;
        });
    }
}

TEST(stopwatch, runs_after_a_start_whatever_other_threads_do_meanwhile) {
    for (const auto turn : turns()) {
        for_each_step([&](int step) {
            watched w;
            const bool was_overtaken = overtaken(
                step, [&] { w.watch.start(); }, [&] { turn(w.watch); });
            w.expect_to_run();
            w.watch.stop();
            w.expect_to_stand();
            return was_overtaken;
        });
    }
}

TEST(event_count, of_many_threads_loses_nothing_and_is_raised_to_the_highest) {
    for (const std::uint64_t other : {3U, 5U, 9U}) {
        for_each_step([&](int step) {
            event_count<true> count;
            const bool was_overtaken = overtaken(
                step, [&] { count.raise_to(5); }, [&] { count.raise_to(other); });
            EXPECT_EQ(count.read(), was_overtaken ? std::max<std::uint64_t>(5, other) : 5);
            return was_overtaken;
        });
        for_each_step([&](int step) {
            event_count<true> count;
            const bool was_overtaken = overtaken(
                step, [&] { count.add(5); }, [&] { count.add(other); });
            EXPECT_EQ(count.read(), was_overtaken ? 5 + other : 5);
            return was_overtaken;
        });
    }
}

}  // namespace
