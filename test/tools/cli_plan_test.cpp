// SPDX-License-Identifier: MIT
//
// Runs `weir plan` as a user or a script would, and checks exit code, stdout and stderr.
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "test/support/subprocess.hpp"
#include "tools/plan/text.hpp"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using weir::pu_set;
using weir::topology;
using weir_test::read_file;

std::string data(const std::string& name) { return TEST_DATA_DIR "/" + name; }

MATCHER(is_one_line, "is one line") { return !arg.empty() && arg.find('\n') == arg.size() - 1; }

/// Each test runs the program in a folder of its own.
class cli_plan : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "weir_plan_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    weir_test::outcome plan(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "plan");
        return weir_test::run(WEIR_TOOL, arguments, [this] {
            if (::chdir(folder_.c_str()) != 0) ::_exit(126);
        });
    }

    void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }

    void expect_refusal(const std::vector<std::string>& arguments, int exit_code, const std::string& sentence) {
        const auto seen = plan(arguments);
        EXPECT_EQ(seen.exit_code, exit_code) << sentence;
        EXPECT_EQ(seen.out, "");
        EXPECT_THAT(seen.err, AllOf(is_one_line(), StartsWith("weir plan: "), HasSubstr(sentence)));
    }

    std::filesystem::path folder_;
    const std::string server_ = data("two_package_smt.xml");
};

TEST_F(cli_plan, shows_placement_costs_and_alternatives) {
    const auto seen =
        plan({"--edge", "md->strat", "--edge", "strat->gw@1Mps", "--role", "gw:quiet", "--topology", server_});
    EXPECT_EQ(seen.exit_code, 0);
    EXPECT_EQ(seen.err, "");
    EXPECT_THAT(seen.out, StartsWith(server_ + ": 2 packages, 2 NUMA nodes, 2 L3 caches, 16 cores, 32 PUs\n" + R"(
  role   PU  core    package  L3  memory  noise            asked for
  md      6  core:3  0        0   node 0  200 ns  assumed
  strat   2  core:1  0        0   node 0  200 ns  assumed
  gw      4  core:2  0        0   node 0  200 ns  assumed  quiet

  edge        rate  over       p50     p99           weight      costs
  md->strat      -  same-l3  50 ns  150 ns  assumed  1           50 ns
  strat->gw  1 Mps  same-l3  50 ns  150 ns  assumed  1, and p99  200 ns

  cost 450 ns = 250 ns edges + 200 ns noise of quiet roles
  proven optimal: no placement costs less

alternatives, and why they cost more
  +10 ns )"));
    EXPECT_THAT(seen.out, AllOf(HasSubstr("md->strat over cross-package instead of same-l3"),
                                HasSubstr("round figures for the distance, not measured on this machine")));
}

TEST_F(cli_plan, prints_commands_to_paste) {
    const auto seen = plan({"--edge", "md->strat", "--edge", "strat->gw", "--topology", server_, "--out", "p.json"});
    for (const auto* line : {"  taskset --cpu-list 2,4,6 ./app\n", "  hwloc-bind 0x00000054 -- ./app\n",
                             "  CPUAffinity=2 4 6\n", "  taskset --cpu-list --pid 2 $TID   # strat\n",
                             "weir::placement_plan::load(\"p.json\")", "plan.pin_this_thread(\"strat\");",
                             // Includes the SMT siblings 18, 20 and 22, which must stay idle.
                             "  isolcpus=managed_irq,domain,2,4,6,18,20,22\n  nohz_full=2,4,6,18,20,22\n"
                             "  rcu_nocbs=2,4,6,18,20,22\n  irqaffinity=0-1,3,5,7-17,19,21,23-31\n"})
        EXPECT_THAT(seen.out, HasSubstr(line));
    EXPECT_THAT(plan({"--edge", "md->gw", "--topology", server_}).out, HasSubstr("weir::pin_this_thread(2);"));
}

TEST_F(cli_plan, never_isolates_the_core_of_pu_0) {
    const auto machine = topology::synthetic("core:2 pu:1");
    weir::plan_request asked;
    asked.add_edge("a->b");
    EXPECT_EQ(weir::tool::worth_isolating(weir::plan(asked, machine), machine), pu_set{1});
    const auto single = topology::synthetic("core:1 pu:2");
    EXPECT_EQ(weir::tool::worth_isolating(weir::plan(asked, single), single), pu_set{});
}

TEST_F(cli_plan, json_is_the_plan_file) {
    const auto seen =
        plan({"--edge", "md->gw@2kps", "--role", "gw:quiet", "--topology", server_, "--out", "p.json", "--json"});
    EXPECT_EQ(seen.out, read_file(folder_ / "p.json"));
    const auto found = json::parse(seen.out);
    EXPECT_EQ(found["schema_version"], 1);
    EXPECT_EQ(found["kind"], "weir plan");
    EXPECT_EQ(found["machine"]["fingerprint"], fingerprint(topology::from_xml_file(server_)));
    EXPECT_EQ(found["roles"][1]["name"], "gw");
    EXPECT_EQ(found["edges"][0]["items_per_s"], 2000);
    EXPECT_EQ(found["proven"], true);
    EXPECT_FALSE(found["alternatives"].empty());
    EXPECT_EQ(weir::placement_plan::load(folder_ / "p.json", topology::from_xml_file(server_)).pu_of("gw"),
              found["roles"][1]["pu"]);
}

TEST_F(cli_plan, takes_roles_from_a_file_and_more_from_the_command_line) {
    write("roles.json", R"({"roles": [{"name": "in"}, {"name": "dsp", "quiet": true}],
                            "edges": [{"from": "in", "to": "dsp"}]})");
    const auto seen = plan(
        {"--roles", "roles.json", "--edge", "dsp->out", "--role", "in:pinned=30", "--json", "--topology", server_});
    const auto found = json::parse(seen.out);
    EXPECT_EQ(found["roles"].size(), 3U);
    EXPECT_EQ(found["roles"][0]["pu"], 30);
    EXPECT_EQ(found["roles"][1]["quiet"], true);
}

TEST_F(cli_plan, uses_measurements_and_isolated_pus) {
    const std::string machine = "pack:1 l3:1 core:4 pu:1";
    const auto print = fingerprint(topology::synthetic(machine));
    write("matrix.json", R"({"schema_version": 1, "kind": "weir matrix", "machine": {"fingerprint": ")" + print +
                             R"("}, "pairs": [{"from": 3, "to": 2, "one_way_ns": {"p50": 40, "p99": 41}}], "classes":
                             [{"distance": "same-l3", "one_way_ns": {"p50": 400, "p99": 410}}]})");
    write("jitter.json", R"({"schema_version": 1, "kind": "weir jitter", "pus": [
        {"pu": 2, "p99_9_gap_ns": 1000, "stolen_ppm": 10000}, {"pu": 3, "p99_9_gap_ns": 1000, "stolen_ppm": 1000}]})");
    const auto seen = plan({"--edge", "md->gw", "--role", "gw:quiet", "--matrix", "matrix.json", "--jitter",
                            "jitter.json", "--topology", machine});
    EXPECT_THAT(seen.out, AllOf(HasSubstr("40 ns  41 ns  measured"), HasSubstr("100 ns   measured")));
    const auto isolated = plan({"--edge", "md->gw", "--topology", machine, "--isolated", "0,1", "--json"});
    EXPECT_EQ(json::parse(isolated.out)["roles"][0]["isolated"], true);
}

TEST_F(cli_plan, refuses_invalid_arguments_with_code_2) {
    expect_refusal({}, 2, "there are no roles to place");
    expect_refusal({"--edge", "md->"}, 2, "has no consumer");
    expect_refusal({"--edge", "md-"}, 2, "in quotes, or the shell takes > for itself");
    expect_refusal({"--edge", "md->gw", "--role", "gx:quiet"}, 2, "there is no role 'gx': the edges use md, gw");
    expect_refusal({"--edge", "md->gw", "--role", "gw:loud"}, 2, "there is no hint 'loud'");
    expect_refusal({"--edge", "md->gw@fast"}, 2, "an invalid rate");
    expect_refusal({"--edge", "md->gw", "--pus", "x"}, 2, "--pus: ");
    expect_refusal({"--nonsense"}, 2, "--nonsense");
    expect_refusal({"--edge", "a->b@1"}, 2, "an invalid rate: write a number above 0 and up to 1000 Gps with ps,");
    expect_refusal({"--edge", "a->a"}, 2, "connects a role to itself, but a ring connects two threads: name another");
    expect_refusal({"--edge", "->"}, 2, "has no producer and no consumer: write both");
    for (const auto* times : {"-1", "0", "1e9", "1025", "x"})
        expect_refusal({"--edge", "a->b", "--times", times}, 2, "give 1 to 1024");
    expect_refusal({"--edge", "a->b", "--max-extra", "5", "--check", "a=0,b=1"}, 2, "--max-extra 5: give a unit");
    expect_refusal({"--edge", "a->b", "--isolated", "0"}, 2, "give --topology, too");
    expect_refusal({"--diff", "a"}, 2, "--diff takes 2 values, but 1 is given");
    expect_refusal({"--pus", "0", "--pus"}, 2, "--pus");
    expect_refusal({"--json=yes"}, 2, "--json takes no value");
}

TEST_F(cli_plan, refuses_impossible_plans_and_unreadable_files_with_code_1) {
    const std::string two = "core:2 pu:1";
    expect_refusal({"--edge", "a->b", "--edge", "b->c", "--topology", two}, 1, "there are 3 roles for 2 PUs");
    expect_refusal({"--edge", "a->b", "--edge", "b->c", "--topology", two}, 1, "give the hint housekeeping");
    expect_refusal({"--edge", "a->b", "--role", "a:pinned=7", "--topology", two}, 1,
                   "pinned to PU 7, which does not exist");
    expect_refusal({"--edge", "a->b", "--pus", "0,9", "--topology", two}, 1, "PU 9 cannot be used");
    expect_refusal({"--edge", "a->b", "--topology", "no such machine"}, 1, "is not a synthetic topology");
    expect_refusal({"--roles", "missing.json"}, 1, "cannot read file of roles 'missing.json'");
    write("cut.json", R"({"roles": [{"name": "md"})");
    expect_refusal({"--roles", "cut.json"}, 1, "truncated");
    write("nowhere.json", R"({"roles": [{"name": "md"}], "edges": [{"from": "md", "to": "gw"}]})");
    expect_refusal({"--roles", "nowhere.json"}, 1, "names role 'gw', which does not exist");
    write("none.json", R"({"roles": []})");
    expect_refusal({"--roles", "none.json", "--topology", two}, 1, "there are no roles to place");
    write("foreign.json", R"({"schema_version": 1, "kind": "weir matrix", "machine": {"fingerprint": "9p"}})");
    expect_refusal({"--edge", "a->b", "--matrix", "foreign.json", "--topology", two}, 1,
                   "it is for another machine, 9p");
    write("foreign.json",
          R"({"schema_version": 1, "kind": "weir jitter", "machine": {"fingerprint": "9p"}, "pus": []})");
    expect_refusal({"--edge", "a->b", "--jitter", "foreign.json", "--topology", two}, 1,
                   "it is for another machine, 9p");
    expect_refusal({"--edge", "a->b", "--out", "no/such/folder", "--topology", two}, 1,
                   "; name a file in an existing folder");
    expect_refusal({"--edge", "a->b", "--out", "/tmp", "--topology", two}, 1,
                   "cannot write the plan to '/tmp': Is a directory; name a file");
    expect_refusal({"--check", "/nonexist", "--topology", two}, 1, "--check: there is no file '/nonexist': name a ");
}

// As weir pin and weir watch, which refuse such a plan.
TEST_F(cli_plan, remarks_on_roles_whose_threads_would_have_one_name) {
    const std::vector<std::string> long_names{"--edge", "strategy-of-book-1->strategy-of-book-2", "--topology",
                                              "core:4 pu:1"};
    const auto seen = plan(long_names);
    EXPECT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_THAT(seen.out, HasSubstr("begin with the same 15 bytes"));
    EXPECT_THAT(plan({"--edge", "a->b", "--topology", "core:4 pu:1"}).out, Not(HasSubstr("15 bytes")));
}

TEST_F(cli_plan, help_has_the_formula_and_examples) {
    const auto seen = plan({"--help"});
    EXPECT_EQ(seen.exit_code, 0);
    EXPECT_EQ(seen.err, "");
    EXPECT_THAT(seen.out, AllOf(HasSubstr("Usage: weir plan "), HasSubstr("--edge"), HasSubstr("quiet"),
                                HasSubstr("weight x (p50"), HasSubstr("Examples:"), Not(HasSubstr("\t"))));
}

}  // namespace
