// SPDX-License-Identifier: MIT
//
// `weir plan --check` and --diff, `weir pin` and `weir watch`, as a user or a script would run them; the last two on a program of
// ten named threads.
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "test/support/subprocess.hpp"
#include "tools/pin/pinner.hpp"
#include "tools/watch/log.hpp"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using weir::placement_plan;
using weir::pu_set;
using weir::topology;
using weir::tool::pinner;
using weir::tool::process_thread;
using weir::tool::watch_log;
using words = std::vector<std::string>;

MATCHER(is_one_line, "is one line") { return !arg.empty() && arg.find('\n') == arg.size() - 1; }

// Read from the kernel without weir's code.
pu_set affinity_of(long thread) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    EXPECT_EQ(::sched_getaffinity(static_cast<pid_t>(thread), sizeof mask, &mask), 0);
    pu_set pus;
    for (unsigned pu = 0; pu != CPU_SETSIZE; ++pu)
        if (CPU_ISSET(pu, &mask)) pus.insert(pu);
    return pus;
}

void move_thread(long thread, const pu_set& pus) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    for (const unsigned pu : pus) CPU_SET(pu, &mask);
    EXPECT_EQ(::sched_setaffinity(static_cast<pid_t>(thread), sizeof mask, &mask), 0);
}

std::map<std::string, long> threads_by_name(long process) {
    std::map<std::string, long> found;
    std::error_code error;
    for (const auto& row : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", error)) {
        std::ifstream file(row.path() / "comm");
        std::string name;
        std::getline(file, name);
        found[name] = std::stol(row.path().filename());
    }
    return found;
}

const words ten{"feed", "parse", "book", "strat", "risk", "gw", "log", "mon", "clock", "admin"};

class cli_place : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "weir_place_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::function<void()> in_folder() const {
        return [this] {
            if (::chdir(folder_.c_str()) != 0) ::_exit(126);
        };
    }
    weir_test::outcome weir(const words& arguments) const { return weir_test::run(WEIR_TOOL, arguments, in_folder()); }
    json weir_json(const words& arguments, int exit_code = 0) const {
        const auto seen = weir(arguments);
        EXPECT_EQ(seen.exit_code, exit_code) << seen.err;
        return json::parse(seen.out);
    }

    void expect_refusal(const words& arguments, int exit_code, const std::string& sentence) const {
        const auto seen = weir(arguments);
        EXPECT_EQ(seen.exit_code, exit_code) << sentence;
        EXPECT_EQ(seen.out, "");
        EXPECT_THAT(seen.err,
                    AllOf(is_one_line(), StartsWith("weir " + arguments.front() + ": "), HasSubstr(sentence)));
    }

    // A plan for the ten threads on this machine: its PUs in turn.
    std::map<std::string, unsigned> plan_for_ten(const std::string& file) const {
        const auto machine = topology::this_machine();
        const std::vector<unsigned> pus(machine.allowed().begin(), machine.allowed().end());
        weir::plan_request asked;
        std::map<std::string, unsigned> places;
        for (std::size_t i = 0; i != ten.size(); ++i) {
            places[ten[i]] = pus[i % pus.size()];
            asked.roles.push_back({.name = ten[i], .pinned = places[ten[i]]});
        }
        asked.add_edge("feed->parse");
        weir::plan(asked, machine).save(folder_ / file);
        return places;
    }

    static void wait_until_ready(const weir_test::process& program) {
        ASSERT_TRUE(weir_test::eventually([&] { return program.out().find("ready") != std::string::npos; }));
    }

    std::filesystem::path folder_;
};

// Eight cores, each with an L2; two L3 caches. PU 0 and 1 share a core with none; 4 is behind the other L3.
const std::string two_l3 = "pack:1 l3:2 core:4 pu:1";

TEST_F(cli_place, check_says_what_a_placement_costs_more_and_why) {
    const auto seen = weir({"plan", "--check", "md=1,gw=4", "--edge", "md->gw", "--topology", two_l3});
    EXPECT_EQ(seen.exit_code, 0);
    EXPECT_EQ(seen.err, "");
    // The best is within the L3 cache that PU 0 is not behind: 50 ns. Across, the same message takes 100 ns.
    EXPECT_THAT(seen.out, HasSubstr(R"(
  role  PU  core    best  core    asked for
  md     1  core:1     1  core:1
  gw     4  core:4     2  core:2

  edge    over           costs  best over  costs    more
  md->gw  same-package  100 ns  same-l3    50 ns  +50 ns

  cost 100 ns = 100 ns edges
  the best costs 50 ns (proven optimal): this placement is 50 ns dearer, 50% of its cost

where it differs from the best
  +50 ns     md->gw over same-package instead of same-l3

single moves that save most
  -50 ns     )"));
}

TEST_F(cli_place, check_finds_nothing_to_say_against_the_plan_itself) {
    ASSERT_EQ(weir({"plan", "--edge", "a->b", "--edge", "b->c@1Mps", "--role", "c:quiet", "--topology", two_l3, "--out",
                    "p.json"})
                  .exit_code,
              0);
    const auto found = weir_json({"plan", "--check", "p.json", "--topology", two_l3, "--json", "--max-extra", "0"});
    EXPECT_EQ(found["kind"], "weir plan check");
    EXPECT_EQ(found["extra_ns"], 0);
    EXPECT_THAT(found["differences"], IsEmpty());
    EXPECT_THAT(found["steps"], IsEmpty());
    EXPECT_THAT(found["broken"], IsEmpty());
    EXPECT_EQ(found["cost_ns"], found["best_cost_ns"]);
}

TEST_F(cli_place, check_reads_what_plan_prints) {
    const auto planned =
        weir({"plan", "--edge", "a->b@1.5Mps", "--edge", "b->c", "--role", "c:quiet,smt-ok", "--topology", two_l3}).out;
    const auto at = planned.find("  weir plan --check ");
    ASSERT_NE(at, std::string::npos);
    const auto command = planned.substr(at, planned.find("\n\n", at) - at) + " --json";
    // As pasted into a shell.
    const auto pasted = weir_test::run("/bin/sh", {"-c", "weir() { " WEIR_TOOL " \"$@\"; }; " + command});
    EXPECT_EQ(pasted.exit_code, 0) << command << pasted.err;
    const auto found = json::parse(pasted.out);
    EXPECT_EQ(found["extra_ns"], 0);
    EXPECT_EQ(found["roles"].size(), 3U);
}

TEST_F(cli_place, check_names_the_hints_and_rules_that_are_broken) {
    const auto found = weir_json({"plan", "--check", "a=1", "b=1,c=2", "--edge", "a->b", "--edge", "b->c", "--role",
                                  "c:pinned=3", "--topology", two_l3, "--json"});
    EXPECT_THAT(found["broken"], ElementsAre("a and b share PU 1: they take turns there, and neither may spin",
                                             "c is on PU 2, but asks for PU 3"));
    EXPECT_GT(found["extra_ns"], 4000);  // two context switches for each message
}

TEST_F(cli_place, check_has_a_limit_for_scripts) {
    const words placed{"plan", "--check", "md=1,gw=4", "--edge", "md->gw", "--topology", two_l3, "--max-extra"};
    const auto with = [&](const std::string& limit) {
        auto arguments = placed;
        arguments.push_back(limit);
        return weir(arguments);
    };
    EXPECT_EQ(with("50ns").exit_code, 0);
    const auto above = with("49ns");
    EXPECT_EQ(above.exit_code, 1);
    EXPECT_THAT(above.err,
                AllOf(is_one_line(), HasSubstr("--max-extra 49ns: the placement costs 50 ns more than the best")));
}

TEST_F(cli_place, check_refuses_what_is_no_placement) {
    const std::string two = "core:2 pu:1";
    expect_refusal({"plan", "--check"}, 2, "--check needs a placement");
    expect_refusal({"plan", "--check", "md"}, 2, "there are no roles");
    expect_refusal({"plan", "--check", "md", "--edge", "md->gw"}, 2, "'md' is neither a file nor a place");
    expect_refusal({"plan", "--check", "md=0", "--edge", "md->gw"}, 2, "no place for role 'gw'");
    expect_refusal({"plan", "--check", "md=0,gw=1,x=2", "--edge", "md->gw"}, 2, "a role 'x', which does not exist");
    expect_refusal({"plan", "--check", "md=0,md=1,gw=1", "--edge", "md->gw"}, 2, "'md' is on PU 0 and on PU 1");
    expect_refusal({"plan", "--check", "md=0,gw=7", "--edge", "md->gw", "--topology", two}, 1, "there is no PU 7");
    expect_refusal({"plan", "--check", "none.json"}, 1, "cannot read plan file 'none.json'");
    expect_refusal({"plan", "--check", "--pid", "x", "--edge", "md->gw"}, 2, "give the number of a process");
    expect_refusal({"plan", "--check", "--pid", "0", "--edge", "md->gw"}, 2, "give the number of a process");
    expect_refusal({"plan", "--check", "md=0", "--pid", "1", "--edge", "md->gw"}, 2, "give one of them");
    expect_refusal({"plan", "--pid", "1", "--edge", "md->gw"}, 2, "give --check, too");
    expect_refusal({"plan", "--check", "md=0,gw=1", "--edge", "md->gw", "--times", "2"}, 2,
                   "--check costs one placement, so --times has no effect: leave out one of them");
    expect_refusal({"plan", "--check", "md=0,gw=1", "--edge", "md->gw", "--systemd"}, 2, "so --systemd has no effect");
    expect_refusal({"plan", "--max-extra", "1us", "--edge", "md->gw"}, 2, "give --check, too");
    expect_refusal({"plan", "--check", "md=0,gw=1", "--edge", "md->gw", "--max-extra", "nan"}, 2, "--max-extra nan");
}

TEST_F(cli_place, plan_keeps_cores_free_and_places_copies) {
    const auto found = weir_json({"plan", "--edge", "a->log", "--role", "log:housekeeping", "--keep-free", "1",
                                  "--topology", "core:4 pu:2(indexes=0,4,1,5,2,6,3,7)", "--json"});
    EXPECT_EQ(found["roles"][1]["pus"], "1,5");  // core 0 is kept free
    EXPECT_EQ(found["roles"][0]["pu"], 2);
    const auto listed =
        weir_json({"plan", "--edge", "a->b", "--keep-free", "1-1", "--topology", "core:4 pu:1", "--json"});
    EXPECT_EQ(listed["roles"][0]["pu"], 2);
    const auto copies =
        weir_json({"plan", "--edge", "a->b", "--times", "2", "--each", "l3", "--topology", two_l3, "--json"});
    EXPECT_EQ(copies["roles"].size(), 4U);
    EXPECT_EQ(copies["edges"][1]["from"], "a.2");
    expect_refusal({"plan", "--edge", "a->b", "--keep-free", "8", "--topology", two_l3}, 2,
                   "one must be left for the roles");
    expect_refusal({"plan", "--edge", "a->b", "--keep-free", "3,99", "--topology", two_l3}, 2,
                   "--keep-free: there is no PU 99");
    expect_refusal({"plan", "--edge", "a->b", "--times", "0"}, 2, "--times 0: give 1 to 1024");
    expect_refusal({"plan", "--edge", "a->b", "--times", "3", "--topology", two_l3}, 1,
                   "2 L3 caches, 1 NUMA node, 1 package");
    expect_refusal({"plan", "--edge", "a->b", "--each", "l3"}, 2, "give --times, too");
    expect_refusal({"plan", "--edge", "a->b", "--times", "1", "--each", "core"}, 2, "its own l3, node or package");
}

TEST_F(cli_place, plan_takes_devices) {
    expect_refusal({"plan", "--edge", "a->b", "--near", "a"}, 2, "--near 'a': write a role and a device");
    expect_refusal({"plan", "--edge", "a->b", "--near", "c=eth0"}, 2, "there is no role 'c'");
    expect_refusal({"plan", "--edge", "a->b", "--near", "a=eth0", "--topology", two_l3}, 1, "no devices are known");
}

std::string after(const std::string& text, const std::string& begin, char end) {
    const auto at = text.find(begin);
    EXPECT_NE(at, std::string::npos) << begin;
    return at == std::string::npos
               ? ""
               : text.substr(at + begin.size(), text.find(end, at + begin.size()) - at - begin.size());
}

// hwloc reads the same file and the line that is to be pasted, and must find the PUs of the plan, and the nodes of these PUs.
TEST_F(cli_place, lines_to_paste_mean_the_pus_of_the_plan) {
    const std::string calc = "/usr/bin/hwloc-calc";
    if (!std::filesystem::exists(calc)) GTEST_SKIP() << "hwloc-calc is missing: install hwloc-nox";
    for (const std::string machine : {"pack:2 [numa] l3:2 core:4 pu:2(indexes=core:pu)", "pack:1 numa:4 core:4 pu:1",
                                      "numa:2(indexes=1,0) core:4 pu:1", "pack:1 l3:1 core:8 pu:1"}) {
        auto text = topology::synthetic(machine).to_xml();
        if (machine.ends_with("core:8 pu:1"))  // a container with PUs 2 to 7
            text.replace(text.find("allowed_cpuset=\"0x000000ff\""), 27, "allowed_cpuset=\"0x000000fc\"");
        std::ofstream(folder_ / "m.xml") << text;
        const auto seen = weir({"plan", "--edge", "a->b", "--edge", "b->c", "--edge", "c->log", "--role",
                                "log:housekeeping", "--role", "c:quiet", "--topology", "m.xml", "--out", "p.json"});
        ASSERT_EQ(seen.exit_code, 0) << seen.err;
        const auto plan = placement_plan::load(folder_ / "p.json", topology::from_xml_file(folder_ / "m.xml"));
        pu_set pus;
        pu_set nodes;
        for (const auto& role : plan.roles) {
            pus = pus | role.pus;
            nodes.insert(role.memory_node.value());
        }
        const auto hwloc = [&](words arguments) {
            arguments.insert(arguments.begin(), {"--input", folder_ / "m.xml", "--disallowed"});
            auto out = weir_test::run(calc, arguments).out;
            if (out.ends_with('\n')) out.pop_back();
            return out;
        };
        const auto mask = after(seen.out, "  hwloc-bind ", ' ');
        const auto list = after(seen.out, "  taskset --cpu-list ", ' ');
        EXPECT_EQ(pu_set::parse(list), pus) << machine;
        EXPECT_EQ(pu_set::parse(hwloc({"--physical-output", "--intersect", "PU", mask})), pus) << machine;
        EXPECT_EQ(after(seen.out, "numactl --physcpubind=", ' '), list) << machine;
        EXPECT_EQ(pu_set::parse(after(seen.out, "--membind=", ' ')), nodes) << machine;
        EXPECT_EQ(pu_set::parse(hwloc({"--physical-output", "--intersect", "NUMAnode", mask})), nodes) << machine;
        std::string systemd = after(seen.out, "CPUAffinity=", '\n');
        for (auto& c : systemd) c = c == ' ' ? ',' : c;
        EXPECT_EQ(pu_set::parse(systemd), pus) << machine;
        for (const auto& role : plan.roles)
            EXPECT_THAT(seen.out,
                        HasSubstr("taskset --cpu-list --pid " + role.pus.to_string() + " $TID   # " + role.asked.name));
    }
}

TEST_F(cli_place, diff_shows_which_roles_have_another_place) {
    ASSERT_EQ(weir({"plan", "--edge", "a->b", "--topology", two_l3, "--out", "old.json"}).exit_code, 0);
    ASSERT_EQ(weir({"plan", "--edge", "a->b", "--edge", "b->c", "--role", "b:pinned=7", "--topology", two_l3, "--out",
                    "new.json"})
                  .exit_code,
              0);
    EXPECT_EQ(weir({"plan", "--diff", "old.json", "old.json", "--topology", two_l3}).exit_code, 0);
    const auto text = weir({"plan", "--diff", "old.json", "new.json", "--topology", two_l3});
    EXPECT_EQ(text.exit_code, 1);
    EXPECT_EQ(text.err, "");
    EXPECT_THAT(text.out, AllOf(HasSubstr("moved, asks for 'pinned=7' instead of ''"), HasSubstr("only in the second"),
                                HasSubstr("roles have another place")));
    const auto found = weir_json({"plan", "--diff", "old.json", "new.json", "--topology", two_l3, "--json"}, 1);
    EXPECT_EQ(found["same_places"], false);
    EXPECT_EQ(found["roles"][1]["second_pu"], 7);
    EXPECT_EQ(found["roles"][2]["first_pu"], nullptr);
    const auto with_loggers_on = [&](const char* pus, const char* file) {
        EXPECT_EQ(weir({"plan", "--edge", "a->b", "--edge", "b->log", "--role", "log:housekeeping", "--housekeeping",
                        pus, "--topology", two_l3, "--out", file})
                      .exit_code,
                  0);
    };
    with_loggers_on("6-7", "two.json");
    with_loggers_on("5-7", "three.json");
    const auto loggers = weir({"plan", "--diff", "two.json", "three.json", "--topology", two_l3});
    EXPECT_EQ(loggers.exit_code, 1);
    EXPECT_THAT(loggers.out, AllOf(HasSubstr("PUs 6-7"), HasSubstr("PUs 5-7"), HasSubstr("2 of 3 roles have")));
    expect_refusal({"plan", "--diff", "old.json"}, 2, "--diff");
    for (const std::string option : {"--edge", "--role", "--roles", "--pus", "--out", "--matrix"})
        expect_refusal({"plan", "--diff", "old.json", "old.json", "--topology", two_l3, option, "a->b"}, 2,
                       "--diff compares two plans, so " + option + " has no effect");
    expect_refusal({"plan", "--diff", "old.json", "new.json", "--topology", "core:2 pu:1"}, 1, "for another machine");
}

TEST_F(cli_place, pin_gives_ten_threads_of_a_program_their_places) {
    const auto places = plan_for_ten("p.json");
    weir_test::process program(NAMED_THREADS, ten);
    wait_until_ready(program);
    const auto id = program.id();
    const auto found = weir_json({"pin", "--plan", "p.json", "--pid", std::to_string(id), "--json"});
    EXPECT_EQ(found["all_have_their_place"], true);
    EXPECT_EQ(found["roles"].size(), 10U);
    const auto threads = threads_by_name(id);
    for (const auto& [role, pu] : places) EXPECT_EQ(affinity_of(threads.at(role)), pu_set{pu}) << role;
    // The main thread belongs to no role.
    EXPECT_EQ(affinity_of(id), topology::this_machine().allowed());

    // The same places, found by the names of the threads.
    const auto checked = weir_json({"plan", "--check", "p.json", "--pid", std::to_string(id), "--json"});
    EXPECT_EQ(checked["extra_ns"], 0);
    EXPECT_THAT(checked["broken"], IsEmpty());
    for (const auto& role : checked["roles"]) EXPECT_EQ(role["pu"], places.at(role["name"].get<std::string>()));
    move_thread(threads.at("strat"), topology::this_machine().allowed());
    if (topology::this_machine().allowed().size() > 1) {
        EXPECT_THAT(weir({"plan", "--check", "p.json", "--pid", std::to_string(id)}).out,
                    HasSubstr("strat is not pinned: it was seen on PU "));
    }
}

TEST_F(cli_place, pin_follows_threads_that_start_later_and_returns_the_programs_code) {
    plan_for_ten("p.json");
    auto arguments = words{"pin", "--plan", "p.json", "--for", "20s", "--", NAMED_THREADS};
    arguments.insert(arguments.end(), ten.begin(), ten.end() - 1);
    arguments.push_back("+" + ten.back());
    weir_test::process pin(WEIR_TOOL, arguments, in_folder());
    ASSERT_TRUE(weir_test::eventually([&] { return pin.err().find("admin") != std::string::npos; })) << pin.err();
    EXPECT_THAT(pin.err(),
                AllOf(HasSubstr("pinned, read back"), Not(HasSubstr("no thread")), Not(HasSubstr("refused"))));
    EXPECT_EQ(pin.out(), "ready\n");  // the program's own
    pin.signal(SIGTERM);              // is passed on
    EXPECT_EQ(pin.wait(), 128 + SIGTERM);

    const auto ended = weir({"pin", "--plan", "p.json", "--", NAMED_THREADS, "feed", "--end=7"});
    EXPECT_EQ(ended.exit_code, 7);
    EXPECT_THAT(ended.err,
                AllOf(HasSubstr("role 'gw' has no thread: the program ended after "), Not(HasSubstr("wait longer"))));
    // 125 is weir's own, and 1 the program's.
    EXPECT_EQ(weir({"pin", "--plan", "p.json", "--", NAMED_THREADS, "feed", "--end=0"}).exit_code, 125);
    EXPECT_EQ(weir({"pin", "--plan", "p.json", "--", NAMED_THREADS, "feed", "--end=1"}).exit_code, 1);
}

// A daemon has none, and weir's own table goes to stderr.
TEST_F(cli_place, pin_starts_a_program_without_a_stdout) {
    plan_for_ten("p.json");
    const auto seen = weir_test::run(
        WEIR_TOOL, {"pin", "--plan", "p.json", "--", "/bin/sh", "-c", "test ! -e /proc/self/fd/1"}, [this] {
            in_folder()();
            ::close(STDOUT_FILENO);
        });
    EXPECT_EQ(seen.exit_code, 125) << seen.err;  // it ended with 0, and had no threads
    EXPECT_THAT(seen.err, HasSubstr("the program ended after "));
    const auto refused = weir_test::run(WEIR_TOOL, {"pin", "--help"}, [] { ::close(STDOUT_FILENO); });
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.err, HasSubstr("stdout is closed"));
}

TEST_F(cli_place, pin_says_which_role_found_no_thread) {
    plan_for_ten("p.json");
    weir_test::process program(NAMED_THREADS, {"feed", "parse", "feed"});
    wait_until_ready(program);
    const auto found =
        weir_json({"pin", "--plan", "p.json", "--pid", std::to_string(program.id()), "--for", "0.1s", "--json"}, 1);
    EXPECT_EQ(found["all_have_their_place"], false);
    EXPECT_EQ(found["roles"][0]["has_place"], true);
    EXPECT_EQ(found["roles"][0]["namesakes"].size(), 1U);  // the second feed is left alone
    EXPECT_THAT(found["roles"][5]["problem"].get<std::string>(), StartsWith("role 'gw' has no thread"));
}

TEST_F(cli_place, watch_notices_within_a_second_that_a_thread_left_its_plan) {
    const auto places = plan_for_ten("p.json");
    weir_test::process program(NAMED_THREADS, ten);
    wait_until_ready(program);
    const auto id = std::to_string(program.id());
    ASSERT_EQ(weir({"pin", "--plan", "p.json", "--pid", id}).exit_code, 0);
    const auto quiet = weir_json({"watch", "--pid", id, "--plan", "p.json", "--for", "0.3s", "--json"});
    EXPECT_EQ(quiet["kept_to_plan"], true);
    EXPECT_EQ(quiet["threads"].size(), 11U);
    EXPECT_THAT(quiet["events"], IsEmpty());

    const auto all = topology::this_machine().allowed();
    if (all.size() < 2) GTEST_SKIP() << "one PU: a thread cannot be moved away";
    weir_test::process watch(WEIR_TOOL, {"watch", "--pid", id, "--plan", "p.json", "--for", "60s"}, in_folder());
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    const auto strat = threads_by_name(program.id()).at("strat");
    const pu_set elsewhere = all - pu_set{places.at("strat")};
    move_thread(strat, elsewhere);
    const auto moved = std::chrono::steady_clock::now();
    ASSERT_TRUE(weir_test::eventually([&] { return watch.err().find("is off its plan") != std::string::npos; }));
    EXPECT_LT(std::chrono::steady_clock::now() - moved, std::chrono::seconds(1));
    EXPECT_THAT(watch.err(),
                AllOf(is_one_line(), HasSubstr("strat (thread " + std::to_string(strat) + ") is off its plan, PU " +
                                               std::to_string(places.at("strat")))));
    watch.signal(SIGINT);
    const auto seen = watch.wait_for_outcome();
    EXPECT_EQ(seen.exit_code, 1);
    EXPECT_THAT(seen.out, AllOf(HasSubstr("off its plan"), HasSubstr("what happened"), HasSubstr("waited to run")));
}

TEST_F(cli_place, pin_and_watch_refuse_what_cannot_be) {
    plan_for_ten("p.json");
    expect_refusal({"pin", "--plan", "p.json"}, 2, "nothing to pin: give a program after --");
    expect_refusal({"pin", "--plan", "p.json", "--pid", "1", "--", "true"}, 2, "give one of them");
    expect_refusal({"pin", "--pid", "1"}, 2, "--plan");
    expect_refusal({"pin", "--plan", "p.json", "--pid", "-4"}, 2, "--pid '-4'");
    expect_refusal({"pin", "--plan", "p.json", "--pid", "1", "--for", "nan"}, 2, "--for nan");
    expect_refusal({"pin", "--plan", "p.json", "--pid", "2147483647"}, 1, "there is no process 2147483647");
    expect_refusal({"pin", "--plan", "none.json", "--pid", "1"}, 1, "cannot read plan file");
    expect_refusal({"pin", "--plan", "p.json", "--pid", "1", "--for", "5"}, 2, "--for 5: give a unit, as in 5s");
    expect_refusal({"pin", "--plan", "none.json", "--", "true"}, 125, "cannot read plan file");
    expect_refusal({"pin", "--plan", "p.json", "--", "/no/such/program"}, 125,
                   "cannot run '/no/such/program': No such file");
    expect_refusal({"watch"}, 2, "--pid");
    expect_refusal({"watch", "--pid", "2147483647"}, 1, "there is no process 2147483647");
    expect_refusal({"watch", "--pid", "1", "--for", "1ms"}, 2, "--for 1ms");
    expect_refusal({"watch", "--pid", "1", "--for", "5"}, 2, "--for 5: give a unit, as in 5s");
    for (const auto* const command : {"pin", "watch"}) {
        const auto help = weir({command, "--help"});
        EXPECT_EQ(help.exit_code, 0);
        EXPECT_THAT(help.out, AllOf(HasSubstr("Usage: weir " + std::string(command)), HasSubstr("Examples:"),
                                    HasSubstr("--json")));
    }
}

process_thread thread(long id, const std::string& name, const pu_set& may_use, unsigned on = 0) {
    process_thread made;
    made.id = id;
    made.name = name;
    made.may_use = may_use;
    made.last_pu = on;
    return made;
}

// A thread has its parent's name until it sets its own.
TEST(pinner, gives_back_the_pus_of_a_thread_that_takes_another_name) {
    std::vector<std::string> calls;
    pinner pins({{"md", pu_set{3}}}, [&](long id, const pu_set& pus) {
        calls.push_back(std::to_string(id) + " on " + pus.to_string());
        return std::string();
    });
    const pu_set all{0, 1, 2, 3};
    pins.look({thread(10, "md", all)});
    EXPECT_THAT(calls, ElementsAre("10 on 3"));
    EXPECT_TRUE(pins.all_have_their_place());
    pins.look({thread(10, "other", pu_set{3}), thread(11, "md", all)});
    EXPECT_THAT(calls, ElementsAre("10 on 3", "10 on 0-3", "11 on 3"));
    EXPECT_EQ(pins.roles()[0].thread, 11);
    pins.look({thread(10, "other", all)});
    EXPECT_FALSE(pins.all_have_a_thread());
}

TEST(pinner, says_which_place_was_refused_or_taken_away) {
    pinner pins({{"md", pu_set{3}}, {"a-name-of-20-bytes-x", pu_set{1}}}, [](long id, const pu_set&) {
        return id == 10 ? std::string("the kernel refuses PU 3") : std::string();
    });
    pins.look({thread(10, "md", pu_set{0}), thread(11, "a-name-of-20-by", pu_set{0})});
    EXPECT_TRUE(pins.all_have_a_thread());
    EXPECT_FALSE(pins.all_have_their_place());
    pins.verify({thread(10, "md", pu_set{0}), thread(11, "a-name-of-20-by", pu_set{0, 1})});
    EXPECT_THAT(pinned_as_text(pins, {.seconds = 1}),
                AllOf(HasSubstr("role 'md' is not on PU 3: thread 10: the kernel refuses PU 3"),
                      HasSubstr("thread 11: it was moved to PUs 0-1 meanwhile")));
}

TEST(watch_log, tells_what_threads_do) {
    watch_log log({{"md", pu_set{1}}, {"gw", pu_set{2}}});
    const auto said = [&](double at_s, const std::vector<process_thread>& threads) {
        std::vector<std::string> all;
        for (const auto& event : log.look(at_s, threads)) all.push_back(event.what);
        return all;
    };
    EXPECT_THAT(said(0, {thread(7, "md", pu_set{1})}), IsEmpty());
    EXPECT_THAT(said(1, {thread(7, "md", pu_set{0, 1}), thread(8, "x", pu_set{0})}),
                ElementsAre("md (thread 7) is off its plan, PU 1: it may run on 0-1", "x (thread 8) has started"));
    EXPECT_THAT(said(2, {thread(7, "md", pu_set{0, 1}), thread(8, "gw", pu_set{0}, 1)}),
                ElementsAre("x (thread 8) is now named gw", "gw (thread 8) is off its plan, PU 2: it may run on 0"));
    EXPECT_THAT(said(3, {thread(7, "md", pu_set{1})}),
                ElementsAre("md (thread 7) is back on its plan, PU 1", "gw (thread 8) has ended"));
    EXPECT_FALSE(log.kept_to_plan());
    EXPECT_THAT(log.roles_without_thread(), IsEmpty());
    EXPECT_EQ(log.threads()[1].moves_seen, 1U);
    EXPECT_EQ(log.threads()[1].seen_on, (pu_set{0, 1}));
}

TEST(watch_log, keeps_in_mind_which_roles_had_a_thread) {
    watch_log log({{"md", pu_set{1}}});
    (void)log.look(0, {thread(7, "md", pu_set{1})});
    (void)log.look(1, {thread(7, "at-exit", pu_set{0, 1})});
    EXPECT_THAT(log.roles_without_thread(), IsEmpty());
    EXPECT_TRUE(log.kept_to_plan()) << "under its new name it has no place";
}

TEST(watch_log, counts_what_happened_meanwhile) {
    watch_log log({});
    auto md = thread(7, "md", pu_set{0});
    md.involuntary_switches = 5;
    md.migrations = 2;
    md.waited_ns = 1000;
    md.ran_ns = 0;
    (void)log.look(0, {md});
    md.involuntary_switches = 9;
    md.migrations = 3;
    md.waited_ns = 2'001'000;
    md.ran_ns = 500'000'000;
    (void)log.look(1, {md});
    const auto text = watch_as_text(log, {{0, 0.25}});
    EXPECT_THAT(text, AllOf(HasSubstr("50%           1          4           2 ms"), HasSubstr("stole 25% of PU 0")));
    const auto found = json::parse(watch_as_json(log, {}, 7));
    EXPECT_EQ(found["threads"][0]["involuntary_switches"], 4);
    EXPECT_EQ(found["threads"][0]["waited_ns"], 2'000'000);
    EXPECT_TRUE(found["kept_to_plan"].is_null());  // there is no plan
    const watch_log with_plan({{"md", pu_set{0}}});
    EXPECT_EQ(json::parse(watch_as_json(with_plan, {}, 7))["kept_to_plan"], false);
}

}  // namespace
