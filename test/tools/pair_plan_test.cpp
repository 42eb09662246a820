// SPDX-License-Identifier: MIT
//
// The choice of pairs, the result of one measurement, and the figures of pairs that were not measured. All figures
// are different.
#include "tools/matrix/pair_plan.hpp"
#include "tools/common/thread_watch.hpp"
#include "tools/matrix/run.hpp"
#include "tools/matrix/view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/golden.hpp"

#include <string>
#include <vector>

namespace {

using namespace weir::tool;
using testing::ElementsAre;
using weir::pu_set;
using weir::topology;

std::string in_words(const pair_plan& plan) {
    std::string text = "  " + std::to_string(plan.all_pairs) + " pairs, the first " +
                       std::to_string(plan.first_of_classes) + " of one class each, PUs";
    for (const unsigned pu : plan.pus) text += " " + std::to_string(pu);
    text += "\n ";
    for (const auto& pair : plan.pairs) text += " " + std::to_string(pair.from) + ">" + std::to_string(pair.to);
    return text + "\n";
}

TEST(pair_plan, has_these_pairs_in_this_order) {
    std::string text;
    const auto hybrid = topology::from_xml_file(TEST_DATA_DIR "/hybrid.xml");
    const topology machines[] = {topology::synthetic("pack:2 l3:1 core:2 pu:2(indexes=1,3,4,6,9,11,12,14)"),
                                 topology::synthetic("core:6 pu:1"), topology::from_xml(hybrid.to_xml(), "hybrid.xml"),
                                 topology::synthetic("pu:1")};
    for (const auto& machine : machines) {
        for (const std::size_t samples : {0U, 1U, 2U, 3U, 7U}) {
            text += machine.source() + ", samples " + std::to_string(samples) + "\n";
            text += in_words(plan_pairs(machine, machine.allowed(), false, samples));
        }
        if (machine.pus().size() < 10)
            text += machine.source() + ", all\n" + in_words(plan_pairs(machine, machine.allowed(), true, 1));
    }
    text += "of PUs 1, 4 and 9\n" + in_words(plan_pairs(machines[0], pu_set{1, 4, 9, 100}, true, 1));
    weir_test::expect_golden("pair_plans.txt", text);
}

TEST(pair_class, tells_kinds_of_cores_apart_by_the_systems_numbers) {
    const auto hybrid = topology::from_xml_file(TEST_DATA_DIR "/hybrid.xml");
    const auto from_big = class_of(hybrid, 2, 9);
    EXPECT_EQ(from_big.from_kind, 1U);
    EXPECT_EQ(from_big.to_kind, 0U);
    EXPECT_EQ(weir::tool::in_words(from_big), "same-l3, kind 1 to 0");
    EXPECT_EQ(weir::tool::in_words(pair_class{weir::distance::same_l3, true, 1U, {}}), "same-l3");
    EXPECT_EQ(weir::tool::in_words(pair_class{weir::distance::same_l3, true, {}, 1U}), "same-l3");
    EXPECT_EQ(weir::tool::in_words(pair_class{weir::distance::cross_package, false, {}, {}}), "cross-package");
}

pair_cost cost(unsigned from, unsigned to, const pair_class& kind, double figure) {
    return {.from = from,
            .to = to,
            .kind = kind,
            .one_way_ns = {figure + 1, figure + 20, figure + 300},
            .q1_ns = figure + 4,
            .q3_ns = figure + 5,
            .items_per_s = figure + 6,
            .rounds = 7,
            .measured = true,
            .steady = true};
}

TEST(complete_matrix, has_medians_of_each_figure_by_class) {
    const auto machine = topology::synthetic("pack:2 core:2 pu:1(indexes=3,5,7,9)");
    const auto near = class_of(machine, 3, 5);
    const auto far = class_of(machine, 5, 7);
    const auto matrix =
        complete(machine, plan_pairs(machine, machine.allowed(), false),
                 {cost(3, 5, near, 1000), cost(5, 3, near, 4000), cost(7, 9, near, 2000), cost(5, 7, far, 9000)});
    EXPECT_THAT(matrix.pus, ElementsAre(3, 5, 7, 9));
    ASSERT_EQ(matrix.classes.size(), 2U);
    EXPECT_EQ(matrix.classes[0].kind, near);
    EXPECT_EQ(matrix.classes[0].one_way_ns.p50, 2001);
    EXPECT_EQ(matrix.classes[0].one_way_ns.p99, 2020);
    EXPECT_EQ(matrix.classes[0].one_way_ns.p99_9, 2300);
    EXPECT_EQ(matrix.classes[0].items_per_s, 2006);
    EXPECT_EQ(matrix.classes[0].pairs_measured, 3U);
    EXPECT_EQ(matrix.classes[1].kind, far);
    EXPECT_EQ(matrix.classes[1].items_per_s, 9006);
    ASSERT_EQ(matrix.pairs.size(), 12U);
    const auto* const filled = matrix.find(9, 7);
    ASSERT_NE(filled, nullptr);
    EXPECT_EQ(filled->kind, near);
    EXPECT_EQ(filled->one_way_ns.p50, 2001);
    EXPECT_EQ(filled->one_way_ns.p99, 2020);
    EXPECT_EQ(filled->one_way_ns.p99_9, 2300);
    EXPECT_EQ(filled->q1_ns, 2001);
    EXPECT_EQ(filled->q3_ns, 2001);
    EXPECT_EQ(filled->items_per_s, 2006);
    EXPECT_EQ(filled->rounds, 0U);
    EXPECT_FALSE(filled->measured);
    EXPECT_EQ(matrix.find(5, 7)->one_way_ns.p50, 9001);
    EXPECT_EQ(matrix.find(7, 5)->one_way_ns.p50, 9001);
    EXPECT_FALSE(matrix.find(7, 5)->measured);
    EXPECT_EQ(matrix.find(7, 7), nullptr);
}

TEST(complete_matrix, fills_in_pairs_of_one_direction_only) {
    const auto hybrid = topology::from_xml_file(TEST_DATA_DIR "/hybrid.xml");
    const auto plan = plan_pairs(hybrid, pu_set{2, 4, 9}, false);
    const auto matrix = complete(hybrid, plan, {cost(2, 9, class_of(hybrid, 2, 9), 1000)});
    ASSERT_NE(matrix.find(4, 9), nullptr);
    EXPECT_EQ(matrix.find(4, 9)->one_way_ns.p50, 1001);
    EXPECT_EQ(matrix.find(9, 4), nullptr) << "from a slow core is not to one";
    EXPECT_EQ(matrix.pairs.size(), 2U);
}

// Rounds of 1000 items each, measured in both ways: medians of 100, 110, 130, 160 and 200 ns by the clocks, and ten
// times that by half round trips; each round has a tail of 20 items.
pair_record some_rounds(bool steady, bool clocks_agree) {
    pair_record record({3, 7, {weir::distance::same_l3, false, 1U, 2U}});
    std::uint64_t figure = 0;
    for (const std::uint64_t ns : {100U, 110U, 130U, 160U, 200U}) {
        pair_sample sample;
        sample.by_clocks_ns.record(ns, 980);
        sample.by_clocks_ns.record(8000, 18);
        sample.by_clocks_ns.record(60'000, 2);
        sample.by_half_ns.record(10 * ns, 980);
        sample.by_half_ns.record(9000, 18);
        sample.by_half_ns.record(70'000, 2);
        sample.clocks_agree = clocks_agree;
        figure = ns;
        sample.items_per_s = static_cast<double>(figure + 1);
        sample.floor = {static_cast<double>(figure + 2), static_cast<double>(figure + 3)};
        sample.clock_offset = {static_cast<double>(figure + 4), static_cast<double>(figure + 5)};
        sample.steady = steady;
        sample.disturbances = {.involuntary_switches = 2, .voluntary_switches = 3, .migrations = 5};
        record.add(sample);
    }
    return record;
}

TEST(pair_record, has_medians_over_rounds_and_tails_over_items) {
    auto record = some_rounds(true, true);
    EXPECT_EQ(record.rounds(), 5U);
    EXPECT_EQ(record.attempts(), 5U);
    record.add_failure();
    EXPECT_EQ(record.attempts(), 6U);
    const auto found = record.cost().value();
    EXPECT_EQ(found.from, 3U);
    EXPECT_EQ(found.to, 7U);
    EXPECT_EQ(found.kind, (pair_class{weir::distance::same_l3, false, 1U, 2U}));
    EXPECT_NEAR(found.one_way_ns.p50, 130, 1);
    EXPECT_NEAR(found.one_way_ns.p99, 8000, 80);
    EXPECT_NEAR(found.one_way_ns.p99_9, 60'000, 600);
    EXPECT_NEAR(found.q1_ns, 110, 1);
    EXPECT_NEAR(found.q3_ns, 160, 1);
    EXPECT_EQ(found.items_per_s, 131);
    EXPECT_EQ(found.line_roundtrip_ns, 132);
    EXPECT_EQ(found.stream_words_per_s, 133);
    EXPECT_EQ(found.clock_offset_ns, 134);
    EXPECT_EQ(found.rounds, 5U);
    EXPECT_EQ(found.dropped, 1U);
    EXPECT_EQ(found.involuntary_switches, 10U);
    EXPECT_EQ(found.migrations, 25U);
    EXPECT_TRUE(found.measured && found.steady && found.from_clocks);
}

TEST(pair_record, uses_half_round_trips_if_clocks_disagree_and_dropped_rounds_if_there_are_no_others) {
    const auto halves = some_rounds(true, false).cost().value();
    EXPECT_NEAR(halves.one_way_ns.p50, 1300, 15);
    EXPECT_NEAR(halves.one_way_ns.p99, 9000, 90);
    EXPECT_NEAR(halves.one_way_ns.p99_9, 70'000, 700);
    EXPECT_NEAR(halves.q1_ns, 1100, 15);
    EXPECT_FALSE(halves.from_clocks);
    const auto dropped = some_rounds(false, true).cost().value();
    EXPECT_NEAR(dropped.one_way_ns.p50, 130, 1);
    EXPECT_EQ(dropped.rounds, 0U);
    EXPECT_EQ(dropped.dropped, 5U);
    EXPECT_FALSE(dropped.steady);
    EXPECT_TRUE(dropped.measured && dropped.from_clocks);
}

TEST(class_noise, is_of_the_pairs_of_the_class_that_were_measured) {
    matrix_data matrix;
    const pair_class kind{weir::distance::smt, true, {}, {}};
    const auto add = [&](double figure, bool measured, bool steady, const pair_class& of) {
        auto one = cost(1, 2, of, figure);
        one.measured = measured;
        one.steady = steady;
        one.line_roundtrip_ns = figure + 7;
        one.stream_words_per_s = 10 * (figure + 6);
        one.rounds = static_cast<unsigned>(figure) + 8;
        one.dropped = static_cast<unsigned>(figure) + 9;
        one.involuntary_switches = static_cast<unsigned>(figure) + 10;
        one.migrations = static_cast<unsigned>(figure) + 11;
        matrix.pairs.push_back(one);
    };
    add(1000, true, true, kind);
    add(3000, true, true, kind);
    add(5000, false, true, kind);
    add(7000, true, true, {weir::distance::same_l2, true, {}, {}});
    const class_cost of{kind, {}, 0, 2};
    const auto noise = noise_of(matrix, of);
    EXPECT_EQ(noise.rounds, 4016U);
    EXPECT_EQ(noise.dropped, 4018U);
    EXPECT_EQ(noise.involuntary_switches, 4020U);
    EXPECT_EQ(noise.migrations, 4022U);
    EXPECT_TRUE(noise.steady);
    EXPECT_EQ(noise.q1_ns, 2004);
    EXPECT_EQ(noise.q3_ns, 2005);
    EXPECT_EQ(noise.half_line_ns, 2007 / 2.0);
    EXPECT_DOUBLE_EQ(noise.of_stream, 0.1);
}

TEST(thread_counts, are_added_and_subtracted_one_by_one) {
    const thread_counts before{.involuntary_switches = 1, .voluntary_switches = 20, .migrations = 300};
    const thread_counts after{.involuntary_switches = 5, .voluntary_switches = 70, .migrations = 900};
    auto sum = after - before;
    EXPECT_EQ(sum.involuntary_switches, 4U);
    EXPECT_EQ(sum.voluntary_switches, 50U);
    EXPECT_EQ(sum.migrations, 600U);
    sum += before;
    EXPECT_EQ(sum.involuntary_switches, 5U);
    EXPECT_EQ(sum.voluntary_switches, 70U);
    EXPECT_EQ(sum.migrations, 900U);
}

}  // namespace
