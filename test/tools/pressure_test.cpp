// SPDX-License-Identifier: MIT
//
// `weir pressure` without running a policy: predictions, schedules, and
// output.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tools/common/command.hpp"
#include "tools/common/html_page.hpp"
#include "tools/pressure/board.hpp"
#include "tools/pressure/play.hpp"
#include "tools/pressure/pressure.hpp"
#include "tools/pressure/watch.hpp"

namespace {

using namespace weir::tool::pressure;
using nlohmann::json;
using testing::AllOf;
using testing::DoubleNear;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using weir::tool::stop;

double predicted(const conditions& c, std::string_view policy, std::string_view key) {
    for (const auto& p : predict(c, policy).figures)
        if (p.key == key) return p.value;
    return std::numeric_limits<double>::quiet_NaN();
}

bool is_predicted(const conditions& c, std::string_view policy, std::string_view key) {
    return !std::isnan(predicted(c, policy, key));
}

// ---- Predictions, compared with numbers computed by hand: 100k/s for 10 s into 40k/s, 1024 slots, 20k/s afterwards

TEST(pressure_predict, unbounded_grows_by_the_excess_rate_and_drains_afterwards) {
    const conditions c;
    EXPECT_DOUBLE_EQ(predicted(c, "unbounded", "backlog_growth_per_s"), 60'000);
    EXPECT_DOUBLE_EQ(predicted(c, "unbounded", "last_arrival_delay_s"), 15);
    EXPECT_DOUBLE_EQ(predicted(c, "unbounded", "recovery_s"), 30);
    EXPECT_DOUBLE_EQ(predicted(c, "unbounded", "memory_growth_bytes"), 600'000 * 64);
    EXPECT_DOUBLE_EQ(predicted(c, "unbounded", "loss_share"), 0);
    EXPECT_FALSE(is_predicted(c, "unbounded", "sojourn_p50_ms")) << "it has no steady state";
}

TEST(pressure_predict, block_keeps_the_ring_short_and_moves_the_delay_to_the_source) {
    const conditions c;
    EXPECT_DOUBLE_EQ(predicted(c, "block", "sojourn_p50_ms"), 25.6);
    EXPECT_DOUBLE_EQ(predicted(c, "block", "last_arrival_delay_s"), 15);
    EXPECT_DOUBLE_EQ(predicted(c, "block", "source_per_s"), 40'000);
    EXPECT_DOUBLE_EQ(predicted(c, "block", "recovery_s"), 30);
    EXPECT_DOUBLE_EQ(predicted(c, "block", "loss_share"), 0);
}

TEST(pressure_predict, a_full_ring_delays_by_its_capacity_and_loses_the_excess) {
    const conditions c;
    for (const auto* policy : {"reject", "drop_newest"}) {
        EXPECT_DOUBLE_EQ(predicted(c, policy, "sojourn_p50_ms"), 25.6) << policy;
        EXPECT_DOUBLE_EQ(predicted(c, policy, "last_arrival_delay_s"), 0.0256) << policy;
        EXPECT_DOUBLE_EQ(predicted(c, policy, "loss_share"), (600'000.0 - 1024) / 1'000'000) << policy;
        EXPECT_DOUBLE_EQ(predicted(c, policy, "recovery_s"), 0.0512) << policy;
        EXPECT_DOUBLE_EQ(predicted(c, policy, "source_per_s"), 100'000) << policy;
        EXPECT_DOUBLE_EQ(predicted(c, policy, "sink_per_s"), 40'000) << policy;
    }
}

TEST(pressure_predict, drop_oldest_delivers_items_as_fresh_as_the_source_is_fast) {
    EXPECT_DOUBLE_EQ(predicted({}, "drop_oldest", "sojourn_p50_ms"), 10.24);
    EXPECT_DOUBLE_EQ(predicted({}, "drop_oldest", "last_arrival_delay_s"), 0.0256) << "nobody pushes it out any more";
}

TEST(pressure_predict, sample_stays_at_half_the_ring_where_one_in_n_is_little_enough) {
    conditions c;
    EXPECT_DOUBLE_EQ(predicted(c, "sample", "sojourn_p50_ms"), 12.8) << "25k/s are kept of 100k/s";
    c.keep_one_in = 2;
    EXPECT_DOUBLE_EQ(predicted(c, "sample", "sojourn_p50_ms"), 25.6) << "50k/s still fill it";
}

TEST(pressure_predict, the_high_class_stays_flat_while_the_sink_can_take_all_of_it) {
    conditions c;  // 20k/s high, 80k/s low
    EXPECT_DOUBLE_EQ(predicted(c, "shed_lowest", "high_loss_share"), 0);
    EXPECT_DOUBLE_EQ(predicted(c, "shed_lowest", "high_sojourn_p50_ms"), 0.025);
    EXPECT_DOUBLE_EQ(predicted(c, "shed_lowest", "low_loss_share"), (600'000.0 - 1024) / 800'000);
    EXPECT_DOUBLE_EQ(predicted(c, "shed_lowest", "low_sojourn_p50_ms"), 25.6);
    c.high_one_in = 2;  // 50k/s high
    EXPECT_DOUBLE_EQ(predicted(c, "shed_lowest", "high_loss_share"), 0.2);
    EXPECT_DOUBLE_EQ(predicted(c, "shed_lowest", "low_loss_share"), 1);
}

TEST(pressure_predict, codel_lets_nothing_pass_that_waited_twice_its_target) {
    conditions c;  // a full ring keeps items for 25.6 ms
    c.codel_target_ms = 5;
    EXPECT_DOUBLE_EQ(predicted(c, "codel", "sojourn_p50_ms"), 10);
    EXPECT_DOUBLE_EQ(predicted(c, "codel", "engaged_sojourn_p99_ms"), 10);
    c.codel_target_ms = 20;
    EXPECT_FALSE(is_predicted(c, "codel", "sojourn_p50_ms"));
    EXPECT_DOUBLE_EQ(predicted(c, "codel", "sojourn_p99_ms"), 25.6);
    EXPECT_THAT(predict(c, "codel").note, HasSubstr("no closed form"));
    c.codel_target_ms = 30;
    EXPECT_DOUBLE_EQ(predicted(c, "codel", "sojourn_p50_ms"), 25.6) << "the ring is never full for long enough";
}

TEST(pressure_predict, names_the_cases_without_a_prediction) {
    conditions slow;
    slow.burst_per_s = 40'000;
    conditions brief;
    brief.burst_s = 0.01;
    conditions hopeless;
    hopeless.calm_per_s = 40'000;
    for (const auto policy : policy_names()) {
        EXPECT_THAT(predict(slow, policy).figures, SizeIs(0)) << policy;
        EXPECT_THAT(predict(slow, policy).note, HasSubstr("within the sink's")) << policy;
        EXPECT_FALSE(is_predicted(hopeless, policy, "recovery_s")) << policy;
        EXPECT_THAT(predict(hopeless, policy).note, HasSubstr("no spare rate to recover with")) << policy;
    }
    slow.burst_per_s = 30'000;
    hopeless.calm_per_s = 50'000;
    EXPECT_THAT(predict(slow, "reject").note, StartsWith("a burst of 30000/s is within the sink's 40000/s: "));
    EXPECT_THAT(predict(hopeless, "reject").note,
                StartsWith("calm at 50000/s leaves the sink of 40000/s no spare rate "));
    EXPECT_THAT(predict(brief, "reject").note, HasSubstr("ends before 1024 items are queued"));
    EXPECT_THAT(predict(brief, "reject").figures, SizeIs(0));
    EXPECT_EQ(predict({}, "reject").note, "");
}

TEST(pressure_predict, goodput_is_the_sinks_rate_where_the_wait_is_within_the_deadline) {
    conditions c;  // 20 ms
    for (const auto policy : policy_names()) EXPECT_DOUBLE_EQ(predict_goodput(c, policy, 30'000), 30'000) << policy;
    EXPECT_DOUBLE_EQ(predict_goodput(c, "drop_oldest", 100'000), 40'000);
    EXPECT_DOUBLE_EQ(predict_goodput(c, "sample", 100'000), 40'000);
    for (const auto* policy : {"unbounded", "block", "reject", "drop_newest"})
        EXPECT_DOUBLE_EQ(predict_goodput(c, policy, 100'000), 0) << policy;
    EXPECT_DOUBLE_EQ(predict_goodput(c, "shed_lowest", 100'000), 20'000) << "all of the high class, and nothing else";
    c.deadline_ms = 30;
    EXPECT_DOUBLE_EQ(predict_goodput(c, "shed_lowest", 100'000), 40'000);
    EXPECT_DOUBLE_EQ(predict_goodput(c, "reject", 100'000), 40'000);
}

TEST(pressure_predict, a_figure_is_met_within_a_tenth_and_a_bound_a_tenth_beyond) {
    const prediction about{"x_ms", 100, relation::about, ""}, at_most{"x_ms", 100, relation::at_most, ""};
    EXPECT_TRUE(is_met(about, 90));
    EXPECT_TRUE(is_met(about, 110));
    EXPECT_FALSE(is_met(about, 89.9));
    EXPECT_FALSE(is_met(about, 110.1));
    EXPECT_TRUE(is_met(at_most, 0));
    EXPECT_TRUE(is_met(at_most, 110));
    EXPECT_FALSE(is_met(at_most, 110.1));
    EXPECT_FALSE(is_met({"x_ms", 0, relation::at_most, ""}, 0.001)) << "nothing is nothing";
}

TEST(predictions, are_met_up_to_a_tenth) {
    EXPECT_TRUE(is_met({"x_ms", 10, relation::about, ""}, 11));
    EXPECT_FALSE(is_met({"x_ms", 10, relation::about, ""}, 11.01));
    EXPECT_TRUE(is_met({"x_ms", 10, relation::about, ""}, 9));
    EXPECT_FALSE(is_met({"x_ms", 10, relation::about, ""}, 8.99));
    EXPECT_TRUE(is_met({"x_ms", 10, relation::at_most, ""}, 11));
    EXPECT_FALSE(is_met({"x_ms", 10, relation::at_most, ""}, 11.01));
    EXPECT_TRUE(is_met({"x_ms", 10, relation::at_most, ""}, 1));
}

// ---- Times

TEST(pressure_pace, times_between_two_looks_are_right_to_the_sixteenth) {
    watched_times times;
    watched_times::look look;
    for (int i = 0; i != 1000; ++i) times.record(5e6);
    look.take(times);
    EXPECT_THAT(look.percentile_ms(0.5), DoubleNear(5, 5.0 / 16));
    for (int i = 0; i != 98; ++i) times.record(30e3);
    for (int i = 0; i != 2; ++i) times.record(2e10);
    look.take(times);
    EXPECT_THAT(look.percentile_ms(0.5), DoubleNear(0.03, 0.03 / 16)) << "those before were seen already";
    EXPECT_THAT(look.percentile_ms(0.99), DoubleNear(2e4, 2e4 / 16));
    look.take(times);
    EXPECT_EQ(look.percentile_ms(0.99), 0) << "nothing came";
    times.record(0);
    times.record(1e30);  // must not write out of bounds
}

// ---- Invalid conditions

TEST(pressure_check, refuses_invalid_conditions_with_value_bound_and_remedy) {
    const auto sentence = [](auto change) -> std::string {
        conditions c;
        change(c);
        try {
            check(c);
        } catch (const weir::wrong_value& why) {
            return why.what();
        } catch (const stop& why) {
            EXPECT_EQ(why.code(), weir::tool::wrong_usage);
            return why.what();
        }
        return "nothing";
    };
    EXPECT_THAT(sentence([](conditions& c) { c.capacity = 0; }),
                AllOf(StartsWith("--capacity 0: "), HasSubstr("give 1 to ")));
    EXPECT_THAT(sentence([](conditions& c) { c.burst_per_s = 0; }),
                AllOf(StartsWith("--burst-per-s 0: "), HasSubstr("give 1 to 10000000")));
    EXPECT_THAT(sentence([](conditions& c) { c.sink_per_s = -1; }), StartsWith("--sink-per-s -1: "));
    EXPECT_THAT(sentence([](conditions& c) { c.calm_per_s = std::nan(""); }), StartsWith("--calm-per-s nan: "));
    EXPECT_THAT(sentence([](conditions& c) { c.burst_s = std::numeric_limits<double>::infinity(); }),
                StartsWith("--burst-s inf: "));
    EXPECT_THAT(sentence([](conditions& c) { c.keep_one_in = 0; }), StartsWith("--keep-one-in 0: "));
    EXPECT_THAT(sentence([](conditions& c) { c.high_one_in = 1; }), StartsWith("--high-one-in 1: "));
    EXPECT_THAT(sentence([](conditions& c) { c.codel_interval_ms = c.codel_target_ms; }),
                AllOf(StartsWith("--codel-interval-ms 5: "), HasSubstr("--codel-target-ms 5")));
    EXPECT_EQ(sentence([](conditions&) {}), "nothing");
}

// ---- Output

outcome some_outcome(std::string_view policy) {
    outcome seen;
    seen.policy = policy;
    seen.figures = {{"sojourn_p50_ms", 25.5}, {"loss_share", 0.599}, {"recovery_s", 0.0513}};
    for (int i = 0; i != 40; ++i) {
        account so_far;
        so_far.offered = static_cast<std::uint64_t>(i) * 1000;
        so_far.delivered = static_cast<std::uint64_t>(i) * 900;
        so_far.queued = so_far.offered - so_far.delivered;
        seen.samples.push_back({0.35 * i, so_far, 25, 26, 25, 27, 5'000'000});
    }
    seen.percentiles = {{50, 25.5, 25.6}, {99, 25.6, 25.7}, {100, 30, 31}};
    seen.goodput = {{20'000, 19'999}, {60'000, 1}};
    seen.ledger = seen.samples.back().so_far;
    seen.exact = true;
    return seen;
}

TEST(pressure_written, json_has_predicted_and_measured_by_figure) {
    const conditions c;
    const auto all = json::parse(as_json(c, {some_outcome("reject"), some_outcome("unbounded")}));
    EXPECT_EQ(all["schema_version"], 1);
    EXPECT_EQ(all["conditions"]["capacity"], 1024);
    ASSERT_EQ(all["policies"].size(), 2U);
    const auto& reject = all["policies"][0];
    EXPECT_EQ(reject["name"], "reject");
    EXPECT_EQ(reject["predicted"]["sojourn_p50_ms"], 25.6);
    EXPECT_EQ(reject["measured"]["sojourn_p50_ms"], 25.5);
    EXPECT_TRUE(reject["measured"]["last_arrival_delay_s"].is_null()) << "predicted, and not seen";
    EXPECT_TRUE(reject["bounds"].contains("memory_growth_bytes"));
    EXPECT_FALSE(reject["predicted"].contains("memory_growth_bytes"));
    EXPECT_EQ(reject["ledger"]["exact"], true);
    EXPECT_EQ(reject["series"]["depth"].size(), reject["series"]["at_s"].size());
    EXPECT_EQ(reject["goodput"][1]["predicted_per_s"], 0);
}

TEST(pressure_written, table_sets_measured_beside_predicted) {
    const auto text = as_table({}, {some_outcome("reject")});
    EXPECT_THAT(text, AllOf(HasSubstr("sojourn in the queue, median"), HasSubstr("25.6 ms"), HasSubstr("25.5 ms"),
                            HasSubstr("N/M"), HasSubstr("exact")));
    auto wrong = some_outcome("reject");
    wrong.exact = false;
    EXPECT_THAT(as_table({}, {wrong}), HasSubstr("WRONG"));
}

TEST(pressure_written, a_value_is_shown_with_the_unit_of_its_key) {
    EXPECT_EQ(with_unit("sojourn_p50_ms", 25.6), "25.6 ms");
    EXPECT_EQ(with_unit("sojourn_p50_ms", 0.0125), "12.5 us");
    EXPECT_EQ(with_unit("recovery_s", 30), "30 s");
    EXPECT_EQ(with_unit("recovery_s", 0.0512), "51.2 ms");
    EXPECT_EQ(with_unit("loss_share", 0.599), "59.9 %");
    EXPECT_EQ(with_unit("sink_per_s", 40'000), "40.0k/s");
    EXPECT_EQ(with_unit("memory_growth_bytes", 38'400'000), "36.6 MiB");
}

TEST(pressure_written, report_refuses_what_is_not_a_run_with_a_sentence) {
    const auto sentence = [](const std::string& text) -> std::string {
        try {
            (void)as_html(text);
        } catch (const stop& why) {
            EXPECT_EQ(why.code(), weir::tool::failed);
            return why.what();
        }
        return "nothing";
    };
    EXPECT_THAT(sentence("no JSON"), HasSubstr("this is not a result of 'weir pressure'"));
    EXPECT_THAT(sentence("[]"), HasSubstr("this is not a result of 'weir pressure'"));
    EXPECT_THAT(sentence(R"({"kind": "weir pressure", "schema_version": 2})"),
                HasSubstr("schema_version 2, but this version of weir reads 1"));
    EXPECT_THAT(sentence(R"({"kind": "weir pressure", "schema_version": 1})"), HasSubstr("incomplete"));
    auto cut = json::parse(as_json({}, {some_outcome("reject")}));
    cut["policies"][0]["series"].erase("depth");
    EXPECT_THAT(sentence(cut.dump()), HasSubstr("incomplete"));
}

TEST(html_page, escapes_text) {
    EXPECT_EQ(weir::tool::escaped("a<b> & \"c\" 'd'\x01"), "a&lt;b&gt; &amp; &quot;c&quot; 'd'");
    EXPECT_EQ(weir::tool::escaped("m\xc3\xa9 \xff"), "m\xc3\xa9 \xef\xbf\xbd");
    EXPECT_EQ(weir::tool::gnuplot_string("it's"), "'it''s'");
    EXPECT_THROW((void)weir::tool::ink("mauve"), std::out_of_range);
}

// ---- While it runs

std::string watched(const screen& where) {
    const auto shared = std::make_unique<board>();
    const auto plan = plan_of({}, "reject");
    watcher eyes(where, plan, "reject", 3, 8);
    testing::internal::CaptureStderr();
    const auto seen = some_outcome("reject").samples;
    for (std::size_t i = 0; i != seen.size(); ++i) {
        shared->samples[i] = seen[i];
        shared->samples_ready.store(i + 1, weir::detail::release);  // as the sampler does
        eyes.look(*shared);
    }
    eyes.end(*shared);
    return testing::internal::GetCapturedStderr();
}

TEST(pressure_watch, without_a_terminal_each_phase_is_one_plain_line) {
    const auto text = watched({.redraws = false, .colours = false, .columns = 80});
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
    EXPECT_THAT(
        text, AllOf(HasSubstr("reject (3 of 8): calm to 1."), HasSubstr("burst to 11."), HasSubstr("recovery to 13.")));
}

TEST(pressure_watch, a_terminal_is_redrawn_and_without_colours_if_they_are_off) {
    EXPECT_THAT(watched({.redraws = true, .colours = true, .columns = 80}),
                AllOf(HasSubstr("\x1b[4A"), HasSubstr("\x1b[1;36m")));
    EXPECT_THAT(watched({.redraws = true, .colours = false, .columns = 80}),
                AllOf(HasSubstr("\x1b[4A"), Not(HasSubstr("\x1b[1;36m")), Not(HasSubstr("\x1b[0m"))));
    EXPECT_THAT(watched({.redraws = true, .colours = true, .columns = 1}), HasSubstr("depth")) << "narrow";
}

}  // namespace
