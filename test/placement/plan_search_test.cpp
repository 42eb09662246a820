// SPDX-License-Identifier: MIT
//
// The planner's search, compared with exhaustive search.
#include <weir/plan.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using weir::measurements;
using weir::placement_plan;
using weir::plan_request;
using weir::plan_settings;
using weir::pu_set;
using weir::topology;

topology big_server() { return topology::synthetic("pack:2 l3:8 l2:8 core:1 pu:2"); }

/// Ranks of this core below the fastest kind.
double ranks_behind(const topology& machine, const weir::pu_info& pu) {
    unsigned own = 0;
    unsigned best = 0;
    for (const auto& kind : machine.core_kinds()) {
        best = std::max(best, kind.performance.value_or(0));
        if (kind.pus.contains(pu.os_index)) own = kind.performance.value_or(0);
    }
    return best - own;
}

/// Reimplements the cost formula of plan.hpp from its documentation.
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
        sum += weir::assumed::slow_core_ns * ranks_behind(machine, row) * (asked.roles[i].quiet ? 2 : 1);
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
    static const std::vector<std::string> machines{
        "pack:2 l3:1 core:2 pu:2", "pack:1 l3:2 core:3 pu:1",
        "l3:2 l2:2 core:1 pu:2",   "core:4 pu:2",
        "pack:2 l3:2 core:2 pu:1", "pack:2 numa:2 core:2 pu:1(indexes=3,6,0,2,7,9,12,8)"};
    const auto chosen = below(7);
    const bool is_hybrid = chosen == 6;  // 16 PUs: fewer roles, to keep the exhaustive search short
    puzzle made{
        is_hybrid ? topology::from_xml_file(TEST_DATA_DIR "/hybrid.xml") : topology::synthetic(machines[chosen]),
        {},
        {},
        {}};
    const unsigned roles = 1 + below(is_hybrid ? 3 : 5);
    for (unsigned i = 0; i != roles; ++i) {
        made.asked.roles.push_back(
            {.name = std::string(1, static_cast<char>('a' + i)), .quiet = below(3) == 0, .smt_ok = below(3) == 0});
        if (below(6) == 0)
            made.asked.roles.back().pinned = made.machine.pus()[below(6)].os_index;
        else if (below(6) == 0 && chosen == 0)
            made.asked.roles.back().package = below(2);
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
                    made.measured.pairs[{a.os_index, b.os_index}] = {p50, p50 + below(9000)};
                }
    if (below(2) == 0)
        for (const auto& pu : made.machine.pus()) made.measured.noise_ns[pu.os_index] = below(500);
    if (below(3) == 0) made.settings.isolated = pu_set{1, 2, 3};
    return made;
}

/// Every possible placement: each role on a PU of its own, except roles that are pinned to the same PU.
void for_every_placement(const puzzle& p, std::vector<unsigned>& pus, const auto& visit) {
    const auto role = pus.size();
    if (role == p.asked.roles.size()) return visit(pus);
    for (const auto& pu : p.machine.pus()) {
        const auto& pinned = p.asked.roles[role].pinned;
        if (pinned && *pinned != pu.os_index) continue;
        if (const auto& package = p.asked.roles[role].package; package && pu.package != package) continue;
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

double cost_by_hand(const puzzle& p, const std::vector<unsigned>& pus) {
    return cost_by_hand(p.asked, p.machine, p.measured, p.settings, pus);
}

struct extremes {
    double least = 1e300;
    double most = 0;
};

extremes of_every_placement(const puzzle& p) {
    extremes found;
    std::vector<unsigned> pus;
    for_every_placement(p, pus, [&](const std::vector<unsigned>& all) {
        const double cost = cost_by_hand(p, all);
        found.least = std::min(found.least, cost);
        found.most = std::max(found.most, cost);
    });
    return found;
}

constexpr unsigned puzzles = 150;

/// Computed once for all tests.
const extremes& extremes_of(unsigned seed) {
    static std::vector<std::optional<extremes>> known(puzzles);
    if (!known[seed]) known[seed] = of_every_placement(random_puzzle(seed));
    return *known[seed];
}

double least_cost(unsigned seed) { return extremes_of(seed).least; }

std::vector<unsigned> pus_of(const placement_plan& made) {
    std::vector<unsigned> pus;
    for (const auto& role : made.roles) pus.push_back(role.pu);
    return pus;
}

TEST(plan_search, finds_the_optimum_of_exhaustive_search_and_proves_it) {
    for (unsigned seed = 0; seed != puzzles; ++seed) {
        const auto p = random_puzzle(seed);
        const auto made = weir::plan(p.asked, p.machine, p.measured, p.settings);
        EXPECT_NEAR(made.cost.total(), least_cost(seed), 1e-6) << "seed " << seed;
        EXPECT_NEAR(made.cost.total(), cost_by_hand(p, pus_of(made)), 1e-6);
        EXPECT_TRUE(made.is_proven()) << "seed " << seed << ", bound " << made.lower_bound_ns;
    }
}

TEST(plan_search, that_stops_early_states_a_valid_bound) {
    for (unsigned seed = 0; seed != puzzles; ++seed) {
        auto p = random_puzzle(seed);
        p.settings.effort = seed * 20;
        const auto made = weir::plan(p.asked, p.machine, p.measured, p.settings);
        const double least = least_cost(seed);
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

// With all costs different no PUs are equivalent, and the search must stop early. Its bound must still be valid.
TEST(plan_search, of_a_big_measured_server_stops_with_a_valid_bound) {
    const auto machine = big_server();
    measurements measured;
    std::mt19937 random(1);
    for (const auto& a : machine.pus())
        for (const auto& b : machine.pus()) {
            const auto far = weir::assumed_one_way(machine, a.os_index, b.os_index);
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

/// Whether the role may be on this PU, apart from the other roles.
bool may_sit(const puzzle& p, std::size_t role, unsigned pu) {
    const auto& asked = p.asked.roles[role];
    if (asked.pinned) return *asked.pinned == pu;
    return (!asked.package || p.machine.pu(pu).package == asked.package) &&
           std::none_of(p.asked.roles.begin(), p.asked.roles.end(),
                        [&](const auto& other) { return other.pinned == pu; });
}

/// The extra cost of the cheapest placement that differs from this one by one move or swap and in its cost.
double least_extra(const puzzle& p, const std::vector<unsigned>& best) {
    double least = 1e300;
    const auto consider = [&](const std::vector<unsigned>& pus) {
        const double extra = cost_by_hand(p, pus) - cost_by_hand(p, best);
        if (extra >= 0.5) least = std::min(least, extra);
    };
    for (std::size_t role = 0; role != best.size(); ++role)
        for (const auto& pu : p.machine.pus()) {
            if (pu.os_index == best[role] || !may_sit(p, role, pu.os_index)) continue;
            auto moved = best;
            moved[role] = pu.os_index;
            consider(moved);
            const auto holder = std::find(best.begin(), best.end(), pu.os_index) - best.begin();
            const auto other = static_cast<std::size_t>(holder);
            if (other == best.size() || !may_sit(p, other, best[role])) continue;
            moved[other] = best[role];
            consider(moved);
        }
    return least;
}

/// "gw on PU 3 (core:1): +17 ns this, -5 ns that" has a sum of 12 and two terms.
std::pair<double, unsigned> sum_of_terms(const std::string& reason) {
    double sum = 0;
    unsigned terms = 0;
    for (auto at = reason.find(": "); at != std::string::npos; at = reason.find(", ", at + 1)) {
        const char sign = reason.at(at + 2);
        if (sign != '+' && sign != '-') continue;  // "between other PUs, still smt"
        sum += (sign == '-' ? -1 : 1) * std::stod(reason.substr(at + 3));
        ++terms;
    }
    return {sum, terms};
}

TEST(alternatives, have_the_extra_cost_and_the_reasons_that_they_state) {
    for (unsigned seed = 0; seed != puzzles; ++seed) {
        const auto p = random_puzzle(seed);
        const auto made = weir::plan(p.asked, p.machine, p.measured, p.settings);
        const auto best = pus_of(made);
        EXPECT_LE(made.alternatives.size(), 4U);
        double before = 0;
        std::set<std::string> reasons;
        for (const auto& other : made.alternatives) {
            EXPECT_NEAR(other.extra_ns, cost_by_hand(p, other.pus) - cost_by_hand(p, best), 1e-6) << seed;
            EXPECT_GE(other.extra_ns, std::max(before, 0.5)) << seed;
            before = other.extra_ns;
            const auto [sum, terms] = sum_of_terms(other.reason);
            // Figures are rounded, and terms below half a nanosecond are left out.
            EXPECT_NEAR(sum, other.extra_ns, 0.5 * (terms + static_cast<double>(p.asked.edges.size()))) << other.reason;
            EXPECT_GE(terms, 1U) << other.reason;
            EXPECT_TRUE(reasons.insert(other.reason).second);
            std::string moves;
            for (std::size_t role = 0; role != best.size(); ++role)
                if (other.pus[role] != best[role])
                    moves += (moves.empty() ? "" : " and ") + p.asked.roles[role].name + " on PU " +
                             std::to_string(other.pus[role]) +
                             " (core:" + std::to_string(p.machine.pu(other.pus[role]).core) + ")";
            EXPECT_EQ(other.reason.substr(0, other.reason.find(": ")), moves);
        }
        const double least = least_extra(p, best);
        ASSERT_EQ(made.alternatives.empty(), least == 1e300) << seed;
        if (!made.alternatives.empty()) {
            EXPECT_NEAR(made.alternatives.front().extra_ns, least, 1e-6) << seed;
        }
    }
}

// The quality of the search, which is deterministic: these figures change only if the search does.
TEST(plan_search, finds_most_optima_by_local_search_alone) {
    unsigned best = 0;
    double excess_ns = 0;
    for (unsigned seed = 0; seed != puzzles; ++seed) {
        auto p = random_puzzle(seed);
        p.settings.effort = 0;
        const double excess = weir::plan(p.asked, p.machine, p.measured, p.settings).cost.total() - least_cost(seed);
        best += excess < 1e-6 ? 1 : 0;
        excess_ns += excess;
    }
    EXPECT_GE(best, 143U) << "of 150";
    EXPECT_LE(excess_ns, 2920);
}

TEST(plan_search, proves_more_with_more_effort) {
    struct result {
        unsigned effort;
        unsigned proven;
        double gap_ns;
    };
    for (const auto& [effort, at_least, at_most_ns] : {result{0, 0, 84'588},
                                                       {50, 73, 81'616},
                                                       {100, 82, 51'837},
                                                       {200, 87, 49'584},
                                                       {400, 90, 44'941},
                                                       {800, 103, 35'346},
                                                       {1600, 119, 25'505}}) {
        unsigned proven = 0;
        double gap_ns = 0;
        for (unsigned seed = 0; seed != puzzles; ++seed) {
            auto p = random_puzzle(seed);
            p.settings.effort = effort;
            const auto made = weir::plan(p.asked, p.machine, p.measured, p.settings);
            proven += made.is_proven() ? 1 : 0;
            gap_ns += made.cost.total() - made.lower_bound_ns;
        }
        EXPECT_GE(proven, at_least) << effort;
        EXPECT_LE(gap_ns, at_most_ns) << effort;
    }
}

TEST(worst_placement, is_mostly_the_worst_possible) {
    unsigned counted = 0;
    unsigned worst = 0;
    double missing_ns = 0;
    for (unsigned seed = 0; seed != puzzles; ++seed) {
        const auto p = random_puzzle(seed);
        const auto pus = weir::worst_placement(p.asked, p.machine, p.measured, p.settings);
        if (std::set<unsigned>(pus.begin(), pus.end()).size() == 1) continue;
        const double missing = extremes_of(seed).most - cost_by_hand(p, pus);
        ++counted;
        worst += missing < 1e-6 ? 1 : 0;
        missing_ns += missing;
    }
    EXPECT_EQ(counted, 125U);
    EXPECT_GE(worst, 116U);
    EXPECT_LE(missing_ns, 19'380);
}

}  // namespace
