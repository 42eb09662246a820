// SPDX-License-Identifier: MIT
//
// The choice of pairs, their reasons, and the tables, on machines with irregular numbering.
#include <weir/topology.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/golden.hpp"

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using weir::pair_policy;
using weir::placement_error;
using weir::pu_set;
using weir::topology;

/// 2 packages x 2 NUMA nodes x 1 L3 x 2 L2 x 2 cores x 2 PUs; the kernel's numbers have gaps.
topology with_gaps() {
    return topology::synthetic(
        "pack:2(indexes=7,3) numa:2(indexes=5,9,2,6) l3:1 l2:2 core:2 pu:2("
        "indexes=0,3,4,7,8,11,12,15,16,19,20,23,24,27,28,31,32,35,36,39,40,43,44,47,48,51,52,55,56,"
        "59,60,63)");
}
topology hybrid() { return topology::from_xml_file(TEST_DATA_DIR "/hybrid.xml"); }

std::string chosen(const topology& machine, pair_policy policy, const pu_set& isolated) {
    try {
        const auto pair = machine.choose_pair(policy, isolated);
        return std::to_string(pair.producer) + " to " + std::to_string(pair.consumer) + ", " +
               std::string(to_string(pair.distance)) + ": " + pair.reason;
    } catch (const placement_error& error) {
        return error.what();
    }
}

std::string named(const topology& machine, const std::string& text) {
    try {
        const auto pair = machine.parse_pair(text);
        return std::to_string(pair.producer) + " to " + std::to_string(pair.consumer) + ", " +
               std::string(to_string(pair.distance)) + ": " + pair.reason;
    } catch (const placement_error& error) {
        return error.what();
    }
}

TEST(pairs, have_the_documented_choice_and_reason) {
    std::string text;
    const std::pair<topology, std::vector<pu_set>> machines[] = {
        {with_gaps(), {{}, {8, 12}, {8, 59}, {3, 4, 7}, {0, 3}}},
        {topology::synthetic("pack:1 numa:2 l3:1 core:2 pu:1"), {{}, {0, 2}}},
        {topology::synthetic("pack:2 core:1 pu:1"), {{}, {0, 1}}},
        {topology::synthetic("core:1 pu:2"), {{}}},
        {topology::synthetic("pu:1"), {{}}},
        {topology::synthetic("pu:1(indexes=5)"), {{}}},
        {topology::synthetic("core:1 pu:2(indexes=4,6)"), {{}}},
        {topology::synthetic("l3:1 core:2 pu:1(indexes=5,7)"), {{}, {5, 7}}},
        {topology::synthetic("l3:2 core:2 pu:1(indexes=5,7,0,9)"), {{}}},
    };
    for (const auto& [machine, all_isolated] : machines)
        for (const auto& isolated : all_isolated) {
            text += machine.source() + (isolated.empty() ? "" : ", isolated " + isolated.to_string()) + "\n";
            for (const auto policy : {pair_policy::automatic, pair_policy::smt, pair_policy::same_l2,
                                      pair_policy::same_l3, pair_policy::cross_numa})
                text += "  " + std::string(to_string(policy)) + ": " + chosen(machine, policy, isolated) + "\n";
        }
    // The path differs between build trees.
    const auto kinds = topology::from_xml(hybrid().to_xml(), "hybrid.xml");
    for (const auto& isolated : {pu_set{}, pu_set{2, 4}, pu_set{8, 9, 12}, pu_set{3, 8}}) {
        text += "hybrid.xml, isolated " + isolated.to_string() + "\n";
        for (const auto policy : {pair_policy::automatic, pair_policy::smt, pair_policy::same_l2, pair_policy::same_l3})
            text += "  " + std::string(to_string(policy)) + ": " + chosen(kinds, policy, isolated) + "\n";
    }
    weir_test::expect_golden("pairs_chosen.txt", text);
}

TEST(pairs, that_are_named_state_what_they_share) {
    std::string text;
    for (const auto* pair :
         {"63,63", "63,60", "63,59", "59,63", "60,52", "63,40", "48,47", "63,7", "core:1-2", "core:14,core:3",
          "package:1.core:0,package:0.core:1", "numa:3,numa:0", "l3:2.core:1.pu:1,pu:5", "pu:0-1",
          "package:1.numa:1.l2:1,l2:0", "core:0-0,core:1", "core:15-16", "core:16,core:0", "pu:32,pu:0"})
        text += std::string(pair) + " is " + named(with_gaps(), pair) + "\n";
    const auto odd = topology::synthetic("pack:1 numa:2 core:2 pu:1(indexes=9,4,6,2)");
    for (const auto* pair : {"9,4", "9,6", "2,4"}) text += std::string(pair) + " is " + named(odd, pair) + "\n";
    const auto bare = topology::synthetic("core:2 pu:1(indexes=9,4)");
    text += "9,4 is " + named(bare, "9,4") + "\n";
    weir_test::expect_golden("pairs_named.txt", text);
    const auto part = topology::from_xml_file(TEST_DATA_DIR "/multi_ccx_16_part_allowed.xml");
    EXPECT_THAT(named(part, "1,4"), HasSubstr("PU 4 exists, but the cgroup of this process does not allow it"));
    EXPECT_THAT(named(part, "core:4,core:1"), HasSubstr("'core:4' has no PU that the cgroup of this process allows"));
    EXPECT_THAT(named(part, "l3:0,l3:2"), HasSubstr("1 to 10, same-package"));
}

/// Packages with one NUMA node and two cores each. In some packages all PUs are offline, so their nodes are
/// memory-only.
topology with_packages(const std::vector<bool>& online) {
    unsigned next = 1;
    const auto hex = [](unsigned bits) {
        std::ostringstream text;
        text << "0x" << std::hex << bits;
        return text.str();
    };
    const auto object = [&](const std::string& type, unsigned index, unsigned pus, unsigned all_pus, unsigned nodes,
                            const std::string& inside) {
        const auto number = std::to_string(next++);
        return "<object type=\"" + type + "\" os_index=\"" + std::to_string(index) + "\" gp_index=\"" + number +
               "\" cpuset=\"" + hex(pus) + "\" complete_cpuset=\"" + hex(all_pus) + "\" nodeset=\"" + hex(nodes) +
               "\" complete_nodeset=\"" + hex(nodes) + "\">\n" + inside + "</object>\n";
    };
    std::string packages;
    unsigned pus = 0;
    for (unsigned i = 0; i != online.size(); ++i) {
        const unsigned on = online[i] ? ~0U : 0U;
        const unsigned node = 1U << i;
        const unsigned both = 3U << 2 * i;
        std::string inside = object("NUMANode", i, both & on, both, node, "");
        for (unsigned pu = 2 * i; pu != 2 * i + 2; ++pu)
            inside +=
                object("Core", pu, 1U << pu & on, 1U << pu, node, object("PU", pu, 1U << pu & on, 1U << pu, node, ""));
        packages += object("Package", i, both & on, both, node, inside);
        pus |= both & on;
    }
    const auto all_pus = (1U << 2 * online.size()) - 1;
    const auto nodes = (1U << online.size()) - 1;
    return topology::from_xml(
        "<topology version=\"2.0\">\n" + object("Machine", 0, pus, all_pus, nodes, packages) + "</topology>\n", "it");
}

TEST(pairs, count_no_memory_only_node_among_the_parts_of_a_package) {
    for (const auto& online :
         std::vector<std::vector<bool>>{{true, false, true}, {false, true, true}, {true, true, false}}) {
        const auto machine = with_packages(online);
        ASSERT_EQ(machine.numa_nodes().size(), 3U);
        for (unsigned package = 0; package != 3; ++package) {
            const auto place = "package:" + std::to_string(package);
            const auto first = std::to_string(2 * package);
            SCOPED_TRACE(place + ", offline is package " +
                         std::to_string(std::find(online.begin(), online.end(), false) - online.begin()));
            if (online[package]) {
                EXPECT_THAT(named(machine, place + ".numa:0," + first), StartsWith(first + " to " + first + ", "));
                EXPECT_THAT(named(machine, place + ".numa:0.core:1," + first),
                            StartsWith(std::to_string(2 * package + 1) + " to " + first + ", "));
                for (const auto* beyond : {".numa:1", ".numa:0.numa:1", ".numa:0-1"})
                    EXPECT_THAT(named(machine, place + beyond + "," + first),
                                AllOf(HasSubstr("there is no numa:1 in 'it' for"), HasSubstr("(indexes go to 0)")))
                        << beyond;
                EXPECT_THAT(named(machine, place + ".core:0.numa:0," + first), HasSubstr("(none of that type)"));
            } else {
                EXPECT_THAT(named(machine, place + ".numa:0,0"), HasSubstr("(none of that type)"));
            }
        }
    }
}

TEST(pairs, count_memory_only_nodes_among_the_parts_of_the_machine) {
    const auto machine = with_packages({true, false, true});
    EXPECT_THAT(named(machine, "numa:0,numa:2"), StartsWith("0 to 4, "));
    EXPECT_THAT(named(machine, "package:2,package:0"), StartsWith("4 to 0, "));
    EXPECT_EQ(named(machine, "numa:1,0"), "'numa:1' has no PU: it is memory only; name a core, such as core:0");
    EXPECT_THAT(named(machine, "numa:3,0"), HasSubstr("(indexes go to 2)"));
    for (const auto& node : machine.numa_nodes()) EXPECT_EQ(node.pus.empty(), node.index == 1);
}

TEST(tables, number_parts_as_hwloc_does_and_pus_as_the_system) {
    const auto machine = with_gaps();
    ASSERT_EQ(machine.packages().size(), 2U);
    EXPECT_EQ(machine.packages()[0].index, 0U);
    EXPECT_EQ(machine.packages()[0].pus.size(), 16U);
    EXPECT_EQ(machine.packages()[0].pus.front(), 0U);
    EXPECT_EQ(machine.packages()[1].index, 1U);
    EXPECT_EQ(machine.packages()[1].pus.front(), 32U);
    ASSERT_EQ(machine.numa_nodes().size(), 4U);
    EXPECT_EQ(machine.numa_nodes()[1].index, 1U);
    EXPECT_EQ(machine.numa_nodes()[1].os_index, 9U);
    EXPECT_EQ(machine.numa_nodes()[3].os_index, 6U);
    EXPECT_EQ(machine.numa_nodes()[3].pus, (pu_set{48, 51, 52, 55, 56, 59, 60, 63}));
    const auto& pu = machine.pu(55);
    EXPECT_EQ(pu.os_index, 55U);
    EXPECT_EQ(pu.index, 27U);
    EXPECT_EQ(pu.core, 13U);
    EXPECT_EQ(pu.l2, 6U);
    EXPECT_EQ(pu.l3, 3U);
    EXPECT_EQ(pu.numa_node, 3U);
    EXPECT_EQ(pu.package, 1U);
    EXPECT_EQ(machine.cores()[13].pus, (pu_set{52, 55}));
    EXPECT_EQ(machine.cores()[13].index, 13U);
    EXPECT_EQ(machine.allowed_cores(), 16U);
    EXPECT_EQ(machine.summary(), "2 packages, 4 NUMA nodes, 4 L3 caches, 16 cores, 32 PUs");
    EXPECT_EQ(topology::synthetic("pack:1 l3:1 core:1 pu:1").summary(),
              "1 package, 1 NUMA node, 1 L3 cache, 1 core, 1 PU");
}

TEST(tables, have_caches_from_the_outermost_in) {
    const auto machine = topology::synthetic(
        "l5:1(size=5000000) l4:1(size=4000000) l3:2(size=3000000) l2:1(size=2000000) l1:2(size=1000000) "
        "core:1 pu:1(indexes=3,5,7,9)");
    std::vector<unsigned> levels, indexes;
    std::vector<std::uint64_t> sizes;
    for (const auto& cache : machine.caches()) {
        levels.push_back(cache.level);
        indexes.push_back(cache.index);
        sizes.push_back(cache.size_bytes);
    }
    EXPECT_THAT(levels, ElementsAre(5, 4, 3, 3, 2, 2, 1, 1, 1, 1));
    EXPECT_THAT(indexes, ElementsAre(0, 0, 0, 1, 0, 1, 0, 1, 2, 3));
    EXPECT_THAT(sizes,
                ElementsAre(5000000, 4000000, 3000000, 3000000, 2000000, 2000000, 1000000, 1000000, 1000000, 1000000));
    EXPECT_EQ(machine.caches()[3].pus, (pu_set{7, 9}));
    EXPECT_EQ(machine.caches()[9].pus, pu_set{9});
}

TEST(tables, assign_the_first_of_two_equally_near_numa_nodes) {
    const auto machine = topology::synthetic("pack:2 [numa][numa] core:1 pu:1");
    ASSERT_EQ(machine.numa_nodes().size(), 4U);
    EXPECT_EQ(machine.pu(0).numa_node, 0U);
    EXPECT_EQ(machine.pu(1).numa_node, 2U);
}

}  // namespace
