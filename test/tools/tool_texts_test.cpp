// SPDX-License-Identifier: MIT
//
// The output of the subcommands for made-up results in which all figures are different.
#include "tools/common/text_table.hpp"
#include "tools/common/words.hpp"
#include "tools/jitter/data.hpp"
#include "tools/jitter/view.hpp"
#include "tools/matrix/pair_plan.hpp"
#include "tools/matrix/view.hpp"
#include "tools/plan/text.hpp"
#include "tools/run/data.hpp"
#include "tools/topo/topo.hpp"

#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/golden.hpp"
#include "test/support/made_up_results.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace weir::tool;
using weir::distance;
using weir::pu_set;
using weir::topology;
using namespace weir_test;
using testing::ElementsAre;
using testing::HasSubstr;

// ---- weir matrix

TEST(matrix, is_written_with_each_figure_under_its_key_and_read_back) {
    const auto written = to_json(made_up_matrix());
    auto comparable = written;
    comparable.erase("weir_version");
    expect_golden("matrix.json", comparable.dump(2) + "\n");
    EXPECT_EQ(to_json(matrix_from_json(written)), written);
}

TEST(matrix, is_printed_with_each_figure_under_its_heading) {
    expect_golden("matrix.txt", matrix_as_text(made_up_matrix(), {}));
    expect_golden("matrix_on_a_terminal.txt", matrix_as_text(made_up_matrix(), {.colour = true, .columns = 80}));
}

TEST(matrix, is_drawn_with_each_figure_in_its_cell) {
    expect_golden("matrix.svg", matrix_as_svg(made_up_matrix()));
    expect_golden("matrix_in_a_page.svg", matrix_in_page(made_up_matrix()));
}

/// The numbers of PUs at which fonts, labels and cells change.
matrix_data matrix_of(unsigned pus) {
    matrix_data matrix;
    for (unsigned from = 0; from != pus; ++from) {
        matrix.pus.push_back(from);
        for (unsigned to = 0; to != pus; ++to)
            if (from != to)
                matrix.pairs.push_back({.from = from,
                                        .to = to,
                                        .kind = {distance::same_l3, true, {}, {}},
                                        .one_way_ns = {50.0 + from * pus + to, 200, 300},
                                        .items_per_s = 1e8,
                                        .rounds = 1,
                                        .measured = true,
                                        .steady = true});
    }
    return matrix;
}

TEST(matrix, of_many_pus_has_smaller_cells_and_fewer_labels) {
    for (const unsigned pus : {2U, 9U, 24U, 25U, 40U}) {
        const auto matrix = matrix_of(pus);
        EXPECT_EQ(needs_width(matrix), pus > 24);
        const auto svg = matrix_as_svg(matrix);
        const auto page = matrix_in_page(matrix);
        // The header contains the size; the hash covers the rest.
        expect_golden("matrix_of_" + std::to_string(pus) + ".txt",
                      svg.substr(0, svg.find("<title>")) + std::to_string(svg.size()) + "\n" +
                          page.substr(0, page.find('>') + 1) + "\n" + std::to_string(page.size()) + "\n" +
                          svg.substr(svg.size() - 4000 < svg.size() ? svg.size() - 4000 : 0));
    }
}

// ---- weir jitter

TEST(jitter, is_written_with_each_figure_under_its_key_and_read_back) {
    const auto written = to_json(made_up_jitter());
    auto comparable = written;
    comparable.erase("weir_version");
    expect_golden("jitter.json", comparable.dump(2) + "\n");
    EXPECT_EQ(to_json(jitter_from_json(written)), written);
    EXPECT_EQ(jitter_from_json(written).machine.fingerprint, "2p-2c-2t-00");
    EXPECT_EQ(jitter_from_json(written).machine.summary, "2 cores");
}

TEST(jitter, is_printed_with_each_figure_under_its_heading) {
    auto jitter = made_up_jitter();
    expect_golden("jitter.txt", jitter_as_text(jitter));
    jitter.together = false;
    for (unsigned i = 0; i != 9; ++i) jitter.pus[1].by_interrupt.push_back({"device " + std::to_string(i), 90 - i});
    expect_golden("jitter_in_turn.txt", jitter_as_text(jitter));
}

// ---- weir plan

topology made_up_machine() { return topology::synthetic("pack:2 l3:1 core:4 pu:1"); }

TEST(plan, is_printed_with_each_figure_under_its_heading) {
    auto made = made_up_plan();
    made.roles[0].memory_node = 12;
    made.roles[2].memory_node = 11;
    expect_golden("plan.txt", plan_as_text(made, made_up_machine()));
    made.lower_bound_ns = made.cost.total();
    made.alternatives.clear();
    made.remarks.clear();
    expect_golden("plan_proven.txt", plan_as_text(made, made_up_machine()));
    made.edges[0].memory_node = 11;
    made.edges[2].memory_node = 12;
    made.roles[2].asked.housekeeping = true;
    made.roles[2].pus = pu_set{0, 6};
    expect_golden("plan_to_paste.txt", plan_to_paste(made, made_up_machine(), "a file.json"));
}

// The command is given to a shell, and the names to a terminal and to a compiler.
TEST(plan, repeats_the_options_that_decided_and_quotes_what_a_shell_would_take_apart) {
    auto made = made_up_plan();
    made.roles[1].asked.near = "eth0;touch$IFS";
    const auto text = plan_to_paste(made, made_up_machine(), "my \"plan\\\n.json",
                                    {{"--pus", "2-7"}, {"--matrix", "it's mine.json"}, {"--cgroup", "a\x1b[2Jb"}});
    EXPECT_THAT(text, HasSubstr("--role 'strat:quiet,pinned=5,near=eth0;touch$IFS'"));
    EXPECT_THAT(text, HasSubstr(" --pus 2-7 "));
    EXPECT_THAT(text, HasSubstr("--matrix 'it'\\''s mine.json'"));
    EXPECT_THAT(text, HasSubstr("--cgroup $'a\\033\\1332Jb'"));
    EXPECT_THAT(text, HasSubstr(R"(load("my \"plan\\\012.json");)"));
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

// A location such as pu:2 counts the PUs that the reader may use, so in a container it means another one than here.
TEST(plan, binds_to_the_same_pus_in_every_line_wherever_it_is_pasted) {
    const auto made = made_up_plan();
    for (const auto& machine :
         {topology::synthetic("core:4 pu:2(indexes=0,4,1,5,2,6,3,7)"),
          topology::synthetic("pack:2 core:4 pu:1(indexes=0,2,4,6,1,3,5,7)"),
          topology::synthetic("core:8 pu:1(indexes=1,2,3,4,5,6,7,9)"), topology::synthetic("core:8 pu:1")}) {
        const auto text = plan_to_paste(made, machine, "");
        for (const auto& line :
             {"taskset --cpu-list 3,5-6 ./app\n", "hwloc-bind 0x00000068 -- ./app\n", "CPUAffinity=3 5 6\n",
              "taskset --cpu-list --pid 3 $TID   # md", "taskset --cpu-list --pid 5 $TID   # strat",
              "taskset --cpu-list --pid 6 $TID   # gw", "weir::pin_this_thread(5);"})
            EXPECT_THAT(text, HasSubstr(line)) << machine.source();
    }
}

TEST(plan, binds_to_pus_beyond_the_first_word) {
    auto made = made_up_plan();
    made.roles[0].pu = 31;
    made.roles[1].pu = 32;
    made.roles[2].pu = 127;
    EXPECT_THAT(plan_to_paste(made, topology::synthetic("core:64 pu:2"), ""),
                HasSubstr("hwloc-bind 0x80000000,0x00000000,0x00000001,0x80000000 -- ./app\n"));
}

TEST(plan, isolates_siblings_by_the_numbers_of_the_kernel) {
    auto made = made_up_plan();
    made.roles[0].pu = 1;
    made.roles[1].pu = 6;
    made.roles[2].pu = 3;
    EXPECT_THAT(
        plan_to_paste(made, topology::synthetic("core:4 pu:2(indexes=0,4,1,5,2,6,3,7)"), ""),
        HasSubstr("isolcpus=managed_irq,domain,2,6\n  nohz_full=2,6\n  rcu_nocbs=2,6\n  irqaffinity=0-1,3-5,7\n"))
        << "strat is quiet";
}

TEST(plan, isolates_the_cores_of_quiet_roles_or_of_all_but_never_that_of_pu_0) {
    const auto machine = topology::synthetic("core:4 pu:2");
    auto made = made_up_plan();
    made.roles[0].pu = 2;
    made.roles[1].pu = 7;
    made.roles[2].pu = 5;
    EXPECT_EQ(worth_isolating(made, machine), pu_set::parse("6-7")) << "strat is quiet";
    made.roles[1].asked.quiet = false;
    EXPECT_EQ(worth_isolating(made, machine), pu_set::parse("2-7"));
    made.roles[0].pu = 1;
    EXPECT_EQ(worth_isolating(made, machine), pu_set::parse("4-7"));
    made.roles[0].asked.quiet = true;
    EXPECT_EQ(worth_isolating(made, machine), pu_set{});
    made.roles[0].pu = made.roles[1].pu = made.roles[2].pu = 8;
    EXPECT_EQ(worth_isolating(made, topology::synthetic("core:1 pu:2(indexes=8,9)")), pu_set{}) << "none would be left";
}

// ---- weir run

TEST(run, is_printed_with_each_figure_under_its_heading) {
    auto found = made_up_run();
    expect_golden("run.txt", run_as_text(found));
    found.max_p99_ns = 1298;  // the median itself is 1299
    found.remarks.clear();
    found.floors.clear();
    expect_golden("run_above_its_gate.txt", run_as_text(found));
}

TEST(run, is_written_with_each_figure_under_its_key) {
    auto all = nlohmann::ordered_json::parse(run_as_json(made_up_run()));
    all.erase("weir_version");
    expect_golden("run.json", all.dump(2) + "\n");
    auto without = made_up_run();
    without.max_p99_ns.reset();
    EXPECT_TRUE(nlohmann::json::parse(run_as_json(without))["gate"].is_null());
}

TEST(run, passes_up_to_and_including_its_limit) {
    auto found = made_up_run();
    const double median = spread_of(found.planned().p99_ns).median;
    found.max_p99_ns = median;
    EXPECT_TRUE(found.is_within_gate());
    found.max_p99_ns = median - 0.1;
    EXPECT_FALSE(found.is_within_gate());
    found.max_p99_ns.reset();
    EXPECT_TRUE(found.is_within_gate());
}

// Their p99 is stored as 0, which is below every limit.
TEST(run, does_not_pass_its_limit_by_rounds_without_deliveries) {
    auto found = made_up_run();
    found.max_p99_ns = 1e12;
    auto& planned = found.layouts.front();
    planned.p99_ns = {10, 0, 0};
    planned.delivered_per_s = {5, 6, 0};
    EXPECT_EQ(found.planned_p99_ns(), 10);
    planned.delivered_per_s = {5, 0, 0};
    EXPECT_EQ(found.planned_p99_ns(), std::numeric_limits<double>::infinity());
    EXPECT_FALSE(found.is_within_gate());
    EXPECT_NE(run_as_text(found).find("p99 of the plan (nothing was delivered in the median round) is above, "),
              std::string::npos);
    planned.p99_ns.pop_back();
    planned.delivered_per_s = {0, 0};
    EXPECT_FALSE(found.is_within_gate());
}

// ---- weir topo

TEST(topo, is_printed_and_written) {
    for (const auto* name : {"hybrid", "two_package_smt", "multi_ccx_16_part_allowed", "single_pu"}) {
        // The path differs between build trees.
        const auto file = topology::from_xml_file(TEST_DATA_DIR "/" + std::string(name) + ".xml");
        const auto machine = topology::from_xml(file.to_xml(), std::string(name) + ".xml");
        weir::kernel_settings kernel;
        kernel.release = "6.7.8";
        kernel.isolated = pu_set{1, 3};
        kernel.nohz_full = pu_set{3};
        kernel.rcu_nocbs = pu_set{2, 3};
        kernel.smt_control = "on";
        kernel.cpu_quota = 2.5;
        kernel.governors = {{"performance", pu_set{0}}, {"powersave", pu_set{1, 2}}};
        kernel.arguments = {"isolcpus=1,3"};
        topo_findings found{machine, kernel, "auto", std::nullopt, "no pair"};
        expect_golden("topo_" + std::string(name) + "_kernel.txt", topo_as_table(found));
        auto all = nlohmann::ordered_json::parse(topo_as_json(found));
        all.erase("weir_version");
        expect_golden("topo_" + std::string(name) + "_kernel.json", all.dump(1) + "\n");
        if (machine.allowed_cores() < 2) continue;
        found = {machine, std::nullopt, "auto", machine.choose_pair(weir::pair_policy::automatic), ""};
        expect_golden("topo_" + std::string(name) + ".txt", topo_as_table(found));
        all = nlohmann::ordered_json::parse(topo_as_json(found));
        all.erase("weir_version");
        expect_golden("topo_" + std::string(name) + ".json", all.dump(1) + "\n");
    }
}

// ---- Words and tables

TEST(words, change_their_unit_where_three_digits_would_round_up_to_a_thousand) {
    EXPECT_EQ(ns_in_words(0), "0 ns");
    EXPECT_EQ(ns_in_words(999.49), "999 ns");
    EXPECT_EQ(ns_in_words(999.5), "1 us");
    EXPECT_EQ(ns_in_words(999.49e3), "999 us");
    EXPECT_EQ(ns_in_words(999.5e3), "1 ms");
    EXPECT_EQ(ns_in_words(999.49e6), "999 ms");
    EXPECT_EQ(ns_in_words(999.5e6), "1 s");
    EXPECT_EQ(ns_in_words(7.125e9), "7.12 s");
    EXPECT_EQ(ns_in_words(7200e9), "7200 s");
    EXPECT_EQ(rate_in_words(999.49), "999 ps");
    EXPECT_EQ(rate_in_words(999.5), "1 kps");
    EXPECT_EQ(rate_in_words(999.49e3), "999 kps");
    EXPECT_EQ(rate_in_words(999.5e3), "1 Mps");
    EXPECT_EQ(rate_in_words(999.49e6), "999 Mps");
    EXPECT_EQ(rate_in_words(999.5e6), "1 Gps");
    EXPECT_EQ(rate_in_words(1e12), "1000 Gps");
    EXPECT_EQ(rate_in_words(1e3), "1 kps");
    EXPECT_EQ(rate_in_words(2.5e5), "250 kps");
    EXPECT_EQ(rate_in_words(1e6), "1 Mps");
    EXPECT_EQ(rate_in_words(3.75e8), "375 Mps");
    EXPECT_EQ(rate_in_words(1e9), "1 Gps");
    EXPECT_EQ(rate_in_words(4.5e9), "4.5 Gps");
}

TEST(tables, are_as_wide_as_their_widest_cells) {
    EXPECT_EQ(aligned({}), "");
    EXPECT_EQ(aligned({{"a", "bbb", "c"}, {"dd", "e", ""}, {"f", "gg", "hhhh"}}, {side::left, side::right}),
              "  a   bbb  c\n  dd    e\n  f    gg  hhhh\n");
}

// ---- The sign test and medians of weir run

TEST(sign_test, counts_both_tails) {
    EXPECT_NEAR(sign_test(0, 7), 2.0 / 128, 1e-12);
    EXPECT_NEAR(sign_test(7, 7), 2.0 / 128, 1e-12);
    EXPECT_NEAR(sign_test(1, 7), 16.0 / 128, 1e-12);
    EXPECT_NEAR(sign_test(2, 7), 58.0 / 128, 1e-12);
    EXPECT_NEAR(sign_test(3, 7), 1, 1e-12);
    EXPECT_NEAR(sign_test(3, 6), 1, 1e-12);
    EXPECT_NEAR(sign_test(0, 0), 1, 1e-12);
}

TEST(compare, pairs_rounds_and_ignores_those_without_deliveries) {
    const auto found = compare("other", "p50", {20, 0, 30, 40, 50, 6, 7}, {10, 5, 10, 10, 10, 0});
    EXPECT_EQ(found.other, "other");
    EXPECT_EQ(found.figure, "p50");
    EXPECT_EQ(found.rounds, 4U);
    EXPECT_EQ(found.worse, 4U);
    EXPECT_DOUBLE_EQ(found.ratio.q1, 2.75);
    EXPECT_DOUBLE_EQ(found.ratio.median, 3.5);
    EXPECT_DOUBLE_EQ(found.ratio.q3, 4.25);
    EXPECT_NEAR(found.p_value, 0.125, 1e-12);
    EXPECT_EQ(found.says, verdict::no_difference);
}

TEST(compare, reports_the_slower_layout_if_six_of_six_rounds_agree_and_ignores_ties) {
    EXPECT_EQ(compare("o", "p", {2, 2, 2, 2, 2}, {1, 1, 1, 1, 1}).says, verdict::no_difference) << "p = 0.0625";
    EXPECT_EQ(compare("o", "p", {2, 2, 2, 2, 2, 2}, {1, 1, 1, 1, 1, 1}).says, verdict::worse) << "p = 0.03";
    EXPECT_EQ(compare("o", "p", {1, 1, 1, 1, 1, 1}, {2, 2, 2, 2, 2, 2}).says, verdict::better);
    const auto ties = compare("o", "p", {2, 2, 2, 2, 2, 2, 7, 7}, {1, 1, 1, 1, 1, 1, 7, 7});
    EXPECT_EQ(ties.says, verdict::worse);
    EXPECT_EQ(ties.rounds, 8U);
    EXPECT_EQ(ties.worse, 6U);
    EXPECT_NEAR(ties.p_value, 2.0 / 64, 1e-12);
}

TEST(layout_record, adds_a_trial_to_each_of_its_figures) {
    trial_result trial{.end_to_end_ns = weir::histogram(1'000'000),
                       .edge_ns = {weir::histogram(1'000'000), weir::histogram(1'000'000)},
                       .delivered = 5000,
                       .refused = 6,
                       .seconds = 0.25,
                       .disturbances = {.involuntary_switches = 7, .voluntary_switches = 8, .migrations = 9},
                       .failure = {}};
    trial.end_to_end_ns.record(100, 90);
    trial.end_to_end_ns.record(200, 10);
    trial.edge_ns[1].record(300, 90);
    trial.edge_ns[1].record(400, 10);
    layout_record record({"planned", {1, 2}});
    record.add(trial);
    record.add(trial);
    EXPECT_EQ(record.p50_ns, (std::vector<double>{100, 100}));
    EXPECT_EQ(record.p99_ns, (std::vector<double>{200, 200}));
    EXPECT_EQ(record.delivered_per_s, (std::vector<double>{20'000, 20'000}));
    EXPECT_EQ(record.refused, 12U);
    EXPECT_EQ(record.disturbances.involuntary_switches, 14U);
    EXPECT_EQ(record.disturbances.voluntary_switches, 16U);
    EXPECT_EQ(record.disturbances.migrations, 18U);
    ASSERT_EQ(record.edge_p50_ns.size(), 2U);
    EXPECT_TRUE(record.edge_p50_ns[0].empty()) << "nothing came through";
    EXPECT_TRUE(record.edge_p99_ns[0].empty());
    EXPECT_EQ(record.edge_p50_ns[1], (std::vector<double>{300, 300}));
    EXPECT_EQ(record.edge_p99_ns[1], (std::vector<double>{400, 400}));
}

TEST(spread, lies_between_ranks) {
    const auto five = spread_of({50, 10, 40, 20, 30});
    EXPECT_EQ(five.q1, 20);
    EXPECT_EQ(five.median, 30);
    EXPECT_EQ(five.q3, 40);
    const auto four = spread_of({4, 1, 3, 2});
    EXPECT_EQ(four.q1, 1.75);
    EXPECT_EQ(four.median, 2.5);
    EXPECT_EQ(four.q3, 3.25);
    EXPECT_EQ(spread_of({7}).q3, 7);
    EXPECT_EQ(spread_of({}).median, 0);
}

}  // namespace
