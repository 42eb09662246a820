// SPDX-License-Identifier: MIT
//
// What source, sink and sampler of `weir pressure` do in each turn, with simulated time. All figures are
// different.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test/support/little_memory.hpp"
#include "test/support/simulated_host.hpp"
#include "tools/pressure/drive.hpp"
#include "tools/pressure/queues.hpp"

namespace {

using namespace weir::tool::pressure;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::Lt;
using weir_test::simulated_host;

/// Returns the given answers, and stores the items that it was offered.
struct scripted_queue {
    bool offer(const item& next) {
        offered.push_back(next);
        return offered.size() % 4 != 0;
    }
    answer take(item& out) {
        ++asked;
        if (answers.empty()) return answer::empty;
        const auto [said, what] = answers.front();
        answers.pop_front();
        if (said == answer::taken) out = what;
        return said;
    }
    bool is_dropping() const { return dropping; }

    void will_give(double intended_ns, double entered_ns, bool high) {
        answers.push_back({answer::taken, {intended_ns, entered_ns, high, {}}});
    }
    void will_say(answer said) { answers.push_back({said, {}}); }

    std::vector<item> offered;
    std::deque<std::pair<answer, item>> answers;
    int asked = 0;
    bool dropping = false;
};

/// Calm at 1000/s to 3 ms, a burst at 4000/s to 5 ms, settled at 3.5 ms, calm to 9 ms.
run_plan some_plan() {
    conditions c;
    c.calm_per_s = 1000;
    c.burst_per_s = 4000;
    c.sink_per_s = 1e9;
    c.high_one_in = 3;
    c.deadline_ms = 0.5;
    return {c, 3.5e6, 3e6, 5e6, 9e6, 0.7e6, 2'000'000};
}

TEST(plan, has_a_burst_and_a_window_that_begin_and_do_not_include_their_end) {
    const auto plan = some_plan();
    EXPECT_FALSE(in_burst(plan, 2.99e6));
    EXPECT_TRUE(in_burst(plan, 3e6));
    EXPECT_TRUE(in_burst(plan, 4.99e6));
    EXPECT_FALSE(in_burst(plan, 5e6));
    EXPECT_FALSE(in_window(plan, 3.49e6));
    EXPECT_TRUE(in_window(plan, 3.5e6));
    EXPECT_TRUE(in_window(plan, 4.99e6));
    EXPECT_FALSE(in_window(plan, 5e6));
}

// ---- Source

TEST(source, offers_each_item_when_it_is_due_and_says_how_long_it_is_until_then) {
    scripted_queue queue;
    source_side source(queue, some_plan());
    EXPECT_EQ(source.turn(0), 0);
    EXPECT_EQ(source.turn(0.4e6), 0.6e6);
    EXPECT_EQ(source.turn(1e6), 0);
    EXPECT_EQ(source.turn(2.7e6), 0) << "late";
    EXPECT_EQ(source.turn(2.7e6), 3e6 - 2.7e6);
    ASSERT_EQ(queue.offered.size(), 3U);
    EXPECT_EQ(queue.offered[1].intended_ns, 1e6);
    EXPECT_EQ(queue.offered[1].entered_ns, 1e6);
    EXPECT_EQ(queue.offered[2].intended_ns, 2e6) << "the schedule does not wait";
    EXPECT_EQ(queue.offered[2].entered_ns, 2.7e6);
}

TEST(source, sends_what_the_phases_say_and_counts_it) {
    scripted_queue queue;
    source_side source(queue, some_plan());
    double now_ns = 0;
    for (double left_ns; (left_ns = source.turn(now_ns)) != arrivals::never;) now_ns += left_ns;
    std::string times;
    for (const auto& one : queue.offered) {
        EXPECT_EQ(one.entered_ns, one.intended_ns);
        times += fmt::format("{:g}{} ", one.intended_ns / 1e6, one.high ? "*" : "");
    }
    EXPECT_EQ(times, "0* 1 2 3* 3.25 3.5 3.75* 4 4.25 4.5* 4.75 5 6* 7 8 ");
    EXPECT_EQ(source.sent().offered, 15U);
    EXPECT_EQ(source.sent().refused, 3U) << "each fourth";
    EXPECT_EQ(source.sent().offered_in_burst[0], 5U);
    EXPECT_EQ(source.sent().offered_in_burst[1], 3U);
    EXPECT_EQ(source.sent().sent_in_window, 6U);
}

TEST(source, counts_as_sent_in_the_window_by_the_clock_and_of_the_burst_by_the_schedule) {
    scripted_queue queue;
    source_side source(queue, some_plan());
    while (source.turn(5.5e6) == 0) {
    }
    EXPECT_EQ(source.sent().offered_in_burst[0] + source.sent().offered_in_burst[1], 8U);
    EXPECT_EQ(source.sent().sent_in_window, 0U);
}

// ---- Sink

TEST(sink, takes_items_at_its_rate_and_catches_up_unless_it_was_idle) {
    auto plan = some_plan();
    plan.c.sink_per_s = 2000;
    scripted_queue queue;
    sink_side sink(queue, plan);
    queue.will_give(0, 0, false);
    queue.will_say(answer::busy);
    queue.will_give(0, 0, false);
    queue.will_give(0, 0, false);
    queue.will_say(answer::empty);
    queue.will_give(0, 0, false);
    EXPECT_TRUE(sink.turn(0));
    EXPECT_FALSE(sink.turn(0.49e6));
    EXPECT_EQ(queue.asked, 1);
    EXPECT_FALSE(sink.turn(3e6)) << "busy";
    EXPECT_TRUE(sink.turn(3e6));
    EXPECT_TRUE(sink.turn(3.25e6)) << "items were there all the time";
    EXPECT_EQ(queue.asked, 4);
    EXPECT_FALSE(sink.turn(4e6)) << "empty";
    EXPECT_TRUE(sink.turn(4e6));
    EXPECT_FALSE(sink.turn(4.25e6));
    EXPECT_EQ(queue.asked, 6) << "none was there";
    EXPECT_EQ(sink.seen().delivered, 4U);
}

TEST(sink, records_each_item_where_it_belongs) {
    scripted_queue queue;
    sink_side sink(queue, some_plan());
    const auto deliver = [&](double intended_ms, double entered_ms, bool high, double now_ms) {
        queue.will_give(intended_ms * 1e6, entered_ms * 1e6, high);
        EXPECT_TRUE(sink.turn(now_ms * 1e6));
    };
    deliver(1.0, 1.1, true, 1.3);
    deliver(1.5, 1.6, false, 1.9);
    deliver(2.9, 2.95, true, 3);
    deliver(3, 3, false, 3.4);
    deliver(3.125, 3.25, true, 3.5);
    queue.dropping = true;
    deliver(3.25, 3.5, false, 3.75);
    queue.dropping = false;
    deliver(3.4375, 3.5, false, 4.25);
    deliver(4.5, 4.75, false, 4.375);  // the clocks of two cores may differ
    deliver(4.875, 4.9375, true, 5);
    deliver(5.5, 5.625, true, 6.25);
    const auto& seen = sink.seen();
    EXPECT_EQ(seen.delivered, 10U);
    EXPECT_EQ(seen.delivered_of_burst[0], 4U);
    EXPECT_EQ(seen.delivered_of_burst[1], 2U);
    EXPECT_EQ(seen.last_arrival_delay_ns, 125'000);
    EXPECT_EQ(seen.taken_in_window, 4U);
    EXPECT_EQ(seen.taken_in_time, 3U) << "the deadline is 0.5 ms";
    const auto is = [](const weir::histogram& times, std::uint64_t count, std::uint64_t least_ns, double mean_ns,
                       std::uint64_t most_ns) {
        EXPECT_EQ(times.count(), count);
        EXPECT_EQ(times.min(), least_ns);
        EXPECT_EQ(times.mean(), mean_ns);
        EXPECT_EQ(times.max(), most_ns);
    };
    is(seen.sojourn, 4, 0, 312'500, 750'000);
    is(seen.delay, 4, 0, 421'875, 812'500);
    is(seen.engaged_sojourn, 1, 250'000, 250'000, 250'000);
    is(seen.class_sojourn[0], 3, 0, 1e6 / 3, 750'000);
    is(seen.class_sojourn[1], 1, 250'000, 250'000, 250'000);
    EXPECT_EQ(seen.calm_sojourn.count(), 1U);
    EXPECT_NEAR(static_cast<double>(seen.calm_sojourn.max()), 200'000, 1);
    watched_times::look sojourns, delays;
    sojourns.take(sink.sojourns());
    delays.take(sink.delays());
    EXPECT_DOUBLE_EQ(sojourns.percentile_ms(0), 16.5e-6) << "none";
    EXPECT_DOUBLE_EQ(sojourns.percentile_ms(1), 22.5 * 32768 / 1e6) << "0.75 ms";
    EXPECT_DOUBLE_EQ(delays.percentile_ms(1), 24.5 * 32768 / 1e6) << "0.8125 ms";
}

TEST(sink, has_recovered_when_it_finds_nothing_after_an_item_in_time_of_after_the_burst) {
    scripted_queue queue;
    sink_side sink(queue, some_plan());
    const auto then_empty = [&](double intended_ns, double taken_ns, double empty_ns) {
        queue.will_give(intended_ns, intended_ns, false);
        queue.will_say(answer::busy);
        queue.will_say(answer::empty);
        EXPECT_TRUE(sink.turn(taken_ns));
        EXPECT_FALSE(sink.turn(empty_ns));
        EXPECT_FALSE(sink.turn(empty_ns));
        return sink.seen().recovered_ns;
    };
    EXPECT_FALSE(sink.turn(0));
    EXPECT_EQ(sink.seen().recovered_ns, 0);
    EXPECT_EQ(then_empty(4.9e6, 5.1e6, 5.2e6), 0) << "an item of the burst";
    EXPECT_EQ(then_empty(5e6, 6e6, 6.1e6), 0) << "an item that is late";
    EXPECT_FALSE(sink.has_seen_all(6.1e6));
    EXPECT_EQ(then_empty(5.2e6, 6.199e6, 6.3e6), 6.3e6);
    EXPECT_EQ(then_empty(6e6, 6.4e6, 6.5e6), 6.3e6) << "once";
    EXPECT_FALSE(sink.has_seen_all(7e6)) << "the tail is 0.7 ms";
    EXPECT_TRUE(sink.has_seen_all(7.001e6));
}

TEST(sink, has_recovered_from_the_first_item_after_the_burst_on) {
    scripted_queue queue;
    sink_side sink(queue, some_plan());
    queue.will_give(5e6, 5e6, false);
    EXPECT_TRUE(sink.turn(5.1e6));
    queue.will_say(answer::busy);
    EXPECT_FALSE(sink.turn(5.2e6));
    EXPECT_EQ(sink.seen().recovered_ns, 0) << "busy is not empty";
    EXPECT_FALSE(sink.turn(5.3e6));
    EXPECT_EQ(sink.seen().recovered_ns, 5.3e6);
}

TEST(sink, that_has_taken_nothing_has_not_recovered) {
    auto plan = some_plan();
    plan.burst_to_ns = 1;
    scripted_queue queue;
    sink_side sink(queue, plan);
    EXPECT_FALSE(sink.turn(3));
    EXPECT_EQ(sink.seen().recovered_ns, 0);
}

TEST(sink, is_finished_at_the_end_of_the_plan_in_any_case) {
    scripted_queue queue;
    const sink_side sink(queue, some_plan());
    EXPECT_FALSE(sink.has_seen_all(0.8e6)) << "the tail follows on recovery alone";
    EXPECT_FALSE(sink.has_seen_all(9e6));
    EXPECT_TRUE(sink.has_seen_all(9.001e6));
}

TEST(source, sends_no_item_more_for_what_rounding_leaves_of_a_phase) {
    const auto count = [](double per_s, double lasts_s) {
        arrivals schedule({{per_s, lasts_s}});
        int sent = 0;
        while (schedule.next_ns() != arrivals::never) ++sent;
        return sent;
    };
    EXPECT_EQ(count(1e9, 3e-9), 3);
    EXPECT_EQ(count(2e9, 1e-9), 1) << "half a nanosecond";
}

// ---- Both, and the sampler

TEST(one_run, samples_at_whole_multiples_until_the_sink_has_ended) {
    simulated_host on;
    unbounded_queue<> queue;
    auto plan = some_plan();
    plan.tail_ns = 1e9;
    one_run run(queue, plan, on);
    std::vector<double> looks_ms;
    run.play([&](double now_ns, const watched_times& sojourns, const watched_times& delays) {
        looks_ms.push_back(now_ns / 1e6);
        watched_times::look look;
        look.take(sojourns);
        EXPECT_GT(look.percentile_ms(1), 0);
        EXPECT_NE(&sojourns, &delays);
    });
    EXPECT_THAT(looks_ms, ElementsAre(2, 4, 6, 8, 10)) << "the last item is due at 8 ms";
    EXPECT_EQ(run.sent().offered, 15U);
    EXPECT_EQ(run.seen().delivered, 14U) << "then the last one is still queued";
    EXPECT_EQ(on.turns_taken[0], 15 * 2) << "each item is waited for once; the last wait is for none";
    EXPECT_EQ(on.turns_taken[2], 6) << "the first is too early to look";
    EXPECT_EQ(until_next_look_ns(5.5e6, 2e6), 0.5e6);
    EXPECT_EQ(until_next_look_ns(6e6, 2e6), 2e6);
}

TEST(one_run, stops_the_source_when_the_sink_has_seen_all) {
    simulated_host on;
    unbounded_queue<> queue;
    one_run run(queue, some_plan(), on);
    run.play([](double, const watched_times&, const watched_times&) {});
    EXPECT_NEAR(run.seen().recovered_ns, 5e6, 1e3);
    EXPECT_EQ(run.sent().offered, 12U) << "the tail is over before the one of 6 ms";
    EXPECT_EQ(run.seen().delivered, 12U);
}

TEST(one_run, rests_only_where_the_sink_took_nothing) {
    simulated_host on;
    scripted_queue queue;
    for (int i = 0; i != 40; ++i) queue.will_give(0, 0, false);
    auto plan = some_plan();
    plan.settled_ns = plan.burst_from_ns = 0;
    plan.c.sink_per_s = 1e7;  // one each turn
    one_run run(queue, plan, on);
    run.play([](double, const watched_times&, const watched_times&) {});
    EXPECT_EQ(run.seen().delivered, 40U);
    EXPECT_EQ(run.seen().delay.max(), 3900U);
    EXPECT_LT(on.turns_taken[1], 8'100) << "one each microsecond from then on";
}

TEST(real_host, gives_each_a_thread_and_the_time_it_asks_for) {
    real_host here;
    std::array<std::thread::id, 3> threads;
    std::array<std::vector<double>, 3> times;
    const auto turns = [&](std::size_t which, double pause_ns) {
        return [&, which, pause_ns] {
            threads[which] = std::this_thread::get_id();
            times[which].push_back(here.now_ns());
            return times[which].size() == 3 ? arrivals::never : times[which].size() == 2 ? 0 : pause_ns;
        };
    };
    here.run(turns(0, 2e6), turns(1, 100), turns(2, 4e6));
    EXPECT_NE(threads[0], threads[1]);
    EXPECT_NE(threads[0], threads[2]);
    EXPECT_NE(threads[1], threads[2]);
    EXPECT_EQ(threads[2], std::this_thread::get_id());
    for (const auto& seen : times) {
        ASSERT_EQ(seen.size(), 3U);
        EXPECT_THAT(seen[0], AllOf(Ge(0), Lt(60e9)));
        EXPECT_THAT(seen[2], AllOf(Ge(seen[1]), Lt(60e9)));
    }
    EXPECT_GE(times[0][1] - times[0][0], 1.8e6);
    EXPECT_GE(times[1][1], times[1][0]);
    EXPECT_GE(times[2][1] - times[2][0], 3.9e6);
}

// A source that blocks would wait for ever for a sink that is not there.
TEST(real_host, calls_nothing_where_a_thread_cannot_be_started) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process of its own, which has no stacks of former threads
    EXPECT_EXIT(weir_test::with_little_memory(12U << 20U,
                                              [] {
                                                  const auto call = []() -> double { ::_exit(3); };
                                                  real_host().run(call, call, call);
                                              }),
                testing::ExitedWithCode(7), "thread [12] of 2 cannot be started: ");
}

TEST(real_host, sleeps_for_less_than_it_rests_and_not_for_long) {
    EXPECT_EQ(real_host::worth_sleeping_ns(0), 0);
    EXPECT_EQ(real_host::worth_sleeping_ns(300e3), 0);
    EXPECT_EQ(real_host::worth_sleeping_ns(300'001), 150'001);
    EXPECT_EQ(real_host::worth_sleeping_ns(10.1e6), 9.95e6);
    EXPECT_EQ(real_host::worth_sleeping_ns(10.2e6), 10e6);
}

}  // namespace
