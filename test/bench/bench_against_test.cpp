// SPDX-License-Identifier: MIT
//
// Two commits compared: runs that are made up, the ratios of neighbouring ones, and the report of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/report/against.hpp"

namespace {

using bench::pair_up;
using bench::paired_row;
using bench::program_run;
using bench::verdict;
using nlohmann::json;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr bool other = true;
constexpr bool this_tree = false;

/// A run of one scenario and one queue, a sample a round, while a line round trip took so long.
json run_of(const std::string& scenario, const std::string& unit, const json& samples, double roundtrip_ns = 100) {
    return {{"schema_version", 1},
            {"environment", {{"cpu_model", "a processor"}, {"cores", {"0", "1"}}, {"compiler_flags", "-O3"}}},
            {"floors",
             {{{"scenario", scenario},
               {"line_roundtrip_ns", {{"median", roundtrip_ns}}},
               {"stream_words_per_s", {{"median", 1e9}}},
               {"line_roundtrip_ns_by_round", std::vector<double>(samples.size(), roundtrip_ns)}}}},
            {"summary", {{{"scenario", scenario}, {"queue", "ring"}, {unit, 5}, {"samples", samples}}}}};
}

json rate(const json& samples, double roundtrip_ns = 100) {
    return run_of("throughput", "items_per_s", samples, roundtrip_ns);
}

std::vector<double> ratios(const paired_row& row) {
    std::vector<double> all;
    for (const auto& sample : row.samples) all.push_back(sample.ratio);
    return all;
}

const paired_row& only_row(const bench::paired_comparison& all) {
    EXPECT_EQ(all.scenarios.size(), 1U);
    EXPECT_EQ(all.scenarios.at(0).rows.size(), 1U);
    return all.scenarios.at(0).rows.at(0);
}

TEST(against, a_ratio_above_1_says_that_this_tree_is_better_for_rates_and_for_times) {
    EXPECT_THAT(ratios(only_row(pair_up({{other, rate({10, 20})}, {this_tree, rate({20, 10})}}))), ElementsAre(2, 0.5));
    for (const auto* unit : {"ns", "cpu_percent"}) {
        const auto all = pair_up({{other, run_of("a", unit, {10, 20})}, {this_tree, run_of("a", unit, {20, 10})}});
        EXPECT_THAT(ratios(only_row(all)), ElementsAre(0.5, 2)) << unit;
    }
}

TEST(against, pairs_neighbouring_runs_whichever_program_ran_first) {
    const std::vector<program_run> runs = {{other, rate({10})}, {this_tree, rate({11})}, {this_tree, rate({24})},
                                           {other, rate({20})}, {this_tree, rate({60})}, {other, rate({30})},
                                           {other, rate({15})}, {this_tree, rate({30})}};
    const auto all = pair_up(runs);
    EXPECT_THAT(ratios(only_row(all)), ElementsAre(1.1, 1.2, 2, 2));
    EXPECT_THAT(only_row(all).same_program, ElementsAre(DoubleNear(24.0 / 11, 1e-9), 0.5))
        << "the middle runs of each four are of one program";
}

TEST(against, takes_no_noise_from_runs_of_different_scenarios) {
    const auto all = pair_up({{other, rate({10})},
                              {this_tree, rate({10})},
                              {this_tree, run_of("roundtrip", "ns", {10})},
                              {other, run_of("roundtrip", "ns", {10})}});
    ASSERT_EQ(all.scenarios.size(), 2U);
    EXPECT_THAT(all.scenarios[0].rows.at(0).same_program, IsEmpty());
    EXPECT_THAT(all.scenarios[1].rows.at(0).same_program, IsEmpty());
}

TEST(against, drops_a_pair_whose_floors_differ_by_more_than_a_quarter) {
    const auto kept = pair_up({{other, rate({10}, 100)}, {this_tree, rate({10}, 125)}});
    EXPECT_EQ(only_row(kept).samples.size(), 1U);
    EXPECT_EQ(only_row(kept).samples.at(0).roundtrip_ns, 112.5);
    const auto dropped = pair_up({{other, rate({10}, 100)}, {this_tree, rate({10}, 126)}});
    EXPECT_THAT(only_row(dropped).samples, IsEmpty());
    EXPECT_EQ(only_row(dropped).dropped, 1U);
    auto slow_stream = rate({10});
    slow_stream["floors"][0]["stream_words_per_s"]["median"] = 0.79e9;
    EXPECT_EQ(only_row(pair_up({{other, rate({10})}, {this_tree, slow_stream}})).dropped, 1U);
    const auto idle = pair_up(
        {{other, run_of("idle", "cpu_percent", {10}, 100)}, {this_tree, run_of("idle", "cpu_percent", {10}, 900)}});
    EXPECT_EQ(only_row(idle).samples.size(), 1U) << "processor time of a sleeper does not depend on the floors";
}

TEST(against, drops_a_round_in_which_either_sample_is_missing) {
    const auto all = pair_up({{other, rate({10, nullptr, 10, 10})}, {this_tree, rate({10, 10, nullptr})}});
    EXPECT_EQ(only_row(all).samples.size(), 1U);
    EXPECT_EQ(only_row(all).dropped, 3U);
}

TEST(against, reads_programs_that_wrote_no_samples_and_no_rounds) {
    auto old = rate({10});
    old["summary"][0].erase("samples");
    old["floors"][0].erase("line_roundtrip_ns_by_round");
    auto here = rate({10, 40});
    here["summary"][0]["items_per_s"] = 25;
    const auto all = pair_up({{other, old}, {this_tree, here}});
    EXPECT_THAT(ratios(only_row(all)), ElementsAre(5)) << "median by median";
    EXPECT_EQ(only_row(all).dropped, 0U);
}

TEST(against, names_scenarios_and_queues_that_one_program_alone_has) {
    auto more = rate({10});
    more["summary"].push_back({{"scenario", "throughput"}, {"queue", "new"}, {"items_per_s", 1}, {"samples", {1}}});
    const auto all = pair_up({{other, rate({10})}, {this_tree, more}, {other, rate({10})}, {this_tree, more}});
    EXPECT_THAT(all.only_in_this, ElementsAre("throughput: new"));
    EXPECT_THAT(all.only_in_other, IsEmpty());
    EXPECT_EQ(only_row(all).queue, "ring");
    const auto text = bench::paired_text(all, {"abc", {"throughput", "gone"}}, {"this tree", {"throughput", "added"}});
    EXPECT_THAT(text, HasSubstr("\nScenarios of the other commit alone:\n    gone\n"));
    EXPECT_THAT(text, HasSubstr("\nScenarios of this tree alone:\n    added\n"));
    EXPECT_THAT(text, HasSubstr("\nQueues of this tree alone:\n    throughput: new\n"));
    EXPECT_THAT(text, Not(HasSubstr("Queues of the other")));
}

TEST(against, compares_different_flags_and_says_so_but_not_different_machines) {
    auto flags = rate({10});
    flags["environment"]["compiler_flags"] = "-O2";
    const auto built = pair_up({{other, flags}, {this_tree, rate({10})}});
    EXPECT_EQ(only_row(built).samples.size(), 1U);
    EXPECT_THAT(built.build_differences, ElementsAre("compiler_flags (\"-O2\" and \"-O3\")"));
    EXPECT_THAT(bench::paired_text(built, {}, {}), HasSubstr("THE BUILDS DIFFER"));

    auto elsewhere = rate({10});
    elsewhere["environment"]["cores"] = {"2", "3"};
    const auto moved = pair_up({{other, rate({10})}, {this_tree, elsewhere}});
    EXPECT_EQ(only_row(moved).dropped, 1U);
    EXPECT_THAT(moved.machine_differences, ElementsAre("cores ([\"0\",\"1\"] and [\"2\",\"3\"])"));

    auto of_the_first_days = rate({10});
    of_the_first_days["environment"].erase("cores");
    EXPECT_THAT(pair_up({{other, of_the_first_days}, {this_tree, rate({10})}}).machine_differences, IsEmpty());
}

TEST(against, names_a_queue_that_failed_its_check_and_in_which_program) {
    auto wrong = rate({nullptr});
    wrong["summary"][0]["excluded"] = "ring in throughput: why";
    const auto all = pair_up({{other, rate({10})}, {this_tree, wrong}});
    EXPECT_THAT(only_row(all).excluded, ElementsAre("this tree: ring in throughput: why"));
    EXPECT_THAT(bench::paired_text(all, {}, {}), HasSubstr("EXCLUDED in this tree: ring in throughput: why\n"));
}

paired_row row_of(const std::vector<double>& ratios, const std::vector<double>& same_program = {}) {
    paired_row row;
    row.queue = "ring";
    for (const double ratio : ratios) row.samples.push_back({ratio, 100});
    row.same_program = same_program;
    return row;
}

TEST(against, calls_a_difference_one_only_if_three_quarters_agree_and_the_noise_is_smaller) {
    const std::vector<double> up = {0.9, 0.99, 1.02, 1.04, 1.06, 1.08, 1.1, 1.12, 1.14};
    std::vector<double> down;
    for (const double ratio : up) down.push_back(1 / ratio);
    EXPECT_EQ(verdict_of(row_of(up)), verdict::better);
    EXPECT_EQ(verdict_of(row_of(down)), verdict::worse);
    EXPECT_EQ(verdict_of(row_of(up, {0.99, 1.01})), verdict::better);
    EXPECT_EQ(verdict_of(row_of(up, {0.9, 1.2})), verdict::unclear);
    EXPECT_EQ(verdict_of(row_of(down, {0.8, 1.1})), verdict::unclear);
    EXPECT_EQ(verdict_of(row_of({0.9, 0.99, 0.99, 1.04, 1.06, 1.08, 1.1, 1.12, 1.14})), verdict::unclear);
    EXPECT_EQ(verdict_of(row_of(std::vector<double>(7, 1.5))), verdict::too_few);
    EXPECT_EQ(verdict_of(row_of(std::vector<double>(8, 1.5))), verdict::better);
}

TEST(against, prints_ratio_quartiles_pairs_drops_and_noise_of_each_queue) {
    bench::paired_comparison all;
    all.scenarios = {{"roundtrip/8B", "ns", {row_of({1, 1.25, 1.5, 1.75, 2}, {0.96, 1, 1.04})}}};
    all.scenarios[0].rows[0].dropped = 3;
    const auto text = bench::paired_text(all, {"abc a commit", {}}, {"this tree", {}});
    EXPECT_THAT(text, HasSubstr("this tree\nagainst abc a commit\n"));
    EXPECT_THAT(text, HasSubstr("\nroundtrip/8B   time: other / this\n"
                                "                                   ratio  quartiles    pairs  dropped   same program\n"
                                "  ring                              1.50  1.25-1.75        5        3   0.98-1.02     "
                                "too few pairs\n"));
    all.scenarios[0].unit = "items_per_s";
    all.scenarios[0].rows[0].samples.clear();
    EXPECT_THAT(bench::paired_text(all, {}, {}), HasSubstr("rate: this / other"));
    EXPECT_THAT(bench::paired_text(all, {}, {}),
                HasSubstr("  ring                            no pair kept, 3 dropped\n"));
}

TEST(against, shows_each_state_of_a_machine_that_changed) {
    bench::paired_comparison all;
    auto row = row_of({1.5, 1.5});
    row.samples.push_back({0.5, 201});
    all.scenarios = {{"throughput", "items_per_s", {row}}};
    const auto text = bench::paired_text(all, {}, {});
    EXPECT_THAT(text, HasSubstr("\n      2 pairs at a line round trip near 100 ns: 1.50 (1.50-1.50)\n"
                                "      1 pairs at a line round trip near 201 ns: 0.50 (0.50-0.50)\n"));
    all.scenarios[0].rows[0].samples[2].roundtrip_ns = 199;
    EXPECT_THAT(bench::paired_text(all, {}, {}), Not(HasSubstr("near")));
}

class against_folder : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "weir_against_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
    std::string objection() {
        try {
            bench::print_paired(folder_.string());
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return "";
    }

    std::filesystem::path folder_;
};

TEST_F(against_folder, is_read_in_the_order_of_its_files) {
    write("other.txt", "abc a commit\nthroughput\n");
    write("this.txt", "this tree\nthroughput\n");
    write("00001-other.json", rate({10}).dump());
    write("00002-this.json", rate({20}).dump());
    write("00003-this.json", rate({30}).dump());
    write("00004-other.json", rate({15}).dump());
    testing::internal::CaptureStdout();
    EXPECT_EQ(bench::print_paired(folder_.string()), 0);
    EXPECT_THAT(
        testing::internal::GetCapturedStdout(),
        HasSubstr(
            "  ring                              2.00  2.00-2.00        2        0   1.50-1.50     too few pairs\n"));
}

TEST_F(against_folder, that_is_none_is_refused_with_a_sentence) {
    const auto name = "--paired " + folder_.string();
    EXPECT_EQ(objection(), name + ": other.txt is missing; give a folder that './dev bench --against COMMIT' has left");
    write("other.txt", "abc a commit\n");
    EXPECT_EQ(objection(), name + ": this.txt is missing; give a folder that './dev bench --against COMMIT' has left");
    write("this.txt", "this tree\n");
    EXPECT_EQ(objection(),
              name +
                  ": holds 0 runs, at least 2 are needed; give a folder that './dev bench --against COMMIT' "
                  "has left");
    write("00001-other.json", "{");
    EXPECT_THAT(objection(), HasSubstr("00001-other.json: is not a result file of weir-bench"));
}

}  // namespace
