// SPDX-License-Identifier: MIT
//
// How `weir run` evaluates its trials: figures of each round, quartiles, and significant differences.
#include "tools/run/data.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace {

using namespace weir::tool;
using testing::ElementsAre;
using testing::IsEmpty;

// 100 latencies from `unit` to 100 times that, so that p50 is 50 units.
weir::histogram latencies(std::uint64_t unit) {
    weir::histogram all(100'000, 4);
    for (std::uint64_t i = 1; i != 101; ++i) all.record(i * unit);
    return all;
}

trial_result trial(std::uint64_t unit) {
    return {.end_to_end_ns = latencies(unit),
            .edge_ns = {latencies(unit + 1), weir::histogram(1000), latencies(unit + 2)},
            .delivered = 60 * unit,
            .refused = 7 * unit,
            .seconds = 0.5,
            .disturbances = {.involuntary_switches = 2 * unit, .voluntary_switches = 3 * unit, .migrations = 5 * unit},
            .failure = {}};
}

TEST(layout_records, have_each_figure_of_each_round) {
    layout_record record(run_layout{"planned", {}});
    record.add(trial(10));
    record.add(trial(20));
    EXPECT_THAT(record.p50_ns, ElementsAre(500, 1000));
    EXPECT_THAT(record.p99_ns, ElementsAre(990, 1980));
    EXPECT_THAT(record.delivered_per_s, ElementsAre(1200, 2400));
    EXPECT_EQ(record.refused, 210U);
    EXPECT_EQ(record.disturbances.involuntary_switches, 60U);
    EXPECT_EQ(record.disturbances.voluntary_switches, 90U);
    EXPECT_EQ(record.disturbances.migrations, 150U);
    ASSERT_EQ(record.edge_p50_ns.size(), 3U);
    ASSERT_EQ(record.edge_p99_ns.size(), 3U);
    EXPECT_THAT(record.edge_p50_ns[0], ElementsAre(550, 1050));
    EXPECT_THAT(record.edge_p99_ns[0], ElementsAre(1089, 2079));
    EXPECT_THAT(record.edge_p50_ns[1], IsEmpty()) << "nothing came through";
    EXPECT_THAT(record.edge_p99_ns[1], IsEmpty());
    EXPECT_THAT(record.edge_p50_ns[2], ElementsAre(600, 1100));
    EXPECT_THAT(record.edge_p99_ns[2], ElementsAre(1188, 2178));
}

TEST(layout_records, have_an_edge_that_one_message_came_through) {
    layout_record record(run_layout{"planned", {}});
    auto once = trial(10);
    once.edge_ns[1].record(77);
    record.add(once);
    EXPECT_THAT(record.edge_p50_ns[1], ElementsAre(77));
}

std::vector<double> quartiles(std::vector<double> values) {
    const auto found = spread_of(std::move(values));
    return {found.q1, found.median, found.q3};
}

TEST(spreads, are_quartiles_between_the_values_beside_them) {
    EXPECT_THAT(quartiles({}), ElementsAre(0, 0, 0));
    EXPECT_THAT(quartiles({7}), ElementsAre(7, 7, 7));
    EXPECT_THAT(quartiles({30, 10}), ElementsAre(15, 20, 25));
    EXPECT_THAT(quartiles({1000, 10, 100}), ElementsAre(55, 100, 550));
    EXPECT_THAT(quartiles({70, 20, 50, 30, 10}), ElementsAre(20, 30, 50));
    EXPECT_THAT(quartiles({160, 10, 40, 20}), ElementsAre(17.5, 30, 70));
}

TEST(sign_tests, have_the_odds_of_a_fair_coin) {
    EXPECT_NEAR(sign_test(0, 3), 2 * 1.0 / 8, 1e-12);
    EXPECT_NEAR(sign_test(1, 7), 2 * 8.0 / 128, 1e-12);
    EXPECT_NEAR(sign_test(2, 9), 2 * (1.0 + 9 + 36) / 512, 1e-12);
    EXPECT_NEAR(sign_test(7, 9), 2 * (1.0 + 9 + 36) / 512, 1e-12);
    EXPECT_EQ(sign_test(3, 6), 1);
    EXPECT_EQ(sign_test(0, 1), 1);
}

TEST(comparisons, count_rounds_in_which_both_delivered) {
    const auto found = compare("worst", "p99", {300, 0, 50, 0.5, 440, 100, 900}, {100, 70, 0, 0.25, 110, 100});
    EXPECT_EQ(found.other, "worst");
    EXPECT_EQ(found.figure, "p99");
    EXPECT_EQ(found.rounds, 4U) << "and one has no seventh";
    EXPECT_EQ(found.worse, 3U) << "the sixth is the same";
    EXPECT_DOUBLE_EQ(found.ratio.q1, 1.75);
    EXPECT_DOUBLE_EQ(found.ratio.median, 2.5);
    EXPECT_DOUBLE_EQ(found.ratio.q3, 3.25);
    EXPECT_DOUBLE_EQ(found.p_value, sign_test(3, 3)) << "of the rounds that differ";
    EXPECT_EQ(found.says, verdict::no_difference);
}

// Of 12 rounds: with 10 on one side the probability is 158 / 4096, with 9 it is 598 / 4096.
TEST(comparisons, report_a_difference_only_if_chance_is_unlikely) {
    const auto with_worse = [](std::size_t worse, std::size_t of) {
        std::vector<double> other, planned;
        for (std::size_t i = 0; i != of; ++i) {
            planned.push_back(100);
            other.push_back(i < worse ? 150 : 60);
        }
        return compare("other", "p50", other, planned).says;
    };
    EXPECT_EQ(with_worse(12, 12), verdict::worse);
    EXPECT_EQ(with_worse(10, 12), verdict::worse);
    EXPECT_EQ(with_worse(9, 12), verdict::no_difference);
    EXPECT_EQ(with_worse(3, 12), verdict::no_difference);
    EXPECT_EQ(with_worse(2, 12), verdict::better);
    EXPECT_EQ(with_worse(0, 12), verdict::better);
    EXPECT_EQ(with_worse(13, 33), verdict::no_difference);
    EXPECT_EQ(with_worse(35, 100), verdict::better) << "though a third and more were worse";
}

}  // namespace
