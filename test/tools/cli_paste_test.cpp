// SPDX-License-Identifier: MIT
//
// What `weir plan` prints to paste, read by the programs that it is for: hwloc-calc reads the same file, and on this machine taskset,
// hwloc-bind, numactl and systemd get each line as it is. And plans within a cgroup's cpuset.
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "test/support/machine_xml.hpp"
#include "test/support/subprocess.hpp"
#include "tools/plan/cgroup.hpp"

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using weir::placement_plan;
using weir::pu_set;
using weir::topology;
using weir_test::machine_xml;
using words = std::vector<std::string>;

class cli_paste : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "weir_paste_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    weir_test::outcome run(const std::string& program, const words& arguments) const {
        return weir_test::run(program, arguments, [this] {
            if (::chdir(folder_.c_str()) != 0) ::_exit(126);
        });
    }
    weir_test::outcome shell(const std::string& line) const { return run("/bin/sh", {"-c", line}); }
    weir_test::outcome weir(const words& arguments) const { return run(WEIR_TOOL, arguments); }

    void write(const std::string& name, const std::string& text, bool executable = false) const {
        std::filesystem::create_directories((folder_ / name).parent_path());
        std::ofstream(folder_ / name) << text;
        if (executable) std::filesystem::permissions(folder_ / name, std::filesystem::perms::all);
    }

    // A program that says where it may run.
    void write_app() const {
        write("app", "#!/bin/sh\nexec sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status\n", true);
    }

    std::filesystem::path folder_;
};

bool is_installed(const std::string& program) { return std::filesystem::exists(program); }

words lines_with(const std::string& text, const std::string& begin) {
    words found;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(begin)) found.push_back(line);
    return found;
}

std::string word_after(const std::string& line, const std::string& begin) {
    const auto at = line.find(begin);
    EXPECT_NE(at, std::string::npos) << begin << " in " << line;
    if (at == std::string::npos) return "";
    return line.substr(at + begin.size(), line.find_first_of(" )\n", at + begin.size()) - at - begin.size());
}

// Each with a trap: numbers of nodes with gaps, a container, memory of two kinds, a node without memory, SLIT, SMT siblings last.
std::map<std::string, std::string> machines() {
    machine_xml knl("pack:1 group:4 [numa(memory=24GB)] [numa(memory=4GB)] l2:2 core:2 pu:4");
    for (const unsigned node : {0U, 2U, 4U, 6U}) knl.set("NUMANode", node, "subtype", "MCDRAM");
    return {
        {"smt", machine_xml("pack:2 [numa(memory=8GB)] l3:2 core:4 pu:2(indexes=core:pu)").text()},
        {"power", machine_xml("pack:2 [numa(memory=8GB indexes=0,8)] l3:2 core:2 pu:8").text()},
        {"snc", machine_xml("pack:2 l3:1 numa:2(memory=8GB) core:4 pu:1")
                    .distances("0 1 2 3", "10 11 20 20 11 10 20 20 20 20 10 11 20 20 11 10")
                    .text()},
        {"container", machine_xml("pack:2 [numa(memory=8GB)] l3:1 core:4 pu:1")
                          .replace("allowed_cpuset=\"0x000000ff\"", "allowed_cpuset=\"0x000000fc\"")
                          .replace("allowed_nodeset=\"0x00000003\"", "allowed_nodeset=\"0x00000002\"")
                          .text()},
        {"knl", knl.text()},
        {"cxl", machine_xml("[numa(memory=512GB)] pack:2 [numa(memory=64GB)] l3:1 core:4 pu:1").text()},
        {"offline",
         machine_xml("pack:3 [numa(memory=8GB indexes=0,2,5)] l3:1 core:3 pu:1(indexes=0,1,4,5,10,11,40,41,42)").text()},
        {"without_memory",
         machine_xml("pack:2 [numa(memory=8GB)] l3:1 core:4 pu:1").set("NUMANode", 0, "local_memory", "0").text()},
        {"large", machine_xml("pack:2 [numa(memory=8GB)] l3:4 core:8 pu:2(indexes=64*2:2*1)").text()},
    };
}

TEST_F(cli_paste, every_line_means_the_pus_and_nodes_of_the_plan) {
    const std::string calc = "/usr/bin/hwloc-calc";
    if (!is_installed(calc)) GTEST_SKIP() << "hwloc-calc is missing: install hwloc-nox";
    for (const auto& [name, text] : machines()) {
        SCOPED_TRACE(name);
        write("m.xml", text);
        const auto seen = weir({"plan", "--edge", "a->b", "--edge", "b->c", "--edge", "c->log", "--role",
                                "log:housekeeping", "--role", "c:quiet", "--topology", "m.xml", "--out", "p.json"});
        ASSERT_EQ(seen.exit_code, 0) << seen.err;
        const auto machine = topology::from_xml_file(folder_ / "m.xml");
        const auto plan = placement_plan::load(folder_ / "p.json", machine);
        const auto hwloc = [&](words arguments) {
            arguments.insert(arguments.begin(), {"--input", folder_ / "m.xml", "--disallowed", "--physical-output"});
            auto out = run(calc, arguments).out;
            std::erase(out, '\n');
            return pu_set::parse(out);
        };
        pu_set pus;
        pu_set nodes;
        for (const auto& role : plan.roles) {
            pus = pus | role.pus;
            nodes.insert(role.memory_node.value());
            EXPECT_THAT(seen.out,
                        HasSubstr("taskset --cpu-list --pid " + role.pus.to_string() + " $TID   # " + role.asked.name));
        }
        const auto numactl = lines_with(seen.out, "  numactl ").at(0);
        EXPECT_EQ(pu_set::parse(word_after(lines_with(seen.out, "  taskset --cpu-list ").at(0), "--cpu-list ")), pus);
        EXPECT_EQ(hwloc({"--intersect", "PU", word_after(lines_with(seen.out, "  hwloc-bind ").at(0), "hwloc-bind ")}),
                  pus);
        EXPECT_EQ(pu_set::parse(word_after(numactl, "--physcpubind=")), pus);
        EXPECT_EQ(pu_set::parse(word_after(numactl, "--membind=")), nodes);

        // The node of each ring is near its consumer, as hwloc has it, unless that has no memory or may not be used.
        const auto slots = lines_with(seen.out, "  weir::storage::on_node(");
        ASSERT_EQ(slots.size(), plan.edges.size());
        for (std::size_t i = 0; i != slots.size(); ++i) {
            const auto& edge = plan.edges[i];
            EXPECT_THAT(slots[i], testing::EndsWith("// " + edge.asked.name()));
            const auto node = static_cast<unsigned>(std::stoul(word_after(slots[i], "on_node(")));
            EXPECT_EQ(node, edge.memory_node.value());
            const auto consumer = std::to_string(plan.pu_of(edge.asked.to));
            if (name == "container" || name == "without_memory")
                EXPECT_EQ(node, 1U);
            else
                EXPECT_TRUE(hwloc({"--physical-input", "--intersect", "NUMAnode", "PU:" + consumer}).contains(node))
                    << slots[i];
            if (name == "knl") EXPECT_EQ(node % 2, 1U) << "the even ones are MCDRAM";
            if (name == "cxl")
                EXPECT_LT(machine.numa_nodes()[node == machine.numa_nodes()[0].os_index ? 0 : 1].pus.size(), 8U);
        }
        auto systemd = word_after(seen.out, "CPUAffinity=");
        systemd =
            seen.out.substr(seen.out.find("CPUAffinity=") + 12,
                            seen.out.find('\n', seen.out.find("CPUAffinity=")) - seen.out.find("CPUAffinity=") - 12);
        std::replace(systemd.begin(), systemd.end(), ' ', ',');
        EXPECT_EQ(pu_set::parse(systemd), pus);
    }
}

// The command that costs the placement again is given to the shell: it finds the same cost, and nothing better, since it has the
// options that decided.
TEST_F(cli_paste, what_costs_a_placement_again_comes_to_the_same) {
    const std::string name = "m $HOME 'x'.xml";
    write(name, machine_xml("pack:2 [numa(memory=8GB)] l3:2 core:4 pu:2(indexes=core:pu)").text());
    write("group/cpuset.cpus.effective", "0-23\n");
    write("group/cpuset.mems.effective", "0-1\n");
    for (const words& options : std::vector<words>{{},
                                                   {"--pus", "3-6,9"},
                                                   {"--keep-free", "2", "--cgroup", "group"},
                                                   {"--isolated", "5,13", "--housekeeping", "2-3"},
                                                   {"--pus", "0,8-12", "--keep-free", "9-9"}}) {
        words asked{"plan",   "--edge",           "a->b@20kps", "--edge",  "b->c",       "--edge", "c->log",
                    "--role", "log:housekeeping", "--role",     "c:quiet", "--topology", name};
        asked.insert(asked.end(), options.begin(), options.end());
        const auto made = weir(asked);
        ASSERT_EQ(made.exit_code, 0) << made.err;
        const auto at = made.out.find("  weir plan --check");
        ASSERT_NE(at, std::string::npos) << made.out;
        auto command = made.out.substr(at, made.out.find("\n\n", at) - at);
        command.replace(command.find("weir"), 4, WEIR_TOOL);
        const auto costed = shell(command + " --json");
        ASSERT_EQ(costed.exit_code, 0) << command << costed.err;
        const auto found = nlohmann::json::parse(costed.out);
        EXPECT_NEAR(found["extra_ns"].get<double>(), 0, 1e-6) << command << costed.out;
        EXPECT_THAT(found["broken"], IsEmpty()) << command;
        asked.emplace_back("--json");
        EXPECT_NEAR(found["cost_ns"]["total"].get<double>(),
                    nlohmann::json::parse(weir(asked).out)["cost_ns"]["total"].get<double>(), 1e-6)
            << command;
    }
}

TEST_F(cli_paste, names_of_files_cannot_command_the_terminal) {
    const std::string name = "m\x1b[2J.xml";
    const std::string saved = "p\x1b[2J.json";
    write(name, machine_xml("pack:1 [numa(memory=8GB)] l3:1 core:4 pu:1").text());
    for (auto arguments : std::vector<words>{{"topo"},
                                             {"plan", "--edge", "a->b", "--out", saved},
                                             {"plan", "--check", "a=1,b=2", "--edge", "a->b"},
                                             {"plan", "--diff", saved, saved}}) {
        arguments.insert(arguments.end(), {"--topology", name});
        const auto seen = weir(arguments);
        EXPECT_EQ(seen.exit_code, 0) << seen.err;
        EXPECT_EQ(seen.out.find('\x1b'), std::string::npos) << arguments[1];
    }
}

// Each command that starts a program is given to the shell as it is printed.
TEST_F(cli_paste, every_command_runs_here) {
    const auto machine = topology::this_machine();
    if (machine.allowed().size() < 2) GTEST_SKIP() << "a plan for two threads takes two PUs";
    write_app();
    const auto seen = weir({"plan", "--edge", "a->b"});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    const auto plan = weir::plan(
        [] {
            weir::plan_request asked;
            asked.add_edge("a->b");
            return asked;
        }(),
        machine);
    const auto all = plan.roles[0].pus | plan.roles[1].pus;
    int ran = 0;
    for (const auto& [line, program] : std::vector<std::pair<std::string, std::string>>{
             {"  taskset --cpu-list ", "taskset"}, {"  hwloc-bind ", "hwloc-bind"}, {"  numactl ", "numactl"}}) {
        if (!is_installed("/usr/bin/" + program)) continue;
        const auto found = lines_with(seen.out, line);
        ASSERT_FALSE(found.empty()) << line;
        const auto here = shell(found.front());
        EXPECT_EQ(here.exit_code, 0) << found.front() << here.err;
        EXPECT_EQ(here.err, "") << found.front();
        EXPECT_EQ(here.out, all.to_string() + "\n") << found.front();
        ++ran;
    }
    if (ran == 0) GTEST_SKIP() << "neither taskset nor hwloc-bind nor numactl is installed";
    if (is_installed("/usr/bin/numactl")) {
        auto line = lines_with(seen.out, "  numactl ").front();
        line.replace(line.find("./app"), 5, "numactl --show");
        EXPECT_THAT(shell(line).out, AllOf(HasSubstr("policy: bind"),
                                           HasSubstr("membind: " + std::to_string(*plan.roles[0].memory_node))));
    }
    const auto threads = lines_with(seen.out, "  taskset --cpu-list --pid ");
    ASSERT_EQ(threads.size(), 2U);
    for (std::size_t i = 0; is_installed("/usr/bin/taskset") && i != 2; ++i) {
        const auto here = shell("TID=$$\n" + threads[i] + "\nexec ./app");
        EXPECT_EQ(here.exit_code, 0) << here.err;
        EXPECT_THAT(here.out, testing::EndsWith("\n" + plan.roles[i].pus.to_string() + "\n"));
    }
}

TEST_F(cli_paste, a_drop_in_gives_a_service_the_pus_and_nodes_of_the_plan) {
    for (const auto& [name, text] : machines()) {
        SCOPED_TRACE(name);
        write("m.xml", text);
        const words asked{"plan",   "--edge",           "a->b",       "--edge", "b->log",
                          "--role", "log:housekeeping", "--topology", "m.xml"};
        auto arguments = asked;
        arguments.insert(arguments.end(), {"--systemd", "--out", "p.json"});
        const auto seen = weir(arguments);
        ASSERT_EQ(seen.exit_code, 0) << seen.err;
        const auto plan = placement_plan::load(folder_ / "p.json", topology::from_xml_file(folder_ / "m.xml"));
        pu_set pus;
        pu_set nodes;
        for (const auto& role : plan.roles) {
            pus = pus | role.pus;
            nodes.insert(role.memory_node.value());
        }
        EXPECT_EQ(lines_with(seen.out, "[Service]").size(), 1U);
        EXPECT_THAT(lines_with(seen.out, "AllowedCPUs="), ElementsAre("AllowedCPUs=" + pus.to_string()));
        EXPECT_THAT(lines_with(seen.out, "AllowedMemoryNodes="),
                    ElementsAre("AllowedMemoryNodes=" + nodes.to_string()));
        EXPECT_THAT(lines_with(seen.out, "NUMAMask="), ElementsAre("NUMAMask=" + nodes.to_string()));
        EXPECT_THAT(lines_with(seen.out, "#   b on PU"), ElementsAre("#   b on PU " + std::to_string(plan.pu_of("b"))));
        if (!is_installed("/usr/bin/systemd-analyze")) continue;
        write("app.service", "[Service]\nExecStart=/bin/true\n");
        write("app.service.d/50-weir.conf", seen.out);
        const auto verified = run("/usr/bin/systemd-analyze", {"verify", "--man=no", "./app.service"});
        EXPECT_THAT(verified.err, Not(HasSubstr("50-weir.conf"))) << seen.out;
    }
}

// A folder with the files of a cgroup: PUs 8 to 11 and the second node.
TEST_F(cli_paste, a_cgroup_bounds_a_plan) {
    write("m.xml", machine_xml("pack:2 [numa(memory=8GB)] l3:2 core:4 pu:1").text());
    write("group/cpuset.cpus.effective", "1,8-11\n");
    write("group/cpuset.mems.effective", "1\n");
    const auto plan_in = [&](const std::string& group) {
        const auto seen = weir({"plan", "--edge", "a->b", "--topology", "m.xml", "--cgroup", group, "--out", "p.json"});
        EXPECT_EQ(seen.exit_code, 0) << seen.err;
        return placement_plan::load(folder_ / "p.json", topology::from_xml_file(folder_ / "m.xml"));
    };
    const auto made = plan_in("group");
    EXPECT_EQ(made.roles[0].pus | made.roles[1].pus, (pu_set{8, 9}));
    EXPECT_EQ(plan_in((folder_ / "group").string()).roles[0].pu, made.roles[0].pu);
    // Alone on PU 1, a role has memory of the other node, and pays for it.
    write("narrow/cpuset.cpus.effective", "1,2\n");
    write("narrow/cpuset.mems.effective", "1\n");
    const auto narrow = plan_in("narrow");
    EXPECT_EQ(narrow.roles[0].memory_node, 1U);
    EXPECT_EQ(narrow.edges[0].memory_node, 1U);
    EXPECT_EQ(narrow.cost.memory, 200);
    const auto seen =
        weir({"plan", "--edge", "a->b", "--role", "a:pinned=0", "--topology", "m.xml", "--cgroup", "group"});
    EXPECT_EQ(seen.exit_code, 1);
    EXPECT_THAT(seen.err, HasSubstr("PU 0"));
}

TEST_F(cli_paste, a_cgroup_without_cpuset_is_refused_with_a_sentence) {
    write("empty/cpuset.cpus.effective", "\n");
    write("words/cpuset.cpus.effective", "many\n");
    const auto why = [&](const std::string& group) {
        const auto seen = weir({"plan", "--edge", "a->b", "--topology", "core:2 pu:1", "--cgroup", group});
        EXPECT_EQ(seen.exit_code, 1);
        EXPECT_EQ(std::count(seen.err.begin(), seen.err.end(), '\n'), 1);
        return seen.err;
    };
    EXPECT_THAT(why("empty"), HasSubstr("its cpuset has no PU"));
    EXPECT_THAT(why("words"), HasSubstr("there is no cpuset.cpus.effective"));
    EXPECT_THAT(why("no_such.service"),
                AllOf(HasSubstr("no_such.service"), HasSubstr("echo +cpuset > cgroup.subtree_control")));
    write("large/cpuset.cpus.effective", "0-5\n");
    EXPECT_THAT(why("large"), HasSubstr("there is no PU 2"));
}

TEST_F(cli_paste, a_cgroup_is_found_by_its_name) {
    const auto root = (folder_ / "root").string();
    write("root/sys/fs/cgroup/system.slice/app.service/cpuset.cpus.effective", "2-3");
    write("root/sys/fs/cgroup/system.slice/app.service/cpuset.mems.effective", "0");
    write("root/sys/fs/cgroup/cpuset/old/cpuset.effective_cpus", "5");
    write("root/sys/fs/cgroup/cpuset/old/cpuset.effective_mems", "1");
    for (const auto* name : {"app.service", "system.slice/app.service"}) {
        const auto found = weir::tool::read_cgroup(name, root);
        EXPECT_EQ(found.pus, (pu_set{2, 3}));
        EXPECT_EQ(found.nodes, pu_set{0});
    }
    EXPECT_EQ(weir::tool::read_cgroup("old", root).pus, pu_set{5});
    EXPECT_EQ(weir::tool::read_cgroup("old", root).nodes, pu_set{1});
    for (const std::string v1 : {"/sys/fs/cgroup/cpuset", "/sys/fs/cgroup"})
        if (std::filesystem::exists(v1 + "/cpuset.effective_cpus") ||
            std::filesystem::exists(v1 + "/cpuset.cpus.effective"))
            EXPECT_FALSE(weir::tool::read_cgroup(v1).pus.empty());
}

}  // namespace
