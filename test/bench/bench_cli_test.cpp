// SPDX-License-Identifier: MIT
//
// weir-bench as a person or a script meets it: exit codes, sentences and files. Never its figures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <weir/node_memory.hpp>
#include <weir/plan.hpp>

#include "test/support/subprocess.hpp"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using weir_test::outcome;
using weir_test::read_file;

/// Each test has a folder of its own, in which the program runs.
class weir_bench : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "weir_bench_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    outcome run(const std::vector<std::string>& arguments) {
        return weir_test::run(WEIR_BENCH, arguments, [this] {
            if (::chdir(folder_.c_str()) != 0) ::_exit(126);
        });
    }

    /// As little measuring as there can be.
    outcome measure(const std::string& filter, std::vector<std::string> more = {}) {
        more.insert(more.end(), {"--benchmark_filter=" + filter, "--rounds=1", "--sample-ms=1"});
        return run(more);
    }

    json results(const std::string& file = "out/bench.json") { return json::parse(read_file(folder_ / file)); }

    std::filesystem::path folder_;
};

TEST_F(weir_bench, writes_every_required_field_for_every_queue) {
    const auto seen = measure("throughput/8B/cap1024/balanced", {"--quick"});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_THAT(seen.out, AllOf(HasSubstr("throughput/8B/cap1024/balanced"), HasSubstr("> weir::spsc_ring")));

    const json all = results();
    EXPECT_EQ(all["schema_version"], 1);
    EXPECT_EQ(all["kind"], "weir-bench");
    for (const char* key :
         {"cpu_model", "hypervisor", "pus", "topology", "fingerprint", "smt", "kernel", "governor", "compiler",
          "compiler_flags", "build_type", "weir_version", "date", "seed", "pinned", "cores"}) {
        EXPECT_TRUE(all["environment"].contains(key)) << key;
    }
    EXPECT_EQ(all["environment"]["cores"].size(), 2U);
    ASSERT_EQ(all["floors"].size(), 1U);
    for (const char* key : {"line_roundtrip_ns", "stream_words_per_s"}) {
        EXPECT_GT(all["floors"][0][key]["median"].get<double>(), 0.0);
    }
    ASSERT_FALSE(all["summary"].empty());
    EXPECT_EQ(all["summary"][0]["queue"], "weir::spsc_ring");
    for (const auto& row : all["summary"]) {
        for (const char* key : {"scenario", "queue", "items_per_s", "of_floor", "vs_best_rival", "best_rival", "q1",
                                "q3", "rounds", "dropped", "capacity", "effective_capacity"}) {
            EXPECT_TRUE(row.contains(key)) << row["queue"] << ' ' << key;
        }
        EXPECT_EQ(row["scenario"], "throughput/8B/cap1024/balanced");
        EXPECT_FALSE(row.contains("excluded")) << row["excluded"];
        EXPECT_LE(row["rounds"], 1);
    }
    EXPECT_EQ(all["summary"][0]["effective_capacity"], 1024);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out/bench.json.part"));
}

TEST_F(weir_bench, counts_latency_from_a_schedule_and_writes_histograms_that_plotters_read) {
    const auto seen = measure("latency/8B/1Mps", {"--quick", "--queues=weir,deque", "--hgrm=hgrm", "--json=a/b.json"});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    const json all = results("a/b.json");
    ASSERT_EQ(all["summary"].size(), 2U);
    for (const auto& row : all["summary"]) {
        EXPECT_TRUE(row.contains("ns"));
        if (row["rounds"] == 0) {
            continue;  // the machine was restless: dropped
        }
        const json& latency = row["latency"];
        EXPECT_EQ(latency["scheduled_per_s"], 1e6);
        EXPECT_LE(latency["p50_ns"], latency["p99_ns"]);
        EXPECT_LE(latency["p99_99_ns"], latency["max_ns"]);
        EXPECT_EQ(latency["curve"].back()[0], 100.0);
        const auto text = read_file(folder_ / "hgrm" /
                                    (row["queue"] == "weir::spsc_ring" ? "latency-8B-1Mps-weir--spsc_ring.hgrm"
                                                                       : "latency-8B-1Mps-mutex---deque.hgrm"));
        EXPECT_THAT(text, AllOf(HasSubstr("Value     Percentile TotalCount 1/(1-Percentile)\n\n"), HasSubstr("#[Mean"),
                                HasSubstr("#[Max")));
    }
}

TEST_F(weir_bench, runs_every_scenario_at_a_chosen_capacity) {
    // Idling takes its ten seconds a queue. For fewer rounds only those that count below.
    const char* const fewer = std::getenv("WEIR_FEWER_ROUNDS");
    const bool few = fewer != nullptr && std::atoi(fewer) >= 20;
    const auto seen =
        measure(few ? "throughput|batch|credit|blocking|alternating" : "-idle", {"--queues=weir", "--capacity=3"});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    const json all = results();
    std::size_t with_that_capacity = 0;
    for (const auto& row : all["summary"]) {
        if (!row["scenario"].get<std::string>().starts_with("blocking/")) {
            with_that_capacity += row["effective_capacity"] == 3 ? 1 : 0;
        } else if (row["scenario"].get<std::string>().starts_with("blocking/8B/")) {
            EXPECT_EQ(row["scenario"], "blocking/8B/cap3/balanced");
            EXPECT_EQ(row["effective_capacity"], 3);
        }
    }
    // sizes x regimes, handovers x batches, three rings beside those with credit on request, and levels x rings and policies
    EXPECT_EQ(with_that_capacity, 3U * 3U + 2U * 3U + 2U * 3U + 3U * (3U + 2U));
}

TEST_F(weir_bench, compares_forms_that_wait_with_their_sibling) {
    const auto seen = measure("blocking|wakeup|one-core", {"--queues=weir,condvars"});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_THAT(seen.out, AllOf(HasSubstr("vs sibling"), HasSubstr("wake-ups")));
    std::size_t compared = 0;
    const json all = results();
    for (const auto& row : all["summary"]) {
        const std::string scenario = row["scenario"];
        EXPECT_FALSE(row.contains("excluded")) << row["excluded"];
        EXPECT_TRUE(row["best_rival"].is_null() || row["best_rival"] == "mutex + condvars") << row["best_rival"];
        if (scenario == "wakeup/8B") {
            EXPECT_TRUE(row["blocking"]) << row["queue"];
            EXPECT_TRUE(row.contains("ns"));
            if (row["rounds"] != 0) {
                EXPECT_GT(row["latency"]["messages"], 0);
                EXPECT_FALSE(row["latency"].contains("scheduled_per_s"));
                EXPECT_LE(row["latency"]["p50_ns"], row["latency"]["p99_ns"]);
            }
        } else if (row.contains("vs_sibling")) {
            ++compared;
            EXPECT_TRUE(row["queue"] == "weir::spsc_ring" ||
                        row["queue"].get<std::string>().starts_with(row["sibling"].get<std::string>() + " "));
            EXPECT_GT(row["vs_sibling"].get<double>(), 0.0);
            EXPECT_LE(row["vs_sibling_q1"], row["vs_sibling_q3"]);
        }
    }
    if (seen.out.find("no sample kept") == std::string::npos) {
        EXPECT_GE(compared, 4U * 5U);  // scenarios x strategies
    }
}

TEST_F(weir_bench, runs_crowds_and_says_how_evenly_they_were_served) {
    const auto seen = measure("mpmc|mpsc|spmc|oversubscribed/[248]", {"--queues=mutex"});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_THAT(seen.out, HasSubstr("least/most"));
    std::vector<std::string> scenarios;
    const json all = results();
    for (const auto& row : all["summary"]) {
        const std::string scenario = row["scenario"];
        scenarios.push_back(scenario);
        EXPECT_FALSE(row.contains("excluded")) << row["excluded"];
        const bool many_producers = scenario.find("/1+") == std::string::npos;
        const bool many_consumers = scenario.find("+1/") == std::string::npos;
        EXPECT_EQ(row.contains("producers_fairness"), many_producers && row["rounds"] != 0) << scenario;
        EXPECT_EQ(row.contains("consumers_fairness"), many_consumers && row["rounds"] != 0) << scenario;
        for (const char* key : {"producers_fairness", "consumers_fairness"}) {
            if (row.contains(key)) {
                EXPECT_GE(row[key].get<double>(), 0.0);
                EXPECT_LE(row[key].get<double>(), 1.0);
            }
        }
    }
    EXPECT_THAT(scenarios,
                testing::UnorderedElementsAre("oversubscribed/2+2", "oversubscribed/4+4", "oversubscribed/8+8",
                                              "mpmc/1+1/8B", "mpsc/2+1/8B", "spmc/1+2/8B", "mpmc/2+2/8B", "mpmc/4+4/8B",
                                              "mpmc/8+8/8B", "mpmc/1+1/64B", "mpmc/2+2/64B"));
}

TEST_F(weir_bench, repetitions_add_rounds) {
    const auto seen = measure("roundtrip", {"--queues=weir", "--benchmark_repetitions=3"});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_THAT(seen.out, HasSubstr("roundtrip/8B   3 rounds"));
}

TEST_F(weir_bench, leaves_google_benchmarks_formats_alone) {
    const auto seen = measure("roundtrip", {"--queues=weir", "--benchmark_format=json"});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    const json benchmark = json::parse(seen.out);
    EXPECT_THAT(benchmark["benchmarks"][0]["name"].get<std::string>(), StartsWith("roundtrip/8B"));
    EXPECT_TRUE(benchmark["benchmarks"][0].contains("weir::spsc_ring"));
}

TEST_F(weir_bench, lists_scenarios_and_queues_without_measuring_or_writing) {
    const auto scenarios = run({"--benchmark_list_tests", "--pin=999"});
    EXPECT_EQ(scenarios.exit_code, 0);
    EXPECT_THAT(scenarios.out, AllOf(HasSubstr("throughput/256B/cap64/producer-slower"), HasSubstr("latency/8B/5Mps"),
                                     HasSubstr("idle/10s"), HasSubstr("oversubscribed/8+8")));
    const auto queues = run({"--list-queues"});
    EXPECT_EQ(queues.exit_code, 0);
    EXPECT_THAT(queues.out, AllOf(StartsWith("weir::spsc_ring"), HasSubstr("mutex + deque")));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

TEST_F(weir_bench, refuses_what_cannot_be_with_one_sentence_and_code_2) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {{"--pin=999"}, "--pin 999: "},
        {{"--pin=nonsense"}, "--pin nonsense: "},
        {{"--plan=missing.json"}, "--plan missing.json: cannot read plan file 'missing.json'"},
        {{"--plan=missing.json:a->b"}, "cannot read plan file 'missing.json'"},
        {{"--plan=missing.json", "--pin=auto"}, " exclude each other"},
        {{"--capacity=0"}, "--capacity 0: "},
        {{"--capacity=64,0"}, "--capacity 0: "},
        {{"--rounds=0"}, "--rounds 0: "},
        {{"--sample-ms=0"}, "--sample-ms 0: "},
        {{"--sample-ms=nan"}, "--sample-ms nan: "},
        {{"--queues=nobody"}, "--queues nobody: "},
        {{"--no-such-flag"}, "there is no '--no-such-flag'"},
        {{"--rounds=-1"}, "--rounds -1: give 1 to 10000 (21 and more for figures to quote)"},
        {{"--rounds=x"}, "--rounds x: this is no whole number; give 1 to 10000"},
        {{"--capacity=-1"}, "--capacity -1: give 1 to 16777216 items"},
        {{"--capacity=nan"}, "--capacity nan: this is no whole number; give 1 to 16777216 items"},
        {{"--seed=-1"}, "--seed -1: give 0 to 18446744073709551615"},
        {{"--seed=x"}, "--seed x: this is no whole number"},
        {{"--compare", "a.json"}, "--compare takes 2 values, but 1 is given"},
        {{"--quick=x"}, "--quick takes no value"},
        {{"--benchmark_format=xml"}, "--benchmark_format xml: give console, json or csv"},
        {{"--benchmark_out_format=xml"}, "--benchmark_out_format xml: give console, json or csv"},
        {{"--benchmark_filter=("}, "--benchmark_filter (: this is no valid regular expression"},
        {{"--benchmark_repetitions=x"}, "--benchmark_repetitions x: this is no whole number"},
        {{"--compare", "/tmp", "/tmp"}, "/tmp: is a folder; give a JSON file that weir-bench has written"},
        {{"--plot", "/tmp", "/tmp"}, "/tmp: is a folder; give a JSON file"},
        {{"stray"}, "stray"},
        {{"--benchmark_filter=nothing_is_called_so"}, "--benchmark_filter "},
        {{"--compare", "missing.json", "missing.json"}, "missing.json: "},
        {{"--plot", "missing.json", "folder"}, "missing.json: "},
        {{"--json", ""}, "--json: the value is empty; give one, or leave it out"},
        {{"--json=", "--rounds=1"}, "--json: the value is empty"},
        {{"--plan="}, "--plan: the value is empty"},
        {{"--pin="}, "--pin: the value is empty"},
        {{"--hgrm", ""}, "--hgrm: the value is empty"},
        {{"--queues="}, "--queues: the value is empty"},
        {{"--seed", ""}, "--seed: the value is empty"},
        {{"--compare", "", "missing.json"}, "--compare: the value is empty"},
        {{"--plot", "missing.json", ""}, "--plot: the value is empty"},
        {{"--paired="}, "--paired: the value is empty"},
        {{"--benchmark_out="}, "--benchmark_out: the value is empty"},
        {{"--paired", "missing"},
         "--paired missing: other.txt is missing; give a folder that './dev bench --against COMMIT' "},
    };
    for (const auto& [arguments, words] : cases) {
        const auto seen = run(arguments);
        EXPECT_EQ(seen.exit_code, 2) << words << seen.err;
        EXPECT_THAT(seen.err, AllOf(StartsWith("weir-bench: "), HasSubstr(words)));
        EXPECT_EQ(std::count(seen.err.begin(), seen.err.end(), '\n'), 1) << seen.err;
    }
}

TEST_F(weir_bench, pins_where_a_plan_has_the_ends_of_an_edge) {
    const auto machine = weir::topology::this_machine();
    if (machine.allowed_cores() < 2) GTEST_SKIP() << "a plan for two threads takes two cores";
    weir::plan_request asked;
    asked.add_edge("a->b");
    asked.add_edge("b->a");
    const auto plan = weir::plan(asked, machine);
    plan.save(folder_ / "plan.json");
    for (const std::string edge : {"", ":b->a"}) {
        ASSERT_EQ(measure("roundtrip", {"--queues=weir::spsc_ring", "--plan=plan.json" + edge}).exit_code, 0);
        const auto first = std::to_string(plan.pu_of(edge.empty() ? "a" : "b"));
        EXPECT_EQ(results()["environment"]["cores"][0], first);
        const int here = 0;
        if (weir::numa_node_of(&here))
            EXPECT_EQ(results()["environment"]["memory_node"], plan.edges.front().memory_node.value());
    }
    const auto no_such = run({"--plan=plan.json:nope"});
    EXPECT_EQ(no_such.exit_code, 2);
    EXPECT_THAT(no_such.err, HasSubstr("the plan has no edge 'nope': it has a->b, b->a"));
    const auto seen = run({"--plan=plan.json:a->c"});
    EXPECT_EQ(seen.exit_code, 2);
    EXPECT_THAT(seen.err, HasSubstr("the plan has no edge 'a->c': it has a->b, b->a"));
}

TEST_F(weir_bench, says_before_measuring_that_results_cannot_be_written) {
    std::ofstream{folder_ / "a_file"} << "kept";
    for (const char* path : {"a_file/bench.json", "/proc/bench.json", "."}) {
        const auto seen = measure("roundtrip", {"--json", path});
        EXPECT_EQ(seen.exit_code, 1) << path;
        EXPECT_THAT(seen.err, StartsWith("weir-bench: --json " + std::string{path} + ": cannot be written ("));
        EXPECT_THAT(seen.out, IsEmpty());
    }
    EXPECT_EQ(read_file(folder_ / "a_file"), "kept");
    const auto seen = measure("roundtrip", {"--hgrm", "a_file/hgrm"});
    EXPECT_EQ(seen.exit_code, 1);
    EXPECT_THAT(seen.err, StartsWith("weir-bench: --hgrm a_file/hgrm: cannot be written ("));
}

// As on a full disk, or where stdout is closed.
TEST_F(weir_bench, fails_if_its_output_cannot_be_written) {
    const auto run_with = [&](const std::vector<std::string>& arguments, const std::function<void()>& in_child) {
        return weir_test::run(WEIR_BENCH, arguments, [&] {
            if (::chdir(folder_.c_str()) != 0) ::_exit(126);
            in_child();
        });
    };
    const auto full = [] {
        const rlimit none{0, 0};
        ::setrlimit(RLIMIT_FSIZE, &none);
        ::signal(SIGXFSZ, SIG_IGN);
        ::dup2(::open("out.txt", O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
    };
    const std::vector<std::string> measured{"--benchmark_filter=roundtrip", "--rounds=1", "--sample-ms=1",
                                            "--queues=weir::spsc_ring"};
    std::vector<std::string> formatted = measured;
    formatted.emplace_back("--benchmark_format=json");
    for (const auto& arguments : {std::vector<std::string>{"--help"},
                                  {"--list-queues"},
                                  {"--benchmark_list_tests"},
                                  {"--compare", WHOLE_RUN, WHOLE_RUN},
                                  measured}) {
        const auto no_room = run_with(arguments, full);
        const auto closed = run_with(arguments, [] { ::close(STDOUT_FILENO); });
        EXPECT_EQ(no_room.exit_code, 1) << arguments.front();
        EXPECT_EQ(closed.exit_code, 1) << arguments.front();
        EXPECT_THAT(closed.err, HasSubstr("stdout is closed"));
    }
    // Its files, too, with a stdout that takes everything.
    const auto results = run_with(measured, [] {
        const rlimit none{0, 0};
        ::setrlimit(RLIMIT_FSIZE, &none);
        ::signal(SIGXFSZ, SIG_IGN);
        ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
    });
    EXPECT_EQ(results.exit_code, 1);
    const auto json = run_with(formatted, full);
    EXPECT_EQ(json.exit_code, 1);
}

TEST_F(weir_bench, compares_two_results_only_if_their_environments_are_the_same) {
    ASSERT_EQ(measure("roundtrip", {"--queues=weir", "--json=a.json"}).exit_code, 0);
    const auto same = run({"--compare", "a.json", "a.json"});
    EXPECT_EQ(same.exit_code, 0) << same.err;
    EXPECT_THAT(same.out, HasSubstr("INDICATIVE ONLY"));

    json other = results("a.json");
    other["environment"]["kernel"] = "Linux 1.0";
    std::ofstream{folder_ / "b.json"} << other;
    const auto differing = run({"--compare", "a.json", "b.json"});
    EXPECT_EQ(differing.exit_code, 2);
    EXPECT_THAT(differing.err, AllOf(HasSubstr("environments differ in kernel"), HasSubstr("Linux 1.0")));

    std::ofstream{folder_ / "c.json"} << "{ not json";
    EXPECT_EQ(run({"--compare", "a.json", "c.json"}).exit_code, 2);
}

TEST_F(weir_bench, draws_pictures_from_a_result_file) {
    if (std::system("command -v gnuplot >/dev/null") != 0) {
        GTEST_SKIP() << "there is no gnuplot here";
    }
    // Every picture of a whole run: one that was kept, since on a busy machine all samples of a queue may be dropped.
    const auto seen = run({"--plot", WHOLE_RUN, "pictures"});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_THAT(seen.err, IsEmpty());
    for (const char* picture : {"throughput-8B", "batches", "roundtrip", "latency", "blocking", "blocking-roundtrip",
                                "wakeup", "oversubscribed"}) {
        const auto svg = read_file(folder_ / "pictures" / (std::string{picture} + ".svg"));
        EXPECT_THAT(svg, AllOf(HasSubstr("<svg"), HasSubstr("weir::spsc_ring"), HasSubstr("</svg>"))) << picture;
    }
    EXPECT_THAT(read_file(folder_ / "pictures/crowd-8B.svg"), HasSubstr("weir::mpmc_ring"));

    // And what the program writes now can be drawn.
    ASSERT_EQ(measure("roundtrip|latency/8B/1Mps", {"--queues=weir,deque"}).exit_code, 0);
    const auto own = run({"--plot", "out/bench.json", "own"});
    ASSERT_EQ(own.exit_code, 0) << own.err;
    EXPECT_THAT(own.err, Not(HasSubstr("error")));
    for (const char* picture : {"roundtrip", "latency"}) {
        EXPECT_THAT(read_file(folder_ / "own" / (std::string{picture} + ".svg")), HasSubstr("</svg>")) << picture;
    }
}

}  // namespace
