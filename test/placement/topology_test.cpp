// SPDX-License-Identifier: MIT
#include <weir/plan.hpp>
#include <weir/topology.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include "test/support/temporary_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using weir::distance;
using weir::pair_policy;
using weir::placement_error;
using weir::pu_pair;
using weir::pu_set;
using weir::topology;

constexpr auto automatic = pair_policy::automatic;
constexpr auto smt = pair_policy::smt;
constexpr auto same_l2 = pair_policy::same_l2;
constexpr auto same_l3 = pair_policy::same_l3;
constexpr auto cross_numa = pair_policy::cross_numa;
constexpr pair_policy every_policy[] = {automatic, smt, same_l2, same_l3, cross_numa};

std::string data(const std::string& name) { return std::string(TEST_DATA_DIR "/") + name; }

topology two_package_smt() { return topology::from_xml_file(data("two_package_smt.xml")); }
topology multi_ccx() { return topology::from_xml_file(data("multi_ccx_16.xml")); }
topology part_allowed() { return topology::from_xml_file(data("multi_ccx_16_part_allowed.xml")); }
topology hybrid() { return topology::from_xml_file(data("hybrid.xml")); }
topology single_pu() { return topology::from_xml_file(data("single_pu.xml")); }
topology l2_clusters() { return topology::synthetic("pack:1 l3:1 l2:2 core:4 pu:1"); }
topology four_nodes_a_package() { return topology::synthetic("pack:2 numa:4 l3:1 core:2 pu:2"); }
topology bare_pus() { return topology::synthetic("pu:4"); }

std::vector<topology> every_machine() {
    return {two_package_smt(),
            multi_ccx(),
            part_allowed(),
            hybrid(),
            single_pu(),
            l2_clusters(),
            bare_pus(),
            four_nodes_a_package(),
            topology::this_machine()};
}

/// The message of the placement_error; "" if none is thrown.
template <class F>
std::string sentence(F f) {
    try {
        f();
    } catch (const placement_error& error) {
        return error.what();
    }
    return "";
}

std::string why_not(const topology& machine, pair_policy policy) {
    return sentence([&] { static_cast<void>(machine.choose_pair(policy)); });
}

std::string why_not(const topology& machine, const std::string& pair) {
    return sentence([&] { static_cast<void>(machine.parse_pair(pair)); });
}

std::pair<unsigned, unsigned> ends(const pu_pair& pair) { return {pair.producer, pair.consumer}; }

std::pair<unsigned, unsigned> pus(unsigned producer, unsigned consumer) { return {producer, consumer}; }

// ---- The tables

TEST(topology_tables, of_a_two_package_smt_machine) {
    const auto machine = two_package_smt();
    EXPECT_EQ(machine.summary(), "2 packages, 2 NUMA nodes, 2 L3 caches, 16 cores, 32 PUs");
    ASSERT_EQ(machine.packages().size(), 2U);
    EXPECT_EQ(machine.packages()[1].pus, pu_set::parse("1-31:2"));
    ASSERT_EQ(machine.numa_nodes().size(), 2U);
    EXPECT_EQ(machine.numa_nodes()[0].memory_bytes, 137438953472U);
    ASSERT_EQ(machine.cores().size(), 16U);
    EXPECT_EQ(machine.cores()[1].pus, (pu_set{2, 18}));
    EXPECT_EQ(machine.allowed(), pu_set::parse("0-31"));
    EXPECT_EQ(machine.allowed_cores(), 16U);
    const auto& pu = machine.pu(19);
    EXPECT_EQ(pu.os_index, 19U);
    EXPECT_EQ(pu.core, 9U);
    EXPECT_EQ(pu.package, 1U);
    EXPECT_EQ(pu.numa_node, 1U);
    EXPECT_EQ(pu.l3, 1U);
    EXPECT_EQ(pu.l2, 9U);
    const auto l3 = std::ranges::find(machine.caches(), 3U, &weir::cache_info::level);
    ASSERT_NE(l3, machine.caches().end());
    EXPECT_EQ(l3->size_bytes, 33554432U);
    EXPECT_EQ(l3->line_bytes, 64U);
}

TEST(topology_tables, know_the_kinds_of_a_hybrid_machine) {
    const auto machine = hybrid();
    ASSERT_EQ(machine.core_kinds().size(), 2U);
    EXPECT_EQ(machine.core_kinds()[1].name, "IntelCore");
    EXPECT_EQ(machine.core_kinds()[1].pus, pu_set::parse("0-7"));
    EXPECT_GT(machine.core_kinds()[1].performance, machine.core_kinds()[0].performance);
    EXPECT_EQ(machine.cores()[0].kind, 1U);
    EXPECT_EQ(machine.cores()[4].kind, 0U);
}

TEST(topology_tables, treat_each_pu_as_a_core_without_core_information) {
    const auto machine = bare_pus();
    EXPECT_EQ(machine.cores().size(), 4U);
    EXPECT_EQ(machine.distance_between(0, 3), distance::same_package);
    EXPECT_EQ(ends(machine.parse_pair("core:0,core:3")), pus(0, 3));
}

TEST(topology_tables, give_a_pu_the_memory_of_its_package_not_that_of_the_whole_machine) {
    const auto machine = topology::synthetic("[numa] pack:2 [numa] core:2 pu:1");
    ASSERT_EQ(machine.numa_nodes().size(), 3U);
    for (const auto& pu : machine.pus()) EXPECT_EQ(machine.numa_nodes()[*pu.numa_node].pus.size(), 2U);
    EXPECT_EQ(machine.choose_pair(cross_numa).distance, distance::cross_package);
}

TEST(topology_tables, of_this_machine_agree_with_each_other) {
    const auto machine = topology::this_machine();
    EXPECT_TRUE(machine.is_this_machine());
    EXPECT_EQ(machine.source(), "this machine");
    ASSERT_FALSE(machine.pus().empty());
    EXPECT_FALSE(machine.allowed().empty());
    EXPECT_TRUE(machine.cgroup_allowed().contains(machine.allowed()));
    EXPECT_TRUE(weir::startup_affinity().contains(machine.allowed()));
    pu_set in_cores;
    for (const auto& core : machine.cores()) {
        EXPECT_TRUE((in_cores & core.pus).empty());
        in_cores = in_cores | core.pus;
    }
    for (const auto& row : machine.pus()) {
        EXPECT_EQ(&machine.pu(row.os_index), &row);
        EXPECT_TRUE(in_cores.contains(row.os_index));
    }
    EXPECT_EQ(in_cores.size(), machine.pus().size());
}

// ---- Distances

TEST(distances, are_ordered_from_near_to_far) {
    const auto machine = two_package_smt();
    EXPECT_EQ(machine.distance_between(4, 4), distance::same_pu);
    EXPECT_EQ(machine.distance_between(4, 20), distance::smt);
    EXPECT_EQ(machine.distance_between(4, 6), distance::same_l3);
    EXPECT_EQ(machine.distance_between(4, 5), distance::cross_package);
    EXPECT_EQ(multi_ccx().distance_between(3, 4), distance::same_package);
    EXPECT_EQ(l2_clusters().distance_between(0, 3), distance::same_l2);
    EXPECT_LT(distance::same_pu, distance::smt);
    EXPECT_LT(distance::smt, distance::same_l2);
    EXPECT_LT(distance::same_l2, distance::same_l3);
    EXPECT_LT(distance::same_l3, distance::same_package);
    EXPECT_LT(distance::same_package, distance::cross_package);
}

TEST(distances, are_the_same_in_both_directions) {
    for (const auto& machine : every_machine())
        for (const auto& a : machine.pus())
            for (const auto& b : machine.pus())
                EXPECT_EQ(machine.distance_between(a.os_index, b.os_index),
                          machine.distance_between(b.os_index, a.os_index));
}

TEST(distances, have_names) {
    EXPECT_EQ(to_string(distance::same_l2), "same-l2");
    EXPECT_EQ(to_string(distance::cross_package), "cross-package");
    EXPECT_EQ(to_string(automatic), "auto");
    EXPECT_EQ(to_string(cross_numa), "cross-numa");
}

// ---- Policies by machine

TEST(choose_pair, avoids_the_core_of_pu_0_wherever_it_is) {
    EXPECT_EQ(ends(topology::synthetic("core:3 pu:1(indexes=0,1,2)").choose_pair(automatic)), pus(1, 2));
    EXPECT_EQ(ends(topology::synthetic("core:3 pu:1(indexes=1,0,2)").choose_pair(automatic)), pus(1, 2));
    EXPECT_EQ(ends(topology::synthetic("core:3 pu:1(indexes=1,2,0)").choose_pair(automatic)), pus(1, 2));
}

TEST(choose_pair, on_a_two_package_smt_machine) {
    const auto machine = two_package_smt();
    EXPECT_EQ(ends(machine.choose_pair(automatic)), pus(2, 4));
    EXPECT_EQ(machine.choose_pair(automatic).distance, distance::same_l3);
    EXPECT_EQ(ends(machine.choose_pair(smt)), pus(2, 18));
    EXPECT_EQ(ends(machine.choose_pair(same_l3)), pus(2, 4));
    EXPECT_EQ(ends(machine.choose_pair(cross_numa)), pus(2, 1));
    EXPECT_EQ(machine.choose_pair(cross_numa).distance, distance::cross_package);
    EXPECT_EQ(why_not(machine, same_l2), "no two cores that may be used in '" + machine.source() +
                                             "' share an L2 cache; policies that fit: auto, smt, same-l3, cross-numa");
}

TEST(choose_pair, on_a_multi_ccx_machine) {
    const auto machine = multi_ccx();
    EXPECT_EQ(ends(machine.choose_pair(automatic)), pus(1, 2));
    EXPECT_EQ(ends(machine.choose_pair(same_l3)), pus(1, 2));
    EXPECT_THAT(why_not(machine, smt), AllOf(HasSubstr("SMT is absent or off"), HasSubstr("fit: auto, same-l3")));
    EXPECT_THAT(why_not(machine, same_l2), HasSubstr("L2"));
    EXPECT_THAT(why_not(machine, cross_numa), HasSubstr("all on one NUMA node"));
}

TEST(choose_pair, stays_within_what_the_cgroup_allows) {
    const auto machine = part_allowed();
    EXPECT_EQ(machine.allowed(), pu_set::parse("1-3,10-11"));
    EXPECT_EQ(machine.pus().size(), 16U) << "the rest of the machine is shown all the same";
    EXPECT_EQ(machine.allowed_cores(), 5U);
    EXPECT_EQ(ends(machine.choose_pair(automatic)), pus(1, 2));
    EXPECT_THAT(machine.choose_pair(automatic).reason, Not(HasSubstr("housekeeping"))) << "PU 0 was no candidate";
}

TEST(choose_pair, on_a_hybrid_machine_takes_the_fast_cores_though_slow_ones_are_nearer_to_each_other) {
    const auto machine = hybrid();
    const auto pair = machine.choose_pair(automatic);
    EXPECT_EQ(ends(pair), pus(2, 4));
    EXPECT_EQ(pair.distance, distance::same_l3);
    EXPECT_THAT(pair.reason, HasSubstr("IntelCore"));
    EXPECT_EQ(ends(machine.choose_pair(same_l2)), pus(8, 9)) << "only small cores share an L2";
    EXPECT_EQ(ends(machine.choose_pair(smt)), pus(2, 3));
}

TEST(choose_pair, where_cores_share_an_l2) {
    const auto machine = l2_clusters();
    EXPECT_EQ(ends(machine.choose_pair(automatic)), pus(1, 2));
    EXPECT_EQ(machine.choose_pair(automatic).distance, distance::same_l2);
    EXPECT_EQ(ends(machine.choose_pair(same_l3)), pus(1, 4)) << "an L3 but no L2";
}

// ---- NUMA distances

// `values` by the kernel's numbers of the nodes, which lstopo writes beside the tree.
topology with_numa_distances(const std::string& synthetic, const std::string& numbers, const std::string& values) {
    auto text = topology::synthetic(synthetic).to_xml();
    const auto count = std::count(numbers.begin(), numbers.end(), ' ') + 1;
    const auto given = "<distances2 type=\"NUMANode\" nbobjs=\"" + std::to_string(count) +
                       "\" kind=\"5\" name=\"NUMALatency\" indexing=\"os\"><indexes length=\"" +
                       std::to_string(numbers.size()) + "\">" + numbers + "</indexes><u64values length=\"" +
                       std::to_string(values.size()) + "\">" + values + "</u64values></distances2>";
    text.insert(text.rfind("</topology>"), given);
    return topology::from_xml(text, "it");
}

TEST(remoteness, is_the_ratio_of_the_numa_distances_of_the_machine) {
    const auto machine =
        with_numa_distances("pack:2 numa:2 core:1 pu:1", "0 1 2 3", "10 12 20 30 12 10 30 40 20 30 10 16 30 40 16 10");
    EXPECT_EQ(machine.remoteness(1, 1), 1);
    EXPECT_DOUBLE_EQ(machine.remoteness(0, 1), 1.2);
    EXPECT_DOUBLE_EQ(machine.remoteness(3, 2), 1.6);
    EXPECT_DOUBLE_EQ(machine.remoteness(0, 2), 1) << "the nearest nodes of two packages";
    EXPECT_DOUBLE_EQ(machine.remoteness(0, 3), 1.5);
    EXPECT_DOUBLE_EQ(machine.remoteness(3, 1), 2);
    EXPECT_THROW(static_cast<void>(machine.remoteness(0, 4)), placement_error);
}

TEST(remoteness, follows_the_kernels_numbers_of_the_nodes) {
    constexpr auto three = "pack:1 numa:3(indexes=8,5,0) core:1 pu:1";
    const auto part = with_numa_distances(three, "5 8", "10 17 17 10");
    EXPECT_DOUBLE_EQ(part.remoteness(0, 1), 1.2) << "distances of two nodes of three are not those of the machine";
    const auto whole = with_numa_distances(three, "0 5 8", "10 17 16 17 10 13 16 13 10");
    EXPECT_DOUBLE_EQ(whole.remoteness(0, 1), 1.3);
    EXPECT_DOUBLE_EQ(whole.remoteness(0, 2), 1.6);
    EXPECT_DOUBLE_EQ(whole.remoteness(1, 2), 1.7);
}

TEST(remoteness, of_one_direction_is_that_of_the_worse_one) {
    const auto machine = with_numa_distances("pack:1 numa:2 core:1 pu:1", "0 1", "10 14 11 10");
    EXPECT_DOUBLE_EQ(machine.remoteness(0, 1), 1.4);
    EXPECT_DOUBLE_EQ(machine.remoteness(1, 0), 1.4);
    const auto unlike = with_numa_distances("pack:1 numa:2 core:1 pu:1", "0 1", "10 15 15 12");
    EXPECT_DOUBLE_EQ(unlike.remoteness(0, 1), 1.5);
    EXPECT_DOUBLE_EQ(unlike.remoteness(1, 0), 1.5);
}

TEST(remoteness, is_assumed_where_the_kernel_states_no_distances) {
    EXPECT_EQ(topology::synthetic("pack:2 numa:2 core:1 pu:1").remoteness(0, 1), 1.2);
    EXPECT_EQ(topology::synthetic("pack:2 numa:2 core:1 pu:1").remoteness(0, 2), 1);
    EXPECT_EQ(topology::synthetic("numa:2 core:1 pu:1").remoteness(0, 1), 2) << "there may be a package to each node";
    EXPECT_EQ(topology::synthetic("core:2 pu:1").remoteness(0, 1), 1);
}

// A ratio of 2 would make a pair behind one L3 (50 ns) as far as one that shares none (100 ns).
TEST(remoteness, never_outweighs_the_next_distance) {
    const auto within = with_numa_distances("pack:1 l3:1 numa:2 core:1 pu:1", "0 1", "10 90 90 10");
    EXPECT_EQ(within.distance_between(0, 1), distance::same_l3);
    EXPECT_EQ(within.remoteness(0, 1), 1.9);
    EXPECT_EQ(
        with_numa_distances("pack:2 numa:2 core:1 pu:1", "0 1 2 3", "10 90 90 90 90 10 90 90 90 90 10 90 90 90 90 10")
            .remoteness(0, 1),
        1.9);
    EXPECT_EQ(with_numa_distances("numa:2 core:1 pu:1", "0 1", "10 90 90 10").remoteness(0, 1), 9);
}

TEST(remoteness, of_implausible_distances_is_bounded) {
    const auto far = with_numa_distances("numa:2 core:1 pu:1", "0 1", "1 18446744073709551615 1 1");
    EXPECT_EQ(far.remoteness(0, 1), 100);
    EXPECT_EQ(with_numa_distances("numa:2 core:1 pu:1", "0 1", "30 10 10 30").remoteness(0, 1), 1);
    EXPECT_EQ(with_numa_distances("numa:2 core:1 pu:1", "0 1", "0 10 10 0").remoteness(0, 1), 2) << "assumed";
}

TEST(numa_node, of_a_pu_has_memory) {
    constexpr auto machine = "numa:3(memory=0) core:1 pu:1";
    EXPECT_EQ(topology::synthetic(machine).pu(0).numa_node, 0U) << "no node has memory";
    auto text = topology::synthetic("[numa(memory=1000000)] pack:2 [numa(memory=0)] core:1 pu:1").to_xml();
    const auto cxl = topology::from_xml(text, "it");
    EXPECT_EQ(cxl.numa_nodes()[*cxl.pu(0).numa_node].memory_bytes, 1'000'000U);
}

TEST(choose_pair, prefers_neighbouring_packages_and_nodes) {
    const auto ring = with_numa_distances("pack:3 numa:1 core:1 pu:1", "0 1 2", "10 31 21 31 10 31 21 31 10");
    EXPECT_EQ(ends(ring.choose_pair(automatic)), pus(0, 2));
    EXPECT_EQ(ends(ring.choose_pair(cross_numa)), pus(0, 2));
}

TEST(choose_pair, cross_numa_takes_the_nearest_other_node) {
    EXPECT_EQ(four_nodes_a_package().choose_pair(cross_numa).distance, distance::same_package);
}

TEST(choose_pair, avoids_the_core_of_pu_0_only_if_another_pair_is_as_good) {
    const auto two_cores = topology::synthetic("l3:1 core:2 pu:1");
    EXPECT_EQ(ends(two_cores.choose_pair(automatic)), pus(0, 1));
    EXPECT_THAT(two_cores.choose_pair(automatic).reason, HasSubstr("all equally good pairs use PU 0's core"));
    const auto near_or_clean = topology::synthetic("l3:2 core:2 pu:1");
    EXPECT_EQ(ends(near_or_clean.choose_pair(automatic)), pus(2, 3));
    const auto one_shared_l3 = topology::synthetic("pack:3 core:2 pu:1(indexes=2,0,1,3,4,5)");
    EXPECT_EQ(one_shared_l3.choose_pair(automatic).distance, distance::same_package);
    EXPECT_EQ(ends(one_shared_l3.choose_pair(automatic)), pus(1, 3));
}

TEST(choose_pair, prefers_isolated_pus_and_says_so) {
    const auto machine = multi_ccx();
    EXPECT_EQ(ends(machine.choose_pair(automatic, pu_set{6, 9, 11})), pus(9, 11)) << "nearest of the isolated ones";
    EXPECT_EQ(ends(machine.choose_pair(automatic, pu_set{6, 9})), pus(6, 9)) << "isolated beats near";
    EXPECT_THAT(machine.choose_pair(automatic, pu_set{6, 9}).reason, HasSubstr("isolated"));
    EXPECT_EQ(ends(machine.choose_pair(automatic, pu_set{6})), pus(4, 6))
        << "one end at least, as a plan would have it";
    EXPECT_THAT(machine.choose_pair(automatic, pu_set{6}).reason, Not(HasSubstr("isolated")));
    EXPECT_EQ(ends(part_allowed().choose_pair(automatic, pu_set{6, 9})), pus(1, 2)) << "isolated, but not allowed";
}

TEST(choose_pair, on_a_single_pu_says_that_there_is_only_one) {
    const auto machine = single_pu();
    EXPECT_EQ(machine.allowed_cores(), 1U);
    for (const auto policy : every_policy)
        EXPECT_EQ(why_not(machine, policy), "only one PU may be used in '" + machine.source() +
                                                "' (PU 0), but a producer and a consumer need two");
}

TEST(choose_pair, on_a_single_core_with_smt_offers_smt) {
    const auto machine = topology::synthetic("core:1 pu:2");
    EXPECT_EQ(ends(machine.choose_pair(smt)), pus(0, 1));
    EXPECT_THAT(why_not(machine, automatic), AllOf(HasSubstr("only one core"), HasSubstr("policies that fit: smt")));
}

TEST(choose_pair, on_this_machine) {
    const auto machine = topology::this_machine();
    if (machine.allowed_cores() < 2) {
        EXPECT_THAT(why_not(machine, automatic), HasSubstr("only one "));
        return;
    }
    const auto pair = machine.choose_pair(automatic);
    EXPECT_NE(machine.pu(pair.producer).core, machine.pu(pair.consumer).core);
    EXPECT_TRUE(machine.allowed().contains(pu_set{pair.producer, pair.consumer}));
    EXPECT_EQ(pair.distance, machine.distance_between(pair.producer, pair.consumer));
    EXPECT_FALSE(pair.reason.empty());
}

// Checks the contract independently: no qualifying pair is cheaper by the documented model.
bool qualifies(const topology& machine, pair_policy policy, unsigned a, unsigned b) {
    const auto& one = machine.pu(a);
    const auto& other = machine.pu(b);
    const auto how_far = machine.distance_between(a, b);
    return policy == automatic ? one.core != other.core
           : policy == smt     ? one.core == other.core
           : policy == same_l2 ? how_far == distance::same_l2
           : policy == same_l3 ? how_far == distance::same_l3
                               : one.numa_node != other.numa_node;
}

auto badness(const topology& machine, const pu_set& isolated, unsigned a, unsigned b) {
    double cost = weir::assumed_one_way(machine.distance_between(a, b)).p50_ns * machine.remoteness(a, b);
    unsigned fastest = 0;
    for (const auto& kind : machine.core_kinds()) fastest = std::max(fastest, kind.performance.value_or(0));
    for (const unsigned pu : {a, b}) {
        for (const auto& kind : machine.core_kinds())
            if (kind.pus.contains(pu))
                cost += weir::assumed::slow_core_ns * (fastest - kind.performance.value_or(fastest));
        if (!(machine.allowed() & isolated).empty() && !isolated.contains(pu)) cost += weir::assumed::not_isolated_ns;
        for (const auto& row : machine.pus())
            if (row.os_index == 0 && row.core == machine.pu(pu).core) cost += weir::assumed::pu_0_ns;
    }
    return std::tuple(cost, std::min(machine.pu(a).index, machine.pu(b).index),
                      std::max(machine.pu(a).index, machine.pu(b).index));
}

TEST(choose_pair, finds_the_cheapest_pair_by_the_documented_model_on_every_machine) {
    std::mt19937 random(1);
    for (const auto& machine : every_machine())
        for (const auto policy : every_policy)
            for (int round = 0; round < 8; ++round) {
                pu_set isolated;
                for (const auto& row : machine.pus())
                    if (round > 0 && random() % 4 == 0) isolated.insert(row.os_index);
                using key = decltype(badness(machine, isolated, 0, 0));
                std::optional<key> best;
                for (const unsigned a : machine.allowed())
                    for (const unsigned b : machine.allowed())
                        if (a < b && qualifies(machine, policy, a, b))
                            if (const auto here = badness(machine, isolated, a, b); !best || here < *best) best = here;
                if (!best) {
                    EXPECT_NE(why_not(machine, policy), "") << machine.source() << " " << to_string(policy);
                    continue;
                }
                const auto pair = machine.choose_pair(policy, isolated);
                EXPECT_EQ(badness(machine, isolated, pair.producer, pair.consumer), *best)
                    << machine.source() << " " << to_string(policy) << " isolated " << isolated.to_string();
            }
}

// ---- Parsing pairs

TEST(parse_pair, takes_policies) {
    const auto machine = four_nodes_a_package();
    for (const auto policy : every_policy) {
        const std::string name(to_string(policy));
        if (why_not(machine, policy).empty()) {
            EXPECT_EQ(ends(machine.parse_pair(name)), ends(machine.choose_pair(policy))) << name;
        } else {
            EXPECT_EQ(why_not(machine, name), why_not(machine, policy)) << name;
        }
    }
}

TEST(parse_pair, takes_pu_numbers_in_the_order_given) {
    const auto machine = two_package_smt();
    EXPECT_EQ(ends(machine.parse_pair("0,1")), pus(0, 1));
    EXPECT_EQ(ends(machine.parse_pair("1,0")), pus(1, 0));
    EXPECT_EQ(ends(machine.parse_pair("3 17")), pus(3, 17));
    EXPECT_EQ(ends(machine.parse_pair("4-5")), pus(4, 5));
    EXPECT_EQ(ends(machine.parse_pair("0-8:8")), pus(0, 8));
    EXPECT_EQ(machine.parse_pair("4,20").distance, distance::smt);
}

TEST(parse_pair, takes_hwloc_locations_by_logical_index) {
    const auto machine = two_package_smt();
    EXPECT_EQ(ends(machine.parse_pair("core:0,core:1")), pus(0, 2));
    EXPECT_EQ(ends(machine.parse_pair("core:8 core:0")), pus(1, 0));
    EXPECT_EQ(ends(machine.parse_pair("pu:0,pu:1")), pus(0, 16)) << "not PU 0 and PU 1 of the kernel";
    EXPECT_EQ(ends(machine.parse_pair("package:1.core:0,package:1.core:2")), pus(1, 5));
    EXPECT_EQ(ends(machine.parse_pair("package:1.core:0.pu:1,core:0")), pus(17, 0));
    EXPECT_EQ(ends(machine.parse_pair("numa:0,numa:1")), pus(0, 1));
    EXPECT_EQ(ends(machine.parse_pair("l3:1,core:0")), pus(1, 0));
    EXPECT_EQ(ends(machine.parse_pair("core:2-3")), pus(4, 6));
    EXPECT_EQ(ends(machine.parse_pair("core:3,0")), pus(6, 0)) << "both forms may be mixed";
}

TEST(parse_pair, uses_the_first_allowed_pu_of_a_location) {
    const auto machine = part_allowed();
    EXPECT_EQ(ends(machine.parse_pair("l3:0,l3:2")), pus(1, 10));
    EXPECT_THAT(why_not(machine, "core:0,core:1"),
                AllOf(HasSubstr("'core:0' has no PU that the cgroup"), HasSubstr("1-3,10-11 are allowed")));
    EXPECT_THAT(why_not(machine, "0,1"),
                AllOf(HasSubstr("PU 0 exists, but the cgroup of this process does not allow it"),
                      HasSubstr("1-3,10-11 are allowed"), HasSubstr("cpuset")));
}

TEST(parse_pair, shares_one_pu_only_when_it_is_named_twice) {
    const auto machine = multi_ccx();
    const auto pair = machine.parse_pair("3,3");
    EXPECT_EQ(ends(pair), pus(3, 3));
    EXPECT_EQ(pair.distance, distance::same_pu);
    EXPECT_THAT(pair.reason, HasSubstr("take turns"));
    EXPECT_EQ(ends(single_pu().parse_pair("core:0,core:0")), pus(0, 0));
}

TEST(parse_pair, refuses_everything_else_with_a_sentence) {
    const auto machine = multi_ccx();
    const auto in = " in '" + machine.source() + "' ";
    const std::string forms =
        "use auto, smt, same-l2, same-l3, cross-numa, two locations (core:0,core:1) or two PU numbers (0,1)";
    const std::pair<std::string, std::string> cases[] = {
        {"999", "there is no PU 999" + in + "(0-15 are allowed); run 'weir topo' to see them"},
        {"0,16", "there is no PU 16" + in + "(0-15 are allowed); run 'weir topo' to see them"},
        {"0,99999999999", "there is no PU 99999999999" + in + "(0-15 are allowed); run 'weir topo' to see them"},
        {"0", "'0' names 1 PU, but a pair has two, the producer first: " + forms},
        {"0-2", "'0-2' names 3 PUs, but a pair has two, the producer first: " + forms},
        {"", "'' names 0 PUs, but a pair has two, the producer first: " + forms},
        {"same-l4", "'same-l4' is neither a policy nor a location: " + forms},
        {"Auto", "'Auto' is neither a policy nor a location: " + forms},
        {"0,auto", "'auto' is neither a policy nor a location: " + forms},
        {"1-,2", "'1-' is neither a policy nor a location: " + forms},
        {"-1,2", "'-1' is neither a policy nor a location: " + forms},
        {"0x3", "'0x3' is neither a policy nor a location: " + forms},
        {"core:16,core:0", "there is no core:16" + in + "(indexes go to 15); run 'weir topo' to see what there is"},
        {"l3:1.core:4,core:0",
         "there is no core:4" + in + "for 'l3:1.core:4' (indexes go to 3); run 'weir topo' to see what there is"},
        {"core:0.l3:0,core:1",
         "there is no l3:0" + in + "for 'core:0.l3:0' (none of that type); run 'weir topo' to see what there is"},
        {"die:0,core:1", "there is no die" + in + "for 'die:0'; run 'weir topo' to see what there is"},
        {"kern:0,core:1", "hwloc finds no PUs in a 'kern', as in 'kern:0': use pu, core, l2, l3, numa, die or package"},
        {"pci:0,core:1", "hwloc finds no PUs in a 'pci', as in 'pci:0': use pu, core, l2, l3, numa, die or package"},
        {"core:,core:1",
         "'core:' is not a location: write a type, a colon and an index, such as core:0 or package:1.core:0"},
        {"core:0.,core:1",
         "'core:0.' is not a location: write a type, a colon and an index, such as core:0 or package:1.core:0"},
        {"core:1-0",
         "'core:1-0' is not a location: write a type, a colon and an index, such as core:0 or package:1.core:0"},
        {"core:99999999999,0",
         "'core:99999999999' is not a location: write a type, a colon and an index, such as core:0 or package:1.core:0"},
        {"package:0.1,core:0",
         "'package:0.1' is not a location: write a type, a colon and an index, such as core:0 or package:1.core:0"},
        {":0,core:1", "hwloc finds no PUs in a '', as in ':0': use pu, core, l2, l3, numa, die or package"},
        {"core:0-1.pu:0",
         "'core:0-1.pu:0' has a range before its last part: name one object there, such as "
         "package:0.core:0-1"},
    };
    for (const auto& [text, expected] : cases) EXPECT_EQ(why_not(machine, text), expected) << text;
}

TEST(parse_pair, on_this_machine_says_what_is_here) {
    EXPECT_THAT(why_not(topology::this_machine(), "60000,60001"),
                AllOf(HasSubstr("there is no PU 60000 here ("), HasSubstr(" allowed); run 'weir topo' to see them")));
}

// ---- Binding

TEST(binding, is_refused_on_every_loaded_topology) {
    const auto before = weir::this_thread_affinity();
    for (const auto& machine : every_machine()) {
        if (machine.is_this_machine()) continue;
        EXPECT_EQ(sentence([&] { machine.bind_this_thread(0); }),
                  "this topology was read from '" + machine.source() +
                      "', not from this machine: plan with it, but pin threads with topology::this_machine()");
    }
    EXPECT_EQ(weir::this_thread_affinity(), before);
}

TEST(binding, on_this_machine_pins_to_every_allowed_pu) {
    const auto machine = topology::this_machine();
    const auto before = weir::this_thread_affinity();
    for (const unsigned pu : machine.allowed()) {
        EXPECT_EQ(machine.bind_this_thread(pu), pu_set{pu});
        EXPECT_EQ(weir::current_pu(), pu);
    }
    weir::set_this_thread_affinity(before);
    EXPECT_EQ(topology::this_machine().allowed(), machine.allowed())
        << "what we were started on, not what we are pinned to";
    EXPECT_THAT(sentence([&] { machine.bind_this_thread(60000); }), HasSubstr("there is no PU 60000 here"));
}

// ---- Invalid input

std::string why_not_file(const std::string& path) {
    return sentence([&] { static_cast<void>(topology::from_xml_file(path)); });
}

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

class written_file {
public:
    explicit written_file(const std::string& text) { std::ofstream(path_) << text; }
    written_file(const written_file&) = delete;
    written_file& operator=(const written_file&) = delete;
    ~written_file() { std::remove(path_.c_str()); }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    static std::string fresh_path() {
        static int count = 0;
        const auto* const info = testing::UnitTest::GetInstance()->current_test_info();
        return testing::TempDir() + "weir_" + info->name() + "_" + std::to_string(::getpid()) + "_" +
               std::to_string(++count) + ".xml";
    }

    std::string path_ = fresh_path();
};

TEST(from_xml_file, says_why_a_file_cannot_be_read) {
    EXPECT_EQ(why_not_file("/no/such/file.xml"),
              "cannot read topology file '/no/such/file.xml': No such file or "
              "directory; save one with 'weir topo --save machine.xml' on the target machine");
    EXPECT_THAT(why_not_file(TEST_DATA_DIR), HasSubstr("Is a directory"));
}

TEST(from_xml_file, names_the_damaged_line) {
    const auto good = read_file(data("single_pu.xml"));
    const auto with = [&](const std::string& from, const std::string& to) {
        auto text = good;
        const auto at = text.find(from);
        EXPECT_NE(at, text.npos) << from;
        return text.replace(at, from.size(), to);
    };
    const std::string pu_sets =
        "<object type=\"PU\" os_index=\"0\" cpuset=\"0x00000001\" complete_cpuset=\"0x00000001\"";
    const std::pair<std::string, std::string> cases[] = {
        {"", "this is not an hwloc topology: it has no <topology>"},
        {"not XML at all\n", "this is not an hwloc topology: it has no <topology>"},
        {"<svg version=\"1\"></svg>", "line 1: this is not an hwloc topology: <svg> is outside <topology>"},
        {"<topology version=\"2.0\"></topology>", "it contains no PU or no NUMA node"},
        {"<topology></topology>", "the format of hwloc 1"},
        {good.substr(0, good.size() / 2), "truncated"},
        {good.substr(0, good.rfind("</topology>")), "<topology> is not closed: the file is truncated"},
        {with("os_index=\"0\" cpuset", "os_index=0 cpuset"),
         "line 4: attribute 'os_index' has no value in double quotes"},
        {with("</object>", "</objekt>"), "</objekt> closes an element that is not open"},
        {with("gp_index=\"2\"/>", "gp_index=\"2\" gp_index=\"2\"/>"), "attribute 'gp_index' appears twice"},
        {with("gp_index=\"2\"/>", "gp_index=\"2\"//>"), "a '/' in a tag is not followed by '>'"},
        {with("gp_index=\"2\"/>", "gp_index=\"2\"; />"), "a tag is damaged"},
        {with("type=\"PU\"", "type=\"Pew\""), "hwloc knows no object of type 'Pew'"},
        {with(pu_sets, "<object type=\"PU\" os_index=\"0\" cpuset=\"0x00000001\""),
         "the PU has no valid complete_cpuset"},
        {with(pu_sets, "<object type=\"PU\" os_index=\"0\" cpuset=\"zebra\" complete_cpuset=\"0x00000001\""),
         "the PU has no valid cpuset"},
        {with(pu_sets, "<object type=\"PU\" os_index=\"0\" cpuset=\"0x00000002\" complete_cpuset=\"0x00000002\""),
         "the PU is outside the Core that contains it"},
        {with(pu_sets, "<object type=\"PU\" os_index=\"0\" cpuset=\"0x00000003\" complete_cpuset=\"0x00000001\""),
         "the cpuset of the PU is not within its complete_cpuset"},
        {with("type=\"PU\" os_index=\"0\"", "type=\"PU\" os_index=\"70000\""),
         "PU number '70000' is not a number up to 65535"},
        {with("type=\"PU\" os_index=\"0\"", "type=\"PU\" os_index=\"5\""), "PU 5 has the cpuset of PU 0"},
        {with("type=\"NUMANode\"", "type=\"Misc\""), "it contains no PU or no NUMA node"},
        {with("type=\"Machine\"", "type=\"Package\""), "the tree does not begin with one Machine"},
    };
    for (const auto& [text, expected] : cases) {
        const written_file file(text);
        EXPECT_THAT(why_not_file(file.path()),
                    AllOf(HasSubstr("topology file '" + file.path() + "', line "), HasSubstr(expected),
                          HasSubstr("; save it again with 'weir topo --save machine.xml'")));
    }
}

// LeakSanitizer's interface, if the test is built with it.
extern "C" {
[[gnu::weak]] void __lsan_disable();
[[gnu::weak]] void __lsan_enable();
}

/// hwloc 2.9 leaks memory of files that it refuses: tell LeakSanitizer to ignore that.
class leaks_of_hwloc_ignored {
public:
    leaks_of_hwloc_ignored() {
        if (__lsan_disable != nullptr) __lsan_disable();
    }
    leaks_of_hwloc_ignored(const leaks_of_hwloc_ignored&) = delete;
    leaks_of_hwloc_ignored& operator=(const leaks_of_hwloc_ignored&) = delete;
    ~leaks_of_hwloc_ignored() {
        if (__lsan_enable != nullptr) __lsan_enable();
    }
};

// hwloc 2.9 crashes on some files like these if they are not validated first.
TEST(to_xml, round_trips_to_the_same_machine) {
    for (const auto& machine : every_machine()) {
        const auto again = topology::from_xml(machine.to_xml(), machine.source());
        EXPECT_EQ(again.summary(), machine.summary());
        EXPECT_EQ(again.source(), machine.source());
        EXPECT_EQ(again.cgroup_allowed(), machine.cgroup_allowed()) << machine.source();
        for (const auto& a : machine.pus())
            for (const auto& b : machine.pus())
                EXPECT_EQ(again.distance_between(a.os_index, b.os_index),
                          machine.distance_between(a.os_index, b.os_index));
    }
    EXPECT_EQ(topology::from_xml(topology::this_machine().to_xml(), "here").pus().size(),
              topology::this_machine().pus().size());
}

TEST(to_xml, omits_host_name_and_serial_numbers) {
    const auto xml = topology::this_machine().to_xml();
    for (const auto* name : {"HostName", "Serial", "UUID", "AssetTag"}) EXPECT_EQ(xml.find(name), std::string::npos);
    EXPECT_NE(xml.find("CPUModel"), std::string::npos);
}

/// Sets an environment variable for the lifetime of this object.
class variable {
public:
    variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
    variable(const variable&) = delete;
    variable& operator=(const variable&) = delete;
    ~variable() { ::unsetenv(name_); }

private:
    const char* name_;
};

TEST(this_machine, is_not_a_machine_set_by_hwlocs_environment) {
    const variable file("HWLOC_XMLFILE", data("hybrid.xml"));
    const variable claim("HWLOC_THISSYSTEM", "1");
    const auto told = topology::this_machine();
    EXPECT_FALSE(told.is_this_machine());
    EXPECT_EQ(told.source(), "HWLOC_XMLFILE or HWLOC_SYNTHETIC");
    EXPECT_EQ(told.summary(), hybrid().summary());
    EXPECT_EQ(told.allowed(), hybrid().allowed());
    EXPECT_THAT(sentence([&] { static_cast<void>(told.bind_this_thread(0)); }),
                HasSubstr("pin threads with topology::this_machine()"));
}

TEST(this_machine, that_cannot_be_read_says_why) {
    const leaks_of_hwloc_ignored ignored;
    const temporary_file file("this is no machine");
    const variable named("HWLOC_XMLFILE", file.path());
    errno = ENOTDIR;  // an older errno must not appear in the message
    EXPECT_THAT(sentence([] { static_cast<void>(topology::this_machine()); }),
                AllOf(testing::StartsWith("hwloc cannot read this machine's topology: "), Not(HasSubstr("directory")),
                      HasSubstr("; unset HWLOC_XMLFILE and HWLOC_SYNTHETIC if they are set")));
}

TEST(from_xml, names_the_source_in_errors) {
    const auto whole = topology::synthetic("core:2 pu:1").to_xml();
    EXPECT_THAT(
        sentence([&] { static_cast<void>(topology::from_xml(whole.substr(0, whole.size() / 2), "the matrix")); }),
        testing::AllOf(HasSubstr("the matrix"), HasSubstr("truncated")));
}

TEST(from_xml_file, survives_random_damage) {
    std::mt19937 random(7);
    const auto below = [&](std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
    };
    int refused = 0;
    for (const auto* name : {"single_pu.xml", "hybrid.xml", "multi_ccx_16.xml"}) {
        const auto good = read_file(data(name));
        for (int round = 0; round < 400; ++round) {
            auto text = good;
            switch (below(5)) {
            case 0: text.resize(below(text.size())); break;
            case 1: text[below(text.size())] = static_cast<char>(below(256)); break;
            case 2: text.erase(below(text.size()), 1 + below(40)); break;
            case 3: text.insert(below(text.size()), good.substr(below(good.size()), 1 + below(300))); break;
            default: {  // drop a whole attribute
                const auto from = text.find(' ', below(text.size() - 1000));
                text.erase(from, text.find(' ', from + 1) - from);
            }
            }
            const written_file file(text);
            [[maybe_unused]] const leaks_of_hwloc_ignored quiet;
            refused += why_not_file(file.path()).empty() ? 0 : 1;
        }
    }
    EXPECT_GT(refused, 600);
}

TEST(synthetic, refuses_malformed_text_with_a_sentence) {
    const auto why = [](const std::string& text) {
        return sentence([&] { static_cast<void>(topology::synthetic(text)); });
    };
    for (const auto* text :
         {"", "foo", "pack:2 cores:", "core:0", "pu:4 core:2", "pack:2 (", "core:-1 pu:1", "memcache:1 pu:2"})
        EXPECT_EQ(why(text), "'" + std::string(text) +
                                 "' is not a synthetic topology that hwloc can read: write its levels from the outside "
                                 "in, such as 'package:2 l3:2 core:4 pu:2'");
    for (const auto* text : {"pack:1000 core:1000 pu:1", "pu:65537", "pu:99999999999999999999999", "70000",
                             "pack:1000core:1000pu:1", "pu:2(indexes=4000000000,1)"})
        EXPECT_EQ(why(text),
                  "the synthetic topology '" + std::string(text) + "' has more than 65536 PUs: ask for fewer");
    EXPECT_EQ(why("pack:2 [numa(memory=99999999999)] l3:1(size=9999999) core:2 pu:1"), "");
}

// ---- Fingerprints

TEST(fingerprint, is_equal_for_equal_machines_only) {
    const auto machines = every_machine();
    for (std::size_t i = 0; i != machines.size(); ++i)
        for (std::size_t j = 0; j != machines.size(); ++j) {
            // multi_ccx and part_allowed are the same machine with different allowed PUs.
            const bool same = i == j || (i + j == 3 && i * j == 2);
            EXPECT_EQ(fingerprint(machines[i]) == fingerprint(machines[j]), same)
                << machines[i].source() << " and " << machines[j].source();
        }
}

TEST(fingerprint, tells_its_size_to_a_reader) {
    EXPECT_THAT(fingerprint(two_package_smt()), testing::MatchesRegex("2p-16c-32t-[0-9a-f]{16}"));
    EXPECT_THAT(fingerprint(bare_pus()), testing::StartsWith("0p-4c-4t-"));
}

// Plan files must stay readable for later versions.
TEST(fingerprint, does_not_change_between_versions) {
    EXPECT_EQ(fingerprint(bare_pus()), "0p-4c-4t-78004098c19c1eb5");
    EXPECT_EQ(fingerprint(two_package_smt()), "2p-16c-32t-9bc8f756f35d0386");
    EXPECT_EQ(fingerprint(hybrid()), "1p-12c-16t-ed20bd64a9341db0");
    EXPECT_EQ(fingerprint(four_nodes_a_package()), "2p-16c-32t-62330629a125338e");
}

TEST(fingerprint, depends_on_how_pus_are_numbered) {
    EXPECT_NE(fingerprint(topology::synthetic("core:2 pu:2")),
              fingerprint(topology::synthetic("core:2 pu:2(indexes=0,2,1,3)")));
}

}  // namespace
