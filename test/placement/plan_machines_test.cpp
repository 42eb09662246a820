// SPDX-License-Identifier: MIT
//
// Plans for kinds of machines, each argued by hand: what roles share, what is kept free, copies of a graph.
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(copies, share_their_housekeeping) {
    const auto machine = topology::synthetic("pack:1 l3:2 core:4 pu:1");
    const auto made = weir::plan_copies(request({"a->b", "b->log"}, {"log:housekeeping"}), 2, machine);
    EXPECT_EQ(role_of(made, "log.1").pus, pu_set{0});
    EXPECT_EQ(role_of(made, "log.2").pus, pu_set{0});
    EXPECT_EQ(pus_of(made).size(), 5U);
}

}  // namespace
