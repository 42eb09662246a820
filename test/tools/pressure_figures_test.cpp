// SPDX-License-Identifier: MIT
//
// The figures of `weir pressure`, predicted and measured. All figures are different.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "test/support/golden.hpp"
#include "tools/common/command.hpp"
#include "tools/pressure/play.hpp"
#include "tools/pressure/pressure.hpp"

namespace {

using namespace weir::tool::pressure;
using testing::HasSubstr;
using testing::StartsWith;
using weir::tool::stop;
using weir_test::expect_golden;

std::string in_words(const forecast& all) {
    std::string text;
    for (const auto& one : all.figures)
        text += fmt::format("    {} {} {:.10g}  [{}]\n", one.key, one.is == relation::about ? "about" : "at most",
                            one.value, one.formula);
    if (!all.note.empty()) text += "    note: " + all.note + "\n";
    return text +
           fmt::format("    settled after {:.10g} s, recovered after {:.10g} s\n", all.settled_s, all.recovery_s);
}

/// Each case is named after what is special about it.
std::vector<std::pair<std::string, conditions>> many_conditions() {
    std::vector<std::pair<std::string, conditions>> all{{"as they are", {}}};
    const auto add = [&](const char* name, auto change) {
        conditions c;
        change(c);
        all.emplace_back(name, c);
    };
    add("all others", [](conditions& c) {
        c = {.calm_per_s = 7'000,
             .burst_per_s = 90'000,
             .sink_per_s = 30'000,
             .capacity = 600,
             .calm_s = 1.5,
             .burst_s = 11,
             .recovery_cap_s = 50,
             .deadline_ms = 19,
             .keep_one_in = 5,
             .high_one_in = 6,
             .codel_target_ms = 4,
             .codel_interval_ms = 70};
    });
    add("the sink is as fast as the burst", [](conditions& c) { c.sink_per_s = 100'000; });
    add("the sink is a little slower than the burst", [](conditions& c) { c.sink_per_s = 99'999; });
    add("calm is as fast as the sink", [](conditions& c) { c.calm_per_s = 40'000; });
    add("the burst ends as the ring is full", [](conditions& c) { c.burst_s = 1024.0 / 60'000; });
    add("the burst ends a little later", [](conditions& c) { c.burst_s = 1026.0 / 60'000; });
    add("sample thins just enough", [](conditions& c) {
        c.keep_one_in = 2;
        c.sink_per_s = 50'000;
    });
    add("sample thins a little too little", [](conditions& c) {
        c.keep_one_in = 2;
        c.sink_per_s = 49'999;
    });
    add("one slot", [](conditions& c) { c.capacity = 1; });
    add("the high class is as much as the sink takes", [](conditions& c) {
        c.sink_per_s = 20'000;
        c.calm_per_s = 1'000;
    });
    add("the high class is more than the sink takes", [](conditions& c) {
        c.sink_per_s = 19'000;
        c.calm_per_s = 1'000;
    });
    add("codel's target is twice in a full ring", [](conditions& c) { c.codel_target_ms = 12.8; });
    add("codel's target is almost twice in a full ring", [](conditions& c) { c.codel_target_ms = 12.7; });
    add("codel's target is a full ring", [](conditions& c) { c.codel_target_ms = 25.6; });
    add("recovery is capped", [](conditions& c) { c.recovery_cap_s = 0.01; });
    return all;
}

TEST(predictions, are_these_under_these_conditions) {
    std::string text;
    for (const auto& [name, c] : many_conditions()) {
        text += name + "\n";
        for (const auto policy : policy_names()) {
            text += "  " + std::string(policy) + "\n" + in_words(predict(c, policy));
            text += "    goodput";
            for (const double share : {0.5, 1.0, 1.0001, 2.0, 4.0, 6.5})
                text += fmt::format(" {:.6g}", predict_goodput(c, policy, share * c.sink_per_s));
            text += fmt::format("; takes {:.6g} s\n", expected_duration_s(c, policy));
        }
    }
    expect_golden("pressure_predictions.txt", text);
}

TEST(predictions, that_have_nothing_to_say_name_the_rates) {
    conditions c;
    c.burst_per_s = 30'000;
    EXPECT_THAT(predict(c, "reject").note, StartsWith("a burst of 30000/s is within the sink's 40000/s: "));
    c.burst_per_s = 100'000;
    c.calm_per_s = 50'000;
    EXPECT_THAT(predict(c, "reject").note, StartsWith("calm at 50000/s leaves the sink of 40000/s no spare rate"));
}

TEST(predictions, of_goodput_turn_at_the_deadline) {
    conditions c;
    c.deadline_ms = 25.6;
    EXPECT_EQ(predict_goodput(c, "reject", 100'000), 40'000) << "a full ring is just in time";
    EXPECT_EQ(predict_goodput(c, "shed_lowest", 100'000), 40'000);
    c.deadline_ms = 25.5;
    EXPECT_EQ(predict_goodput(c, "reject", 100'000), 0);
    EXPECT_EQ(predict_goodput(c, "shed_lowest", 100'000), 20'000);
    EXPECT_EQ(predict_goodput(c, "shed_lowest", 200'000), 40'000) << "all of it of the high class";
    c.deadline_ms = 20;
    EXPECT_EQ(predict_goodput(c, "drop_oldest", 51'200), 40'000) << "1024 slots at that rate";
    EXPECT_EQ(predict_goodput(c, "drop_oldest", 51'199), 0);
}

TEST(plans, have_phases_looks_and_a_tail) {
    conditions c;
    const auto plan = plan_of(c, "reject");
    EXPECT_DOUBLE_EQ(plan.burst_from_ns, 2e9);
    EXPECT_DOUBLE_EQ(plan.burst_to_ns, 12e9);
    EXPECT_DOUBLE_EQ(plan.cap_ns, 72e9);
    EXPECT_DOUBLE_EQ(plan.tail_ns, 1e9);
    EXPECT_NEAR(plan.settled_ns, 2e9 + 1024 / 60e3 * 1e9 + 2 * 25.6e6, 1);
    EXPECT_EQ(plan.sample_ns, 50'000'000U);
    EXPECT_EQ(plan.c.capacity, 1024);
    c.calm_s = 0.5;
    c.burst_s = 1;
    c.recovery_cap_s = 2;
    const auto quick = plan_of(c, "reject");
    EXPECT_DOUBLE_EQ(quick.tail_ns, 0.25e9);
    EXPECT_EQ(quick.sample_ns, 20'000'000U);
    c.burst_s = 0.1;
    EXPECT_EQ(plan_of(c, "reject").sample_ns, 5'000'000U);
    c.recovery_cap_s = 3600;
    EXPECT_NEAR(static_cast<double>(plan_of(c, "reject").sample_ns), 3600.6e9 / 4094, 1) << "all looks find room";
    EXPECT_DOUBLE_EQ(goodput_step_s({}), 0.5);
    c.burst_s = 0.1;
    EXPECT_DOUBLE_EQ(goodput_step_s(c), 0.01);
    c.burst_s = 4;
    EXPECT_DOUBLE_EQ(goodput_step_s(c), 0.2);
}

// ---- Measured figures

class fill : public testing::Test {
protected:
    fill() {
        const auto record = [](weir::histogram& into, std::uint64_t ms, std::uint64_t tail_ms) {
            into.record(ms * 1'000'000, 95);
            into.record(tail_ms * 1'000'000, 5);
        };
        record(seen_.sojourn, 3, 30);
        record(seen_.delay, 4, 40);
        record(seen_.engaged_sojourn, 5, 50);
        record(seen_.class_sojourn[0], 6, 60);
        record(seen_.class_sojourn[1], 7, 70);
        record(seen_.calm_sojourn, 8, 80);
        seen_.delivered_of_burst[0] = 300;
        seen_.delivered_of_burst[1] = 190;
        seen_.taken_in_window = 88'000;
        seen_.last_arrival_delay_ns = 0.75e9;
        seen_.recovered_ns = 4.5e9;
        sent_.offered_in_burst[0] = 600;
        sent_.offered_in_burst[1] = 200;
        sent_.sent_in_window = 180'000;
        ledger_ = {.offered = 1000,
                   .refused = 100,
                   .delivered = 500,
                   .queued = 90,
                   .lost_newest = 10,
                   .lost_oldest = 20,
                   .lost_sampled = 40,
                   .lost_lowest = 80,
                   .lost_late = 160};
        for (const auto& [at_s, queued, rss] : {std::tuple(0.5, 5, 100),
                                                {0.875, 7, 130},
                                                {1.25, 10, 180},
                                                {2.25, 40, 260},
                                                {3.25, 90, 320},
                                                {3.75, 20, 310}}) {
            auto& look = board_->samples[board_->samples_ready.load(weir::detail::relaxed)];
            look = {};
            look.at_s = at_s;
            look.so_far.queued = static_cast<std::uint64_t>(queued);
            look.rss_bytes = static_cast<std::uint64_t>(rss);
            board_->samples_ready.store(board_->samples_ready.load(weir::detail::relaxed) + 1, weir::detail::relaxed);
        }
    }

    std::string filled(std::string_view policy) {
        fill_in(plan_, policy, sent_, seen_, ledger_, *board_);
        std::string text;
        for (std::size_t i = 0; i != board_->end.figures; ++i)
            text +=
                fmt::format("{} {:.6g}\n", board_->figures[i].key, std::round(1e4 * board_->figures[i].value) / 1e4);
        return text;
    }

    double figure(std::string_view key) const {
        double found = -1;
        for (std::size_t i = 0; i != board_->end.figures; ++i)
            if (key == board_->figures[i].key) found = board_->figures[i].value;
        return found;
    }

    struct look_at {
        double at_s;
        std::uint64_t queued, rss_bytes;
    };
    void look_only(const std::vector<look_at>& looks) {
        board_->end.figures = 0;
        board_->end.percentiles = 0;
        for (std::size_t i = 0; i != looks.size(); ++i) {
            board_->samples[i] = {};
            board_->samples[i].at_s = looks[i].at_s;
            board_->samples[i].so_far.queued = looks[i].queued;
            board_->samples[i].rss_bytes = looks[i].rss_bytes;
        }
        board_->samples_ready.store(looks.size(), weir::detail::relaxed);
    }

    run_plan plan_{{}, 1.5e9, 1e9, 3.5e9, 9e9, 1e9, 1};
    source_record sent_;
    sink_record seen_;
    account ledger_;
    std::unique_ptr<board> board_ = std::make_unique<board>();
};

// Two seconds of the window; of 800 items offered in the burst, 410 were refused or lost.
TEST_F(fill, takes_each_figure_from_its_record) {
    EXPECT_EQ(filled("reject"), R"(sojourn_p50_ms 3.0003
sojourn_p99_ms 30
delay_p50_ms 4.0018
delay_p99_ms 40
engaged_sojourn_p99_ms 50
last_arrival_delay_s 0.75
loss_share 0.5125
source_per_s 90000
sink_per_s 44000
recovery_s 1
memory_growth_bytes 190
)");
    EXPECT_DOUBLE_EQ(board_->end.source_share, 0.9);
    EXPECT_DOUBLE_EQ(board_->end.sink_share, 1.1);
    EXPECT_EQ(board_->end.ledger.lost_late, 160U);
    ASSERT_EQ(board_->end.percentiles, 8U);
    const double points[] = {50, 75, 90, 95, 99, 99.9, 99.99, 100};
    for (std::size_t i = 0; i != 8; ++i) {
        EXPECT_EQ(board_->percentiles[i].percentile, points[i]);
        EXPECT_NEAR(board_->percentiles[i].sojourn_ms, i < 4 ? 3 : 30, 0.01);
        EXPECT_NEAR(board_->percentiles[i].delay_ms, i < 4 ? 4 : 40, 0.01);
    }
}

TEST_F(fill, says_how_a_backlog_grows_where_there_is_no_bound) {
    EXPECT_THAT(filled("unbounded"), StartsWith("backlog_growth_per_s 40\n")) << "from 10 to 90 in two seconds";
}

TEST_F(fill, has_the_50th_and_the_99th_of_each_record) {
    const auto record = [](weir::histogram& into, std::uint64_t ms) {
        into.reset();
        into.record(ms * 1'000'000, 50);
        into.record(ms * 10'000'000, 49);
        into.record(ms * 100'000'000, 1);
    };
    record(seen_.sojourn, 3);
    record(seen_.delay, 4);
    record(seen_.engaged_sojourn, 5);
    record(seen_.class_sojourn[0], 6);
    record(seen_.class_sojourn[1], 7);
    record(seen_.calm_sojourn, 8);
    static_cast<void>(filled("shed_lowest"));
    const std::pair<const char*, double> expected[] = {
        {"sojourn_p50_ms", 3},          {"sojourn_p99_ms", 30},     {"delay_p50_ms", 4},
        {"delay_p99_ms", 40},           {"high_sojourn_p50_ms", 7}, {"high_sojourn_p99_ms", 70},
        {"low_sojourn_p50_ms", 6},      {"low_sojourn_p99_ms", 60}, {"engaged_sojourn_p99_ms", 50},
        {"high_calm_sojourn_p50_ms", 8}};
    for (const auto& [key, ms] : expected) EXPECT_NEAR(figure(key), ms, 0.001 * ms) << key;
}

TEST_F(fill, has_seconds_to_the_nanosecond) {
    plan_.settled_ns = plan_.burst_to_ns - 0.5e9;
    static_cast<void>(filled("reject"));
    EXPECT_DOUBLE_EQ(figure("last_arrival_delay_s"), 0.75);
    EXPECT_DOUBLE_EQ(figure("recovery_s"), 1);
    EXPECT_DOUBLE_EQ(figure("source_per_s"), 360'000) << "of a window of half a second";
}

// The burst lasts from 1 to 3.5 s.
TEST_F(fill, takes_looks_at_the_very_ends_of_the_burst_for_its_own) {
    look_only({{0.999'999'999, 5, 1}, {1, 10, 2}, {2.5, 70, 3}, {3.5, 60, 4}, {3.500'000'001, 900, 5}});
    static_cast<void>(filled("unbounded"));
    EXPECT_DOUBLE_EQ(figure("backlog_growth_per_s"), 20) << "from 10 to 60 in two seconds and a half";
}

TEST_F(fill, sees_no_backlog_grow_with_one_look_or_none) {
    look_only({{0.5, 5, 1}, {2.5, 70, 3}, {4, 900, 5}});
    static_cast<void>(filled("unbounded"));
    EXPECT_EQ(figure("backlog_growth_per_s"), 0);
    look_only({});
    static_cast<void>(filled("unbounded"));
    EXPECT_EQ(figure("backlog_growth_per_s"), 0);
}

TEST_F(fill, sees_memory_grow_from_the_last_look_before_the_burst) {
    look_only({{0.5, 5, 900}, {0.999'999'999, 5, 500}, {1, 5, 650}, {4, 5, 1100}, {5, 5, 800}});
    static_cast<void>(filled("reject"));
    EXPECT_EQ(figure("memory_growth_bytes"), 600);
}

TEST_F(fill, sees_memory_grow_from_the_first_look_where_there_was_none_before) {
    look_only({{1, 5, 650}, {2, 5, 700}, {4, 5, 1100}});
    static_cast<void>(filled("reject"));
    EXPECT_EQ(figure("memory_growth_bytes"), 450);
}

TEST_F(fill, says_what_became_of_each_class) {
    EXPECT_THAT(filled("shed_lowest"),
                HasSubstr("high_sojourn_p50_ms 7.0001\nhigh_sojourn_p99_ms 70\nhigh_loss_share 0.05\n"
                          "low_sojourn_p50_ms 6.0006\nlow_sojourn_p99_ms 60\nlow_loss_share 0.5\n"
                          "high_calm_sojourn_p50_ms 8.0036\n"));
}

TEST_F(fill, of_block_is_held_to_what_the_sink_takes) {
    static_cast<void>(filled("block"));
    EXPECT_DOUBLE_EQ(board_->end.source_share, 2.25);
    EXPECT_DOUBLE_EQ(board_->end.sink_share, 1.1);
}

TEST_F(fill, leaves_out_what_was_not_seen) {
    seen_ = {};
    sent_ = {};
    ledger_ = {};
    plan_.settled_ns = plan_.burst_to_ns;
    board_->samples_ready.store(0, weir::detail::relaxed);
    EXPECT_EQ(filled("shed_lowest"),
              "high_loss_share 1\nlow_loss_share 1\nlast_arrival_delay_s 0\nloss_share 0\n"
              "memory_growth_bytes 0\n");
    EXPECT_EQ(board_->end.percentiles, 0U);
    EXPECT_EQ(board_->end.source_share, 1);
}

// ---- Invalid conditions

TEST(conditions, are_refused_just_outside_their_bounds) {
    const auto why = [](auto change) -> std::string {
        conditions c;
        change(c);
        try {
            check(c);
        } catch (const weir::wrong_value& refused) {
            return refused.what();
        } catch (const stop& stopped) {
            return stopped.what();
        }
        return "";
    };
    struct bound {
        const char* option;
        double conditions::*value;
        double least, most;
    };
    for (const auto& [option, value, least, most] : {bound{"--calm-per-s", &conditions::calm_per_s, 1, 1e7},
                                                     {"--burst-per-s", &conditions::burst_per_s, 1, 1e7},
                                                     {"--sink-per-s", &conditions::sink_per_s, 1, 1e7},
                                                     {"--calm-s", &conditions::calm_s, 0.001, 3600},
                                                     {"--burst-s", &conditions::burst_s, 0.001, 3600},
                                                     {"--recovery-cap-s", &conditions::recovery_cap_s, 0.001, 3600},
                                                     {"--deadline-ms", &conditions::deadline_ms, 0.001, 1e6}}) {
        for (const double good : {least, most})
            EXPECT_EQ(why([&, &value = value](conditions& c) { c.*value = good; }), "") << option;
        for (const double bad : {least * 0.999, most * 1.001})
            EXPECT_THAT(why([&, &value = value](conditions& c) { c.*value = bad; }), StartsWith(option));
    }
    struct whole_bound {
        const char* option;
        std::int64_t conditions::*value;
        std::int64_t least, most;
    };
    for (const auto& [option, value, least, most] : {whole_bound{"--capacity", &conditions::capacity, 1, 1 << 24},
                                                     {"--keep-one-in", &conditions::keep_one_in, 1, 1'000'000},
                                                     {"--high-one-in", &conditions::high_one_in, 2, 1'000'000}}) {
        for (const auto good : {least, most})
            EXPECT_EQ(why([&, &value = value](conditions& c) { c.*value = good; }), "") << option;
        for (const auto bad : {least - 1, most + 1})
            EXPECT_THAT(why([&, &value = value](conditions& c) { c.*value = bad; }), StartsWith(option));
    }
    EXPECT_EQ(why([](conditions& c) { c.codel_target_ms = 0.001; }), "");
    EXPECT_THAT(why([](conditions& c) { c.codel_target_ms = 0.0009; }), StartsWith("--codel-target-ms"));
    EXPECT_EQ(why([](conditions& c) { c.codel_target_ms = 99.9; }), "");
    EXPECT_THAT(why([](conditions& c) { c.codel_target_ms = 100; }),
                StartsWith("--codel-interval-ms 100: the interval must be longer"));
    EXPECT_EQ(why([](conditions& c) { c.codel_interval_ms = 1e5; }), "");
    EXPECT_THAT(why([](conditions& c) { c.codel_interval_ms = 100'001; }),
                StartsWith("--codel-interval-ms 100001: the interval is out of range"));
}

}  // namespace
