// SPDX-License-Identifier: MIT
//
// `weir run`: the work of its threads, the statistics, and the program. No test depends on speed, because that
// differs
// between machines.
#include <weir/node_memory.hpp>
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "test/support/little_memory.hpp"
#include "test/support/subprocess.hpp"
#include "tools/run/data.hpp"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::AnyOf;
using testing::DoubleEq;
using testing::HasSubstr;
using testing::StartsWith;
using weir::topology;
using weir::tool::compare;
using weir::tool::run_graph;
using weir::tool::run_layout;
using weir::tool::sign_test;
using weir::tool::verdict;

weir::placement_plan planned(const std::vector<std::string>& edges, const topology& machine) {
    weir::plan_request asked;
    for (const auto& edge : edges) asked.add_edge(edge);
    return weir::plan(asked, machine);
}

run_graph graph(const std::vector<std::string>& edges) {
    return run_graph::of(planned(edges, topology::synthetic("core:8 pu:1")));
}

/// Writes a plan for this machine; skips the test if none is possible.
class cli_run : public testing::Test {
protected:
    void SetUp() override {
        machine_ = topology::this_machine();
        if (machine_->allowed_cores() < 2) GTEST_SKIP() << "only one core";
        planned({"md->gw@20kps"}, *machine_).save(path_);
    }
    void TearDown() override { std::remove(path_.c_str()); }

    weir_test::outcome run(std::vector<std::string> arguments, const weir::pu_set& started_on = {}) {
        arguments.insert(arguments.begin(), {"run", "--plan", path_});
        return weir_test::run(WEIR_TOOL, arguments, [&] {
            if (!started_on.empty()) weir::set_this_thread_affinity(started_on);
        });
    }

    std::optional<topology> machine_;
    const std::string path_ = testing::TempDir() + "weir_run_" + std::to_string(::getpid()) + ".json";
};

const std::vector<std::string> quick{"--rounds", "2", "--sample", "5ms"};

std::vector<std::string> and_more(std::vector<std::string> more) {
    more.insert(more.begin(), quick.begin(), quick.end());
    return more;
}

// ---- The threads

TEST(run_graph, starts_at_roles_without_input_and_once_in_each_cycle) {
    const auto row = graph({"a->b", "b->c"});
    EXPECT_TRUE(row.roles[0].is_source);
    EXPECT_FALSE(row.roles[1].is_source || row.roles[2].is_source);
    const auto circle = graph({"a->b", "b->a"});
    EXPECT_TRUE(circle.roles[0].is_source);
    EXPECT_FALSE(circle.roles[1].is_source);
    EXPECT_TRUE(circle.edges[0].on_cycle && circle.edges[1].on_cycle);
    EXPECT_FALSE(row.edges[0].on_cycle || row.edges[1].on_cycle);
}

TEST(run_graph, forwards_in_proportion_to_the_rates) {
    const auto thinned = graph({"md->strat@1Mps", "strat->gw@10kps", "strat->log"});
    EXPECT_THAT(thinned.edges[1].share, DoubleEq(0.01));
    EXPECT_EQ(thinned.edges[2].share, 1);
}

// All on one PU, which every machine has. A sample must end, and its rings must deliver all items, however busy the
// machine is.
TEST(run_trial, of_any_graph_accounts_for_every_item) {
    const auto pu = topology::this_machine().allowed().front();
    const weir::tick_clock clock(std::chrono::milliseconds{1});
    for (const auto& edges : std::vector<std::vector<std::string>>{{"a->b@100kps"},
                                                                   {"a->b"},
                                                                   {"a->b@50kps", "b->c@5kps", "a->c@1kps"},
                                                                   {"a->b@10kps", "b->c", "c->b", "c->d"},
                                                                   {"a->b", "b->a"},
                                                                   {"a->c@1Gps", "b->c@1Gps"}}) {
        const auto all = graph(edges);
        for (const auto& layout :
             {run_layout{"one", std::vector<unsigned>(all.roles.size(), pu)}, run_layout{"free", {}}}) {
            const auto trial = run_trial(all, layout, 0.01, clock, 1);
            EXPECT_EQ(trial.failure, "") << edges.front();
            EXPECT_EQ(trial.edge_ns.size(), all.edges.size());
        }
    }
}

TEST(run_trial, excludes_the_warm_up_from_its_seconds) {
    const weir::tick_clock clock(std::chrono::milliseconds{1});
    for (const double seconds : {0.01, 0.02, 0.05})
        EXPECT_THAT(run_trial(graph({"a->b@10kps"}), run_layout{"free", {}}, seconds, clock, 1).seconds,
                    DoubleEq(0.9 * seconds));
}

TEST(run_trial, has_a_latency_for_each_message_that_it_delivers) {
    const weir::tick_clock clock(std::chrono::milliseconds{1});
    const auto trial = run_trial(graph({"a->b@10kps", "b->c"}), run_layout{"free", {}}, 0.02, clock, 1);
    EXPECT_EQ(trial.end_to_end_ns.count(), trial.delivered);
    ASSERT_EQ(trial.edge_ns.size(), 2U);
    EXPECT_EQ(trial.edge_ns[1].count(), trial.delivered);
}

TEST(layout_record, divides_what_was_delivered_by_the_seconds_of_the_trial) {
    weir::tool::layout_record record(run_layout{"free", {}});
    const auto add = [&record](std::uint64_t delivered, double seconds) {
        weir::histogram latencies(1000);
        latencies.record(7);
        record.add({.end_to_end_ns = latencies,
                    .edge_ns = {latencies},
                    .delivered = delivered,
                    .seconds = seconds,
                    .disturbances = {},
                    .failure = {}});
    };
    add(900, 0.9);
    add(30, 0.25);
    add(0, 0.5);
    EXPECT_THAT(record.delivered_per_s, testing::ElementsAre(1000, 120, 0));
}

TEST(run_trial, says_where_it_cannot_pin) {
    const weir::tick_clock clock(std::chrono::milliseconds{1});
    EXPECT_THROW(static_cast<void>(run_trial(graph({"a->b"}), run_layout{"nowhere", {60'000, 60'000}}, 0.01, clock, 1)),
                 weir::placement_error);
}

// Those that have started wait for a schedule: they must not wait for ever.
TEST(run_trial, ends_with_a_sentence_where_a_thread_cannot_be_started) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process of its own, which has no stacks of former threads
    const weir::tick_clock clock(std::chrono::milliseconds{1});
    const auto six = graph({"a->b", "b->c", "c->d", "d->e", "e->f"});
    EXPECT_EXIT(weir_test::with_little_memory(20U << 20U,
                                              [&] {
                                                  (void)run_trial(six, run_layout{"free", {}}, 0.01, clock, 1);
                                              }),
                testing::ExitedWithCode(7), "thread [2-4] of 6 cannot be started: ");
}

// The slots of each ring are where the layout says, as the kernel sees it; where it says nothing, nothing is read back.
TEST(run_trial, keeps_slots_on_the_nodes_of_its_layout) {
    const weir::tick_clock clock(std::chrono::milliseconds{1});
    const int here = 0;
    const auto node = topology::this_machine().memory_node(topology::this_machine().allowed().front());
    if (!weir::numa_node_of(&here) || !node) GTEST_SKIP() << "the kernel does not say where memory is";
    const auto bound = run_trial(graph({"a->b@10kps", "b->c"}), run_layout{"free", {}, {*node, *node}}, 0.01, clock, 1);
    EXPECT_THAT(bound.edge_nodes, testing::ElementsAre(node, node));
    EXPECT_EQ(bound.failure, "");
    EXPECT_THAT(run_trial(graph({"a->b@10kps"}), run_layout{"free", {}}, 0.01, clock, 1).edge_nodes,
                testing::IsEmpty());
    EXPECT_THROW(static_cast<void>(run_trial(graph({"a->b"}), run_layout{"free", {}, {1023}}, 0.01, clock, 1)),
                 std::invalid_argument);
    EXPECT_EQ(weir::tool::why_no_memory_on({*node}), "");
    EXPECT_EQ(weir::tool::why_no_memory_on({}), "");
    EXPECT_THAT(weir::tool::why_no_memory_on({*node, 1023}), HasSubstr("there is no NUMA node 1023"));
}

// ---- Statistics

TEST(sign_test, gives_the_odds_of_a_fair_coin) {
    EXPECT_EQ(sign_test(0, 0), 1);
    EXPECT_EQ(sign_test(5, 10), 1);
    EXPECT_NEAR(sign_test(0, 5), 2.0 / 32, 1e-12);
    EXPECT_NEAR(sign_test(10, 10), 2.0 / 1024, 1e-12);
    EXPECT_NEAR(sign_test(1, 8), 2 * 9.0 / 256, 1e-12);
    EXPECT_NEAR(sign_test(16, 21), sign_test(5, 21), 1e-12);
}

TEST(run_compare, finds_a_difference_only_if_there_is_one) {
    const std::vector<double> plan{100, 110, 90, 105, 95, 100, 120, 101};
    std::vector<double> twice;
    std::vector<double> mixed;
    for (const double value : plan) {
        twice.push_back(2 * value);
        mixed.push_back(mixed.size() % 2 == 0 ? value + 50 : value - 50);
    }
    const auto worse = compare("worst", "p99", twice, plan);
    EXPECT_EQ(worse.says, verdict::worse);
    EXPECT_EQ(worse.ratio.median, 2);
    EXPECT_EQ(worse.worse, 8U);
    EXPECT_EQ(compare("unpinned", "p99", plan, twice).says, verdict::better);
    EXPECT_EQ(compare("unpinned", "p99", mixed, plan).says, verdict::no_difference);
    EXPECT_EQ(compare("unpinned", "p99", plan, plan).says, verdict::no_difference);
}

TEST(run_compare, ignores_rounds_in_which_nothing_was_delivered) {
    const auto found = compare("worst", "p50", {0, 200, 200}, {100, 100, 0});
    EXPECT_EQ(found.rounds, 1U);
    EXPECT_EQ(found.ratio.median, 2);
    EXPECT_EQ(compare("worst", "p50", {0}, {0}).rounds, 0U);
}

// ---- The program

TEST_F(cli_run, measures_three_layouts_and_compares_them) {
    const auto seen = run(quick);
    EXPECT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_EQ(seen.err, "") << "no progress where there is no terminal";
    EXPECT_THAT(seen.out, AllOf(HasSubstr("planned"), HasSubstr("unpinned / planned"), HasSubstr("worst / planned"),
                                HasSubstr("sign test"), HasSubstr("md->gw"), HasSubstr("half a line trip"),
                                HasSubstr("fewer than 6 rounds")));
}

TEST_F(cli_run, json_has_every_field) {
    const auto seen = run(and_more({"--json", "--seed", "7"}));
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    const auto found = json::parse(seen.out);
    EXPECT_EQ(found["schema_version"], 1);
    EXPECT_EQ(found["kind"], "weir run");
    EXPECT_EQ(found["seed"], 7);
    ASSERT_EQ(found["layouts"].size(), 3U);
    EXPECT_EQ(found["layouts"][0]["name"], "planned");
    EXPECT_EQ(found["layouts"][0]["pus"].size(), 2U);
    EXPECT_EQ(found["layouts"][1]["pinned"], false);
    const int here = 0;
    if (weir::numa_node_of(&here)) {
        const auto node = weir::placement_plan::load(path_).edges[0].memory_node.value();
        EXPECT_EQ(found["edges"][0]["memory_node"], node);
        EXPECT_THAT(found["layouts"][0]["memory_nodes"], testing::ElementsAre(node));
        EXPECT_THAT(found["layouts"][1]["memory_nodes"], testing::IsEmpty());
    }
    EXPECT_EQ(found["layouts"][2]["rounds"]["p99_ns"].size(), 2U);
    for (const auto* key : {"p50_ns", "p99_ns", "delivered_per_s", "refused", "involuntary_switches", "migrations"})
        EXPECT_TRUE(found["layouts"][0].contains(key)) << key;
    EXPECT_EQ(found["comparisons"].size(), 4U);
    EXPECT_EQ(found["edges"][0]["source"], "assumed");
    EXPECT_THAT(found["roles"].get<std::vector<std::string>>(), testing::ElementsAre("md", "gw"));
    const auto& floor = found["edges"][0]["floor"];
    for (const auto* key : {"line_roundtrip_ns", "stream_words_per_s"}) EXPECT_GT(floor[key]["median"], 0) << key;
    EXPECT_EQ(floor["rounds"], 2);
    EXPECT_TRUE(found["gate"].is_null());
    EXPECT_EQ(found["machine"]["fingerprint"], fingerprint(*machine_));
}

// A nanosecond is less than any latency, a minute more than any sample.
TEST_F(cli_run, fails_if_p99_exceeds_the_limit) {
    const auto failed = run(and_more({"--max-p99", "1ns"}));
    EXPECT_EQ(failed.exit_code, 1);
    EXPECT_THAT(failed.err, AnyOf(StartsWith("weir run: --max-p99 1ns: the plan's p99 is "),
                                  StartsWith("weir run: --max-p99 1ns: nothing was delivered ")));
    EXPECT_THAT(failed.out, HasSubstr("the limit is 1 ns: failed"));
    // Long enough for an item to be delivered on a busy machine, too.
    const auto passed = run({"--rounds", "2", "--sample", "300ms", "--max-p99", "60s"});
    EXPECT_EQ(passed.exit_code, 0) << passed.err;
    EXPECT_THAT(passed.out, HasSubstr("passed"));
}

TEST_F(cli_run, on_one_core_says_so_with_code_77) {
    const auto seen = run(quick, weir::pu_set{machine_->allowed().front()});
    EXPECT_EQ(seen.exit_code, 77);
    EXPECT_EQ(seen.out, "");
    EXPECT_THAT(seen.err, StartsWith("weir run: only one core may be used here"));
}

TEST_F(cli_run, refuses_plans_that_are_damaged_missing_or_of_another_machine) {
    const auto whole = weir_test::read_file(path_);
    planned({"a->b"}, topology::synthetic("core:4 pu:1")).save(path_);
    auto seen = run(quick);
    EXPECT_EQ(seen.exit_code, 1);
    EXPECT_THAT(seen.err, HasSubstr("it is for another machine, 0p-4c-4t-"));
    std::ofstream(path_) << whole.substr(0, whole.size() / 2);
    seen = run(quick);
    EXPECT_EQ(seen.exit_code, 1);
    EXPECT_THAT(seen.err, HasSubstr("truncated"));
    std::remove(path_.c_str());
    EXPECT_THAT(run(quick).err, HasSubstr("cannot read plan file"));
}

TEST_F(cli_run, refuses_invalid_arguments_with_code_2) {
    for (const auto& [arguments, words] : std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{"--rounds", "0"}, "--rounds 0: give 1 to 10000"},
             {{"--sample", "soon"}, "--sample soon: give a time"},
             {{"--max-p99", "-1us"}, "--max-p99 -1us: give a time"},
             {{"--nonsense"}, "--nonsense"}}) {
        const auto seen = run(arguments);
        EXPECT_EQ(seen.exit_code, 2) << words;
        EXPECT_THAT(seen.err, HasSubstr(words));
    }
    EXPECT_EQ(weir_test::run(WEIR_TOOL, {"run"}).exit_code, 2);
    EXPECT_THAT(weir_test::run(WEIR_TOOL, {"run", "--help"}).out,
                AllOf(HasSubstr("--max-p99"), HasSubstr("Examples:")));
}

}  // namespace
