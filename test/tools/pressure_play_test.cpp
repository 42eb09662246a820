// SPDX-License-Identifier: MIT
//
// `weir pressure`: the samples, the plans, and whole runs on a simulated machine, which are
// deterministic.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "test/support/golden.hpp"
#include "test/support/simulated_host.hpp"
#include "tools/pressure/play.hpp"
#include "tools/pressure/queues.hpp"

namespace {

using namespace weir::tool::pressure;
using testing::ElementsAre;
using weir_test::expect_golden;
using weir_test::simulated_host;

// ---- Runs

TEST(sampler, writes_each_look_with_what_came_since_the_one_before) {
    const auto to = std::make_unique<board>();
    sampler look(*to);
    watched_times sojourns, delays;
    for (int i = 0; i != 90; ++i) sojourns.record(1e6);
    for (int i = 0; i != 10; ++i) sojourns.record(3e6);
    for (int i = 0; i != 90; ++i) delays.record(5e6);
    for (int i = 0; i != 10; ++i) delays.record(7e6);
    account so_far;
    so_far.offered = 110;
    look(0.5e9, so_far, sojourns, delays);
    so_far.offered = 120;
    look(0.75e9, so_far, sojourns, delays);
    ASSERT_EQ(to->samples_ready.load(weir::detail::relaxed), 2U);
    const auto& first = to->samples[0];
    EXPECT_EQ(first.at_s, 0.5);
    EXPECT_EQ(first.so_far.offered, 110U);
    EXPECT_NEAR(first.sojourn_p50_ms, 1, 0.04);
    EXPECT_NEAR(first.sojourn_p99_ms, 3, 0.1);
    EXPECT_NEAR(first.delay_p50_ms, 5, 0.2);
    EXPECT_NEAR(first.delay_p99_ms, 7, 0.3);
    EXPECT_GT(first.rss_bytes, 0U);
    EXPECT_EQ(to->samples[1].so_far.offered, 120U);
    EXPECT_EQ(to->samples[1].sojourn_p50_ms, 0) << "nothing came";
    EXPECT_EQ(to->samples[1].delay_p99_ms, 0);
    to->samples_ready.store(most_samples - 1, weir::detail::relaxed);
    look(1e9, so_far, sojourns, delays);
    look(2e9, so_far, sojourns, delays);
    EXPECT_EQ(to->samples_ready.load(weir::detail::relaxed), most_samples);
    EXPECT_EQ(to->samples[most_samples - 1].at_s, 1);
}

TEST(ledger, adds_up_when_it_is_exact_and_both_ends_counted_the_same) {
    account a;
    a.offered = 20;
    a.refused = 3;
    a.delivered = 11;
    a.queued = 6;
    source_record sent;
    sent.offered = 20;
    sent.refused = 3;
    sink_record seen;
    seen.delivered = 11;
    EXPECT_TRUE(adds_up(a, sent, seen));
    sent.offered = 21;
    EXPECT_FALSE(adds_up(a, sent, seen));
    sent.offered = 20;
    sent.refused = 2;
    EXPECT_FALSE(adds_up(a, sent, seen));
    sent.refused = 3;
    seen.delivered = 12;
    EXPECT_FALSE(adds_up(a, sent, seen));
    seen.delivered = 11;
    a.queued = 5;
    EXPECT_FALSE(adds_up(a, sent, seen));
}

TEST(plans, of_goodput_are_a_burst_alone) {
    conditions c;
    c.burst_s = 4;
    c.sink_per_s = 30'000;
    const auto plan = goodput_plan(c, 45'000);
    EXPECT_EQ(plan.c.burst_per_s, 45'000);
    EXPECT_EQ(plan.c.sink_per_s, 30'000);
    EXPECT_EQ(plan.settled_ns, 0.1e9);
    EXPECT_EQ(plan.burst_from_ns, 0);
    EXPECT_EQ(plan.burst_to_ns, 0.2e9);
    EXPECT_EQ(plan.cap_ns, 0.2e9);
    EXPECT_EQ(plan.tail_ns, 0);
    EXPECT_EQ(plan.sample_ns, 50'000'000U);
    EXPECT_THAT(goodput_loads(), ElementsAre(0.5, 0.9, 1.1, 1.5, 2.0, 3.0));
}

/// Items are always available, and were 4 ms late when they entered. The ledger is made up.
struct made_up_queue {
    static bool offer(const item&) { return true; }
    answer take(item& out) {
        out.entered_ns = 40e6;
        out.intended_ns = 36e6;
        ++seen.delivered;
        return answer::taken;
    }
    static bool is_dropping() { return false; }
    account ledger() const {
        account a = seen;
        a.queued = queued;
        a.offered = queued + seen.delivered;
        return a;
    }
    account seen;
    std::uint64_t queued = 0;
};

TEST(played, looks_have_the_ledger_and_the_times_of_the_moment) {
    simulated_host on;
    made_up_queue queue;
    conditions c;
    c.sink_per_s = 1000;
    const auto to = std::make_unique<board>();
    play_burst(queue, {c, 0, 0, 50e6, 60e6, 1e6, 20'000'000}, "reject", on, *to);
    ASSERT_EQ(to->samples_ready.load(weir::detail::relaxed), 3U);
    const auto& last = to->samples[2];
    EXPECT_NEAR(last.at_s, 0.06, 1e-9);
    EXPECT_EQ(last.so_far.delivered, 60U);
    EXPECT_NEAR(last.sojourn_p99_ms, 19, 1);
    EXPECT_NEAR(last.delay_p99_ms, 23, 1);
    EXPECT_FALSE(to->end.exact) << "the queue was offered more than it says";
}

TEST(played, loads_whose_ledger_does_not_add_up_fail_the_run) {
    conditions c;
    c.capacity = 4096;
    const auto plan = goodput_plan(c, 20'000);
    const auto to = std::make_unique<board>();
    to->end.exact = true;
    simulated_host on;
    unbounded_queue<> good;
    play_load(good, plan, on, *to);
    EXPECT_TRUE(to->end.exact);
    made_up_queue wrong;
    play_load(wrong, plan, on, *to);
    EXPECT_FALSE(to->end.exact);
    unbounded_queue<> other;
    play_load(other, plan, on, *to);
    EXPECT_FALSE(to->end.exact) << "it stays so";
    EXPECT_EQ(to->end.goodput, 3U);
}

TEST(plans, look_on_for_a_second_at_most) {
    conditions c;
    c.calm_s = 3;
    c.burst_s = 4;
    EXPECT_EQ(plan_of(c, "reject").tail_ns, 1e9);
    EXPECT_DOUBLE_EQ(expected_duration_s(c, "reject"), 3 + 4 + predict(c, "reject").recovery_s + 1 + 6 * 0.2);
}

// Without block, which would wait for the sink, and codel, which reads another clock.
TEST(played, each_policy_is_deterministic) {
    conditions c;
    c.calm_per_s = 7'000;
    c.burst_per_s = 60'000;
    c.sink_per_s = 20'000;
    c.capacity = 128;
    c.calm_s = 0.02;
    c.burst_s = 0.07;
    c.recovery_cap_s = 0.5;
    c.deadline_ms = 5;
    std::string text;
    for (const auto* policy : {"unbounded", "reject", "drop_newest", "drop_oldest", "sample", "shed_lowest"}) {
        simulated_host on;
        const auto to = std::make_unique<board>();
        play(c, policy, on, *to);
        const auto& a = to->end.ledger;
        text += fmt::format("{}: {}, {} looks, {} offered, {} refused, {} delivered, {} queued, {} {} {} {} {} lost\n",
                            policy, to->end.exact ? "exact" : "WRONG", to->samples_ready.load(weir::detail::relaxed),
                            a.offered, a.refused, a.delivered, a.queued, a.lost_newest, a.lost_oldest, a.lost_sampled,
                            a.lost_lowest, a.lost_late);
        const auto& middle = to->samples[5];
        text += fmt::format("  at {:.6g} s {} offered, {} queued\n", middle.at_s, middle.so_far.offered,
                            middle.so_far.queued);
        for (std::size_t i = 0; i != to->end.figures; ++i)
            if (const std::string_view key = to->figures[i].key; key != "memory_growth_bytes")
                text += fmt::format("  {} {:.5g}\n", key, to->figures[i].value);
        for (std::size_t i = 0; i != to->end.goodput; ++i)
            text +=
                fmt::format("  goodput {:.5g} of {:.5g}\n", to->goodput[i].goodput_per_s, to->goodput[i].offered_per_s);
    }
    expect_golden("pressure_played.txt", text);
}

TEST(played, what_fits_into_the_queue_is_exact) {
    conditions c;
    c.capacity = 4096;  // none waits
    c.burst_s = 0.01;
    c.calm_s = 0.01;
    c.recovery_cap_s = 0.01;
    for (const auto* policy : {"block", "codel"}) {
        simulated_host on;
        const auto to = std::make_unique<board>();
        play(c, policy, on, *to);
        EXPECT_TRUE(to->end.exact) << policy;
        EXPECT_EQ(to->end.goodput, 6U);
    }
}

}  // namespace
