// SPDX-License-Identifier: MIT
//
// `weir matrix`, `weir jitter` and `weir doctor` as a user or a script sees them. Measured values are not checked.
#include "tools/common/matrix_data.hpp"
#include "tools/jitter/data.hpp"

#include <weir/topology.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "test/support/subprocess.hpp"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using weir::pu_set;
using weir_test::outcome;

MATCHER(is_one_line, "is one line") { return !arg.empty() && arg.find('\n') == arg.size() - 1; }

outcome weir_tool(const std::vector<std::string>& arguments, const pu_set& started_on = {}) {
    return weir_test::run(WEIR_TOOL, arguments, [&] {
        if (!started_on.empty()) weir::set_this_thread_affinity(started_on);
    });
}

void expect_refusal(const std::vector<std::string>& arguments, int exit_code, const std::string& sentence) {
    const auto seen = weir_tool(arguments);
    EXPECT_EQ(seen.exit_code, exit_code) << sentence;
    EXPECT_EQ(seen.out, "");
    EXPECT_THAT(seen.err, AllOf(is_one_line(), HasSubstr(sentence)));
}

bool has_two_pus() { return weir::topology::this_machine().allowed().size() >= 2; }

pu_set one_pu() { return pu_set{weir::this_thread_affinity().front()}; }

std::string file_here(const std::string& name) {
    return testing::TempDir() + "weir_probe_" + std::to_string(::getpid()) + "_" + name;
}

// ---- matrix

TEST(cli_matrix, writes_a_result_that_a_plan_can_read_and_a_picture) {
    if (!has_two_pus()) GTEST_SKIP() << "a pair needs two PUs";
    const auto picture = file_here("matrix.svg");
    const auto seen = weir_tool({"matrix", "--json", "--budget", "200ms", "--rounds", "3", "--svg", picture});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_EQ(seen.err, "") << "stderr is no terminal: no progress";
    const auto matrix = weir::tool::read_matrix(seen.out, "stdout");
    const auto machine = weir::topology::from_xml(matrix.machine.topology_xml, "stdout");
    EXPECT_EQ(machine.pus().size(), weir::topology::this_machine().pus().size());
    EXPECT_EQ(matrix.machine.fingerprint, fingerprint(machine));
    EXPECT_NE(matrix.machine.cpu_model, "");
    EXPECT_EQ(matrix.pus.size(), weir::topology::this_machine().allowed().size());
    EXPECT_EQ(matrix.pairs.size(), matrix.pus.size() * (matrix.pus.size() - 1)) << "each class has been measured";
    EXPECT_FALSE(matrix.classes.empty());
    for (const auto& pair : matrix.pairs) {
        EXPECT_EQ(pair.kind.distance, machine.distance_between(pair.from, pair.to));
        EXPECT_GT(pair.one_way_ns.p50, 0);
        EXPECT_LE(pair.one_way_ns.p99, pair.one_way_ns.p99_9);
        EXPECT_LE(pair.q1_ns, pair.q3_ns);
        EXPECT_TRUE(std::isfinite(pair.items_per_s) && pair.items_per_s > 0);
        EXPECT_LE(pair.rounds, 3U);
        if (!pair.measured) continue;
        EXPECT_GT(pair.rounds + pair.dropped, 0U);
        EXPECT_GT(pair.line_roundtrip_ns, 0) << "the floor beside it";
    }
    EXPECT_THAT(weir_test::read_file(picture), AllOf(StartsWith("<?xml"), HasSubstr("</svg>")));
    std::filesystem::remove(picture);
}

TEST(cli_matrix, in_a_pipe_is_numbers_without_colour) {
    if (!has_two_pus()) GTEST_SKIP() << "a pair needs two PUs";
    const auto seen = weir_tool({"matrix", "--full", "--budget", "100ms", "--rounds", "1"});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_EQ(seen.err, "");
    EXPECT_THAT(seen.out, AllOf(HasSubstr("one way, from one PU to another"), HasSubstr("line/2"), HasSubstr("dropped"),
                                HasSubstr("p50 in ns"), Not(HasSubstr("\033"))));
}

TEST(cli_matrix, on_one_pu_cannot_be_measured_and_says_so) {
    for (const auto& arguments : {std::vector<std::string>{"matrix"}, {"matrix", "--json", "--full"}}) {
        const auto seen = weir_tool(arguments, one_pu());
        EXPECT_EQ(seen.exit_code, 77);
        EXPECT_EQ(seen.out, "");
        EXPECT_THAT(seen.err, AllOf(is_one_line(), StartsWith("weir matrix: a pair needs two PUs, but only PU ")));
    }
}

TEST(cli_matrix, of_another_machine_cannot_be_measured) {
    const auto seen = weir_test::run(WEIR_TOOL, {"matrix"}, [] { ::setenv("HWLOC_SYNTHETIC", "core:77 pu:1", 1); });
    EXPECT_EQ(seen.exit_code, 77);
    EXPECT_THAT(seen.err, AllOf(is_one_line(), HasSubstr("describe another machine")));
}

TEST(cli_matrix, refuses_invalid_arguments_with_a_sentence_before_measuring) {
    expect_refusal({"matrix", "--budget", "soon"}, 2,
                   "weir matrix: --budget soon: give a time from 10 ms to 24 h, such as 50ms, 30s or 1h");
    expect_refusal({"matrix", "--budget", "5"}, 2, "--budget 5: give a unit, as in 5s");
    expect_refusal({"matrix", "--budget", "0"}, 2, "--budget 0: give a time");
    expect_refusal({"matrix", "--rounds", "0"}, 2, "weir matrix: --rounds 0: give 1 to 10000");
    expect_refusal({"matrix", "--pus", "0"}, 2, "--pus 0: a pair needs two PUs; name at least two");
    expect_refusal({"matrix", "--pus", "0,65000"}, 2, "weir matrix: --pus: there is no PU 65000 here");
    expect_refusal({"matrix", "--pus", "a-b"}, 2, "weir matrix: --pus: ");
    expect_refusal({"matrix", "bogus"}, 2, "weir matrix: there is no 'bogus'; run 'weir matrix --help'");
    if (has_two_pus()) {
        expect_refusal({"matrix", "--svg", "/no/such/folder/m.svg"}, 1,
                       "cannot write '/no/such/folder/m.svg': No such file or directory; name a file");
    }
}

// ---- jitter

TEST(cli_jitter, measures_each_pu_and_writes_a_readable_result) {
    for (const bool together : {false, true}) {
        std::vector<std::string> arguments{"jitter", "--json", "--seconds", "0.05", "--threshold", "500ns"};
        if (together) arguments.emplace_back("--together");
        const auto seen = weir_tool(arguments);
        ASSERT_EQ(seen.exit_code, 0) << seen.err;
        EXPECT_EQ(seen.err, "");
        const auto jitter = weir::tool::read_jitter(seen.out, "stdout");
        EXPECT_EQ(jitter.together, together);
        EXPECT_EQ(jitter.seconds, 0.05);
        EXPECT_DOUBLE_EQ(jitter.threshold_ns, 500);
        EXPECT_EQ(jitter.pus.size(), weir::topology::this_machine().allowed().size());
        for (const auto& pu : jitter.pus) EXPECT_LE(pu.p50_gap_ns, pu.worst_gap_ns);
    }
}

TEST(cli_jitter, works_on_one_pu) {
    const auto seen = weir_tool({"jitter", "--seconds", "0.02"}, one_pu());
    EXPECT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_THAT(seen.out, AllOf(HasSubstr("0.02 s on each PU, one after the other"), HasSubstr("worst"),
                                HasSubstr("\nPU " + one_pu().to_string() + "\n")));
}

TEST(cli_jitter, refuses_invalid_arguments_with_a_sentence) {
    expect_refusal({"jitter", "--seconds", "0"}, 2, "weir jitter: --seconds 0: give 0.01 to 86400 seconds");
    expect_refusal({"jitter", "--seconds", "many"}, 2, "weir jitter: --seconds many: this is no number; give 0.01 to ");
    for (const char* const no_number : {"nan", "NaN", "-nan", "inf", "1e300"})
        expect_refusal({"jitter", "--seconds", no_number}, 2,
                       "weir jitter: --seconds " + std::string(no_number) + ": ");
    expect_refusal({"jitter", "--threshold", "1ns"}, 2,
                   "--threshold 1ns: give a time from 100 ns to 1 s, such as 100ns, 1ms or 500ms");
    expect_refusal({"jitter", "--threshold", "1"}, 2, "--threshold 1: give a unit, as in 1us");
    expect_refusal({"jitter", "--pus", "65000"}, 2, "weir jitter: --pus: there is no PU 65000 here");
    expect_refusal({"jitter", "--seconds", ""}, 2, "--seconds: the number is empty; give one");
    expect_refusal({"jitter", "--together=x"}, 2, "--together takes no value");
}

// ---- doctor

TEST(cli_doctor, succeeds_whatever_it_finds) {
    const auto seen = weir_tool({"doctor"});
    EXPECT_EQ(seen.exit_code, 0);
    EXPECT_EQ(seen.err, "");
    EXPECT_THAT(seen.out, AllOf(HasSubstr("governor"), HasSubstr("nothing was changed")));
    const auto found = json::parse(weir_tool({"doctor", "--json"}).out, nullptr, false);
    EXPECT_EQ(found["schema_version"], 1);
    EXPECT_EQ(found["kind"], "weir doctor");
    for (const auto& one : found["findings"])
        for (const auto* key : {"name", "severity", "what", "why", "change"}) EXPECT_TRUE(one.contains(key)) << key;
}

TEST(cli_doctor, strict_fails_exactly_if_a_finding_is_severe) {
    const auto root = file_here("root");
    std::filesystem::create_directories(root + "/sys/devices/system/clocksource/clocksource0");
    const auto source = root + "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    for (const auto& [name, code] : {std::pair{"hpet", 1}, {"tsc", 0}}) {
        std::ofstream(source) << name << "\n";
        EXPECT_EQ(weir_tool({"doctor", "--root", root, "--strict"}).exit_code, code) << name;
        EXPECT_EQ(weir_tool({"doctor", "--root", root}).exit_code, 0) << name;
    }
    std::filesystem::remove_all(root);
    expect_refusal({"doctor", "--root", root}, 1, "this folder does not exist");
    expect_refusal({"doctor", "--root", "/etc/passwd"}, 1,
                   "--root /etc/passwd: this is a file, not a folder; name one");
    expect_refusal({"doctor", "--root", ""}, 2, "--root: the name is empty; give one, or leave it out");
    expect_refusal({"doctor", "--strict=x"}, 2, "--strict takes no value");
}

TEST(cli_doctor, on_one_pu_finds_that_severe) {
    if (!has_two_pus()) GTEST_SKIP() << "there is only one";
    EXPECT_EQ(weir_tool({"doctor", "--strict"}, one_pu()).exit_code, 1);
    EXPECT_THAT(weir_tool({"doctor"}, one_pu()).out, StartsWith("Severe"));
}

// ---- all

TEST(cli_probe, help_has_examples) {
    for (const auto* name : {"matrix", "jitter", "doctor"}) {
        const auto seen = weir_tool({name, "--help"});
        EXPECT_EQ(seen.exit_code, 0);
        EXPECT_EQ(seen.err, "");
        EXPECT_THAT(seen.out, AllOf(HasSubstr(std::string("Usage: weir ") + name), HasSubstr("--json"),
                                    HasSubstr("Examples:"), Not(HasSubstr("\n\n\n"))));
        EXPECT_THAT(weir_tool({"--help"}).out, HasSubstr(name));
    }
}

TEST(cli_probe, a_result_that_cannot_be_written_is_a_failure) {
    for (const auto& arguments : {std::vector<std::string>{"doctor"}, {"jitter", "--seconds", "0.01"}}) {
        const auto seen = weir_test::run(WEIR_TOOL, arguments,
                                         [] { ::dup2(::open("/dev/full", O_WRONLY | O_CLOEXEC), STDOUT_FILENO); });
        EXPECT_EQ(seen.exit_code, 1);
        EXPECT_THAT(seen.err, HasSubstr("No space left on device"));
    }
}

}  // namespace
