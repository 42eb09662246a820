// SPDX-License-Identifier: MIT
//
// The planner, without any machine: synthetic and saved topologies, measurements made up. Where a test names a
// placement, its comment argues for it by hand.
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
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

/// The formula of plan.hpp once more, written from its comment.
double cost_by_hand(const plan_request& asked, const topology& machine, const measurements& measured,
                    const plan_settings& settings, const std::vector<unsigned>& pus) {
    const auto index = [&](const std::string& name) {
        return static_cast<std::size_t>(
            std::find_if(asked.roles.begin(), asked.roles.end(), [&](const auto& role) { return role.name == name; }) -
            asked.roles.begin());
    };
    double highest = 0;
    for (const auto& edge : asked.edges) highest = std::max(highest, edge.items_per_s.value_or(0));
    double sum = 0;
    for (const auto& edge : asked.edges) {
        const auto from = index(edge.from);
        const auto to = index(edge.to);
        const bool critical = asked.roles[from].quiet || asked.roles[to].quiet;
        const auto cost = measured.cost(machine, pus[from], pus[to]).cost;
        sum += critical           ? cost.p50_ns + cost.p99_ns
               : edge.items_per_s ? cost.p50_ns * *edge.items_per_s / highest
                                  : cost.p50_ns;
    }
    const auto isolated = settings.isolated.value_or(pu_set{});
    for (std::size_t i = 0; i != pus.size(); ++i) {
        const auto& row = machine.pu(pus[i]);
        const bool on_core_of_pu_0 = row.core == machine.pu(0).core;
        if (asked.roles[i].quiet) {
            const auto found = measured.noise_ns.find(pus[i]);
            sum += found != measured.noise_ns.end() ? found->second
                   : isolated.contains(pus[i])      ? weir::assumed::isolated_noise_ns
                   : on_core_of_pu_0                ? weir::assumed::noise_of_core_of_pu_0_ns
                                                    : weir::assumed::noise_ns;
        }
        if (!isolated.empty() && !isolated.contains(pus[i])) sum += weir::assumed::not_isolated_ns;
        if (on_core_of_pu_0) sum += weir::assumed::pu_0_ns;
        for (std::size_t j = 0; j != pus.size(); ++j)
            if (i != j && machine.pu(pus[j]).core == row.core && !asked.roles[i].smt_ok)
                sum += weir::assumed::smt_sharing_ns;
    }
    return sum;
}

struct puzzle {
    topology machine;
    plan_request asked;
    measurements measured;
    plan_settings settings;
};

puzzle random_puzzle(unsigned seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    static const std::vector<std::string> machines{"pack:2 l3:1 core:2 pu:2", "pack:1 l3:2 core:3 pu:1",
                                                   "l3:2 l2:2 core:1 pu:2", "core:4 pu:2", "pack:2 l3:2 core:2 pu:1"};
    puzzle made{topology::synthetic(machines[below(5)]), {}, {}, {}};
    const unsigned roles = 1 + below(5);
    for (unsigned i = 0; i != roles; ++i) {
        made.asked.roles.push_back(
            {.name = std::string(1, static_cast<char>('a' + i)), .quiet = below(3) == 0, .smt_ok = below(3) == 0});
        if (below(6) == 0) made.asked.roles.back().pinned = made.machine.pus()[below(6)].os_index;
    }
    for (unsigned i = 0; i != 8 && roles > 1; ++i) {
        const auto from = below(roles);
        const auto to = below(roles);
        weir::plan_edge edge{made.asked.roles[from].name, made.asked.roles[to].name};
        const bool known = std::any_of(made.asked.edges.begin(), made.asked.edges.end(),
                                       [&](const auto& other) { return other.name() == edge.name(); });
        if (from == to || known) continue;
        if (below(2) == 0) edge.items_per_s = 1000 + below(1'000'000);
        made.asked.edges.push_back(edge);
    }
    if (below(2) == 0)
        for (const auto& a : made.machine.pus())
            for (const auto& b : made.machine.pus())
                if (below(3) == 0) {
                    const double p50 = 10 + below(8000);
                    made.measured.pairs[{a.os_index, b.os_index}] = {p50, p50 * 2};
                }
    if (below(2) == 0)
        for (const auto& pu : made.machine.pus()) made.measured.noise_ns[pu.os_index] = below(500);
    if (below(3) == 0) made.settings.isolated = pu_set{1, 2, 3};
    return made;
}

/// Every placement there is: each role on a PU of its own, but for those that are pinned to the same.
void for_every_placement(const puzzle& p, std::vector<unsigned>& pus, const auto& visit) {
    const auto role = pus.size();
    if (role == p.asked.roles.size()) return visit(pus);
    for (const auto& pu : p.machine.pus()) {
        const auto& pinned = p.asked.roles[role].pinned;
        if (pinned && *pinned != pu.os_index) continue;
        const bool taken = std::any_of(p.asked.roles.begin(), p.asked.roles.end(), [&](const auto& other) {
            const auto index = static_cast<std::size_t>(&other - p.asked.roles.data());
            if (!pinned && other.pinned == pu.os_index) return true;
            return index < role && pus[index] == pu.os_index && !pinned;
        });
        if (taken) continue;
        pus.push_back(pu.os_index);
        for_every_placement(p, pus, visit);
        pus.pop_back();
    }
}

double least_cost(const puzzle& p) {
    double least = 1e300;
    std::vector<unsigned> pus;
    for_every_placement(p, pus, [&](const std::vector<unsigned>& all) {
        least = std::min(least, cost_by_hand(p.asked, p.machine, p.measured, p.settings, all));
    });
    return least;
}

std::vector<unsigned> pus_of(const placement_plan& made) {
    std::vector<unsigned> pus;
    for (const auto& role : made.roles) pus.push_back(role.pu);
    return pus;
}

// ---- The search, against all placements there are

TEST(plan_search, finds_what_trying_everything_finds_and_proves_it) {
    for (unsigned seed = 0; seed != 150; ++seed) {
        const auto p = random_puzzle(seed);
        const auto made = weir::plan(p.asked, p.machine, p.measured, p.settings);
        EXPECT_NEAR(made.cost.total(), least_cost(p), 1e-6) << "seed " << seed;
        EXPECT_NEAR(made.cost.total(), cost_by_hand(p.asked, p.machine, p.measured, p.settings, pus_of(made)), 1e-6);
        EXPECT_TRUE(made.is_proven()) << "seed " << seed << ", bound " << made.lower_bound_ns;
    }
}

TEST(plan_search, that_has_to_stop_early_states_a_bound_that_holds) {
    for (unsigned seed = 0; seed != 150; ++seed) {
        auto p = random_puzzle(seed);
        p.settings.effort = seed * 20;
        const auto made = weir::plan(p.asked, p.machine, p.measured, p.settings);
        const double least = least_cost(p);
        EXPECT_LE(made.lower_bound_ns, least + 1e-6) << "seed " << seed;
        EXPECT_GE(made.cost.total(), least - 1e-6) << "seed " << seed;
    }
}

TEST(plan_search, is_a_pure_function) {
    for (unsigned seed = 0; seed != 20; ++seed) {
        const auto p = random_puzzle(seed);
        EXPECT_EQ(weir::plan(p.asked, p.machine, p.measured, p.settings).to_json(),
                  weir::plan(p.asked, p.machine, p.measured, p.settings).to_json());
    }
}

// Twelve roles on 128 cores: 256^12 placements. Equivalent PUs are tried once, and the bound cuts off the rest.
TEST(plan_search, is_exact_for_twelve_roles_on_a_big_server) {
    plan_request asked;
    for (int i = 0; i != 11; ++i) asked.add_edge("r" + std::to_string(i) + "->r" + std::to_string(i + 1));
    asked.add_edge("r0->r6@100kps");
    asked.add_edge("r3->r9@1Mps");
    asked.add_role("r11:quiet");
    const auto made = weir::plan(asked, big_server());
    EXPECT_TRUE(made.is_proven()) << made.cost.total() << " >= " << made.lower_bound_ns;
    const auto pus = pus_of(made);
    EXPECT_EQ(std::set<unsigned>(pus.begin(), pus.end()).size(), 12U);
}

// No two costs alike: nothing is equivalent, and the search has to stop. What it says then still holds.
TEST(plan_search, of_a_big_measured_server_ends_with_a_bound) {
    const auto machine = big_server();
    measurements measured;
    std::mt19937 random(1);
    for (const auto& a : machine.pus())
        for (const auto& b : machine.pus()) {
            const auto far = weir::assumed_one_way(machine.distance_between(a.os_index, b.os_index));
            const double factor = 0.9 + 0.0002 * static_cast<double>(random() % 1000);
            measured.pairs[{a.os_index, b.os_index}] = {far.p50_ns * factor, far.p99_ns * factor};
        }
    plan_request asked;
    for (int i = 0; i != 11; ++i) asked.add_edge("r" + std::to_string(i) + "->r" + std::to_string(i + 1));
    plan_settings settings;
    settings.effort = 2'000'000;
    const auto made = weir::plan(asked, machine, measured, settings);
    EXPECT_GE(made.lower_bound_ns, 11 * 45.0);  // no edge between two cores is cheaper
    EXPECT_LE(made.cost.total(), 1.25 * made.lower_bound_ns);
}

// ---- Placements argued by hand

// Three roles in a row need three cores behind one L3, of which each package has 32: any other placement has an edge
// that is dearer. PU 0's core is left alone, so they are the next three cores' first threads, 2, 4 and 6; strat, which
// has two edges, is placed first.
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

// Siblings of one core are nearer (20 ns) than two cores (50 ns), but each would have half a core; who says that this
// is all right gets it, and who does not pays 1500 ns for it.
TEST(plan, shares_a_core_only_between_those_that_ask_for_it) {
    const auto machine = server();
    const auto both = weir::plan(request({"md->strat"}, {"md:smt-ok", "strat:smt-ok"}), machine);
    EXPECT_EQ(between(both, machine, "md", "strat"), distance::smt);
    const auto one = weir::plan(request({"md->strat"}, {"md:smt-ok"}), machine);
    EXPECT_EQ(between(one, machine, "md", "strat"), distance::same_l3);
}

// Cores of a CCX share its L3, and a CCX has four: of five in a row one edge at least crosses to another CCX, which
// costs 50 ns more, times its weight. That is least for c->d, at a hundredth.
TEST(plan, cuts_a_pipeline_where_it_carries_least) {
    const auto machine = multi_ccx();
    const auto made = weir::plan(request({"a->b@1Mps", "b->c@1Mps", "c->d@10kps", "d->e@500kps"}), machine);
    EXPECT_EQ(between(made, machine, "a", "b"), distance::same_l3);
    EXPECT_EQ(between(made, machine, "b", "c"), distance::same_l3);
    EXPECT_EQ(between(made, machine, "c", "d"), distance::same_package);
    EXPECT_EQ(between(made, machine, "d", "e"), distance::same_l3);
    EXPECT_TRUE(made.is_proven());
    EXPECT_DOUBLE_EQ(made.cost.edges, 50 + 50 + 0.01 * 100 + 0.5 * 50);
}

// Same machine, but a quiet role counts whatever its rate: c->d, at 10 kps, now costs 100 + 300 ns across, as against
// 50 + 150 ns within. So the cut moves to where nobody is quiet: at a->b it costs another 50 ns, at d->e, with half the
// weight, 25.
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

// Five roles, four big cores. Two on one big core would cost 3000 ns, one on a small core 300 ns. The quiet role stays
// big, and who goes is an end of the row, since all are behind one L3 and no edge gets dearer: 'log' is not quiet.
TEST(plan, sends_the_role_too_many_to_a_small_core_rather_than_to_a_sibling) {
    const auto machine = hybrid();
    const auto made = weir::plan(request({"in->dsp", "dsp->mix", "mix->out", "mix->log@10ps"}, {"out:quiet"}), machine);
    const auto pus = pus_of(made);
    EXPECT_EQ(std::count_if(pus.begin(), pus.end(), [](unsigned pu) { return pu >= 8; }), 1);
    EXPECT_LT(made.pu_of("out"), 8U);
    EXPECT_EQ(made.cost.smt_sharing, 0);
    EXPECT_EQ(made.cost.slow_cores, weir::assumed::slow_core_ns);
}

// Nine roles that all talk to one hub, on two packages of eight cores with two threads. One core too few: the ninth
// goes to the other package (200 ns instead of 50) rather than to a sibling (3000 ns), and it is the one that says
// least.
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

// Isolated PUs were set aside for this: 1000 ns for each role that is not on one. There are two, for three roles; the
// quiet one has least to lose there (20 ns of noise instead of 200), so it is on one, and so is its only peer.
TEST(plan, uses_isolated_pus_first) {
    const auto machine = topology::synthetic("pack:1 l3:1 core:8 pu:1");
    plan_settings settings;
    settings.isolated = pu_set{6, 7};
    const auto made = weir::plan(request({"md->strat", "strat->gw"}, {"gw:quiet"}), machine, {}, settings);
    EXPECT_THAT(made.pu_of("gw"), AnyOf(6U, 7U));
    EXPECT_EQ(made.cost.not_isolated, weir::assumed::not_isolated_ns);
    EXPECT_EQ(made.cost.noise, weir::assumed::isolated_noise_ns);
}

// Two cores, of which PU 0's is where interrupts land: who is quiet gets the other.
TEST(plan, keeps_a_quiet_role_off_pu_0_even_on_two_cores) {
    const auto machine = topology::synthetic("pack:1 l3:1 core:2 pu:1");
    EXPECT_THAT(pus_of(weir::plan(request({"md->gw"}, {"gw:quiet"}), machine)), ElementsAre(0, 1));
    EXPECT_THAT(pus_of(weir::plan(request({"md->gw"}, {"md:quiet"}), machine)), ElementsAre(1, 0));
}

// Measured noise outweighs what is assumed: PU 3 is away for 1 ms of each second, in gaps of 100 us, which is 1000 ns
// for the unluckiest hundredth, and PU 0 never.
TEST(plan, follows_measured_noise) {
    const auto machine = topology::synthetic("pack:1 l3:1 core:4 pu:1");
    measurements measured;
    measured.noise_ns = {{0, 0}, {1, 900}, {2, 800}, {3, 1000}};
    const auto made = weir::plan(request({"md->gw"}, {"gw:quiet"}), machine, measured);
    EXPECT_EQ(made.pu_of("gw"), 0U);
    EXPECT_EQ(made.cost.noise, 0);
    EXPECT_FALSE(made.roles[1].noise_assumed);
}

// Measured costs outweigh what the distance suggests: 2 and 3 are quicker than all others here.
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

TEST(plan, stays_within_the_pus_it_is_given) {
    plan_settings settings;
    settings.pus = pu_set{40, 42, 44};
    EXPECT_THAT(pus_of(weir::plan(request({"a->b", "b->c"}), server(), {}, settings)),
                testing::UnorderedElementsAre(40, 42, 44));
    for (const auto pu :
         pus_of(weir::plan(request({"a->b", "b->c"}), topology::from_xml_file(data("multi_ccx_16_part_allowed.xml")))))
        EXPECT_TRUE((pu_set{1, 2, 3, 10, 11}.contains(pu)));
}

// ---- What it says

TEST(plan, says_why_alternatives_lose) {
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

TEST(plan, says_what_is_assumed) {
    const auto machine = topology::synthetic("pack:1 l3:1 core:4 pu:1");
    const auto assumed = weir::plan(request({"md->gw"}, {"gw:quiet"}), machine);
    EXPECT_THAT(assumed.remarks, ElementsAre(HasSubstr("'weir matrix'"), HasSubstr("'weir jitter'")));
    measurements measured;
    measured.classes[distance::same_l3] = {60, 100};
    measured.noise_ns = {{0, 1}, {1, 1}, {2, 1}, {3, 1}};
    EXPECT_THAT(weir::plan(request({"md->gw"}, {"gw:quiet"}), machine, measured).remarks, testing::IsEmpty());
}

TEST(plan, says_what_will_not_work) {
    const auto crowded = weir::plan(request({"a->b", "b->c"}), topology::synthetic("core:2 pu:2"));
    EXPECT_THAT(crowded.remarks, testing::Contains(HasSubstr("did not say smt-ok")));
    measurements measured;
    const auto machine = topology::synthetic("core:2 pu:1");
    for (const unsigned a : {0U, 1U}) measured.items_per_s[{a, 1 - a}] = 20e6;
    EXPECT_THAT(weir::plan(request({"a->b@30Mps"}), machine, measured).remarks,
                testing::Contains(HasSubstr("were measured to pass 20000000")));
}

// ---- The bad placement that a plan is compared with

TEST(worst_placement, is_as_far_apart_as_can_be) {
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

TEST(plan_request, says_what_it_cannot_read) {
    const auto edge = [](const char* text) { return sentence([&] { plan_request().add_edge(text); }); };
    EXPECT_EQ(edge("md->"), "edge 'md->' leads nowhere: write both roles, as in md->strat");
    EXPECT_EQ(edge("->gw"), "edge '->gw' comes from nowhere: write both roles, as in md->strat");
    for (const auto* text : {"", "md", "md-strat", "a->b->c"}) EXPECT_THAT(edge(text), HasSubstr("is no edge: write"));
    EXPECT_THAT(edge("a->a"), HasSubstr("goes from a role to itself"));
    EXPECT_THAT(edge("a b->c"), HasSubstr("names are of letters"));
    for (const auto* text : {"a->b@", "a->b@fast", "a->b@-1", "a->b@0", "a->b@nan", "a->b@inf", "a->b@1e300G"})
        EXPECT_THAT(edge(text), HasSubstr("has a rate that cannot be read")) << text;

    const auto role = [](const char* text) {
        return sentence([&] { static_cast<void>(request({"md->gw"}, {text})); });
    };
    EXPECT_EQ(role("gx:quiet"),
              "there is no role 'gx': the edges have md, gw; write a thread without rings into a file of "
              "roles");
    EXPECT_EQ(role("gw:silent"), "there is no hint 'silent', as in 'gw:silent': the hints are quiet, smt-ok, pinned=PU "
                                 "and package=N");
    for (const auto* text : {"gw:", "gw:quiet,", "gw:pinned", "gw:Quiet"})
        EXPECT_THAT(role(text), HasSubstr("there is no hint")) << text;
    for (const auto* text : {"gw:pinned=", "gw:pinned=x", "gw:pinned=-1", "gw:package=99999999999"})
        EXPECT_THAT(role(text), HasSubstr("wants a number")) << text;
    EXPECT_THAT(sentence([] { static_cast<void>(request({"a->b", "a->b@1ps"})); }), HasSubstr("is there twice"));
}

TEST(plan, refuses_what_cannot_be_had_with_a_sentence) {
    const auto why = [](const plan_request& asked, const topology& machine = server()) {
        return sentence([&] { static_cast<void>(weir::plan(asked, machine)); });
    };
    EXPECT_THAT(why({}), StartsWith("there are no roles to place"));
    EXPECT_THAT(why(request({"a->b", "b->c"}), topology::synthetic("core:2 pu:1")),
                StartsWith("there are 3 roles for 2 PUs in 'core:2 pu:1' (0-1 may be used), and each wants its own"));
    EXPECT_THAT(why(request({"a->b"}, {"a:pinned=999"})), HasSubstr("pinned to PU 999, which there is not"));
    EXPECT_THAT(why(request({"a->b"}, {"a:package=2"})), HasSubstr("is to be in package 2, and there are 2"));
    EXPECT_THAT(why(request({"a->b"}, {"a:pinned=0,package=1"})), HasSubstr("which is not in package 1"));
    EXPECT_THAT(why(request({"a->b"}, {"a:pinned=4"}), topology::from_xml_file(data("multi_ccx_16_part_allowed.xml"))),
                HasSubstr("cgroup of this process does not allow"));
    // Three roles for the two PUs of a package.
    EXPECT_THAT(why(request({"a->b", "b->c"}, {"a:package=0", "b:package=0", "c:package=0"}),
                    topology::synthetic("pack:2 core:2 pu:1")),
                StartsWith("no placement satisfies all hints at once"));
    EXPECT_THAT(why(request({"a->b"}, {"a:package=1"}), topology::from_xml_file(data("two_package_smt.xml"))), "");
}

}  // namespace
