// SPDX-License-Identifier: MIT
//
// Twelve kinds of machines. For each it is argued by hand where the threads of a graph and their memory belong, what that costs, and
// which of its traps a plan must not fall into. Edges: 30 ns behind one L2 cache, 50 behind one L3, 100 in a package, 200 across;
// times what divides the two (docs/placement.md).
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "test/support/machine_xml.hpp"

namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using weir::distance;
using weir::placement_plan;
using weir::plan_request;
using weir::pu_set;
using weir::topology;
using weir_test::machine_xml;
using words = std::vector<std::string>;

plan_request graph(const words& edges, const words& roles = {}) {
    plan_request made;
    for (const auto& edge : edges) made.add_edge(edge);
    for (const auto& role : roles) made.add_role(role);
    return made;
}

plan_request chain(unsigned roles) {
    plan_request made;
    for (unsigned i = 1; i != roles; ++i) made.add_edge("r" + std::to_string(i - 1) + "->r" + std::to_string(i));
    return made;
}

pu_set pus_of(const placement_plan& made) {
    pu_set all;
    for (const auto& role : made.roles) all = all | role.pus;
    return all;
}

// The kernel's numbers of the nodes that roles and rings have their memory on.
std::set<unsigned> memory_of(const placement_plan& made) {
    std::set<unsigned> nodes;
    for (const auto& role : made.roles) nodes.insert(role.memory_node.value());
    for (const auto& edge : made.edges) nodes.insert(edge.memory_node.value());
    return nodes;
}

std::set<unsigned> nodes_of(const placement_plan& made, const topology& machine) {
    std::set<unsigned> nodes;
    for (const auto& role : made.roles) nodes.insert(machine.numa_nodes()[*machine.pu(role.pu).numa_node].os_index);
    return nodes;
}

double edge_between(const topology& machine, unsigned a, unsigned b) {
    return weir::check_placement(graph({"a->b"}), {a, b}, machine).placed.cost.edges;
}

// `topo` and bench's auto choose a pair by the model of the plan.
void expect_pair_as_planned(const topology& machine) {
    const auto pair = machine.choose_pair(weir::pair_policy::automatic);
    const auto found = weir::check_placement(graph({"producer->consumer"}), {pair.producer, pair.consumer}, machine);
    EXPECT_TRUE(found.best.is_proven());
    EXPECT_NEAR(found.extra_ns(), 0, 1e-9) << pair.producer << " and " << pair.consumer;
    EXPECT_THAT(found.broken, testing::IsEmpty());
}

// 1. Intel with sub-NUMA clusters: each package has two nodes of four cores below one L3 cache. The firmware says 11 to 10 within a
// package, and 20 to 10 across.
topology snc() {
    return machine_xml("pack:2 l3:1 numa:2(memory=64GB) core:4 pu:1")
        .distances("0 1 2 3", "10 11 20 20 11 10 20 20 20 20 10 11 20 20 11 10")
        .machine();
}
TEST(twelve_machines, snc) {
    const auto machine = snc();
    // PU 0's core is left to the kernel, and its node has three more, which suffice.
    const auto three = weir::plan(chain(3), machine);
    EXPECT_TRUE(three.is_proven());
    EXPECT_EQ(pus_of(three), (pu_set{1, 2, 3}));
    EXPECT_EQ(three.cost.total(), 100);
    EXPECT_THAT(memory_of(three), ElementsAre(0));
    // Four have a node of their own in the neighbour, which costs less than 10 ns on PU 0's core, or 55 ns across.
    const auto four = weir::plan(chain(4), machine);
    EXPECT_EQ(pus_of(four), (pu_set{4, 5, 6, 7}));
    EXPECT_THAT(memory_of(four), ElementsAre(1));
    // Five need both nodes of a package: one edge crosses.
    const auto five = weir::plan(chain(5), machine);
    EXPECT_TRUE(five.is_proven());
    EXPECT_DOUBLE_EQ(five.cost.total(), 3 * 50 + 55);
    EXPECT_EQ(nodes_of(five, machine).size(), 2U);
    EXPECT_DOUBLE_EQ(edge_between(machine, 1, 4), 55);
    EXPECT_DOUBLE_EQ(edge_between(machine, 1, 8), 200);
}

// 2. AMD with four nodes per socket: two packages, four nodes each, two CCXs of four cores in each node, SMT.
topology nps4() { return topology::synthetic("pack:2 numa:4(memory=32GB) l3:2 core:4 pu:2"); }
TEST(twelve_machines, nps4) {
    const auto machine = nps4();
    const auto four = weir::plan(chain(4), machine);
    EXPECT_EQ(four.cost.total(), 150) << "one CCX, and not PU 0's, whose core is the kernel's";
    EXPECT_FALSE(machine.pu(four.roles[0].pu).l3 == machine.pu(0).l3);
    // Six roles take two CCXs of one node: 120 ns to a CCX of another node are 20 more than to the other one of this.
    const auto six = weir::plan(chain(6), machine);
    EXPECT_TRUE(six.is_proven());
    EXPECT_EQ(six.cost.total(), 4 * 50 + 100);
    EXPECT_EQ(memory_of(six).size(), 1U);
    EXPECT_EQ(memory_of(six), nodes_of(six, machine));
    EXPECT_EQ(edge_between(machine, 2, 18), 120);
    EXPECT_EQ(edge_between(machine, 2, 66), 200);
    EXPECT_EQ(six.cost.smt_sharing, 0) << "no two on one core while there are cores";
}

// 3. Power 9: NUMA nodes 0 and 8, eight threads a core, pairs of cores behind one L3 cache.
topology power() { return topology::synthetic("pack:2 [numa(memory=128GB indexes=0,8)] l3:4 core:2 pu:8"); }
TEST(twelve_machines, power_with_smt8) {
    const auto machine = power();
    ASSERT_EQ(machine.pus().size(), 128U);
    const auto three = weir::plan(chain(3), machine);
    EXPECT_EQ(three.cost.total(), 50 + 100) << "a pair of cores, and a third one in the package";
    std::set<unsigned> cores;
    for (const auto& role : three.roles) cores.insert(machine.pu(role.pu).core);
    EXPECT_EQ(cores.size(), 3U) << "threads of one core share its execution units";
    // Those that ask for it share one core, of which eight can.
    const auto shared = weir::plan(graph({"a->b", "b->c"}, {"a:smt-ok", "b:smt-ok", "c:smt-ok"}), machine);
    EXPECT_EQ(shared.cost.total(), 40);
    // The memory is that of node 8, which numactl calls 8; hwloc's logical number is 1.
    const auto far = weir::plan(graph({"a->b"}, {"a:package=1", "b:package=1"}), machine);
    EXPECT_THAT(memory_of(far), ElementsAre(8));
    EXPECT_THAT(nodes_of(far, machine), ElementsAre(8));
}

// 4. Kunpeng 920: two packages of two nodes; below each node's L3 cache two clusters of four cores.
topology kunpeng() {
    return machine_xml("pack:2 numa:2(memory=32GB) l3:1 group:2 core:4 pu:1")
        .distances("0 1 2 3", "10 12 20 22 12 10 22 24 20 22 10 12 22 24 12 10")
        .machine();
}
TEST(twelve_machines, kunpeng_with_clusters) {
    const auto machine = kunpeng();
    const auto four = weir::plan(chain(4), machine);
    EXPECT_EQ(four.cost.total(), 150);
    EXPECT_EQ(pus_of(four), (pu_set{4, 5, 6, 7})) << "the second cluster of the first node";
    // Eight roles fill the two clusters of the second node: one edge at 60 ns. In the first one PU 0's core is taken.
    const auto eight = weir::plan(chain(8), machine);
    EXPECT_TRUE(eight.is_proven());
    EXPECT_EQ(eight.cost.total(), 6 * 50 + 60);
    EXPECT_EQ(memory_of(eight).size(), 1U);
    EXPECT_EQ(memory_of(eight), nodes_of(eight, machine));
    EXPECT_EQ(edge_between(machine, 4, 8), 120) << "the other node of the package";
    // Packages: 20 is the least, so that 24 is 1.2 times as far.
    EXPECT_DOUBLE_EQ(edge_between(machine, 4, 16), 200);
    EXPECT_DOUBLE_EQ(edge_between(machine, 8, 24), 240);
}

// 5. Knights Landing in SNC4 and flat mode: each cluster has DDR and MCDRAM of its own. MCDRAM has more bandwidth and a longer
// latency, so that a ring belongs into DDR, however the system numbers the two.
topology knl(unsigned first_mcdram) {
    machine_xml xml("pack:1 group:4 [numa(memory=24GB)] [numa(memory=4GB)] l2:2 core:2 pu:4");
    for (unsigned node = first_mcdram; node < 8; node += 2) xml.set("NUMANode", node, "subtype", "MCDRAM");
    return xml.machine();
}
TEST(twelve_machines, knl_with_mcdram) {
    for (const unsigned mcdram : {0U, 1U}) {
        const auto machine = knl(mcdram);
        ASSERT_EQ(machine.numa_nodes().size(), 8U);
        const auto two = weir::plan(chain(2), machine);
        EXPECT_EQ(two.cost.total(), 30) << "a tile: two cores behind one L2 cache";
        const auto four = weir::plan(chain(4), machine);
        EXPECT_EQ(four.cost.total(), 30 + 100 + 30) << "the tiles of one cluster";
        for (const unsigned node : memory_of(four)) EXPECT_EQ(node % 2, 1 - mcdram);
        EXPECT_EQ(memory_of(four).size(), 1U);
        for (const auto& pu : machine.pus()) EXPECT_EQ(*machine.memory_node(pu.os_index) % 2, 1 - mcdram);
        EXPECT_EQ(edge_between(machine, 0, 16), 120) << "another cluster";
        expect_pair_as_planned(machine);
    }
}

// 6. A hybrid processor: four fast cores with SMT, and eight slow ones in two clusters that share an L2, at 40 % less.
topology hybrid() {
    auto text = topology::from_xml_file(TEST_DATA_DIR "/hybrid.xml").to_xml();
    const auto give = [&](const std::string& type, const std::string& capacity) {
        const auto at = text.find("value=\"" + type + "\"/>");
        ASSERT_NE(at, std::string::npos);
        text.insert(at + 10 + type.size(), "<info name=\"LinuxCapacity\" value=\"" + capacity + "\"/>");
    };
    give("IntelCore", "1024");
    give("IntelAtom", "614");
    return topology::from_xml(text, "hybrid.xml");
}
TEST(twelve_machines, hybrid) {
    const auto machine = hybrid();
    const double slower = weir::assumed::work_ns * (1024.0 / 614 - 1);
    EXPECT_NEAR(slower, 334, 0.5);
    // Two slow cores behind one L2 cache are 20 ns nearer to each other and 334 ns slower each.
    const auto two = weir::plan(chain(2), machine);
    EXPECT_EQ(two.cost.total(), 50);
    for (const unsigned pu : pus_of(two)) EXPECT_LT(pu, 8U);
    // With five, one is on a slow core: not the quiet one, for which that counts twice, although its edges are dearer elsewhere.
    const auto five = weir::plan(graph({"a->b", "b->c", "c->d", "d->e"}, {"c:quiet"}), machine);
    EXPECT_NEAR(five.cost.slow_cores, slower, 1e-9);
    EXPECT_LT(five.pu_of("c"), 8U);
    EXPECT_TRUE(five.is_proven());
}

// 7. A CXL expander: memory without PUs that is close to all of them, with more memory than any other node.
topology cxl() { return topology::synthetic("[numa(memory=512GB)] pack:2 [numa(memory=64GB)] l3:1 core:4 pu:1"); }
TEST(twelve_machines, cxl_memory_only) {
    for (const bool is_named : {false, true}) {
        machine_xml xml("[numa(memory=512GB)] pack:2 [numa(memory=64GB)] l3:1 core:4 pu:1");
        const auto plain = xml.machine();
        unsigned expander = 99;
        for (const auto& node : plain.numa_nodes())
            if (node.pus.size() == 8) expander = node.os_index;
        if (is_named) xml.set("NUMANode", expander, "subtype", "CXL-DRAM");
        const auto machine = xml.machine();
        for (const auto& pu : machine.pus()) EXPECT_NE(machine.memory_node(pu.os_index), expander);
        EXPECT_NE(machine.memory_node(0), machine.memory_node(4));
        const auto made = weir::plan(graph({"a->b"}, {"b:package=1"}), machine);
        EXPECT_EQ(made.cost.total(), 50);
        EXPECT_EQ(memory_of(made).size(), 1U);
        EXPECT_EQ(made.cost.memory, 0);
    }
    // In one package, beside the node of ordinary memory, the system's word decides.
    const auto beside = machine_xml("pack:1 [numa(memory=512GB)] [numa(memory=64GB)] l3:1 core:4 pu:1")
                            .set("NUMANode", 0, "subtype", "CXL-DRAM")
                            .machine();
    EXPECT_EQ(beside.memory_node(2), 1U);
    EXPECT_EQ(beside.numa_nodes()[0].type, "CXL-DRAM");
    // Ordinary memory of another package comes before an expander of one's own.
    const auto afar =
        machine_xml("pack:2 [numa(memory=64GB)] l3:1 core:2 pu:1").set("NUMANode", 0, "subtype", "CXL-DRAM").machine();
    for (const auto& pu : afar.pus()) EXPECT_EQ(afar.memory_node(pu.os_index), 1U);
}

// 8. Four packages, one without memory: its threads have the memory of the nearest, which is not the first. They cost more for it, so
// that a plan takes another package while it can.
topology without_memory() {
    return machine_xml("pack:4 [numa(memory=16GB)] l3:1 core:3 pu:1")
        .set("NUMANode", 1, "local_memory", "0")
        .distances("0 1 2 3", "10 30 20 20 30 10 30 16 20 30 10 20 20 16 20 10")
        .machine();
}
TEST(twelve_machines, a_node_without_memory) {
    const auto machine = without_memory();
    for (const unsigned pu : {3U, 4U, 5U}) EXPECT_EQ(machine.memory_node(pu), 3U);
    EXPECT_DOUBLE_EQ(machine.memory_remoteness(3), 1.6);
    EXPECT_EQ(machine.memory_remoteness(0), 1);
    const auto three = weir::plan(chain(3), machine);
    EXPECT_EQ(pus_of(three), (pu_set{6, 7, 8})) << "not 3 to 5, which come before";
    EXPECT_THAT(memory_of(three), ElementsAre(2));
    const auto there = weir::plan(graph({"a->b"}, {"a:package=1", "b:package=1"}), machine);
    EXPECT_DOUBLE_EQ(there.cost.memory, 2 * 60);
    EXPECT_THAT(memory_of(there), ElementsAre(3));
    // To the package that its memory is in, a message still crosses packages.
    EXPECT_DOUBLE_EQ(edge_between(machine, 3, 9), 200);
    EXPECT_DOUBLE_EQ(edge_between(machine, 3, 6), 200 * 3.0 / 1.6);
}
// The same within a package: the two nodes are as far apart as if both had memory.
TEST(twelve_machines, a_node_without_memory_is_still_another_node) {
    const auto machine =
        machine_xml("pack:1 l3:1 numa:2(memory=16GB) core:3 pu:1").set("NUMANode", 0, "local_memory", "0").machine();
    EXPECT_EQ(machine.memory_node(1), 1U);
    EXPECT_EQ(edge_between(machine, 1, 2), 50);
    EXPECT_EQ(edge_between(machine, 1, 3), 60);
    EXPECT_DOUBLE_EQ(machine.memory_remoteness(1), 1.2);
}

// 9. Offline: PUs 2, 3 and 6 to 9, and node 1. Nothing names them, and what is named by the kernel's numbers exists.
topology offline() {
    return machine_xml("pack:3 [numa(memory=8GB indexes=0,2,5)] l3:1 core:2 pu:1(indexes=0,1,4,5,10,11)")
        .replace("complete_cpuset=\"0x00000c33\"", "complete_cpuset=\"0x00000fff\"")
        .machine();
}
TEST(twelve_machines, offline_node_and_pus) {
    const auto machine = offline();
    const auto made = weir::plan(graph({"a->b"}, {"b:package=2"}), machine);
    EXPECT_EQ(pus_of(made), (pu_set{10, 11}));
    EXPECT_THAT(memory_of(made), ElementsAre(5));
    EXPECT_EQ(machine.memory_node(4), 2U);
    const auto any = weir::plan(chain(2), machine);
    EXPECT_EQ(pus_of(any), (pu_set{4, 5}));
    for (const unsigned off : {2U, 3U, 6U, 9U})
        EXPECT_THROW((void)weir::plan(graph({"a->b"}, {"a:pinned=" + std::to_string(off)}), machine),
                     weir::placement_error);
}

// 10. A container that may use PUs 2 to 5 and memory of node 1 alone. PUs 2 and 3 are as near to each other as 4 and 5, and come first;
// but their memory is on the other node.
topology container() {
    return machine_xml("pack:2 [numa(memory=8GB)] l3:1 core:4 pu:1")
        .replace("allowed_cpuset=\"0x000000ff\"", "allowed_cpuset=\"0x0000003c\"")
        .replace("allowed_nodeset=\"0x00000003\"", "allowed_nodeset=\"0x00000002\"")
        .machine();
}
TEST(twelve_machines, container) {
    const auto machine = container();
    EXPECT_FALSE(machine.numa_nodes()[0].allowed);
    EXPECT_EQ(machine.memory_node(2), 1U);
    const auto made = weir::plan(chain(2), machine);
    EXPECT_TRUE(made.is_proven());
    EXPECT_EQ(pus_of(made), (pu_set{4, 5}));
    EXPECT_EQ(made.cost.total(), 50);
    // Three roles have to cross, and two of them are where the memory is.
    const auto three = weir::plan(chain(3), machine);
    EXPECT_EQ(three.cost.memory, 100);
    EXPECT_EQ(three.cost.total(), 50 + 200 + 100);
    EXPECT_THAT(memory_of(three), ElementsAre(1));
}

// 11. Two packages of 128 cores with SMT, eight cores behind an L3 cache; PUs 256 to 511 are the second threads.
topology large() { return topology::synthetic("pack:2 [numa(memory=768GB)] l3:16 core:8 pu:2(indexes=256*2:2*1)"); }
TEST(twelve_machines, two_packages_of_128_cores) {
    const auto machine = large();
    ASSERT_EQ(machine.pus().size(), 512U);
    const auto made = weir::plan(chain(8), machine);
    EXPECT_TRUE(made.is_proven());
    EXPECT_EQ(made.cost.total(), 7 * 50);
    EXPECT_EQ(made.cost.smt_sharing, 0);
    EXPECT_EQ(memory_of(made), nodes_of(made, machine));
    std::set<unsigned> caches;
    for (const auto& role : made.roles) caches.insert(*machine.pu(role.pu).l3);
    EXPECT_EQ(caches.size(), 1U);
    EXPECT_FALSE(caches.contains(0)) << "there PU 0's core is taken, and seven are too few";
}

// 12. The card is at the far socket. The role that reads from it and all that it talks to move there, with their memory.
topology far_card() {
    return machine_xml("pack:2 [numa(memory=64GB)] l3:1 core:4 pu:1")
        .device_in_last_package("eth0", "0000:3b:00.0", 2, "0200")
        .machine();
}
TEST(twelve_machines, card_on_the_far_socket) {
    const auto machine = far_card();
    const auto asked = graph({"md->strat", "strat->gw"}, {"md:near=eth0", "gw:near=eth0"});
    const auto made = weir::plan(asked, machine);
    EXPECT_TRUE(made.is_proven());
    EXPECT_EQ(made.cost.total(), 100);
    for (const unsigned pu : pus_of(made)) EXPECT_GE(pu, 4U);
    EXPECT_THAT(memory_of(made), ElementsAre(1));
    // Left at the first socket, each of the two pays a crossing to the card.
    const auto left = weir::check_placement(asked, {1, 2, 3}, machine);
    EXPECT_EQ(left.placed.cost.device, 400);
    EXPECT_EQ(left.extra_ns(), 400);
}

TEST(twelve_machines, topo_and_plan_agree_on_all) {
    for (const auto& machine :
         {snc(), nps4(), power(), kunpeng(), hybrid(), cxl(), without_memory(), offline(), container(), far_card()})
        expect_pair_as_planned(machine);
}

}  // namespace
