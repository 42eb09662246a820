// SPDX-License-Identifier: MIT
//
// Plans for kinds of machines, each argued by hand: what roles share, what is kept free, copies of a graph.
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "test/support/temporary_file.hpp"

namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;
using weir::copy_place;
using weir::distance;
using weir::placement_plan;
using weir::plan_request;
using weir::plan_settings;
using weir::pu_set;
using weir::topology;

plan_request request(const std::vector<std::string>& edges, const std::vector<std::string>& roles = {}) {
    plan_request made;
    for (const auto& edge : edges) made.add_edge(edge);
    for (const auto& role : roles) made.add_role(role);
    return made;
}

template <class F>
std::string sentence(F f) {
    try {
        f();
    } catch (const weir::placement_error& error) {
        return error.what();
    }
    return "";
}

pu_set pus_of(const placement_plan& made) {
    pu_set all;
    for (const auto& role : made.roles) all = all | role.pus;
    return all;
}

const weir::planned_role& role_of(const placement_plan& made, const std::string& name) {
    for (const auto& role : made.roles)
        if (role.asked.name == name) return role;
    ADD_FAILURE() << "no role " << name;
    return made.roles.front();
}

// One package of four cores with two PUs each: core 0 has PUs 0 and 4.
topology four_smt_cores() { return topology::synthetic("pack:1 l3:1 core:4 pu:2(indexes=0,4,1,5,2,6,3,7)"); }

// A logger and a monitor need no core: they share core 0, where the kernel's work is, so that md, strat and gw have the three others.
TEST(housekeeping, roles_share_the_core_of_pu_0_and_leave_the_others_a_core_each) {
    const auto asked =
        request({"md->strat", "strat->gw", "strat->log", "gw->mon"}, {"log:housekeeping", "mon:housekeeping"});
    const auto made = weir::plan(asked, four_smt_cores());
    EXPECT_TRUE(made.is_proven());
    EXPECT_EQ(role_of(made, "log").pus, (pu_set{0, 4}));
    EXPECT_EQ(role_of(made, "mon").pus, (pu_set{0, 4}));
    std::set<unsigned> cores;
    for (const auto* name : {"md", "strat", "gw"}) {
        EXPECT_EQ(role_of(made, name).pus.size(), 1U);
        cores.insert(four_smt_cores().pu(made.pu_of(name)).core);
    }
    EXPECT_THAT(cores, ElementsAre(1, 2, 3));
    EXPECT_EQ(made.cost.smt_sharing, 0);
    EXPECT_EQ(made.cost.pu_0, 0);  // the loggers do not pay for it: it is their place
    EXPECT_EQ(made.cost.edges, 4 * 50);
    EXPECT_THAT(made.remarks, Each(testing::Not(HasSubstr("is shared"))));
}

// Without the hint, five roles need five PUs of the four cores: two share a core.
TEST(housekeeping, is_what_makes_the_difference) {
    const auto made = weir::plan(request({"md->strat", "strat->gw", "strat->log", "gw->mon"}), four_smt_cores());
    EXPECT_EQ(made.cost.smt_sharing, 2 * weir::assumed::smt_sharing_ns);
}

// Two cores: gw has to be on one of the loggers' PUs, and the plan says so by its cost.
TEST(housekeeping, shares_its_pus_where_there_are_too_few) {
    const auto made =
        weir::plan(request({"md->gw", "gw->log"}, {"log:housekeeping"}), topology::synthetic("core:2 pu:1"));
    EXPECT_EQ(role_of(made, "log").pus, pu_set{0});
    EXPECT_EQ(pus_of(made), (pu_set{0, 1}));
    EXPECT_NE(made.pu_of("md"), made.pu_of("gw"));
    // gw talks to the logger, and would take turns with it: md is there instead.
    EXPECT_EQ(made.pu_of("md"), 0U);
    EXPECT_EQ(made.cost.smt_sharing, weir::assumed::smt_sharing_ns);
}

TEST(housekeeping, is_where_one_says) {
    plan_settings settings;
    settings.housekeeping = pu_set{3, 7};
    const auto made = weir::plan(request({"a->b", "b->log"}, {"log:housekeeping"}), four_smt_cores(), {}, settings);
    EXPECT_EQ(role_of(made, "log").pus, (pu_set{3, 7}));
    EXPECT_TRUE((pus_of(made) & pu_set{0, 4}).empty());
    settings.housekeeping = pu_set{9};
    EXPECT_THAT(
        sentence([&] { (void)weir::plan(request({"b->log"}, {"log:housekeeping"}), four_smt_cores(), {}, settings); }),
        HasSubstr("housekeeping roles cannot use PU 9"));
}

TEST(housekeeping, contradicts_some_hints) {
    const auto why = [](const std::string& hints) {
        return sentence([&] { (void)weir::plan(request({"a->log"}, {"log:housekeeping," + hints}), four_smt_cores()); });
    };
    EXPECT_THAT(why("quiet"), HasSubstr("a quiet role needs a core of its own; leave out one of the hints"));
    EXPECT_THAT(why("package=0"), HasSubstr("housekeeping roles share their PUs; leave out one of the hints"));
    EXPECT_THAT(why("pinned=1"), HasSubstr("but housekeeping roles share their PUs; leave out one of the hints"));
}

TEST(housekeeping, is_kept_in_a_plans_file) {
    const temporary_file file;
    const auto made = weir::plan(request({"a->log"}, {"log:housekeeping"}), four_smt_cores());
    made.save(file.path());
    const auto read = placement_plan::load(file.path(), four_smt_cores());
    EXPECT_EQ(role_of(read, "log").pus, (pu_set{0, 4}));
    EXPECT_TRUE(role_of(read, "log").asked.housekeeping);
}

// PUs 1 and 5 are core 1; the kernel keeps them, so the pair takes the next two cores.
TEST(keep_free, leaves_pus_to_the_kernel) {
    plan_settings settings;
    settings.keep_free = pu_set{0, 4, 1, 5};
    const auto made = weir::plan(request({"a->b"}), four_smt_cores(), {}, settings);
    EXPECT_EQ(pus_of(made), (pu_set{2, 3}));
    // The loggers cannot have PU 0's core then, and take the first that is left.
    const auto with_log = weir::plan(request({"a->log"}, {"log:housekeeping"}), four_smt_cores(), {}, settings);
    EXPECT_EQ(role_of(with_log, "log").pus, (pu_set{2, 6}));
    EXPECT_EQ(with_log.pu_of("a"), 3U);
    settings.keep_free = pu_set{0, 1, 2, 3, 4, 5, 6};
    EXPECT_THAT(sentence([&] { (void)weir::plan(request({"a->b"}), four_smt_cores(), {}, settings); }),
                HasSubstr("there are 2 roles for 1 PU"));
}

// What exists may be where no plan would put it: on a PU that is kept free, or on one of the loggers'.
TEST(keep_free, is_a_rule_that_a_placement_may_break) {
    plan_settings settings;
    settings.keep_free = pu_set{0, 4};
    const auto asked = request({"a->b", "b->log"}, {"log:housekeeping"});
    const auto found = weir::check_placement(asked, {0, 2, 5}, four_smt_cores(), {}, settings);
    EXPECT_THAT(found.broken, ElementsAre("a role is on PU 0, which is to be kept free"));
    EXPECT_TRUE((pus_of(found.best) & settings.keep_free).empty());
    EXPECT_EQ(role_of(found.best, "log").pus, (pu_set{1, 5}));
    EXPECT_EQ(found.extra_ns(), weir::assumed::pu_0_ns);
    const auto beside = weir::check_placement(asked, {1, 2, 3}, four_smt_cores(), {}, settings);
    EXPECT_THAT(beside.broken,
                ElementsAre("log is on PU 3, and not on PUs 1,5 with the other housekeeping roles; it is costed as if "
                            "it were there"));
    EXPECT_EQ(beside.extra_ns(), weir::assumed::smt_sharing_ns);  // a shares core 1 with the loggers
    EXPECT_THAT(beside.steps, testing::Not(testing::IsEmpty()));
    for (const auto& step : beside.steps)
        EXPECT_TRUE(step.pus[0] != 1 && step.pus[0] != 5 && step.pus[1] != 1 && step.pus[1] != 5);
}

// Two packages with two L3 caches each, four cores behind each. Three copies: each within an L3.
TEST(copies, have_an_l3_cache_each) {
    const auto machine = topology::synthetic("pack:2 l3:2 core:4 pu:1");
    const auto made = weir::plan_copies(request({"md->strat", "strat->gw@1Mps"}, {"gw:quiet"}), 3, machine);
    EXPECT_TRUE(made.is_proven());
    ASSERT_EQ(made.roles.size(), 9U);
    ASSERT_EQ(made.edges.size(), 6U);
    EXPECT_EQ(made.roles[8].asked.name, "gw.3");
    std::set<unsigned> caches;
    for (const auto& edge : made.edges) {
        EXPECT_EQ(edge.distance, distance::same_l3) << edge.asked.name();
        caches.insert(*machine.pu(made.pu_of(edge.asked.from)).l3);
    }
    // In the first cache, too, three cores are left beside that of PU 0: it costs no more, and comes first.
    EXPECT_EQ(caches.size(), 3U);
    EXPECT_EQ(pus_of(made).size(), 9U);
    EXPECT_EQ(made.edge("strat.2->gw.2").weight, 1);
    const auto one = weir::plan(request({"md->strat", "strat->gw@1Mps"}, {"gw:quiet"}), machine);
    EXPECT_DOUBLE_EQ(made.cost.total(), 3 * one.cost.total());
    // Costed as one graph, the copies are no dearer than the sum.
    std::vector<unsigned> pus;
    for (const auto& role : made.roles) pus.push_back(role.pu);
    EXPECT_NEAR(weir::check_placement(made.request(), pus, machine).placed.cost.total(), made.cost.total(), 1e-6);
}

// With three roles in L3 caches of two cores there are none that suffice; a NUMA node has four.
TEST(copies, take_a_node_or_package_where_an_l3_is_too_small) {
    const auto machine = topology::synthetic("pack:2 l3:2 core:2 pu:1");
    const auto made = weir::plan_copies(request({"a->b", "b->c"}), 2, machine);
    for (const auto& role : made.roles)
        EXPECT_EQ(*machine.pu(role.pu).package, role.asked.name.ends_with(".1") ? 0U : 1U) << role.asked.name;
    EXPECT_EQ(
        sentence([&] {
            (void)weir::plan_copies(request({"a->b", "b->c"}), 3, machine);
        }),
        "the graph has 3 roles that need a PU, and 3 copies were asked for, but there are PUs for them in 0 L3 caches, 1 "
        "NUMA node, 2 packages; ask for fewer copies, or for larger parts of the machine");
    EXPECT_THAT(sentence([&] {
                    (void)weir::plan_copies(request({"a->b", "b->c"}), 2, machine, copy_place::l3);
                }),
                HasSubstr("but there are PUs for them in 0 L3 caches;"));
    EXPECT_THAT(sentence([&] { (void)weir::plan_copies(request({"a->b"}, {"a:pinned=1"}), 2, machine); }),
                HasSubstr("role 'a' is pinned to PU 1, and cannot be there 2 times"));
}

// Copies of a graph that is for one package are all in that package.
TEST(copies, keep_to_the_package_that_their_roles_ask_for) {
    const auto machine = topology::synthetic("pack:2 l3:2 core:4 pu:1");
    const auto made = weir::plan_copies(request({"a->b"}, {"a:package=1"}), 2, machine);
    ASSERT_EQ(made.roles.size(), 4U);
    for (const auto& role : made.roles) EXPECT_EQ(machine.pu(role.pu).package, 1U) << role.asked.name;
    EXPECT_NE(machine.pu(made.pu_of("a.1")).l3, machine.pu(made.pu_of("a.2")).l3);
    EXPECT_EQ(weir::plan_copies(request({"a->b"}, {"a:package=0", "b:package=0"}), 2, machine).roles.size(), 4U);
    EXPECT_THAT(sentence([&] { (void)weir::plan_copies(request({"a->b"}, {"b:package=1"}), 3, machine); }),
                HasSubstr("there are PUs for them in 2 L3 caches, 1 NUMA node, 1 package;"));
    EXPECT_EQ(
        sentence([&] {
            (void)weir::plan_copies(request({"a->b"}, {"a:package=0", "b:package=1"}), 2, machine);
        }),
        "role 'a' is for package 0, and role 'b' for package 1, but each copy is in one part of the machine; leave "
        "out one of the hints");
}

TEST(copies, share_their_housekeeping) {
    const auto machine = topology::synthetic("pack:1 l3:2 core:4 pu:1");
    const auto made = weir::plan_copies(request({"a->b", "b->log"}, {"log:housekeeping"}), 2, machine);
    EXPECT_EQ(role_of(made, "log.1").pus, pu_set{0});
    EXPECT_EQ(role_of(made, "log.2").pus, pu_set{0});
    EXPECT_EQ(pus_of(made).size(), 5U);
}

// Two packages, each a NUMA node of four cores; a network card and a disk at the second package, and an unnamed PCI function.
topology with_devices() {
    auto text = topology::synthetic("pack:2 [numa] l3:1 core:4 pu:1").to_xml();
    const auto end_of_package = text.rfind("\n    </object>") + 1;
    text.insert(end_of_package, R"(
<object type="Bridge" gp_index="900" bridge_type="0-1" depth="0" bridge_pci="0000:[3a-3d]">
<object type="PCIDev" gp_index="901" pci_busid="0000:3b:00.0" pci_type="0200 [15b3:1017] [15b3:0000] 00" pci_link_speed="0">
<object type="OSDev" gp_index="902" name="eth0" osdev_type="2"/></object>
<object type="PCIDev" gp_index="903" pci_busid="0000:3c:00.0" pci_type="0108 [144d:a808] [144d:a801] 00" pci_link_speed="0">
<object type="OSDev" gp_index="904" name="nvme0n1" osdev_type="0"/></object>
<object type="PCIDev" gp_index="905" pci_busid="0000:3d:00.1" pci_type="1200 [10ee:903f] [10ee:0000] 00" pci_link_speed="0"/>
</object>
)");
    return topology::from_xml(text, "server.xml");
}

TEST(devices, are_read_from_a_file) {
    std::vector<std::string> seen;
    for (const auto& device : with_devices().devices())
        seen.push_back(device.name + " " + device.pci + " " + device.pus.to_string());
    EXPECT_THAT(seen,
                ElementsAre("eth0 0000:3b:00.0 4-7", "nvme0n1 0000:3c:00.0 4-7", "pci:0000:3d:00.1 0000:3d:00.1 4-7"));
    EXPECT_TRUE(topology::synthetic("core:2 pu:1").devices().empty());
}

// The pair is as cheap in either package. The first is the default; the card moves it to the second.
TEST(near, moves_a_graph_to_the_package_of_its_device) {
    const auto machine = with_devices();
    EXPECT_EQ(*machine.pu(weir::plan(request({"md->strat"}), machine).pu_of("md")).package, 0U);
    for (const auto* device : {"eth0", "nvme0", "nvme0n1", "pci:0000:3d:00.1", "pci:0000:3b:00.0"}) {
        const auto made = weir::plan(request({"md->strat"}, {std::string("md:near=") + device}), machine);
        EXPECT_EQ(pus_of(made), (pu_set{4, 5})) << device;
        EXPECT_EQ(made.cost.device, 0) << device;
        EXPECT_EQ(made.roles[0].asked.near, device);
    }
}

// md is pinned far from its card: the message from the card crosses the packages, 200 ns, and its p99 counts if md is quiet.
TEST(near, costs_what_an_edge_to_the_device_would) {
    const auto machine = with_devices();
    const auto far = [&](const std::string& hints) {
        return weir::plan(request({"md->strat"}, {"md:near=eth0,pinned=1" + hints}), machine).cost.device;
    };
    EXPECT_EQ(far(""), 200);
    EXPECT_EQ(far(",quiet"), 800);
}

// A role with a heavy edge and a device: 50 ns within a package, and 200 ns across. One end of the pipeline is pinned away from the
// card, so strat's edge (200 ns if it goes to the card) and its device (200 ns if it stays) are equal, and a second edge decides.
TEST(near, is_weighed_against_edges) {
    const auto made =
        weir::plan(request({"a->strat", "b->strat"}, {"a:pinned=1", "b:pinned=2", "strat:near=eth0"}), with_devices());
    EXPECT_EQ(*with_devices().pu(made.pu_of("strat")).package, 0U);
    EXPECT_EQ(made.cost.device, 200);
}

TEST(near, says_where_a_device_decides_nothing) {
    plan_settings settings;
    settings.pus = pu_set{4, 5, 6};
    EXPECT_THAT(weir::plan(request({"a->b"}, {"a:near=eth0"}), with_devices(), {}, settings).remarks,
                testing::Contains("eth0 is as close to every candidate PU as to any other, so it decides nothing"));
    EXPECT_THAT(weir::plan(request({"a->b"}, {"a:near=eth0"}), with_devices()).remarks,
                Each(testing::Not(HasSubstr("decides nothing"))));
}

TEST(near, names_the_devices_that_there_are) {
    const auto why = [](const std::string& device, const topology& machine) {
        return sentence([&] { (void)weir::plan(request({"a->b"}, {"a:near=" + device}), machine); });
    };
    EXPECT_EQ(why("eth9", with_devices()),
              "role 'a' should be near eth9, which is not in 'server.xml': the devices are eth0, "
              "nvme0n1, pci:0000:3d:00.1");
    EXPECT_THAT(why("eth0", four_smt_cores()),
                HasSubstr("no devices are known; save the topology on the machine with 'lstopo"));
    EXPECT_THAT(why("", four_smt_cores()), HasSubstr("names no device: write near=eth0"));
    EXPECT_THAT(why("eth0,near=eth1", four_smt_cores()), HasSubstr("asks for eth1, and an earlier hint for eth0"));
}

TEST(near, is_kept_in_a_plans_file) {
    const temporary_file file;
    const auto made = weir::plan(request({"a->b"}, {"a:near=pci:0000:3b:00.0,pinned=1"}), with_devices());
    made.save(file.path());
    const auto read = placement_plan::load(file.path(), with_devices());
    EXPECT_EQ(read.roles[0].asked.near, "pci:0000:3b:00.0");
    EXPECT_EQ(read.cost.device, 200);
    EXPECT_EQ(weir::plan(read.request(), with_devices()).cost.total(), made.cost.total());
}

// One package that is divided into four NUMA nodes (NPS4, SNC4), each with two L3 caches of two cores. Three roles do not fit behind
// one L3, and stay on one node: 50 ns within the cache, 100 ns across. On another node it would be 120 ns.
TEST(machines, several_nodes_in_a_package) {
    const auto machine = topology::synthetic("pack:1 numa:4 l3:2 core:2 pu:1");
    const auto made = weir::plan(request({"a->b", "b->c"}), machine);
    EXPECT_TRUE(made.is_proven());
    EXPECT_EQ(made.cost.edges, 150);
    std::set<unsigned> nodes;
    for (const auto& role : made.roles) nodes.insert(role.memory_node.value());
    EXPECT_EQ(nodes.size(), 1U);
    EXPECT_EQ(made.edges[0].memory_node, role_of(made, "b").memory_node);
    EXPECT_EQ(weir::plan(request({"a->b"}, {"a:pinned=0", "b:pinned=4"}), machine).cost.edges, 120);
}

// Clusters of four cores below one L3, as on some Arm servers: 50 ns within a cluster, 60 ns between two.
TEST(machines, clusters_of_cores) {
    const auto machine = topology::synthetic("pack:1 l3:1 group:4 core:4 pu:1");
    const auto made = weir::plan(request({"a->b", "b->c", "c->a"}), machine);
    EXPECT_TRUE(made.is_proven());
    EXPECT_EQ(made.cost.edges, 150);
    // PU 0's core is left out, and the three others of its cluster suffice.
    EXPECT_EQ(pus_of(made), (pu_set{1, 2, 3}));
    EXPECT_EQ(weir::plan(request({"a->b"}, {"a:pinned=1", "b:pinned=4"}), machine).cost.edges, 60);
    // With five roles in a ring, two edges cross clusters.
    EXPECT_EQ(weir::plan(request({"a->b", "b->c", "c->d", "d->e", "e->a"}), machine).cost.edges, 3 * 50 + 2 * 60);
}

// Two dies in a package, without a common cache: 100 ns on a die, 120 ns across.
TEST(machines, dies_of_a_package) {
    const auto machine = topology::synthetic("pack:1 die:2 core:4 pu:1");
    EXPECT_EQ(weir::plan(request({"a->b"}, {"a:pinned=3"}), machine).cost.edges, 100);
    EXPECT_EQ(weir::plan(request({"a->b"}, {"a:pinned=3", "b:pinned=4"}), machine).cost.edges, 120);
    EXPECT_DOUBLE_EQ(machine.remoteness(0, 1), 1);
    EXPECT_DOUBLE_EQ(machine.remoteness(0, 7), 1.2);
}

// A group of two L3 caches: the caches of one group are nearer to each other than those of two groups.
TEST(machines, groups_of_caches) {
    const auto machine = topology::synthetic("pack:1 group:2 l3:2 core:2 pu:1");
    EXPECT_EQ(weir::plan(request({"a->b"}, {"a:pinned=0", "b:pinned=2"}), machine).cost.edges, 100);
    EXPECT_EQ(weir::plan(request({"a->b"}, {"a:pinned=0", "b:pinned=4"}), machine).cost.edges, 120);
    EXPECT_EQ(weir::plan(request({"a->b"}, {"a:pinned=0", "b:pinned=1"}), machine).cost.edges, 50);
    EXPECT_TRUE(weir::plan(request({"a->b", "b->c", "c->d"}), machine).is_proven());
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// The first of two nodes has no memory, and the second has: memory for all of them comes from there.
TEST(machines, a_node_without_memory) {
    auto text = topology::synthetic("pack:2 [numa(memory=1GB)] core:2 pu:1").to_xml();
    const auto at = text.find("local_memory=\"");
    ASSERT_NE(at, std::string::npos);
    const auto end = text.find('"', at + 14);
    text.replace(at, end + 1 - at, "local_memory=\"0\"");
    const auto machine = topology::from_xml(text, "machine.xml");
    EXPECT_EQ(topology::synthetic("pack:2 [numa] core:2 pu:1").memory_node(0), 0U);
    EXPECT_EQ(machine.memory_node(0), 1U);
    EXPECT_EQ(machine.memory_node(3), 1U);
    const auto made = weir::plan(request({"a->b"}, {"a:package=0", "b:package=0"}), machine);
    EXPECT_EQ(made.roles[0].memory_node, 1U);
    EXPECT_EQ(made.edges[0].memory_node, 1U);
}

// A container on a server of eight cores that may use PUs 2 and 3 alone.
TEST(machines, a_container_with_two_pus) {
    const auto whole = topology::synthetic("pack:1 l3:1 core:8 pu:1").to_xml();
    const auto machine = topology::from_xml(
        replaced(whole, "allowed_cpuset=\"0x000000ff\"", "allowed_cpuset=\"0x0000000c\""), "box.xml");
    EXPECT_EQ(pus_of(weir::plan(request({"a->b"}), machine)), (pu_set{2, 3}));
    EXPECT_THAT(sentence([&] {
                    (void)weir::check_placement(request({"a->b"}), {2, 5}, machine);
                }),
                HasSubstr("PU 5 cannot be used in 'box.xml' (2-3 may be used)"));
    // A logger has PU 2, and both threads share what is left: the plan takes PU 2 for one of them.
    const auto made = weir::plan(request({"a->b", "b->log"}, {"log:housekeeping"}), machine);
    EXPECT_EQ(role_of(made, "log").pus, pu_set{2});
    EXPECT_EQ(pus_of(made), (pu_set{2, 3}));
}

plan_request pipeline_of(unsigned roles) {
    plan_request asked;
    for (unsigned i = 1; i != roles; ++i)
        asked.add_edge("r" + std::to_string(i - 1) + "->r" + std::to_string(i) + (i % 2 == 0 ? "@1Mps" : ""));
    asked.roles[1].quiet = true;
    return asked;
}

// Two packages of 128 cores with two PUs each, eight cores behind an L3 cache. Twelve roles take two caches: ten edges within one
// (50 ns, and 150 ns more for each of the two that r1 makes critical), one across (100 ns), and 200 ns of noise on r1's PU.
TEST(machines, of_256_cores) {
    const auto made = weir::plan(pipeline_of(12), topology::synthetic("pack:2 l3:16 core:8 pu:2"));
    EXPECT_TRUE(made.is_proven());
    EXPECT_EQ(made.cost.total(), 10 * 50 + 2 * 150 + 100 + 200);
    EXPECT_EQ(made.cost.pu_0, 0);
}

// Behind a variable, since it takes a minute in a program that is not optimised.
TEST(machines, of_4096_pus) {
    if (std::getenv("WEIR_LARGE_MACHINES") == nullptr) GTEST_SKIP() << "set WEIR_LARGE_MACHINES=1 for it";
    const auto made = weir::plan(pipeline_of(12), topology::synthetic("pack:16 l3:8 core:16 pu:2"));
    EXPECT_TRUE(made.is_proven());
    EXPECT_EQ(made.cost.total(), 11 * 50 + 2 * 150 + 200);  // all behind one L3 cache
}

}  // namespace
