// SPDX-License-Identifier: MIT
//
// The planner's parts: cost tables, bounds, equivalent PUs and the search, on machines small enough for an
// exhaustive comparison.
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assignment.hpp"
#include "plan_model.hpp"
#include "plan_search.hpp"
#include "plan_tables.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using testing::ElementsAre;
using weir::measurements;
using weir::plan_model;
using weir::plan_request;
using weir::plan_settings;
using weir::pu_set;
using weir::search_tables;
using weir::seating;
using weir::topology;
using weir::twin_finder;

plan_request request(const std::vector<std::string>& edges, const std::vector<std::string>& roles = {}) {
    plan_request made;
    for (const auto& role : roles) made.add_role(role);
    for (const auto& edge : edges) made.add_edge(edge);
    return made;
}

/// Costs for both directions of every pair, in ns: each p50 is different, each p99 is ten times its p50.
measurements measured(const std::vector<std::vector<double>>& p50_ns) {
    measurements made;
    for (unsigned from = 0; from != p50_ns.size(); ++from)
        for (unsigned to = 0; to != p50_ns.size(); ++to)
            made.pairs[{from, to}] = {p50_ns[from][to], 10 * p50_ns[from][to]};
    return made;
}

/// Calls visit(chosen) for each ordered choice of `count` out of `all` places, without repetition.
template <class Visit>
void for_each_choice(std::size_t count, std::size_t all, std::vector<std::size_t>& chosen, const Visit& visit) {
    if (chosen.size() == count) return visit(chosen);
    for (std::size_t place = 0; place != all; ++place) {
        if (std::find(chosen.begin(), chosen.end(), place) != chosen.end()) continue;
        chosen.push_back(place);
        for_each_choice(count, all, chosen, visit);
        chosen.pop_back();
    }
}

TEST(edge_weights, are_rates_divided_by_the_highest_rate) {
    plan_request few;
    for (const auto* role : {"a", "b", "c"}) few.add_role(role);
    for (const auto* edge : {"a->b@0.2ps", "b->c@0.05ps", "a->c"}) few.add_edge(edge);
    EXPECT_THAT(edge_weights(few), ElementsAre(1, 0.25, 1));
}

// ---- The linear assignment problem

TEST(least_assignment, is_the_minimum_sum_of_cells_in_different_columns) {
    std::mt19937 random(3);
    for (std::size_t rows = 0; rows != 5; ++rows)
        for (std::size_t columns = rows; columns != 6; ++columns)
            for (int round = 0; round != 12; ++round) {
                std::vector<double> cells;
                const unsigned range =
                    round % 3 == 0 ? 3 : 40;  // costs are often equal in some rounds, seldom in others
                for (std::size_t i = 0; i != rows * columns; ++i)
                    cells.push_back(0.25 * static_cast<double>(random() % range));
                double least = std::numeric_limits<double>::infinity();
                std::vector<std::size_t> chosen;
                for_each_choice(rows, columns, chosen, [&](const std::vector<std::size_t>& column_of) {
                    double sum = 0;
                    for (std::size_t row = 0; row != rows; ++row) sum += cells[row * columns + column_of[row]];
                    least = std::min(least, sum);
                });
                EXPECT_NEAR(weir::least_assignment(cells, rows, columns), least, 1e-9)
                    << testing::PrintToString(cells) << " in " << rows << " rows";
            }
}

// ---- Costs of roles

TEST(plan_model, charges_for_the_core_of_pu_0_if_it_exists) {
    const auto pu_0_of = [](const char* machine) {
        const auto on = topology::synthetic(machine);
        const plan_model model(request({"a->b"}), on, {}, {});
        std::vector<double> paid;
        for (std::size_t seat = 0; seat != model.seats(); ++seat) paid.push_back(model.cost({seat, seat}).pu_0 / 2);
        return paid;
    };
    EXPECT_THAT(pu_0_of("core:2 pu:2"), ElementsAre(10, 10, 0, 0));
    EXPECT_THAT(pu_0_of("core:2 pu:2(indexes=4,3,1,2)"), ElementsAre(0, 0, 0, 0));
}

TEST(plan_model, charges_a_quiet_role_for_the_noise_of_its_pu) {
    const auto machine = topology::synthetic("core:2 pu:2");
    measurements noise;
    noise.noise_ns[3] = 7;
    const plan_model model(request({}, {"a:quiet", "b"}), machine, noise, {.isolated = pu_set{1, 2}});
    const auto noise_of_a = [&](std::size_t seat) { return model.cost({seat, seat}).noise; };
    for (std::size_t seat = 0; seat != 4; ++seat) EXPECT_EQ(noise_of_a(seat), 7) << "the only one that is known";
    noise.noise_ns = {{0, 100}, {1, 9}, {3, 7}};
    const plan_model more(request({}, {"a:quiet", "b"}), machine, noise, {.isolated = pu_set{1, 2}});
    EXPECT_EQ(more.cost({2, 2}).noise, 9) << "the median";
    const plan_model unknown(request({}, {"a:quiet", "b"}), machine, {}, {.isolated = pu_set{1, 2}});
    const auto assumed_of_a = [&](std::size_t seat) { return unknown.cost({seat, seat}).noise; };
    EXPECT_EQ(assumed_of_a(0), weir::assumed::noise_of_core_of_pu_0_ns);
    EXPECT_EQ(assumed_of_a(1), weir::assumed::isolated_noise_ns);
    EXPECT_EQ(assumed_of_a(2), weir::assumed::isolated_noise_ns);
    EXPECT_EQ(assumed_of_a(3), weir::assumed::noise_ns);
}

/// Costs between all PUs of "core:3 pu:2", all different.
const std::vector<std::vector<double>> six_ways{{0, 20, 70, 45, 90, 41},  //
                                                {23, 0, 38, 81, 52, 66},  //
                                                {60, 31, 0, 15, 77, 48},  //
                                                {44, 57, 18, 0, 35, 62},  //
                                                {33, 85, 73, 59, 0, 27},  //
                                                {74, 47, 68, 42, 24, 0}};

TEST(plan_model, charges_an_edge_in_the_direction_in_which_it_runs) {
    const auto machine = topology::synthetic("core:3 pu:2");
    const plan_model model(request({"a->b", "c->b"}, {"a:smt-ok", "b:smt-ok", "c:quiet"}), machine, measured(six_ways),
                           {});
    EXPECT_EQ(model.cost({2, 4, 1}).edges, 77 + 11 * 52);
    EXPECT_EQ(model.cost({4, 2, 1}).edges, 73 + 11 * 38);
    const seating others{plan_model::nowhere, 4, 1};
    EXPECT_EQ(model.cost_of(0, 2, others), 77);
    EXPECT_EQ(model.cost_of(1, 4, {2, plan_model::nowhere, 1}), 77 + 11 * 52);
    EXPECT_EQ(model.cost_of(1, 4, {2, plan_model::nowhere, plan_model::nowhere}), 77);
    EXPECT_EQ(model.cost_of(1, 3, {2, plan_model::nowhere, plan_model::nowhere}), 15) << "both do not mind company";
}

// ---- Bounds on edges to come

TEST(order, begins_with_pinned_roles_and_continues_by_edge_weight_to_placed_roles) {
    const auto machine = topology::synthetic("core:4 pu:1");
    const auto order = [&](const std::vector<std::string>& roles) {
        const plan_model model(request({"a->b@100kps", "b->c@1Mps", "c->d@100kps"}, roles), machine, {}, {});
        return search_tables(model).order();
    };
    EXPECT_THAT(order({"a", "b", "c", "d"}), ElementsAre(1, 2, 0, 3)) << "the first of equals";
    EXPECT_THAT(order({"a", "b", "c", "d:quiet"}), ElementsAre(2, 3, 1, 0)) << "a critical edge counts four times";
    EXPECT_THAT(order({"a:pinned=0", "b", "c", "d:quiet"}), ElementsAre(0, 1, 2, 3));
    EXPECT_THAT(order({"a", "b", "c:pinned=2", "d:pinned=3"}), ElementsAre(2, 3, 1, 0));
}

/// The bound on edges to come, for the role on each seat of "core:3 pu:2", when no role is placed.
std::vector<double> to_come(const search_tables& tables, std::size_t role, std::size_t depth = 0) {
    std::vector<double> sums;
    for (std::size_t seat = 0; seat != 6; ++seat) sums.push_back(tables.to_come(depth, role, seat));
    return sums;
}

std::vector<double> to_come_if_shared(const search_tables& tables, std::size_t role) {
    std::vector<double> sums;
    for (std::size_t seat = 0; seat != 6; ++seat) sums.push_back(tables.to_come_if_shared(0, role, seat));
    return sums;
}

plan_model three_cores(const std::vector<std::string>& edges, const std::vector<std::string>& roles) {
    return {request(edges, roles), topology::synthetic("core:3 pu:2"), measured(six_ways), {}};
}

TEST(to_come, is_half_of_the_cheaper_direction_to_the_cheapest_seat) {
    const auto model = three_cores({"a->b"}, {"a", "b", "c"});
    const search_tables tables(model);
    ASSERT_TRUE(tables.splits_on_sharing());
    EXPECT_EQ(tables.least_sharing(), 3000);
    // By seat: of 60 44 33 41, of 31 57 52 47, of 60 31 73 48, of 44 57 35 42, of 33 52 73 35, of 41 47 48 42.
    EXPECT_THAT(to_come(tables, 0), ElementsAre(16.5, 15.5, 15.5, 17.5, 16.5, 20.5));
    EXPECT_THAT(to_come(tables, 1), ElementsAre(16.5, 15.5, 15.5, 17.5, 16.5, 20.5));
    EXPECT_THAT(to_come(tables, 2), ElementsAre(0, 0, 0, 0, 0, 0)) << "no edge, no cost";
    EXPECT_THAT(to_come_if_shared(tables, 0), ElementsAre(10, 10, 7.5, 7.5, 12, 12)) << "to the sibling";
    EXPECT_THAT(to_come_if_shared(tables, 2), ElementsAre(0, 0, 0, 0, 0, 0));
    EXPECT_THAT(to_come(tables, 1, 1), ElementsAre(0, 0, 0, 0, 0, 0)) << "a is placed";
}

TEST(to_come, lets_the_heaviest_edge_run_to_the_nearest_core_and_the_next_to_another) {
    const auto model = three_cores({"a->b@500kps", "c->a@1Mps"}, {"a", "b", "c"});
    const search_tables tables(model);
    // The least to each other core: 44 33, 31 47, 31 48, 44 35, 33 35, 41 42. From seat 3 the least two are on one
    // core.
    EXPECT_THAT(to_come(tables, 0), ElementsAre((33 + 22) / 2.0, (31 + 23.5) / 2, (31 + 24) / 2.0, (35 + 22) / 2.0,
                                                (33 + 17.5) / 2, (41 + 21) / 2.0));
    EXPECT_THAT(to_come(tables, 1), ElementsAre(8.25, 7.75, 7.75, 8.75, 8.25, 10.25));
    EXPECT_THAT(to_come_if_shared(tables, 0), ElementsAre((20 + 16.5) / 2, (20 + 15.5) / 2, (15 + 15.5) / 2,
                                                          (15 + 17.5) / 2, (24 + 16.5) / 2, (24 + 20.5) / 2))
        << "the sibling, and the nearest seat but that";
}

TEST(to_come, counts_the_tail_of_critical_edges_and_their_seats_apart) {
    const auto model = three_cores({"a->b", "a->c"}, {"a", "b", "c:quiet"});
    EXPECT_THAT(to_come(search_tables(model), 0), ElementsAre(6 * 33, 6 * 31, 6 * 31, 6 * 35, 6 * 33, 6 * 41));
}

TEST(to_come, counts_core_sharing_penalties_only_if_roles_need_not_share) {
    const auto calm = three_cores({"a->b"}, {"a:smt-ok", "b:smt-ok"});
    const search_tables free(calm);
    EXPECT_FALSE(free.splits_on_sharing());
    EXPECT_EQ(free.least_sharing(), 0);
    EXPECT_THAT(to_come(free, 0), ElementsAre(10, 10, 7.5, 7.5, 12, 12));
    const auto mixed = three_cores({"a->c"}, {"a:smt-ok", "b:smt-ok", "c"});
    const search_tables paid(mixed);
    EXPECT_FALSE(paid.splits_on_sharing());
    EXPECT_THAT(to_come(paid, 0), ElementsAre(16.5, 15.5, 15.5, 17.5, 16.5, 20.5)) << "1500 ns are dearer";
    const auto one_minds = three_cores({"a->b"}, {"a:smt-ok", "b"});
    EXPECT_TRUE(search_tables(one_minds).splits_on_sharing());
    EXPECT_EQ(search_tables(one_minds).least_sharing(), 1500);
}

TEST(to_come, merges_two_edges_of_one_pair_and_counts_their_sharing_once) {
    const auto far = topology::synthetic("core:2 pu:2");
    measurements ways;
    for (const auto& [from, to] : {std::pair{0, 2}, {0, 3}, {1, 2}, {1, 3}}) {
        ways.pairs[{from, to}] = {9000, 9000};
        ways.pairs[{to, from}] = {9000, 9000};
    }
    for (const auto& [from, to] : {std::pair{0, 1}, {1, 0}, {2, 3}, {3, 2}}) ways.pairs[{from, to}] = {100, 100};
    const std::vector<std::string> roles{"a:smt-ok", "b:smt-ok", "c"};
    const plan_model once(request({"a->c"}, roles), far, ways, {});
    EXPECT_EQ(search_tables(once).to_come(0, 0, 2), (100 + 1500) / 2);
    const plan_model twice(request({"a->c", "c->a"}, roles), far, ways, {});
    EXPECT_EQ(search_tables(twice).to_come(0, 0, 2), 100) << "one share of 1500 ns is not two";
}

TEST(to_come, leaves_out_edges_of_pinned_roles) {
    const auto model = three_cores({"a->b", "b->c"}, {"a:pinned=4", "b", "c"});
    const search_tables tables(model);
    EXPECT_THAT(to_come(tables, 0), ElementsAre(0, 0, 0, 0, 0, 0));
    EXPECT_THAT(to_come(tables, 1), ElementsAre(16.5, 15.5, 15.5, 17.5, 16.5, 20.5)) << "to c alone";
}

// ---- The search

struct puzzle {
    topology machine;
    plan_request asked;
    measurements ways;
    plan_settings settings;
};

puzzle random_puzzle(unsigned seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    const char* const machines[] = {"core:2 pu:2", "core:3 pu:2", "pack:2 core:2 pu:1",
                                    "core:2 pu:3(indexes=3,1,0,5,4,2)"};
    const auto chosen = below(4);
    puzzle made{topology::synthetic(machines[chosen]), {}, {}, {}};
    const unsigned roles = 2 + below(3);
    const bool is_dear_apart = below(2) == 0;  // so that sharing a core pays off
    for (unsigned i = 0; i != roles; ++i) {
        made.asked.roles.push_back({.name = std::string(1, static_cast<char>('a' + i)),
                                    .quiet = below(4) == 0,
                                    .smt_ok = below(is_dear_apart ? 6 : 2) == 0});
        if (chosen == 2 && below(3) == 0) made.asked.roles.back().package = below(2);
    }
    if (below(4) == 0) made.asked.roles[below(roles)] = {.name = "p", .pinned = below(4)};
    for (unsigned from = 0; from != roles; ++from)
        for (unsigned to = 0; to != roles; ++to)
            if (from != to && below(3) != 0)
                made.asked.edges.push_back({made.asked.roles[from].name, made.asked.roles[to].name,
                                            below(2) == 0 ? std::optional<double>(1 + below(5)) : std::nullopt});
    const unsigned range = below(3) == 0 ? 5000 : 100;
    if (below(4) != 0)
        for (const auto& a : made.machine.pus())
            for (const auto& b : made.machine.pus()) {
                const double p50 = 1 + below(range) + (is_dear_apart && a.core != b.core ? 4000 : 0);
                made.ways.pairs[{a.os_index, b.os_index}] = {p50, p50 + below(range)};
            }
    return made;
}

struct extremes {
    double least = std::numeric_limits<double>::infinity();
    double most = -1;
};

extremes of_every_seating(const plan_model& model) {
    extremes found;
    std::vector<std::size_t> chosen;
    for_each_choice(model.roles(), model.seats(), chosen, [&](const seating& all) {
        for (std::size_t role = 0; role != model.roles(); ++role)
            if (!model.may_sit(role, all[role])) return;
        const double cost = model.cost(all).total();
        found.least = std::min(found.least, cost);
        found.most = std::max(found.most, cost);
    });
    return found;
}

constexpr unsigned puzzles = 100;

TEST(search, finds_the_optimum_and_states_valid_bounds_at_any_effort) {
    unsigned solved = 0;
    for (unsigned seed = 0; seed != puzzles; ++seed) {
        const auto p = random_puzzle(seed);
        std::optional<plan_model> model;
        try {
            model.emplace(p.asked, p.machine, p.ways, p.settings);
        } catch (const weir::placement_error&) {  // for example two roles in a package with one free PU
            continue;
        }
        const auto [least, most] = of_every_seating(*model);
        const auto whole = weir::find_best(*model, 1'000'000);
        if (least > most) {
            EXPECT_TRUE(whole.best.empty()) << seed;
            continue;
        }
        ++solved;
        ASSERT_FALSE(whole.best.empty()) << seed;
        EXPECT_NEAR(model->cost(whole.best).total(), least, 1e-6) << seed;
        EXPECT_NEAR(whole.lower_bound, least, 1e-6) << seed;
        for (const unsigned effort : {0U, 10U, 30U, 60U, 120U, 250U}) {
            const auto part = weir::find_best(*model, effort);
            ASSERT_FALSE(part.best.empty()) << seed << " effort " << effort;
            EXPECT_LE(part.lower_bound, least + 1e-6) << seed << " effort " << effort;
            EXPECT_GE(model->cost(part.best).total(), least - 1e-6) << seed << " effort " << effort;
        }
        const auto worst = weir::find_worst(*model);
        ASSERT_FALSE(worst.empty()) << seed;
        EXPECT_LE(model->cost(worst).total(), most + 1e-6) << seed;
        for (std::size_t role = 0; role != model->roles(); ++role)
            EXPECT_TRUE(model->may_sit(role, worst[role])) << seed << ", role " << role;
    }
    EXPECT_GE(solved, 85U);
}

// ---- Equivalent PUs

/// A text for the part of the machine around this seat at this level; equal texts mean equivalent parts.
std::string portrait(const plan_model& model, const seating& placed, std::size_t level, std::size_t seat) {
    if (level == plan_model::levels) {
        std::string text = "(";
        for (std::size_t role = 0; role != model.roles(); ++role)
            text += std::to_string(std::lround(model.alone(role, seat))) + (placed[role] == seat ? "!" : ".");
        return text + ")";
    }
    std::vector<std::string> parts;
    std::vector<std::size_t> seen;
    const auto& nodes = model.nodes();
    const auto part_of = [&](std::size_t other) {
        return level + 1 == plan_model::levels ? other : nodes[level + 1][other];
    };
    for (std::size_t other = 0; other != model.seats(); ++other) {
        if (nodes[level][other] != nodes[level][seat]) continue;
        if (std::find(seen.begin(), seen.end(), part_of(other)) != seen.end()) continue;
        seen.push_back(part_of(other));
        parts.push_back(portrait(model, placed, level + 1, other));
    }
    std::sort(parts.begin(), parts.end());
    std::string text = "[";
    for (const auto& part : parts) text += part;
    return text + "]";
}

TEST(twins, are_exactly_the_pus_that_a_symmetry_of_the_machine_maps_to_each_other) {
    std::mt19937 random(5);
    for (const auto* name : {"core:4 pu:2", "pack:2 l3:2 core:2 pu:1", "pack:2 numa:2 l2:2 pu:2"}) {
        const auto machine = topology::synthetic(name);
        for (int round = 0; round != 12; ++round) {
            plan_settings settings;
            for (const auto& pu : machine.pus())
                if (round == 0 || random() % 4 != 0) settings.pus.insert(pu.os_index);
            if (settings.pus.size() < 3) continue;
            const auto roles = round % 2 == 0 ? std::vector<std::string>{"a", "b", "c"}
                                              : std::vector<std::string>{"a:quiet", "b", "c"};
            const plan_model model(request({"a->b", "b->c"}, roles), machine, {}, settings);
            ASSERT_TRUE(model.is_regular());
            twin_finder twins(model);
            seating placed(3, plan_model::nowhere);
            for (std::size_t role = 0; role <= 3; ++role) {
                twins.look(placed);
                std::vector<std::string> paths(model.seats());
                for (std::size_t seat = 0; seat != model.seats(); ++seat)
                    for (std::size_t level = 0; level <= plan_model::levels; ++level)
                        paths[seat] += portrait(model, placed, level, seat);
                for (std::size_t a = 0; a != model.seats(); ++a)
                    for (std::size_t b = 0; b != a; ++b)
                        EXPECT_EQ(twins.of(a) == twins.of(b), paths[a] == paths[b])
                            << name << " of " << settings.pus.to_string() << " with " << role << " placed: PU "
                            << model.pus()[a] << " and PU " << model.pus()[b];
                if (role == 3) break;
                do placed[role] = random() % model.seats();
                while (std::count(placed.begin(), placed.end(), placed[role]) != 1);
            }
        }
    }
}

}  // namespace
