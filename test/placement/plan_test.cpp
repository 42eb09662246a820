// SPDX-License-Identifier: MIT
//
// The planner on synthetic and saved topologies with made-up measurements. A test that expects a specific placement
// gives the reasoning in its comment.
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using weir::distance;
using weir::measurements;
using weir::placement_error;
using weir::placement_plan;
using weir::plan_request;
using weir::plan_settings;
using weir::pu_set;
using weir::topology;

std::string data(const std::string& name) { return std::string(TEST_DATA_DIR "/") + name; }

topology hybrid() { return topology::from_xml_file(data("hybrid.xml")); }
topology multi_ccx() { return topology::from_xml_file(data("multi_ccx_16.xml")); }
topology two_package_smt() { return topology::from_xml_file(data("two_package_smt.xml")); }
topology server() { return topology::synthetic("pack:2 l3:1 l2:32 core:1 pu:2"); }
topology big_server() { return topology::synthetic("pack:2 l3:8 l2:8 core:1 pu:2"); }

plan_request request(const std::vector<std::string>& edges, const std::vector<std::string>& roles = {}) {
    plan_request made;
    for (const auto& edge : edges) made.add_edge(edge);
    for (const auto& role : roles) made.add_role(role);
    return made;
}

distance between(const placement_plan& made, const topology& machine, const char* a, const char* b) {
    return machine.distance_between(made.pu_of(a), made.pu_of(b));
}

template <class F>
std::string sentence(F f) {
    try {
        f();
    } catch (const placement_error& error) {
        return error.what();
    }
    return "";
}

std::vector<unsigned> pus_of(const placement_plan& made) {
    std::vector<unsigned> pus;
    for (const auto& role : made.roles) pus.push_back(role.pu);
    return pus;
}

// ---- Placements derived by hand

// Three roles in a row need three cores behind one L3, of which each package has 32; any other placement has a more
// expensive edge. PU 0's core is avoided, so they get the first threads of the next three cores, 2, 4 and 6. strat
// has two
// edges and is placed first.
TEST(plan, puts_a_pipeline_behind_one_l3_and_off_the_core_of_pu_0) {
    const auto machine = server();
    const auto made = weir::plan(request({"md->strat", "strat->gw"}), machine);
    EXPECT_THAT(pus_of(made), testing::UnorderedElementsAre(2, 4, 6));
    EXPECT_EQ(made.pu_of("strat"), 2U);
    EXPECT_EQ(between(made, machine, "md", "strat"), distance::same_l3);
    EXPECT_EQ(between(made, machine, "strat", "gw"), distance::same_l3);
    EXPECT_TRUE(made.is_proven());
    EXPECT_DOUBLE_EQ(made.cost.total(), 2 * weir::assumed_one_way(distance::same_l3).p50_ns);
}

// SMT siblings are nearer (20 ns) than two cores (50 ns), but each gets half a core. A role that is smt-ok accepts
// that;
// any other role pays 1500 ns for it.
TEST(plan, shares_a_core_only_between_those_that_ask_for_it) {
    const auto machine = server();
    const auto both = weir::plan(request({"md->strat"}, {"md:smt-ok", "strat:smt-ok"}), machine);
    EXPECT_EQ(between(both, machine, "md", "strat"), distance::smt);
    const auto one = weir::plan(request({"md->strat"}, {"md:smt-ok"}), machine);
    EXPECT_EQ(between(one, machine, "md", "strat"), distance::same_l3);
}

// Cores of a CCX share its L3, and a CCX has four: in a row of five at least one edge crosses to another CCX, which
// costs 50 ns more, times its weight. c->d has the lowest weight, a hundredth.
TEST(plan, cuts_a_pipeline_at_its_edge_of_least_rate) {
    const auto machine = multi_ccx();
    const auto made = weir::plan(request({"a->b@1Mps", "b->c@1Mps", "c->d@10kps", "d->e@500kps"}), machine);
    EXPECT_EQ(between(made, machine, "a", "b"), distance::same_l3);
    EXPECT_EQ(between(made, machine, "b", "c"), distance::same_l3);
    EXPECT_EQ(between(made, machine, "c", "d"), distance::same_package);
    EXPECT_EQ(between(made, machine, "d", "e"), distance::same_l3);
    EXPECT_TRUE(made.is_proven());
    EXPECT_DOUBLE_EQ(made.cost.edges, 50 + 50 + 0.01 * 100 + 0.5 * 50);
}

// The same machine, but a quiet role counts regardless of its rate: c->d, at 10 kps, now costs 100 + 300 ns across,
// as
// against 50 + 150 ns within. So the cut moves to an edge without a quiet role: a->b would cost another 50 ns; d->e
// has
// half the weight and costs 25.
TEST(plan, does_not_cut_at_a_quiet_role_however_rare_its_messages) {
    const auto machine = multi_ccx();
    const auto made =
        weir::plan(request({"a->b@1Mps", "b->c@1Mps", "c->d@10kps", "d->e@500kps"}, {"c:quiet"}), machine);
    EXPECT_EQ(between(made, machine, "b", "c"), distance::same_l3);
    EXPECT_EQ(between(made, machine, "c", "d"), distance::same_l3);
    EXPECT_EQ(between(made, machine, "d", "e"), distance::same_package);
}

// Four big cores (0-7, two threads each) and eight small ones (8-15), all behind one L3. The small ones of a cluster
// share an L2 and would be nearer to each other (30 ns), but slower (300 ns for each role).
TEST(plan, uses_big_cores_before_small_ones) {
    const auto machine = hybrid();
    const auto made = weir::plan(request({"capture->dsp", "dsp->play"}), machine);
    for (const auto pu : pus_of(made)) EXPECT_LT(pu, 8U);
    EXPECT_EQ(made.cost.slow_cores, 0);
    EXPECT_EQ(made.cost.smt_sharing, 0);
}

// One role on a big core and one on a small one cost 300 ns, or 600 if the small one is the quiet role's.
TEST(plan, gives_a_quiet_role_the_faster_core) {
    const auto machine = hybrid();
    plan_settings settings;
    settings.pus = pu_set{2, 8};
    for (const auto* quiet : {"in:quiet", "out:quiet"}) {
        const auto made = weir::plan(request({"in->out"}, {quiet}), machine, {}, settings);
        EXPECT_EQ(made.pu_of(quiet == std::string("in:quiet") ? "in" : "out"), 2U);
        EXPECT_EQ(made.cost.slow_cores, weir::assumed::slow_core_ns);
    }
    const auto both = weir::plan(request({"in->out"}, {"in:quiet", "out:quiet"}), machine, {}, settings);
    EXPECT_EQ(both.cost.slow_cores, 2 * weir::assumed::slow_core_ns);
}

// ---- NUMA nodes

// Two nodes a package, each with its own cores, and no cache that they share: three roles in a row stay on one node, as
// topo's own choice does.
TEST(plan, keeps_neighbours_on_one_numa_node) {
    for (const auto* name : {"pack:2 numa:2 core:3 pu:1", "numa:4 core:3 pu:1"}) {
        const auto machine = topology::synthetic(name);
        const auto made = weir::plan(request({"in->dsp", "dsp->out"}), machine);
        EXPECT_THAT(pus_of(made), ElementsAre(4, 3, 5)) << "PU 0 is left to the kernel";
        for (const auto& edge : made.edges) EXPECT_EQ(edge.cost.p50_ns, 100);
        EXPECT_TRUE(made.is_proven());
        const auto pair = machine.choose_pair(weir::pair_policy::automatic);
        const auto two = weir::plan(request({"in->out"}), machine);
        EXPECT_EQ(machine.pu(pair.producer).numa_node, machine.pu(two.pu_of("in")).numa_node);
    }
}

TEST(plan, says_that_an_alternative_is_on_another_numa_node) {
    plan_settings settings;
    settings.pus = pu_set{1, 2, 3};
    const auto machine = topology::synthetic("pack:1 numa:2 core:3 pu:1");
    const auto made = weir::plan(request({"in->out"}), machine, {}, settings);
    EXPECT_THAT(pus_of(made), ElementsAre(1, 2));
    ASSERT_FALSE(made.alternatives.empty());
    EXPECT_EQ(made.alternatives.front().reason,
              "in on PU 3 (core:3): +20 ns in->out over same-package (another NUMA node) instead of same-package");
}

// Five roles, four big cores. Two roles on one big core would cost 3000 ns, one on a small core 300 ns. The quiet
// role
// stays on a big core. All cores are behind one L3, so no edge gets more expensive; 'log', an end of the row, moves.
TEST(plan, puts_a_surplus_role_on_a_small_core_rather_than_on_an_smt_sibling) {
    const auto machine = hybrid();
    const auto made = weir::plan(request({"in->dsp", "dsp->mix", "mix->out", "mix->log@10ps"}, {"out:quiet"}), machine);
    const auto pus = pus_of(made);
    EXPECT_EQ(std::count_if(pus.begin(), pus.end(), [](unsigned pu) { return pu >= 8; }), 1);
    EXPECT_LT(made.pu_of("out"), 8U);
    EXPECT_EQ(made.cost.smt_sharing, 0);
    EXPECT_EQ(made.cost.slow_cores, weir::assumed::slow_core_ns);
}

// Nine roles with edges to one hub, on two packages of eight cores with two threads. One core is missing: the ninth
// role
// goes to the other package (200 ns instead of 50) rather than to an SMT sibling (3000 ns). It is the role with the
// lowest
// rate.
TEST(plan, crosses_to_the_other_package_before_it_shares_a_core) {
    const auto machine = two_package_smt();
    plan_request asked;
    for (int i = 0; i != 8; ++i) asked.add_edge("hub->s" + std::to_string(i) + (i == 5 ? "@1kps" : "@1Mps"));
    const auto made = weir::plan(asked, machine);
    EXPECT_EQ(made.cost.smt_sharing, 0);
    for (int i = 0; i != 8; ++i)
        EXPECT_EQ(between(made, machine, "hub", ("s" + std::to_string(i)).c_str()),
                  i == 5 ? distance::cross_package : distance::same_l3);
    EXPECT_TRUE(made.is_proven());
}

// A role that is not on an isolated PU costs 1000 ns. There are two isolated PUs for three roles. Noise is 20 ns
// there
// instead of 200, so the quiet role gets one, and its only peer the other.
TEST(plan, uses_isolated_pus_first) {
    const auto machine = topology::synthetic("pack:1 l3:1 core:8 pu:1");
    plan_settings settings;
    settings.isolated = pu_set{6, 7};
    const auto made = weir::plan(request({"md->strat", "strat->gw"}, {"gw:quiet"}), machine, {}, settings);
    EXPECT_THAT(made.pu_of("gw"), AnyOf(6U, 7U));
    EXPECT_EQ(made.cost.not_isolated, weir::assumed::not_isolated_ns);
    EXPECT_EQ(made.cost.noise, weir::assumed::isolated_noise_ns);
}

// Two cores, and interrupts run on PU 0's: the quiet role gets the other.
TEST(plan, keeps_a_quiet_role_off_pu_0_even_on_two_cores) {
    const auto machine = topology::synthetic("pack:1 l3:1 core:2 pu:1");
    EXPECT_THAT(pus_of(weir::plan(request({"md->gw"}, {"gw:quiet"}), machine)), ElementsAre(0, 1));
    EXPECT_THAT(pus_of(weir::plan(request({"md->gw"}, {"md:quiet"}), machine)), ElementsAre(1, 0));
}

// Measured noise replaces the assumed one: PU 3 is away for 1 ms of each second, in gaps of 100 us, which costs the
// slowest 1 % of messages 1000 ns; PU 0 is never away.
TEST(plan, follows_measured_noise) {
    const auto machine = topology::synthetic("pack:1 l3:1 core:4 pu:1");
    measurements measured;
    measured.noise_ns = {{0, 0}, {1, 900}, {2, 800}, {3, 1000}};
    const auto made = weir::plan(request({"md->gw"}, {"gw:quiet"}), machine, measured);
    EXPECT_EQ(made.pu_of("gw"), 0U);
    EXPECT_EQ(made.cost.noise, 0);
    EXPECT_FALSE(made.roles[1].noise_assumed);
}

// Measured costs replace those assumed by distance: PUs 2 and 3 are the fastest pair here.
TEST(plan, follows_a_measured_matrix) {
    const auto machine = topology::synthetic("pack:1 l3:1 core:4 pu:1");
    measurements measured;
    measured.classes[distance::same_l3] = {300, 900};
    measured.pairs[{2, 3}] = {100, 200};
    const auto made = weir::plan(request({"md->gw"}), machine, measured);
    EXPECT_THAT(pus_of(made), testing::UnorderedElementsAre(2, 3));
    EXPECT_EQ(made.edges[0].cost.p50_ns, 100);
    EXPECT_EQ(made.edges[0].source, weir::cost_source::measured);
}

TEST(plan, obeys_pins_and_packages) {
    const auto machine = two_package_smt();
    const auto made = weir::plan(request({"md->strat", "strat->gw"}, {"gw:pinned=7", "md:package=0"}), machine);
    EXPECT_EQ(made.pu_of("gw"), 7U);
    EXPECT_EQ(machine.pu(made.pu_of("md")).package, 0U);
    const auto together = weir::plan(request({"md->strat"}, {"md:pinned=3", "strat:pinned=3"}), machine);
    EXPECT_THAT(pus_of(together), ElementsAre(3, 3));
    EXPECT_THAT(together.remarks, testing::Contains(HasSubstr("take turns")));
}

TEST(plan, takes_cycles) {
    const auto made = weir::plan(request({"a->b", "b->a", "b->c", "c->a"}), server());
    EXPECT_TRUE(made.is_proven());
    EXPECT_DOUBLE_EQ(made.cost.total(), 4 * 50.0);
}

TEST(plan, uses_only_the_given_pus) {
    plan_settings settings;
    settings.pus = pu_set{40, 42, 44};
    EXPECT_THAT(pus_of(weir::plan(request({"a->b", "b->c"}), server(), {}, settings)),
                testing::UnorderedElementsAre(40, 42, 44));
    for (const auto pu :
         pus_of(weir::plan(request({"a->b", "b->c"}), topology::from_xml_file(data("multi_ccx_16_part_allowed.xml")))))
        EXPECT_TRUE((pu_set{1, 2, 3, 10, 11}.contains(pu)));
}

// ---- Explanations and remarks

TEST(plan, explains_the_cost_of_alternatives) {
    const auto made = weir::plan(request({"md->strat", "strat->gw"}, {"gw:quiet"}), big_server());
    ASSERT_GE(made.alternatives.size(), 3U);
    double before = 0;
    std::string all;
    for (const auto& other : made.alternatives) {
        EXPECT_GE(other.extra_ns, before);
        EXPECT_EQ(other.pus.size(), made.roles.size());
        before = other.extra_ns;
        all += other.reason + "\n";
    }
    EXPECT_THAT(all, AllOf(HasSubstr("interrupts land"), HasSubstr("same-package instead of same-l3")));
}

std::vector<std::string> alternatives_of(const placement_plan& made) {
    std::vector<std::string> lines;
    for (const auto& other : made.alternatives)
        lines.push_back(std::to_string(std::lround(other.extra_ns)) + ": " + other.reason);
    return lines;
}

TEST(alternatives, list_every_changed_term_largest_first) {
    plan_settings settings;
    settings.isolated = pu_set{2, 4, 6};
    const auto asked = request({"in->dsp@1M", "dsp->out@500k"}, {"out:quiet"});
    EXPECT_THAT(
        alternatives_of(weir::plan(asked, hybrid(), {}, settings)),
        ElementsAre("1000: in on PU 7 (core:3): +1000 ns PUs that are not isolated",
                    "2990: out on PU 0 (core:0): +1980 ns noise on a quiet role's PU, +1000 ns PUs that are not "
                    "isolated, +10 ns the core of PU 0, where interrupts land",
                    "3000: in on PU 4 (core:2): +3000 ns roles that share a core",
                    "7950: in on PU 2 (core:1): +4950 ns in->dsp over same-pu instead of same-l3, +3000 ns roles "
                    "that share a core"));
    EXPECT_THAT(alternatives_of(weir::plan(asked, two_package_smt())),
                ElementsAre("10: in on PU 0 (core:0): +10 ns the core of PU 0, where interrupts land",
                            "150: in on PU 1 (core:8): +150 ns in->dsp over cross-package instead of same-l3",
                            "600: out on PU 1 (core:8): +600 ns dsp->out over cross-package instead of same-l3",
                            "1810: out on PU 0 (core:0): +1800 ns noise on a quiet role's PU, +10 ns the core of PU 0, "
                            "where interrupts land"));
    EXPECT_THAT(
        alternatives_of(weir::plan(asked, topology::synthetic("core:3 pu:2"))),
        ElementsAre("1800: in on PU 4 (core:2) and out on PU 0 (core:0): +1800 ns noise on a quiet role's PU",
                    "2680: dsp on PU 5 (core:2): +3000 ns roles that share a core, -320 ns dsp->out over smt "
                    "instead of same-package",
                    "7890: in on PU 2 (core:1): +4900 ns in->dsp over same-pu instead of same-package, +3000 ns "
                    "roles that share a core, -10 ns the core of PU 0, where interrupts land",
                    "57600: dsp on PU 4 (core:2): +54600 ns dsp->out over same-pu instead of same-package, +3000 "
                    "ns roles that share a core"));
    EXPECT_THAT(
        alternatives_of(weir::plan(request({"in->out"}), hybrid())),
        ElementsAre("10: in on PU 0 (core:0): +10 ns the core of PU 0, where interrupts land",
                    "300: in on PU 8 (core:4): +300 ns slower cores",
                    "2970: in on PU 5 (core:2): +3000 ns roles that share a core, -30 ns in->out over smt instead "
                    "of same-l3",
                    "7950: in on PU 4 (core:2): +4950 ns in->out over same-pu instead of same-l3, +3000 ns roles "
                    "that share a core"));
    measurements measured;
    measured.pairs = {{{1, 2}, {100, 200}}, {{0, 1}, {100.6, 200}}, {{0, 2}, {117, 200}}};
    EXPECT_THAT(
        alternatives_of(weir::plan(request({"in->out"}), topology::synthetic("core:3 pu:1"), measured)),
        ElementsAre(
            "11: out on PU 0 (core:0): +10 ns the core of PU 0, where interrupts land, +1 ns in->out between other PUs, still same-package",
            "27: in on PU 0 (core:0): +17 ns in->out between other PUs, still same-package, +10 ns the core "
            "of PU 0, where interrupts land",
            "7900: in on PU 2 (core:2): +4900 ns in->out over same-pu instead of same-package, +3000 ns "
            "roles that share a core"));
}

TEST(plan, states_assumptions) {
    const auto machine = topology::synthetic("pack:1 l3:1 core:4 pu:1");
    const auto assumed = weir::plan(request({"md->gw"}, {"gw:quiet"}), machine);
    EXPECT_THAT(assumed.remarks, ElementsAre(HasSubstr("'weir matrix'"), HasSubstr("'weir jitter'")));
    measurements measured;
    measured.classes[distance::same_l3] = {60, 100};
    measured.noise_ns = {{0, 1}, {1, 1}, {2, 1}, {3, 1}};
    EXPECT_THAT(weir::plan(request({"md->gw"}, {"gw:quiet"}), machine, measured).remarks, testing::IsEmpty());
}

TEST(plan, makes_each_remark_exactly_when_it_applies) {
    const auto machine = topology::synthetic("pack:1 l3:1 core:4 pu:1(indexes=0,5,2,7)");
    measurements measured;
    measured.classes[distance::same_l3] = {60, 100};
    EXPECT_THAT(weir::plan(request({"md->gw"}), machine, measured).remarks, testing::IsEmpty())
        << "nobody is quiet, so noise does not matter";
    measured.items_per_s = {{{7, 5}, 20e6}, {{5, 7}, 30e6}};
    const std::vector<std::string> pins{"md:pinned=7", "gw:pinned=5"};
    EXPECT_THAT(weir::plan(request({"md->gw@20Mps"}, pins), machine, measured).remarks, testing::IsEmpty())
        << "as much as they pass";
    EXPECT_THAT(weir::plan(request({"md->gw"}, pins), machine, measured).remarks, testing::IsEmpty());
    EXPECT_THAT(
        weir::plan(request({"md->gw@20.000001Mps"}, pins), machine, measured).remarks,
        ElementsAre(
            "md->gw carries 20000001 items/s, but only 20000000 items/s were measured between its PUs; send batches or split the edge"));
    EXPECT_THAT(
        weir::plan(request({"a->b", "md->gw", "x->gw"}, {"x:pinned=7", "md:pinned=7"}), machine, measured).remarks,
        ElementsAre(
            "core:3 is shared, although md and x did not ask for smt-ok: there are more roles than suitable cores"));
    EXPECT_THAT(
        weir::plan(request({"md->gw"}, {"md:pinned=7,smt-ok", "gw:pinned=7,smt-ok"}), machine, measured).remarks,
        ElementsAre(HasSubstr("edge costs marked 'assumed'"),
                    "both ends of md->gw are pinned to one PU and take turns there: neither may spin"));
    EXPECT_THAT(weir::plan(request({"md->gw"}, {"md:pinned=7,smt-ok", "gw:pinned=7"}), machine, measured).remarks,
                testing::Contains(HasSubstr("though gw did not ask for smt-ok")));
}

// Each direction of each pair has a different cost, and each PU a different noise.
TEST(plan, has_a_row_for_each_role_and_edge_with_what_was_measured_there) {
    const auto machine = topology::synthetic("core:4 pu:1(indexes=3,5,7,9)");
    measurements measured;
    for (const unsigned from : {3U, 5U, 7U, 9U}) {
        measured.noise_ns[from] = 100 + from;
        for (const unsigned to : {3U, 5U, 7U, 9U}) measured.pairs[{from, to}] = {10.0 * from + to, 1000.0 * from + to};
    }
    measured.noise_ns.erase(9);
    measured.items_per_s = {{{5, 7}, 1e6}, {{7, 9}, 2e6}};
    plan_settings settings;
    settings.isolated = pu_set{5, 9};
    const auto made =
        weir::plan(request({"a->b@1Mps", "b->c@3Mps", "c->a"}, {"a:pinned=5", "b:pinned=7", "c:pinned=9,quiet"}),
                   machine, measured, settings);
    ASSERT_EQ(made.edges.size(), 3U);
    const std::tuple<double, double, double, bool> edges[] = {
        {57, 5007, 1.0 / 3, false}, {79, 7009, 1, true}, {95, 9005, 1, true}};
    for (std::size_t i = 0; i != 3; ++i) {
        EXPECT_EQ(std::tuple(made.edges[i].cost.p50_ns, made.edges[i].cost.p99_ns, made.edges[i].weight,
                             made.edges[i].critical),
                  edges[i]);
        EXPECT_EQ(made.edges[i].distance, distance::same_package);
        EXPECT_EQ(made.edges[i].source, weir::cost_source::measured);
    }
    ASSERT_EQ(made.roles.size(), 3U);
    const std::tuple<unsigned, bool, double, bool> roles[] = {
        {5, true, 105, false}, {7, false, 107, false}, {9, true, 105, true}};  // the median of the others
    for (std::size_t i = 0; i != 3; ++i)
        EXPECT_EQ(
            std::tuple(made.roles[i].pu, made.roles[i].isolated, made.roles[i].noise_ns, made.roles[i].noise_assumed),
            roles[i]);
    EXPECT_DOUBLE_EQ(made.cost.edges, 57 / 3.0 + 79 + 7009 + 95 + 9005);
    EXPECT_DOUBLE_EQ(made.cost.noise, 105);
    EXPECT_DOUBLE_EQ(made.cost.not_isolated, weir::assumed::not_isolated_ns);
    EXPECT_EQ(made.cost.smt_sharing + made.cost.slow_cores + made.cost.pu_0, 0);
    EXPECT_THAT(made.remarks,
                ElementsAre(HasSubstr("the noise of PUs 9 was not measured: they take the median of those that were"),
                            HasSubstr("b->c carries 3000000 items")));
}

TEST(plan, names_its_machine) {
    const auto made = weir::plan(request({"md->gw"}), server());
    EXPECT_EQ(made.machine, server().summary());
    EXPECT_EQ(made.fingerprint, fingerprint(server()));
    EXPECT_FALSE(made.is_of_this_machine);
    plan_request alone;
    alone.add_role("main");
    EXPECT_TRUE(weir::plan(alone, topology::this_machine()).is_of_this_machine);
}

TEST(plan, warns_of_problems) {
    const auto crowded = weir::plan(request({"a->b", "b->c"}), topology::synthetic("core:2 pu:2"));
    EXPECT_THAT(crowded.remarks, testing::Contains(HasSubstr("did not ask for smt-ok")));
    measurements measured;
    const auto machine = topology::synthetic("core:2 pu:1");
    for (const unsigned a : {0U, 1U}) measured.items_per_s[{a, 1 - a}] = 20e6;
    EXPECT_THAT(weir::plan(request({"a->b@30Mps"}), machine, measured).remarks,
                testing::Contains(HasSubstr("but only 20000000 items/s were measured")));
}

TEST(plan, is_limited_in_roles_and_pus) {
    plan_settings settings;
    settings.effort = 0;
    const auto why = [&](unsigned roles, const std::string& machine) {
        plan_request asked;
        for (unsigned i = 0; i != roles; ++i) asked.add_role("r" + std::to_string(i));
        return sentence([&] { static_cast<void>(weir::plan(asked, topology::synthetic(machine), {}, settings)); });
    };
    EXPECT_EQ(why(64, "pu:64"), "");
    EXPECT_THAT(why(129, "pu:129"), StartsWith("there are 129 roles, but a plan takes 128 at most"));
    EXPECT_THAT(why(1, "pu:4097"), StartsWith("there are 4097 candidate PUs, but a plan takes 4096 at most"));
    EXPECT_THAT(why(128, "pu:1025"),
                StartsWith("there are 128 roles and 1025 candidate PUs, but a plan of so many roles takes "
                           "1024 PUs at most"));
}

TEST(plan, refuses_pus_that_may_not_be_used) {
    const auto part = topology::from_xml_file(data("multi_ccx_16_part_allowed.xml"));
    plan_settings settings;
    settings.pus = pu_set{1, 2, 4};
    EXPECT_THAT(sentence([&] { static_cast<void>(weir::plan(request({"a->b"}), part, {}, settings)); }),
                AllOf(StartsWith("PU 4 cannot be used in '"), HasSubstr("(1-3,10-11 may be used); run 'weir topo'")));
    settings.pus = pu_set{1, 2};
    EXPECT_THAT(pus_of(weir::plan(request({"a->b", "b->c"}, {"c:pinned=10"}), part, {}, settings)),
                testing::UnorderedElementsAre(1, 2, 10))
        << "a pin may be to another";
}

// ---- The bad placement for comparison

TEST(worst_placement, puts_roles_as_far_apart_as_possible) {
    const auto machine = topology::synthetic("pack:2 l3:2 core:4 pu:1");
    const auto asked = request({"md->strat", "strat->gw"});
    const auto worst = weir::worst_placement(asked, machine);
    EXPECT_EQ(machine.distance_between(worst[0], worst[1]), distance::cross_package);
    EXPECT_EQ(machine.distance_between(worst[1], worst[2]), distance::cross_package);
}

TEST(worst_placement, on_two_cores_is_both_ends_on_one) {
    for (const auto& asked : {request({"md->gw"}), request({"md->gw"}, {"gw:quiet"})}) {
        const auto worst = weir::worst_placement(asked, topology::synthetic("l3:1 core:2 pu:1"));
        EXPECT_EQ(worst[0], worst[1]);
    }
    const auto siblings = topology::synthetic("l3:1 core:2 pu:2");
    const auto worst = weir::worst_placement(request({"md->gw"}), siblings);
    EXPECT_EQ(siblings.distance_between(worst[0], worst[1]), distance::smt);
}

// Swapping the two would cost even more: the noise of the other package is 500 ns.
TEST(worst_placement, obeys_pins_and_packages) {
    const auto machine = topology::synthetic("pack:2 core:2 pu:1");
    measurements noise;
    noise.noise_ns = {{0, 1}, {1, 1}, {2, 500}, {3, 500}};
    for (const auto* hint : {"package=0", "pinned=1"})
        for (const auto& roles : {std::vector{"free", "held"}, {"held", "free"}}) {
            plan_request asked;
            for (const std::string name : roles) asked.add_role(name == "held" ? name + ":quiet," + hint : name);
            asked.add_edge("free->held");
            const auto worst = weir::worst_placement(asked, machine, noise);
            const std::size_t held = asked.roles[0].name == "held" ? 0 : 1;
            EXPECT_LT(worst[held], 2U) << hint << ", role " << held;
            EXPECT_GE(worst[1 - held], 2U) << hint << ", role " << held;
        }
}

// The search starts from PUs of which none is in the package that the first role requires.
TEST(worst_placement, is_found_for_any_package_constraint) {
    const auto machine = topology::synthetic("pack:16 core:2 pu:1");
    for (unsigned package = 0; package != 16; ++package) {
        const auto hint = "a:package=" + std::to_string(package);
        const auto worst = weir::worst_placement(request({}, {hint, "b"}), machine);
        EXPECT_EQ(machine.pu(worst[0]).package, package);
        EXPECT_EQ(weir::plan(request({}, {hint, "b"}), machine).roles[0].pu / 2, package);
    }
}

// If a and b are placed together, they take both PUs of a package that another role requires.
TEST(worst_placement, is_found_where_only_a_few_placements_satisfy_all) {
    const auto machine = topology::synthetic("pack:2 core:2 pu:1");
    auto asked = request({}, {"a", "b", "c:package=0", "d:package=1"});
    asked.add_edge("a->b");
    plan_settings settings;
    settings.effort = 0;
    const auto made = weir::plan(asked, machine, {}, settings);
    EXPECT_LT(made.pu_of("c"), 2U);
    EXPECT_GE(made.pu_of("d"), 2U);
    EXPECT_EQ(weir::worst_placement(asked, machine).size(), 4U);
    EXPECT_EQ(sentence([&] {
                  static_cast<void>(weir::plan(request({}, {"a:package=0", "b:package=0", "c:package=0"}), machine));
              }),
              "no placement satisfies all hints: more roles are assigned to a package than it has PUs that may be "
              "used; remove a package= or pinned= hint");
}

// Of the three PUs besides PU 0, all pairs but one cost 100 ns.
TEST(worst_placement, is_all_roles_on_one_pu_if_nothing_else_is_worse) {
    const auto machine = topology::synthetic("core:4 pu:1");
    plan_settings settings;
    settings.pus = pu_set{1, 2, 3};
    measurements measured;
    measured.classes[distance::same_package] = {100, 200};
    measured.pairs[{1, 3}] = measured.pairs[{3, 1}] = {101, 200};
    const auto same = weir::worst_placement(request({"md->gw"}), machine, measured, settings);
    EXPECT_EQ(same[0], same[1]);
    measured.pairs[{1, 3}] = measured.pairs[{3, 1}] = {101.5, 200};
    EXPECT_THAT(weir::worst_placement(request({"md->gw"}), machine, measured, settings),
                testing::UnorderedElementsAre(1, 3));
}

// ---- Requests

TEST(plan_request, reads_edges_with_rates) {
    const auto asked = request({"md->strat", " strat -> gw @ 1.5Mps", "gw->log@2000/s", "a->b@3G"});
    ASSERT_EQ(asked.edges.size(), 4U);
    EXPECT_EQ(asked.edges[0].items_per_s, std::nullopt);
    EXPECT_EQ(asked.edges[1].name(), "strat->gw");
    EXPECT_EQ(asked.edges[1].items_per_s, 1.5e6);
    EXPECT_EQ(asked.edges[2].items_per_s, 2000);
    EXPECT_EQ(asked.edges[3].items_per_s, 3e9);
    EXPECT_EQ(asked.roles.size(), 6U);
}

TEST(plan_request, reads_roles_with_hints) {
    const auto asked = request({"md->gw"}, {"gw:quiet,smt-ok", "md:pinned=3:package=1"});
    EXPECT_TRUE(asked.roles[1].quiet && asked.roles[1].smt_ok);
    EXPECT_EQ(asked.roles[0].pinned, 3U);
    EXPECT_EQ(asked.roles[0].package, 1U);
}

TEST(plan_request, refuses_malformed_text_with_a_sentence) {
    const auto edge = [](const char* text) { return sentence([&] { plan_request().add_edge(text); }); };
    EXPECT_EQ(edge("md->"), "edge 'md->' has no consumer: write both roles, as in md->strat");
    EXPECT_EQ(edge("->gw"), "edge '->gw' has no producer: write both roles, as in md->strat");
    for (const auto* text : {"", "md", "md-strat", "a->b->c"})
        EXPECT_THAT(edge(text), HasSubstr("is not an edge: write"));
    EXPECT_THAT(edge("a->a"), HasSubstr("connects a role to itself"));
    EXPECT_THAT(edge("a b->c"), HasSubstr("names consist of letters"));
    for (const auto* text : {"a->b@", "a->b@fast", "a->b@-1", "a->b@0", "a->b@nan", "a->b@inf", "a->b@1e300G"})
        EXPECT_THAT(edge(text), HasSubstr("has an invalid rate")) << text;

    const auto role = [](const char* text) {
        return sentence([&] { static_cast<void>(request({"md->gw"}, {text})); });
    };
    EXPECT_EQ(role("gx:quiet"),
              "there is no role 'gx': the edges use md, gw; declare a role without rings in a file of roles");
    EXPECT_EQ(role("gw:silent"),
              "there is no hint 'silent', as in 'gw:silent': the hints are quiet, smt-ok, housekeeping, pinned=PU, "
              "package=N and near=DEVICE");
    for (const auto* text : {"gw:", "gw:quiet,", "gw:pinned", "gw:Quiet"})
        EXPECT_THAT(role(text), HasSubstr("there is no hint")) << text;
    for (const auto* text : {"gw:pinned=", "gw:pinned=x", "gw:pinned=-1", "gw:package=99999999999"})
        EXPECT_THAT(role(text), HasSubstr("needs a number")) << text;
    EXPECT_THAT(sentence([] { static_cast<void>(request({"a->b", "a->b@1ps"})); }), HasSubstr("is given twice"));
}

TEST(plan, refuses_impossible_requests_with_a_sentence) {
    const auto why = [](const plan_request& asked, const topology& machine = server()) {
        return sentence([&] { static_cast<void>(weir::plan(asked, machine)); });
    };
    EXPECT_THAT(why({}), StartsWith("there are no roles to place"));
    plan_request lost;
    lost.roles = {{.name = "a"}, {.name = "b"}};
    lost.edges = {{"a", "b"}, {"x", "a"}};
    EXPECT_EQ(why(lost), "an edge names role 'x', which does not exist: the roles are a, b");
    lost.edges = {{"a", "y"}};
    EXPECT_EQ(why(lost), "an edge names role 'y', which does not exist: the roles are a, b");
    const auto odd = topology::synthetic("core:3 pu:1(indexes=0,5,7)");
    EXPECT_THAT(why(request({"a->b"}, {"b:pinned=2"}), odd), HasSubstr("'b' is pinned to PU 2, which does not exist"));
    EXPECT_EQ(why(request({"a->b"}, {"b:pinned=5"}), odd), "");
    EXPECT_EQ(why(request({"a->b"}, {"b:pinned=1,package=1"}), two_package_smt()), "");
    EXPECT_THAT(why(request({"a->b"}, {"b:pinned=1,package=0"}), two_package_smt()),
                HasSubstr("role 'b' is pinned to PU 1, which is not in package 0, the package it asks for"));
    EXPECT_EQ(why(request({"a->b"}, {"b:package=1"}), topology::synthetic("pack:1 core:2 pu:1")),
              "role 'b' asks for package 1, but there is 1 in 'pack:1 core:2 pu:1', counted from 0; run 'weir topo' to "
              "see them");
    EXPECT_THAT(why(request({"a->b", "b->c"}, {"b:pinned=1"}), topology::synthetic("core:2 pu:1")),
                StartsWith("there are 3 roles for 2 PUs in"));
    EXPECT_THAT(why(request({"a->b"}), topology::synthetic("core:1 pu:1")),
                StartsWith("there are 2 roles for 1 PU in 'core:1 pu:1' (0 may be used), and each needs its own"));
    EXPECT_EQ(why(request({"a->b"}, {"a:pinned=1", "b:pinned=1"}), topology::synthetic("core:2 pu:1")), "");
    EXPECT_THAT(why(request({"a->b"}, {"a:pinned=0", "b:package=0"}), topology::synthetic("pack:2 core:1 pu:1")),
                StartsWith("role 'b' asks for package 0, which has no PU left that may be used in"));
    EXPECT_EQ(why(request({"a->b"}, {"a:pinned=0", "b:package=1"}), topology::synthetic("pack:2 core:1 pu:1")), "");
    EXPECT_THAT(why(request({"a->b", "b->c"}), topology::synthetic("core:2 pu:1")),
                StartsWith("there are 3 roles for 2 PUs in 'core:2 pu:1' (0-1 may be used), and each needs its own"));
    EXPECT_THAT(why(request({"a->b"}, {"a:pinned=999"})), HasSubstr("pinned to PU 999, which does not exist"));
    EXPECT_THAT(why(request({"a->b"}, {"a:package=2"})), HasSubstr("asks for package 2, but there are 2"));
    EXPECT_THAT(why(request({"a->b"}, {"a:pinned=0,package=1"})), HasSubstr("which is not in package 1"));
    EXPECT_THAT(why(request({"a->b"}, {"a:pinned=4"}), topology::from_xml_file(data("multi_ccx_16_part_allowed.xml"))),
                HasSubstr("cgroup of this process does not allow"));
    // Three roles for the two PUs of a package.
    EXPECT_THAT(why(request({"a->b", "b->c"}, {"a:package=0", "b:package=0", "c:package=0"}),
                    topology::synthetic("pack:2 core:2 pu:1")),
                StartsWith("no placement satisfies all hints"));
    EXPECT_THAT(why(request({"a->b"}, {"a:package=1"}), topology::from_xml_file(data("two_package_smt.xml"))), "");
}

}  // namespace
