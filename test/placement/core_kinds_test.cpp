// SPDX-License-Identifier: MIT
//
// Kinds of cores, weighed by the capacity that the system states.
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/support/machine_xml.hpp"

namespace {

using testing::Each;
using testing::HasSubstr;
using weir::pair_policy;
using weir::plan_request;
using weir::plan_settings;
using weir::pu_set;
using weir::topology;
using weir_test::machine_xml;
using infos = machine_xml::infos;

plan_request edge(const std::vector<std::string>& roles = {}) {
    plan_request made;
    made.add_edge("in->out");
    for (const auto& role : roles) made.add_role(role);
    return made;
}

// Eight cores behind one L3 cache: PUs 0 to 3 are of one kind, 4 to 7 of another.
machine_xml eight_cores() { return machine_xml("pack:1 l3:1 core:8 pu:1"); }
machine_xml of_two_kinds(const infos& first, const infos& second, int first_rank = 1, int second_rank = 0) {
    return eight_cores().cpukind("0x000000f0", second_rank, second).cpukind("0x0000000f", first_rank, first);
}

std::vector<double> capacities(const topology& machine) {
    std::vector<double> of(machine.pus().size(), -1);
    for (const auto& kind : machine.core_kinds())
        for (const unsigned pu : kind.pus) of[pu] = kind.capacity.value_or(-1);
    return of;
}

// What `in` on PU 1 and `out` on PU 5 cost for the slower core of the two.
double slow_cores(const topology& machine, const std::vector<std::string>& roles = {}) {
    return weir::check_placement(edge(roles), {1, 5}, machine).placed.cost.slow_cores;
}

TEST(capacity, is_that_of_the_kernel_before_any_frequency) {
    const auto machine =
        of_two_kinds({{"LinuxCapacity", "1000"}, {"FrequencyBaseMHz", "2000"}, {"FrequencyMaxMHz", "4000"}},
                     {{"LinuxCapacity", "400"}, {"FrequencyBaseMHz", "1800"}, {"FrequencyMaxMHz", "3000"}})
            .machine();
    EXPECT_EQ(capacities(machine), (std::vector<double>{1, 1, 1, 1, 0.4, 0.4, 0.4, 0.4}));
    EXPECT_EQ(machine.core_kinds()[0].capacity_from, "cpu_capacity");
    // 500 ns of work take 1,250 ns there.
    EXPECT_DOUBLE_EQ(slow_cores(machine), 750);
    EXPECT_DOUBLE_EQ(slow_cores(machine, {"out:quiet"}), 1500);
    EXPECT_DOUBLE_EQ(slow_cores(machine, {"in:quiet"}), 750);
}

TEST(capacity, is_the_ratio_of_base_frequencies_then_of_the_highest) {
    const auto base = of_two_kinds({{"FrequencyBaseMHz", "2000"}, {"FrequencyMaxMHz", "5000"}},
                                   {{"FrequencyBaseMHz", "1600"}, {"FrequencyMaxMHz", "3000"}})
                          .machine();
    EXPECT_DOUBLE_EQ(capacities(base)[4], 0.8);
    EXPECT_EQ(base.core_kinds()[0].capacity_from, "base frequency");
    EXPECT_DOUBLE_EQ(slow_cores(base), 125);
    const auto highest = of_two_kinds({{"FrequencyMaxMHz", "5000"}}, {{"FrequencyMaxMHz", "4000"}}).machine();
    EXPECT_DOUBLE_EQ(capacities(highest)[4], 0.8);
    EXPECT_EQ(highest.core_kinds()[0].capacity_from, "maximum frequency");
    // One kind does not say its base frequency, so that the highest ones are compared.
    const auto part =
        of_two_kinds({{"FrequencyBaseMHz", "2000"}, {"FrequencyMaxMHz", "5000"}}, {{"FrequencyMaxMHz", "2500"}});
    EXPECT_DOUBLE_EQ(capacities(part.machine())[4], 0.5);
}

TEST(capacity, is_unknown_where_the_system_says_too_little_or_nonsense) {
    for (const auto* nonsense : {"0", "-1", "nan", "1e9", "12 GHz", "", "4294967297", "1000001"}) {
        const auto machine = of_two_kinds({{"LinuxCapacity", "1000"}}, {{"LinuxCapacity", nonsense}}).machine();
        EXPECT_EQ(capacities(machine)[0], -1) << nonsense;
        EXPECT_EQ(machine.core_kinds()[0].capacity_from, "");
        EXPECT_DOUBLE_EQ(slow_cores(machine), weir::assumed::slow_core_ns) << "by rank";
    }
}

// A frequency compares cores of one design. The faster design may have the slower clock.
TEST(capacity, is_no_frequency_that_contradicts_the_ranks) {
    const auto machine =
        of_two_kinds({{"CoreType", "IntelCore"}, {"FrequencyBaseMHz", "1300"}, {"FrequencyMaxMHz", "5000"}},
                     {{"CoreType", "IntelAtom"}, {"FrequencyBaseMHz", "1500"}, {"FrequencyMaxMHz", "4000"}})
            .machine();
    EXPECT_DOUBLE_EQ(capacities(machine)[4], 0.8) << "the highest frequencies agree with the ranks";
    const auto neither = of_two_kinds({{"CoreType", "IntelCore"}, {"FrequencyBaseMHz", "1300"}},
                                      {{"CoreType", "IntelAtom"}, {"FrequencyBaseMHz", "1500"}})
                             .machine();
    EXPECT_EQ(capacities(neither)[4], -1);
    EXPECT_DOUBLE_EQ(slow_cores(neither), weir::assumed::slow_core_ns);
    // The kernel's figure counts the design, too: it stands.
    const auto kernel = of_two_kinds({{"LinuxCapacity", "500"}}, {{"LinuxCapacity", "1000"}}, 1, 0).machine();
    EXPECT_DOUBLE_EQ(capacities(kernel)[0], 0.5);
}

// Two favoured cores with 2 % more clock, which are behind different L3 caches: 10 ns of work each are less than the 50 ns from
// one cache to the other. By ranks, each of the other cores would cost 300 ns.
TEST(capacity, that_differs_little_does_not_tear_neighbours_apart) {
    const auto machine = machine_xml("pack:1 l3:2 core:4 pu:1")
                             .cpukind("0x000000dd", 0, {{"FrequencyMaxMHz", "4900"}})
                             .cpukind("0x00000022", 1, {{"FrequencyMaxMHz", "5000"}})
                             .machine();
    const auto made = weir::plan(edge(), machine);
    EXPECT_TRUE(made.is_proven());
    EXPECT_EQ(made.edges[0].distance, weir::distance::same_l3);
    EXPECT_NEAR(made.cost.total(), 50 + 500 * (5000.0 / 4900 - 1), 1e-9) << "one end has a favoured core";
    const auto pair = machine.choose_pair(pair_policy::automatic);
    EXPECT_EQ(pair.distance, weir::distance::same_l3);
}

// The other end of the same rule: 60 % less is more than any distance within a package.
TEST(capacity, that_differs_much_decides) {
    const auto machine = machine_xml("pack:1 l3:2 core:4 pu:1")
                             .cpukind("0x000000dd", 0, {{"LinuxCapacity", "400"}})
                             .cpukind("0x00000022", 1, {{"LinuxCapacity", "1000"}})
                             .machine();
    const auto made = weir::plan(edge(), machine);
    EXPECT_EQ(made.cost.slow_cores, 0);
    EXPECT_EQ(made.cost.edges, 100);
    const auto pair = machine.choose_pair(pair_policy::automatic);
    EXPECT_EQ(pu_set({pair.producer, pair.consumer}), (pu_set{1, 5}));
    EXPECT_THAT(pair.reason, HasSubstr("of a faster kind than others here"));
}

// Three kinds, of which the fastest is not among the candidates: a core is compared with the fastest that there is.
TEST(capacity, is_compared_with_the_fastest_candidate) {
    const auto machine = eight_cores()
                             .cpukind("0x0000000f", -1, {{"LinuxCapacity", "250"}})
                             .cpukind("0x00000030", -1, {{"LinuxCapacity", "500"}})
                             .cpukind("0x000000c0", -1, {{"LinuxCapacity", "1000"}})
                             .machine();
    plan_settings settings;
    settings.pus = pu_set{1, 4};
    EXPECT_DOUBLE_EQ(weir::plan(edge(), machine, {}, settings).cost.slow_cores, 500 * (4 - 2));
    settings.pus = pu_set{1, 2};
    EXPECT_DOUBLE_EQ(weir::plan(edge(), machine, {}, settings).cost.slow_cores, 0);
}

TEST(capacity, of_the_fastest_kind_of_this_machine_is_1) {
    const auto machine = topology::this_machine();
    double most = 0;
    for (const auto& kind : machine.core_kinds()) most = std::max(most, kind.capacity.value_or(1));
    if (!machine.core_kinds().empty()) EXPECT_EQ(most, 1);
}

}  // namespace
