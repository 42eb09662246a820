// SPDX-License-Identifier: MIT
//
// Runs `weir topo` as a user or a script would, and checks exit code, stdout and stderr.
#include <weir/topology.hpp>
#include <weir/version.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "test/support/subprocess.hpp"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using weir::pu_set;
using weir_test::outcome;
using weir_test::read_file;

struct circumstances {
    pu_set started_on;   // empty: all
    std::string out_to;  // write stdout to this file instead of capturing it
    bool out_closed = false;
    std::vector<std::pair<std::string, std::string>> variables;  // of the environment
};

/// Runs `weir` with these arguments in a process of its own.
outcome weir_tool(const std::vector<std::string>& arguments, const circumstances& how = {}) {
    return weir_test::run(WEIR_TOOL, arguments, [&how] {
        if (!how.started_on.empty()) weir::set_this_thread_affinity(how.started_on);
        for (const auto& [name, value] : how.variables) ::setenv(name.c_str(), value.c_str(), 1);
        if (!how.out_to.empty()) ::dup2(::open(how.out_to.c_str(), O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
        if (how.out_closed) ::close(STDOUT_FILENO);
    });
}

json json_of(std::vector<std::string> arguments, const circumstances& how = {}) {
    arguments.insert(arguments.end(), "--json");
    const auto seen = weir_tool(arguments, how);
    EXPECT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_EQ(seen.err, "");
    return json::parse(seen.out, nullptr, false);
}

std::string data(const std::string& name) { return TEST_DATA_DIR "/" + name; }

MATCHER(is_one_line, "is one line") { return !arg.empty() && arg.find('\n') == arg.size() - 1; }

/// Exit code and the one sentence on stderr; stdout must be empty.
void expect_refusal(const std::vector<std::string>& arguments, int exit_code, const std::string& sentence) {
    const auto seen = weir_tool(arguments);
    EXPECT_EQ(seen.exit_code, exit_code) << sentence;
    EXPECT_EQ(seen.out, "");
    EXPECT_THAT(seen.err, is_one_line());
    EXPECT_THAT(seen.err, HasSubstr(sentence));
}

// ---- Output

TEST(cli_topo, of_this_machine_succeeds) {
    const auto seen = weir_tool({"topo"});
    EXPECT_EQ(seen.exit_code, 0);
    EXPECT_EQ(seen.err, "");
    EXPECT_THAT(seen.out, StartsWith("this machine: " + weir::topology::this_machine().summary()));
    for (const auto* word : {"package", "NUMA", "L3", "L2", "cores", "PUs", "usable", "the cgroup allows", "kernel",
                             "isolated", "nohz_full", "rcu_nocbs", "governor", "SMT", "CPU quota", "auto"})
        EXPECT_THAT(seen.out, HasSubstr(word));
}

TEST(cli_topo, of_a_two_package_machine_fits_on_a_screen) {
    const auto seen = weir_tool({"topo", "--topology", data("two_package_smt.xml")});
    EXPECT_EQ(seen.exit_code, 0);
    EXPECT_EQ(seen.out, data("two_package_smt.xml") + ": 2 packages, 2 NUMA nodes, 2 L3 caches, 16 cores, 32 PUs\n" +
                            R"(
  package  NUMA  L3         L2             cores  PUs (+ SMT siblings)  usable
  0        0     0: 32 MiB  1.25 MiB each  0-7    0-14:2 + 16-30:2      yes
  1        1     1: 32 MiB  1.25 MiB each  8-15   1-15:2 + 17-31:2      yes

  NUMA 0  128 GiB, PUs 0-30:2
  NUMA 1  128 GiB, PUs 1-31:2
  usable  0-31

  auto  producer on PU 2, consumer on PU 4: same-l3
        PU 2 (core:1) and PU 4 (core:2) share L3 cache 0, the nearest two cores that may be used
        PU 0's core is left to the kernel's housekeeping
)");
}

TEST(cli_topo, shows_core_kinds_shared_caches_and_unusable_pus) {
    const auto hybrid = weir_tool({"topo", "--topology", data("hybrid.xml")});
    EXPECT_THAT(hybrid.out, HasSubstr("kind"));
    EXPECT_THAT(hybrid.out, HasSubstr("0-3    1 IntelCore  0-6:2 + 1-7:2"));
    EXPECT_THAT(hybrid.out, HasSubstr("5: 4 MiB    8-11   0 IntelAtom  12-15"));
    const auto part = weir_tool({"topo", "--topology", data("multi_ccx_16_part_allowed.xml")});
    EXPECT_THAT(part.out, HasSubstr("4-7    4-7    no"));
    EXPECT_THAT(part.out, HasSubstr("usable  1-3,10-11"));
}

TEST(cli_topo, on_a_single_pu_says_why_there_is_no_pair_and_that_is_no_failure) {
    const auto seen = weir_tool({"topo", "--topology", data("single_pu.xml")});
    EXPECT_EQ(seen.exit_code, 0);
    EXPECT_THAT(seen.out, HasSubstr("auto  no pair: only one PU may be used"));
    const auto found = json_of({"topo", "--topology", data("single_pu.xml")});
    EXPECT_TRUE(found["pair"].is_null());
    EXPECT_THAT(found["why_no_pair"].get<std::string>(), StartsWith("only one PU may be used"));
}

TEST(cli_topo, takes_synthetic_machines) {
    const auto found = json_of({"topo", "--topology", "pack:2 l3:2 core:4 pu:2"});
    EXPECT_EQ(found["source"], "pack:2 l3:2 core:4 pu:2");
    EXPECT_EQ(found["cores"].size(), 16U);
}

TEST(cli_topo, shows_what_another_policy_or_a_named_pair_would_be) {
    const std::vector<std::string> machine{"topo", "--topology", data("two_package_smt.xml")};
    const auto with = [&](const char* option, const char* policy) {
        auto arguments = machine;
        arguments.insert(arguments.end(), {option, policy});
        return json_of(arguments)["pair"];
    };
    EXPECT_EQ(with("--policy", "smt")["distance"], "smt");
    EXPECT_EQ(with("--policy", "cross-numa")["distance"], "cross-package");
    EXPECT_EQ(with("--pin", "core:0,core:1")["consumer"], 2);
    EXPECT_EQ(with("--pin", "5,4")["producer"], 5);
}

TEST(cli_topo, json_of_this_machine_has_every_field) {
    const auto found = json_of({"topo"});
    const auto machine = weir::topology::this_machine();
    EXPECT_EQ(found["schema_version"], 1);
    EXPECT_EQ(found["weir_version"], WEIR_VERSION_STRING);
    EXPECT_EQ(found["is_this_machine"], true);
    EXPECT_EQ(found["pus"].size(), machine.pus().size());
    EXPECT_EQ(found["cores"].size(), machine.cores().size());
    EXPECT_EQ(found["numa_nodes"].size(), machine.numa_nodes().size());
    EXPECT_EQ(found["caches"].size(), machine.caches().size());
    EXPECT_EQ(found["packages"].size(), machine.packages().size());
    for (const auto* key : {"os_index", "index", "core", "l2", "l3", "numa_node", "package", "allowed"})
        EXPECT_TRUE(found["pus"][0].contains(key)) << key;
    for (const auto* key : {"pus", "cores", "cgroup", "startup_affinity"})
        EXPECT_TRUE(found["allowed"].contains(key)) << key;
    for (const auto* key : {"release", "isolated", "nohz_full", "rcu_nocbs", "arguments", "governors", "smt_control",
                            "cpu_quota_limited", "cpu_quota_pus"})
        EXPECT_TRUE(found["kernel"].contains(key)) << key;
    EXPECT_EQ(found["policy"], "auto");
    EXPECT_NE(found["pair"].is_null(), found["why_no_pair"].is_null()) << "one of them";
    if (machine.allowed_cores() >= 2) {
        EXPECT_EQ(found["pair"]["producer"], machine.choose_pair(weir::pair_policy::automatic).producer);
    }
}

TEST(cli_topo, json_of_another_machine_omits_this_kernels_settings) {
    const auto found = json_of({"topo", "--topology", data("hybrid.xml")});
    EXPECT_EQ(found["is_this_machine"], false);
    EXPECT_TRUE(found["kernel"].is_null());
    EXPECT_TRUE(found["allowed"]["startup_affinity"].is_null());
    EXPECT_EQ(found["core_kinds"][1]["name"], "IntelCore");
    EXPECT_EQ(found["cores"][4]["kind"], 0);
}

TEST(cli_topo, saves_a_machine_that_another_one_reads) {
    const std::string path = testing::TempDir() + "weir_saved_" + std::to_string(::getpid()) + ".xml";
    for (const std::string& machine : {data("multi_ccx_16_part_allowed.xml"), std::string("pack:2 core:4 pu:2")}) {
        const auto saved = weir_tool({"topo", "--topology", machine, "--save", path});
        EXPECT_EQ(saved.exit_code, 0) << saved.err;
        const auto before = json_of({"topo", "--topology", machine}), after = json_of({"topo", "--topology", path});
        EXPECT_EQ(before["pus"], after["pus"]) << machine;
        EXPECT_EQ(before["pair"], after["pair"]) << machine;
    }
    std::remove(path.c_str());
    EXPECT_EQ(weir_tool({"topo", "--save", path}).exit_code, 0);
    EXPECT_EQ(fingerprint(weir::topology::from_xml_file(path)), fingerprint(weir::topology::this_machine()));
    std::remove(path.c_str());
    expect_refusal({"topo", "--save", "/no/such/folder/x.xml"}, 1, "cannot write '/no/such/folder/x.xml'");
}

// ---- The affinity mask at the start

TEST(cli_topo, started_on_one_pu_uses_only_that_but_takes_others_by_name) {
    const auto all = weir::this_thread_affinity();
    const pu_set one{*(all.end() - 1)};
    const circumstances restricted{.started_on = one, .out_to = {}, .out_closed = false, .variables = {}};
    const auto found = json_of({"topo"}, restricted);
    EXPECT_EQ(found["allowed"]["pus"], json::array({one.front()}));
    EXPECT_EQ(found["allowed"]["startup_affinity"], json::array({one.front()}));
    EXPECT_EQ(found["allowed"]["cores"], 1);
    EXPECT_EQ(found["pus"].size(), weir::topology::this_machine().pus().size()) << "the machine is as large as ever";
    EXPECT_THAT(found["why_no_pair"].get<std::string>(), StartsWith("only one PU may be used here"));

    const auto named = std::to_string(all.front()) + "," + std::to_string(one.front());
    const auto pair = json_of({"topo", "--pin", named}, restricted)["pair"];
    EXPECT_EQ(pair["producer"], all.front());
    if (all.size() > 1) {
        EXPECT_THAT(pair["reason"].get<std::string>(),
                    EndsWith("is outside the affinity mask that this process was started with"));
    }
}

// ---- Errors

TEST(cli_topo, a_topology_that_cannot_be_read_is_a_failure_with_a_sentence) {
    const auto whole = read_file(data("hybrid.xml"));
    const auto path = testing::TempDir() + "weir_truncated_" + std::to_string(::getpid()) + ".xml";
    std::ofstream(path) << whole.substr(0, whole.size() / 2);
    expect_refusal({"topo", "--topology", path}, 1, "truncated");
    std::ofstream(path) << "no XML";
    expect_refusal({"topo", "--topology", path}, 1, "this is not an hwloc topology");
    std::remove(path.c_str());
    expect_refusal({"topo", "--topology", path}, 1,
                   "weir topo: cannot read topology file '" + path + "': No such file or directory; save one with");
    expect_refusal({"topo", "--topology", "/"}, 1, "Is a directory");
    expect_refusal({"topo", "--topology", "pack:2 cores:"}, 1,
                   "there is no file 'pack:2 cores:', and 'pack:2 cores:' is not a synthetic topology");
    expect_refusal({"topo", "--topology", "pu:1000000"}, 1, "has more than 65536 PUs");
}

TEST(cli_topo, a_requested_pair_that_does_not_exist_is_a_failure_after_the_table) {
    const auto seen = weir_tool({"topo", "--topology", data("two_package_smt.xml"), "--policy", "same-l2"});
    EXPECT_EQ(seen.exit_code, 1);
    EXPECT_THAT(seen.out, HasSubstr("no pair: "));
    EXPECT_THAT(seen.err, is_one_line());
    EXPECT_THAT(seen.err, StartsWith("weir topo: --policy same-l2: "));
}

TEST(cli_topo, a_policy_that_names_no_pair_is_wrong_usage) {
    for (const std::string policy : {"999", "core:77,core:0", "nonsense", "0"})
        expect_refusal({"topo", "--topology", data("two_package_smt.xml"), "--policy", policy}, 2,
                       "weir topo: --policy " + policy + ": ");
}

TEST(cli_topo, wrong_usage_is_exit_code_2_and_one_sentence) {
    expect_refusal(
        {}, 2,
        "weir: no subcommand is given: give one of topo, matrix, jitter, doctor, plan, pin, watch, run, report, pressure, bridge, shm; run 'weir --help' for details");
    expect_refusal({"bogus"}, 2, "weir: there is no 'bogus'; run 'weir --help' for its options");
    expect_refusal({"--bogus"}, 2, "weir: there is no '--bogus'; run 'weir --help'");
    expect_refusal({"topo", "--bogus"}, 2, "weir topo: there is no '--bogus'; run 'weir topo --help' for its options");
    expect_refusal({"topo", "bogus"}, 2, "weir topo: there is no 'bogus'");
    expect_refusal({"topo", "--topology"}, 2,
                   "weir topo: --topology needs a value, and none is given; run 'weir topo --help'");
    expect_refusal({"topo", "--json=7"}, 2, "json");
    expect_refusal({"topo", "--json", "--policy"}, 2, "--policy needs a value");
}

TEST(cli_topo, a_result_that_cannot_be_written_is_a_failure) {
    for (const auto& arguments :
         {std::vector<std::string>{"topo"}, {"topo", "--json"}, {"--version"}, {"topo", "--help"}}) {
        const auto full =
            weir_tool(arguments, {.started_on = {}, .out_to = "/dev/full", .out_closed = false, .variables = {}});
        EXPECT_EQ(full.exit_code, 1);
        EXPECT_THAT(full.err,
                    AllOf(is_one_line(), HasSubstr("cannot write the result to stdout: No space left on device")));
        const auto closed = weir_tool(arguments, {.started_on = {}, .out_to = {}, .out_closed = true, .variables = {}});
        EXPECT_EQ(closed.exit_code, 1);
        EXPECT_THAT(closed.err, AllOf(is_one_line(), HasSubstr("stdout is closed")));
    }
}

// As in `weir topo | head -1`: SIGPIPE ends the program. If its parent had that signal ignored, it says what went wrong.
TEST(cli_topo, ends_quietly_when_nobody_reads_its_output) {
    const auto into_a_broken_pipe = [](bool ignores_signal) {
        return weir_test::run(WEIR_TOOL, {"topo"}, [ignores_signal] {
            int ends[2] = {-1, -1};
            if (::pipe2(ends, O_CLOEXEC) != 0) ::_exit(125);
            ::close(ends[0]);
            ::dup2(ends[1], STDOUT_FILENO);
            ::signal(SIGPIPE, ignores_signal ? SIG_IGN : SIG_DFL);
        });
    };
    const auto ended = into_a_broken_pipe(false);
    EXPECT_EQ(ended.exit_code, 128 + SIGPIPE);
    EXPECT_EQ(ended.err, "");
    const auto told = into_a_broken_pipe(true);
    EXPECT_EQ(told.exit_code, 1);
    EXPECT_THAT(told.err, AllOf(is_one_line(), HasSubstr("cannot write the result to stdout: Broken pipe")));
}

TEST(cli_topo, detects_that_hwloc_describes_another_machine) {
    const auto pus = weir::topology::this_machine().pus().size() + 1;
    const auto other = "pack:1 core:" + std::to_string(pus) + " pu:1";
    const auto found = json_of({"topo"}, {.started_on = {},
                                          .out_to = {},
                                          .out_closed = false,
                                          .variables = {{"HWLOC_SYNTHETIC", other}, {"HWLOC_THISSYSTEM", "1"}}});
    EXPECT_EQ(found["pus"].size(), pus);
    EXPECT_EQ(found["is_this_machine"], false);
}

// A script's variable that is not set must not turn an option into none, or into one that swallows the next.
TEST(cli_topo, an_empty_name_or_number_is_wrong_usage) {
    const std::vector<std::vector<std::string>> named{
        {"topo", "--topology"}, {"topo", "--save"},       {"matrix", "--svg"},        {"plan", "--roles"},
        {"plan", "--matrix"},   {"plan", "--jitter"},     {"plan", "--topology"},     {"plan", "--out"},
        {"run", "--plan"},      {"run", "--matrix"},      {"report", "--html"},       {"pressure", "--json"},
        {"pressure", "--html"}, {"pressure", "--from"},   {"run", "--seed"},          {"run", "--rounds"},
        {"matrix", "--rounds"}, {"pressure", "--calm-s"}, {"pressure", "--capacity"}, {"jitter", "--seconds"},
        {"run", "--max-p99"},   {"matrix", "--budget"},   {"jitter", "--threshold"},  {"matrix", "--pus"},
        {"plan", "--isolated"}, {"plan", "--each"},       {"plan", "--check"},        {"plan", "--max-extra"},
        {"plan", "--cgroup"},   {"plan", "--times"},      {"plan", "--near"},         {"plan", "--pid"},
        {"plan", "--edge"},     {"plan", "--keep-free"},  {"doctor", "--root"},       {"doctor", "--plan"},
        {"topo", "--policy"},   {"pin", "--plan"},        {"pin", "--pid"},           {"pin", "--for"},
        {"watch", "--pid"},     {"watch", "--for"},       {"run", "--sample"},        {"pressure", "--policy"},
        {"bridge", "--from"},   {"bridge", "--window"},   {"bridge", "--replicas"},   {"bridge", "--journal"},
    };
    for (auto arguments : named) {
        const std::string option = arguments[1];
        if (arguments[0] == "run" && option != "--plan") arguments.insert(arguments.begin() + 1, {"--plan", "x.json"});
        if (arguments[0] == "plan") arguments.insert(arguments.begin() + 1, {"--edge", "a->b"});
        if (arguments[0] == "report") arguments.insert(arguments.begin() + 1, "x.json");
        auto assigned = arguments;
        arguments.emplace_back();
        expect_refusal(arguments, 2, option);
        assigned.back() += '=';
        // Would be taken for the value.
        if (arguments[0] == "topo") assigned.emplace_back("--json");
        const auto seen = weir_tool(assigned);
        EXPECT_EQ(seen.exit_code, 2) << option << ": " << seen.err;
        EXPECT_THAT(seen.err, HasSubstr(option));
    }
    expect_refusal({"topo", "--save", ""}, 2, "weir topo: --save: the name is empty; give one, or leave it out");
    expect_refusal({"run", "--plan", "x.json", "--seed", ""}, 2, "weir run: --seed: the number is empty; give one");
    expect_refusal({"report", "", "--json"}, 2, "weir report: files: the name is empty");
    expect_refusal({"topo", "--json="}, 2, "weir topo: there is no ''");
}

TEST(cli_topo, a_name_that_is_no_text_stays_on_one_line) {
    expect_refusal({"topo", "--topology", "a\nb\x1b[2J\xff.xml"}, 1, "cannot read topology file 'a?b?[2J?.xml'");
    const auto path = testing::TempDir() + "weir_" + std::to_string(::getpid()) + "_\xff.xml";
    std::ofstream(path) << read_file(data("single_pu.xml"));
    EXPECT_THAT(json_of({"topo", "--topology", path})["source"].get<std::string>(), EndsWith("_\xef\xbf\xbd.xml"));
    std::remove(path.c_str());
}

// ---- Help

TEST(cli_topo, help_has_examples_and_exit_codes) {
    const auto general = weir_tool({"--help"});
    EXPECT_EQ(general.exit_code, 0);
    EXPECT_THAT(general.out,
                AllOf(HasSubstr("Usage: weir "), HasSubstr("topo"), HasSubstr("Examples:"), HasSubstr("77")));
    for (const auto* flag : {"--help", "-h"}) {
        const auto topo = weir_tool({"topo", flag});
        EXPECT_EQ(topo.exit_code, 0);
        EXPECT_EQ(topo.err, "");
        EXPECT_THAT(topo.out, AllOf(HasSubstr("Usage: weir topo "), HasSubstr("--topology"), HasSubstr("--policy"),
                                    HasSubstr("--json"), HasSubstr("Examples:"), HasSubstr("same-l3"),
                                    HasSubstr("Exit codes: 0 done;")));
    }
}

TEST(cli_topo, version) {
    const auto seen = weir_tool({"--version"});
    EXPECT_EQ(seen.exit_code, 0);
    EXPECT_EQ(seen.out, "weir " WEIR_VERSION_STRING "\n");
}

}  // namespace
