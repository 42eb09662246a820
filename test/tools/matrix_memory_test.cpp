// SPDX-License-Identifier: MIT
//
// `weir matrix --memory` with made-up samples, since a machine with one NUMA node has nothing to measure; and what a plan makes of it.
#include "tools/matrix/memory.hpp"
#include "tools/matrix/view.hpp"

#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/machine_xml.hpp"
#include "test/support/temporary_file.hpp"

#include <nlohmann/json.hpp>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace weir::tool;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using weir::pu_set;
using weir::topology;
using verdict = memory_cost::verdict;

// Two packages with a NUMA node each, which the kernel numbers 0 and 8.
topology two_nodes_of_two() {
    return weir_test::machine_xml("pack:2 [numa(memory=8GB indexes=0,8)] core:2 pu:1").machine();
}

pair_plan plan_of(const topology& machine) { return plan_pairs(machine, machine.allowed(), false, 1); }

pair_sample sample_of(std::uint64_t ns, double items_per_s, bool steady = true) {
    pair_sample sample;
    sample.by_clocks_ns.record(ns, 100);
    sample.by_half_ns.record(ns + 1000, 100);
    sample.clocks_agree = true;
    sample.items_per_s = items_per_s;
    sample.steady = steady;
    return sample;
}

// A machine on which slots cost this much on either node, for each PU as the consumer.
template <class F>
std::vector<memory_cost> measured(const topology& machine, const std::vector<directed_pair>& pairs, F sample,
                                  std::size_t rounds = 8) {
    return measure_memory(
        machine, pairs, {.seconds = 1, .rounds = rounds, .seed = 3}, sample, [] { return 0.0; },
        [](double, const directed_pair&, std::size_t) {});
}

TEST(matrix_memory, is_of_pairs_on_two_nodes_one_of_each_class_first) {
    const auto machine = two_nodes_of_two();
    const auto pairs = pairs_on_two_nodes(machine, plan_of(machine));
    ASSERT_FALSE(pairs.empty());
    for (const auto& pair : pairs) EXPECT_NE(machine.memory_node(pair.from), machine.memory_node(pair.to));
    const auto one = topology::synthetic("pack:1 core:4 pu:1");
    EXPECT_THAT(pairs_on_two_nodes(one, plan_of(one)), IsEmpty());
    // Two nodes, and all memory on one of them.
    const auto bare =
        weir_test::machine_xml("pack:2 [numa(memory=8GB)] core:2 pu:1").set("NUMANode", 0, "local_memory", "0").machine();
    EXPECT_THAT(pairs_on_two_nodes(bare, plan_of(bare)), IsEmpty());
}

TEST(matrix_memory, measures_both_nodes_of_a_pair_in_every_round) {
    const auto machine = two_nodes_of_two();
    const auto pairs = pairs_on_two_nodes(machine, plan_of(machine));
    std::vector<unsigned> asked;
    const auto costs = measured(machine, {pairs.front()}, [&](const directed_pair& pair, unsigned node) {
        asked.push_back(node);
        return node == machine.memory_node(pair.to) ? sample_of(100, 4e6) : sample_of(150, 3e6);
    });
    ASSERT_EQ(costs.size(), 1U);
    EXPECT_EQ(asked.size(), 16U);
    std::set<unsigned> firsts;
    for (std::size_t i = 0; i != 16; i += 2) {
        EXPECT_NE(asked[i], asked[i + 1]);
        firsts.insert(asked[i]);
    }
    EXPECT_EQ(firsts.size(), 2U) << "not always the same one first";
    const auto& cost = costs.front();
    EXPECT_EQ(cost.at_consumer.node, machine.memory_node(cost.to));
    EXPECT_EQ(cost.at_producer.node, machine.memory_node(cost.from));
    EXPECT_NEAR(cost.at_consumer.p50_ns, 100, 2);
    EXPECT_NEAR(cost.at_producer.p50_ns, 150, 3);
    EXPECT_EQ(cost.at_consumer.items_per_s, 4e6);
    EXPECT_EQ(cost.at_producer.items_per_s, 3e6);
    EXPECT_NEAR(cost.latency_q1, 1.5, 0.05);
    EXPECT_NEAR(cost.stream_q3, 4.0 / 3, 1e-9);
    EXPECT_EQ(cost.rounds, 8U);
    EXPECT_EQ(cost.better_at(), verdict::consumer);
}

TEST(matrix_memory, is_better_where_three_quarters_of_the_rounds_say_so) {
    memory_cost cost;
    const auto with = [&](double latency_q1, double latency_q3, double stream_q1, double stream_q3) {
        cost.latency_q1 = latency_q1;
        cost.latency_q3 = latency_q3;
        cost.stream_q1 = stream_q1;
        cost.stream_q3 = stream_q3;
        return cost.better_at();
    };
    EXPECT_EQ(with(1.03, 1.2, 0.5, 0.6), verdict::consumer) << "by latency first";
    EXPECT_EQ(with(0.8, 0.97, 1.5, 1.6), verdict::producer);
    EXPECT_EQ(with(0.9, 1.1, 1.5, 1.6), verdict::consumer) << "else by the stream";
    EXPECT_EQ(with(1.01, 1.015, 0.5, 0.9), verdict::producer) << "1 % is no difference";
    EXPECT_EQ(with(0.9, 1.1, 0.9, 1.1), verdict::no_difference);
}

// A round in which either sample was unsteady is dropped; where all are, their figures are better than none. A pair of which the two
// clocks disagree once is judged by half round trips, 1000 ns more here.
TEST(matrix_memory, drops_unsteady_rounds_and_compares_like_with_like) {
    const auto machine = two_nodes_of_two();
    const auto pairs = pairs_on_two_nodes(machine, plan_of(machine));
    int calls = 0;
    const auto some = measured(machine, {pairs.front()}, [&](const directed_pair&, unsigned) {
        const int call = calls++;
        return sample_of(call < 2 ? 900 : 100, 1e6, call != 1);
    });
    EXPECT_EQ(some.front().rounds, 7U);
    EXPECT_EQ(some.front().dropped, 1U);
    EXPECT_NEAR(some.front().at_producer.p50_ns, 100, 2);
    const auto none =
        measured(machine, {pairs.front()}, [](const directed_pair&, unsigned) { return sample_of(70, 1e6, false); });
    EXPECT_EQ(none.front().rounds, 0U);
    EXPECT_NEAR(none.front().at_producer.p50_ns, 70, 1);
    const auto by_half = measured(machine, {pairs.front()}, [&](const directed_pair& pair, unsigned node) {
        auto sample = sample_of(100, 1e6);
        sample.clocks_agree = node == machine.memory_node(pair.to);
        return sample;
    });
    EXPECT_NEAR(by_half.front().at_consumer.p50_ns, 1100, 20);
    EXPECT_EQ(by_half.front().better_at(), verdict::no_difference);
    const auto stuck = measured(machine, {pairs.front()},
                                [](const directed_pair&, unsigned) -> pair_sample { throw bench::stuck("x"); });
    EXPECT_THAT(stuck, IsEmpty());
}

TEST(matrix_memory, measures_one_round_though_the_time_is_over) {
    const auto machine = two_nodes_of_two();
    const auto pairs = pairs_on_two_nodes(machine, plan_of(machine));
    int calls = 0;
    const auto costs = measure_memory(
        machine, pairs, {.seconds = 1, .rounds = 5, .seed = 3},
        [&](const directed_pair&, unsigned) {
            ++calls;
            return sample_of(100, 1e6);
        },
        [] { return 2.0; }, [](double, const directed_pair&, std::size_t) {});
    EXPECT_EQ(calls, static_cast<int>(2 * pairs.size()));
    EXPECT_EQ(costs.size(), pairs.size());
}

matrix_data matrix_with(const topology& machine, verdict better) {
    matrix_data matrix;
    matrix.machine.fingerprint = fingerprint(machine);
    const auto pairs = pairs_on_two_nodes(machine, plan_of(machine));
    matrix.pus = {0, 1, 2, 3};
    matrix.memory = measured(machine, {pairs.front()}, [&](const directed_pair& pair, unsigned node) {
        const bool is_consumers = node == machine.memory_node(pair.to);
        return sample_of(is_consumers == (better == verdict::consumer) ? 100 : 140, 1e6);
    });
    return matrix;
}

TEST(matrix_memory, is_written_and_read_back) {
    const auto machine = two_nodes_of_two();
    const auto matrix = matrix_with(machine, verdict::producer);
    const auto json = to_json(matrix);
    EXPECT_EQ(json["memory"][0]["better_at"], "producer");
    const auto read = matrix_from_json(json);
    ASSERT_EQ(read.memory.size(), 1U);
    EXPECT_EQ(to_json(read)["memory"], json["memory"]);
    EXPECT_EQ(read.memory[0].better_at(), verdict::producer);
    EXPECT_FALSE(to_json(matrix_data{}).contains("memory"));
    EXPECT_THAT(memory_as_text(matrix),
                AllOf(HasSubstr("at producer"), HasSubstr("producer, node "), HasSubstr("140 ns")));
    EXPECT_EQ(memory_as_text(matrix_data{}), "");
}

TEST(matrix_memory, decides_where_a_plan_keeps_slots) {
    const auto machine = two_nodes_of_two();
    for (const auto better : {verdict::producer, verdict::consumer}) {
        const temporary_file file(to_json(matrix_with(machine, better)).dump());
        weir::measurements figures;
        figures.load_matrix(file.path(), machine);
        weir::plan_request asked;
        asked.add_edge("a->b");
        asked.add_role("a:pinned=0");
        asked.add_role("b:pinned=3");
        const auto made = weir::plan(asked, machine, figures);
        EXPECT_EQ(made.edges[0].memory_node, better == verdict::producer ? 0U : 8U);
        EXPECT_EQ(made.roles[1].memory_node, 8U);
        // Within a node there is nothing to choose.
        asked.roles[1].pinned = 1;
        EXPECT_EQ(weir::plan(asked, machine, figures).edges[0].memory_node, 0U);
        const temporary_file plan_file;
        made.save(plan_file.path());
        EXPECT_EQ(weir::placement_plan::load(plan_file.path(), machine).edges[0].memory_node,
                  made.edges[0].memory_node);
    }
}

// ---- Large machines

// A pair of each class is measured first, whatever divides the two: clusters and NUMA hops are classes of their own.
TEST(matrix_classes, tell_nodes_and_clusters_apart_by_how_far_they_are) {
    const auto machine = weir_test::machine_xml("pack:2 numa:2(memory=8GB) l3:1 group:2 core:2 pu:1")
                             .distances("0 1 2 3", "10 12 20 22 12 10 22 24 20 22 10 12 22 24 12 10")
                             .machine();
    const auto plan = plan_pairs(machine, machine.allowed(), false, 1);
    std::set<std::string> classes;
    for (std::size_t i = 0; i != plan.first_of_classes; ++i) classes.insert(in_words(plan.pairs[i].kind));
    EXPECT_EQ(classes, (std::set<std::string>{"same-l3", "same-l3, 1.2 times as far",
                                              "same-package, other NUMA node, 1.2 times as far", "cross-package",
                                              "cross-package, 1.1 times as far", "cross-package, 1.2 times as far"}));
}

// The figures of a class are those of its remoteness in a plan, too.
TEST(matrix_classes, are_the_costs_of_a_plan_where_a_pair_was_not_measured) {
    const auto machine = topology::synthetic("pack:1 l3:1 group:4 core:4 pu:1");
    auto plan = plan_pairs(machine, machine.allowed(), false, 1);
    std::vector<pair_cost> costs;
    for (const auto& pair : plan.pairs)
        costs.push_back({.from = pair.from,
                         .to = pair.to,
                         .kind = pair.kind,
                         .one_way_ns = {pair.kind.remoteness > 1 ? 77.0 : 33.0, 200, 300},
                         .measured = true,
                         .steady = true});
    auto matrix = complete(machine, plan, costs);
    matrix.machine.fingerprint = fingerprint(machine);
    matrix.pairs.clear();  // as of a large machine
    const temporary_file file(to_json(matrix).dump());
    weir::measurements figures;
    figures.load_matrix(file.path(), machine);
    EXPECT_EQ(figures.cost(machine, 5, 6).cost.p50_ns, 33);
    EXPECT_EQ(figures.cost(machine, 5, 9).cost.p50_ns, 77);
    EXPECT_EQ(figures.cost(machine, 5, 9).source, weir::cost_source::measured_class);
}

TEST(matrix_classes, of_a_large_machine_are_sampled_without_its_pairs) {
    const auto machine = topology::synthetic("pack:2 l3:8 core:36 pu:1");  // 576 PUs, 331,200 pairs
    const auto plan = plan_pairs(machine, machine.allowed(), false, 4);
    EXPECT_EQ(plan.all_pairs, 576U * 575);
    EXPECT_EQ(plan.first_of_classes, 3U);
    EXPECT_LE(plan.pairs.size(), 3U * 9);
    std::vector<pair_cost> costs;
    for (const auto& pair : plan.pairs)
        costs.push_back({.from = pair.from,
                         .to = pair.to,
                         .kind = pair.kind,
                         .one_way_ns = {50, 100, 200},
                         .measured = true,
                         .steady = true});
    const auto matrix = complete(machine, plan, costs);
    EXPECT_EQ(matrix.pairs.size(), plan.pairs.size());
    EXPECT_EQ(matrix.classes.size(), 3U);
    EXPECT_THAT(matrix_as_text(matrix, {}), AllOf(HasSubstr("a map of 576 PUs would be of no use"),
                                                  HasSubstr("cross-package"), Not(HasSubstr("(50)"))));
}

}  // namespace
