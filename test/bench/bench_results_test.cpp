// SPDX-License-Identifier: MIT
//
// What weir-bench writes as JSON of a summary that is made up, reads again, and says of two runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/report/compare.hpp"
#include "bench/report/json.hpp"
#include "bench/report/results.hpp"
#include "test/support/bench_made_up.hpp"
#include "test/support/temporary_file.hpp"

namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;
using testing::StartsWith;

ordered_json written(const bench::environment& env, const std::vector<bench::scenario_summary>& scenarios) {
    const temporary_file file;
    bench::results_file out(file.path());
    out.write(env, scenarios);
    return ordered_json::parse(file.text());
}

TEST(results, have_each_fact_of_the_environment_under_its_key) {
    const auto all = written(somewhere(), {});
    EXPECT_EQ(all["schema_version"], 1);
    EXPECT_EQ(all["kind"], "weir-bench");
    EXPECT_EQ(all["environment"], ordered_json::parse(R"({"cpu_model": "a processor", "hypervisor": "KVM", "pus": 3,
        "topology": "1 package", "fingerprint": "1p-2c", "allowed_pus": "0-2", "smt": "off", "kernel": "6.7",
        "governor": "performance", "transparent_huge_pages": "madvise", "tick_source": "tsc", "weir_version": "8.9",
        "compiler": "a compiler", "compiler_flags": "-O9", "build_type": "Release", "assertions": false,
        "date": "a day", "seed": 11, "pinned": true, "one_core": false, "why_not_pinned": "", "cores": ["4", "5"],
        "distance": "same-l3", "pair_reason": "near", "clock_offset_ns": 12.5, "clock_offset_certain_to_ns": 13.5,
        "work_ns_per_item": 14.5, "work_steps_per_item": 15})"));
    auto bound = somewhere();
    bound.memory_node = 3;
    EXPECT_EQ(written(bound, {})["environment"]["memory_node"], 3);
    EXPECT_TRUE(all["summary"].empty());
    EXPECT_FALSE(all["queues"].empty());
}

// They say what the machine's files say: dump() would throw after a whole run.
TEST(results, are_utf8_whatever_the_machine_is_called) {
    auto env = somewhere();
    env.cpu_model = "a \xff processor";
    EXPECT_EQ(written(env, {})["environment"]["cpu_model"], "a \xef\xbf\xbd processor");
}

TEST(results, have_each_floor_under_its_key) {
    const auto floors = written(somewhere(), {rates(), latencies(true)})["floors"];
    ASSERT_EQ(floors.size(), 2U);
    EXPECT_EQ(floors[0], ordered_json::parse(R"({"scenario": "throughput/64B",
        "line_roundtrip_ns": {"median": 152.0, "q1": 101.0, "q3": 203.0},
        "stream_words_per_s": {"median": 1.52e9, "q1": 1.01e9, "q3": 2.03e9},
        "line_roundtrip_ns_by_round": [151.0, 153.0], "samples": 43, "dropped": 8,
        "states": [{"line_roundtrip_ns": 104.0, "rounds": 13,
                    "subject_vs_best_rival": {"median": 1.375, "q1": 1.125, "q3": 1.625}, "best_rival": "theirs"},
                   {"line_roundtrip_ns": 260.0, "rounds": 1}]})"));
    EXPECT_EQ(floors[1]["scenario"], "latency/1Mps");
    EXPECT_FALSE(floors[1].contains("states"));
}

TEST(results, have_each_figure_of_a_queue_under_its_key) {
    const auto rows = written(somewhere(), {rates()})["summary"];
    ASSERT_EQ(rows.size(), 5U);
    EXPECT_EQ(rows[0], ordered_json::parse(R"({"scenario": "throughput/64B", "queue": "mine", "subject": true,
        "blocking": false, "items_per_s": 32.5e6, "of_floor": 0.25, "vs_best_rival": 1.5, "best_rival": "theirs",
        "q1": 1.25, "q3": 1.75, "rounds": 19, "paired_rounds": 17, "dropped": 2, "items_per_s_q1": 21.5e6,
        "items_per_s_q3": 43.5e6, "of_floor_q1": 0.125, "of_floor_q3": 0.375, "vs_best_blocking": 0.625,
        "best_blocking": "waits", "vs_sibling": 2.5, "vs_sibling_q1": 2.25, "vs_sibling_q3": 2.75,
        "sibling": "other mine", "producers_fairness": 0.875, "consumers_fairness": 0.9375,
        "samples": [31e6, null, 34e6], "item_bytes": 64, "capacity": 512, "effective_capacity": 511,
        "work_bound_per_s": 99e6})"));
    EXPECT_EQ(rows[1]["subject"], false);
    EXPECT_EQ(rows[1]["consumers_fairness"], 0.5);
    EXPECT_FALSE(rows[1].contains("producers_fairness"));
    EXPECT_EQ(rows[2]["blocking"], true);
    EXPECT_EQ(rows[4], ordered_json::parse(R"({"scenario": "throughput/64B", "queue": "wrong", "subject": false,
        "blocking": false, "excluded": "wrong in throughput/64B: why", "items_per_s": null, "of_floor": null,
        "vs_best_rival": null, "best_rival": "theirs", "q1": null, "q3": null, "rounds": 0, "paired_rounds": 0,
        "dropped": 0, "items_per_s_q1": null, "items_per_s_q3": null, "of_floor_q1": null, "of_floor_q3": null,
        "samples": [], "item_bytes": 64, "capacity": 512, "effective_capacity": 0, "work_bound_per_s": 99e6})"));
    auto env = somewhere();
    env.one_core = true;
    const auto shared = written(env, {rates()})["summary"][0];
    EXPECT_EQ(shared["pinned"], true);
    EXPECT_EQ(shared["one_core"], true);
    env.one_core = env.pinned = false;
    const auto loose = written(env, {rates()})["summary"][0];
    EXPECT_EQ(loose["pinned"], false);
    EXPECT_EQ(loose["one_core"], false);
    auto lone = rates();
    lone.best_rival = "";
    lone.work_bound_per_s.reset();
    EXPECT_TRUE(written(env, {lone})["summary"][0]["best_rival"].is_null());
    EXPECT_FALSE(written(env, {lone})["summary"][0].contains("work_bound_per_s"));
}

// 500 of 1000 took 100 ns, 980 no more than 1 us, 997 no more than 30 us, 999 no more than 400 us.
TEST(results, have_each_percentile_under_its_key) {
    auto row = written(somewhere(), {latencies(true)})["summary"][0];
    EXPECT_EQ(row["ns"], 321);
    EXPECT_EQ(row["ns_q1"], 211);
    EXPECT_EQ(row["ns_q3"], 431);
    const auto curve = row["latency"]["curve"];
    row["latency"].erase("curve");
    EXPECT_EQ(row["latency"],
              ordered_json::parse(R"({"scheduled_per_s": 1e6, "achieved_per_s": 987654.0, "messages": 1000,
        "typical_p50_ns": 321.0, "typical_p99_ns": 12345.0, "typical_p99_9_ns": 2345678.0, "mean_ns": 6840.0,
        "p50_ns": 100, "p90_ns": 1000, "p99_ns": 30015, "p99_9_ns": 400127, "p99_99_ns": 5000000,
        "max_ns": 5000000})"));
    ASSERT_EQ(curve.size(), 56U) << "five steps for each halving down to the last message, and the maximum";
    EXPECT_EQ(curve[0], ordered_json::parse("[0.0, 100]"));
    EXPECT_EQ(curve[1], ordered_json::parse("[10.0, 100]"));
    EXPECT_EQ(curve[5], ordered_json::parse("[50.0, 100]"));
    EXPECT_EQ(curve[7], ordered_json::parse("[60.0, 1000]"));
    EXPECT_EQ(curve[10], ordered_json::parse("[75.0, 1000]"));
    EXPECT_EQ(curve[55], ordered_json::parse("[100.0, 5000000]"));
    const auto woken = written(somewhere(), {latencies(false)})["summary"][0]["latency"];
    EXPECT_FALSE(woken.contains("scheduled_per_s"));
    EXPECT_FALSE(woken.contains("achieved_per_s"));
}

TEST(results, leave_the_file_as_it_is_until_they_are_written) {
    const temporary_file file;
    const auto other = file.path() + ".json";
    const bench::results_file out(file.path());
    const bench::results_file not_there(other);
    EXPECT_EQ(file.text(), "");
    EXPECT_FALSE(std::filesystem::exists(other));
}

// A device or a pipe would be replaced by a file, too.
TEST(results, are_written_to_where_a_link_leads) {
    const temporary_file file;
    const auto link = file.path() + ".link";
    std::filesystem::create_symlink(file.path(), link);
    bench::results_file(link).write({}, {});
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_THAT(file.text(), testing::HasSubstr("\"kind\": \"weir-bench\""));
    std::filesystem::remove(link);
}

std::string compared(const ordered_json& first, const ordered_json& second) {
    const temporary_file one(first.dump());
    const temporary_file other(second.dump());
    testing::internal::CaptureStdout();
    EXPECT_EQ(bench::compare_results(one.path(), other.path()), 0);
    return testing::internal::GetCapturedStdout();
}

TEST(comparison, divides_rates_by_the_first_and_times_by_the_second) {
    const auto first = written(somewhere(), {rates(), latencies(true)});
    auto faster = rates();
    faster.rows[0].value.median *= 2;
    faster.rows[0].of_floor.median *= 3;
    faster.roundtrip_floor_ns.median = 152 * 1.25;
    auto slower = latencies(true);
    slower.rows[0].value.median *= 4;
    slower.rows[0].of_floor.median *= 5;
    slower.roundtrip_floor_ns.median = 152 / 1.26;
    const auto text = compared(first, written(somewhere(), {slower, faster}));
    EXPECT_THAT(text,
                HasSubstr("\n                                                                      ratio  of floor\n"));
    EXPECT_THAT(text,
                HasSubstr("\nthroughput/64B                          mine                           2.00      3.00\n"
                          "throughput/64B                          theirs                         1.00      1.00\n"));
    EXPECT_THAT(text,
                HasSubstr("\nlatency/1Mps                            mine                           0.25      0.20\n"));
    EXPECT_THAT(
        text, HasSubstr("\nlatency/1Mps: the machine was in another state, the line round trip took 152 and 121 ns\n"));
    EXPECT_THAT(text, testing::Not(HasSubstr("throughput/64B: the machine was in another state")))
        << "a quarter is no change";
    EXPECT_THAT(text, testing::Not(HasSubstr("gone")));
}

TEST(comparison, is_of_equal_environments_only) {
    const auto first = written(somewhere(), {});
    auto second = first;
    second["environment"]["date"] = "another day";
    second["environment"]["seed"] = 5;
    EXPECT_NO_THROW(compared(first, second));
    for (const auto* key : {"cpu_model", "hypervisor", "pus", "topology", "allowed_pus", "smt", "kernel", "governor",
                            "transparent_huge_pages", "tick_source", "compiler", "compiler_flags", "build_type",
                            "assertions", "pinned", "cores", "distance"}) {
        auto other = first;
        other["environment"][key] = "x";
        const temporary_file one(first.dump());
        const temporary_file two(other.dump());
        try {
            bench::compare_results(one.path(), two.path());
            ADD_FAILURE() << key;
        } catch (const std::invalid_argument& error) {
            EXPECT_EQ(std::string(error.what()), "--compare: the environments differ in " + std::string(key) + " (" +
                                                     first["environment"][key].dump() +
                                                     " and \"x\"); measure both with one build, on one machine, pinned "
                                                     "alike");
        }
    }
}

std::string why_not(const std::string& text) {
    const temporary_file file(text);
    try {
        static_cast<void>(bench::read_results(file.path()));
    } catch (const std::invalid_argument& error) {
        EXPECT_THAT(error.what(), StartsWith(file.path() + ": "));
        return error.what() + file.path().size() + 2;
    }
    return "";
}

TEST(results, that_are_none_are_refused_with_a_sentence) {
    for (const auto* text : {"", "[]", "{", R"({"kind": "weir-bench"})"})
        EXPECT_EQ(why_not(text), "is not a result file of weir-bench") << text;
    EXPECT_EQ(why_not(R"({"schema_version": 2})"), "has schema version 2, this program reads 1; measure again");
    for (const auto* text :
         {R"({"schema_version": 1})", R"({"schema_version": 1, "summary": []})",
          R"({"schema_version": 1, "environment": {}})", R"({"schema_version": 1, "environment": [], "summary": []})",
          R"({"schema_version": 1, "environment": {}, "summary": {}})"})
        EXPECT_EQ(why_not(text), "lacks its environment or summary; measure again") << text;
    const std::string begin = R"({"schema_version": 1, "environment": {}, "summary": [)";
    const std::string good = R"({"scenario": "a", "queue": "b", "ns": 1})";
    for (const auto* row : {"5", R"({"queue": "b", "ns": 1})", R"({"scenario": "a", "ns": 1})",
                            R"({"scenario": 1, "queue": "b", "ns": 1})", R"({"scenario": "a", "queue": 2, "ns": 1})",
                            R"({"scenario": "a", "queue": "b"})"})
        EXPECT_EQ(why_not(begin + good + "," + row + "]}"),
                  "has a summary entry without scenario, queue or figure; measure again")
            << row;
    EXPECT_EQ(why_not(begin + good + "]}"), "");
    EXPECT_EQ(why_not("/nowhere"), "is not a result file of weir-bench");
    EXPECT_THROW(static_cast<void>(bench::read_results("/no/such/file")), std::invalid_argument);
}

TEST(results, have_one_figure_each) {
    EXPECT_EQ(bench::unit_of({{"ns", 5}, {"of_floor", 7}}), "ns");
    EXPECT_EQ(bench::unit_of({{"items_per_s", 5}}), "items_per_s");
    EXPECT_EQ(bench::unit_of({{"cpu_percent", 5}}), "cpu_percent");
    EXPECT_EQ(bench::unit_of({{"of_floor", 5}}), "");
    EXPECT_EQ(bench::figure_of({{"of_floor", 7}, {"ns", 5}}), 5);
}

}  // namespace
