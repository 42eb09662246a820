// SPDX-License-Identifier: MIT
#include "tools/matrix/pair_plan.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "instruments/statistics.hpp"

namespace weir::tool {
namespace {

std::optional<unsigned> kind_of(const topology& machine, const pu_info& pu) {
    if (machine.core_kinds().size() < 2) return std::nullopt;
    const auto& cores = machine.cores();
    const auto core = std::lower_bound(cores.begin(), cores.end(), pu.core,
                                       [](const core_info& c, unsigned index) { return c.index < index; });
    return core == cores.end() ? std::nullopt : core->kind;
}

template <class F>
void for_each_pair(const topology& machine, const std::vector<unsigned>& pus, F f) {
    for (const unsigned from : pus)
        for (const unsigned to : pus)
            if (from != to) f(directed_pair{from, to, class_of(machine, from, to)});
}

// How many pairs each class has. A large machine has millions of pairs, so that they are counted rather than kept.
std::map<pair_class, std::size_t> sizes_of_classes(const topology& machine, const std::vector<unsigned>& pus) {
    std::map<pair_class, std::size_t> sizes;
    for_each_pair(machine, pus, [&](const directed_pair& pair) { ++sizes[pair.kind]; });
    return sizes;
}

// Whether the pair with this number, of so many, is one of `most` from first to last in equal steps.
bool is_chosen(std::size_t number, std::size_t all, std::size_t most) {
    if (most == 0) return false;
    if (all <= most) return true;
    if (most == 1) return number == 0;
    const auto step = number * (most - 1) / (all - 1);
    return step * (all - 1) / (most - 1) == number || (step + 1) * (all - 1) / (most - 1) == number;
}

percentiles_ns medians(const std::vector<const pair_cost*>& pairs) {
    const auto median = [&](double percentiles_ns::*which) {
        std::vector<double> values;
        for (const auto* pair : pairs) values.push_back(pair->one_way_ns.*which);
        return bench::median(values);
    };
    return {median(&percentiles_ns::p50), median(&percentiles_ns::p99), median(&percentiles_ns::p99_9)};
}

class_cost cost_of(const pair_class& kind, std::vector<const pair_cost*> pairs) {
    // Steady and unsteady measurements are not mixed.
    if (std::any_of(pairs.begin(), pairs.end(), [](const auto* pair) { return pair->steady; }))
        std::erase_if(pairs, [](const auto* pair) { return !pair->steady; });
    std::vector<double> rates;
    for (const auto* pair : pairs) rates.push_back(pair->items_per_s);
    return {kind, medians(pairs), bench::median(rates), static_cast<unsigned>(pairs.size())};
}

}  // namespace

pair_class class_of(const topology& machine, unsigned from, unsigned to) {
    const auto& a = machine.pu(from);
    const auto& b = machine.pu(to);
    return {machine.distance_between(from, to), a.numa_node == b.numa_node, kind_of(machine, a), kind_of(machine, b),
            std::round(100 * machine.remoteness(from, to)) / 100};
}

std::string in_words(const pair_class& kind) {
    std::string words{to_string(kind.distance)};
    if (!kind.same_numa_node && kind.distance != distance::cross_package) words += ", other NUMA node";
    if (kind.remoteness != 1) words += fmt::format(", {:.3g} times as far", kind.remoteness);
    if (kind.from_kind && kind.to_kind) words += fmt::format(", kind {} to {}", *kind.from_kind, *kind.to_kind);
    return words;
}

pair_plan plan_pairs(const topology& machine, const pu_set& pus, bool all, std::size_t samples) {
    pair_plan plan;
    for (const auto& pu : machine.pus())
        if (pus.contains(pu.os_index)) plan.pus.push_back(pu.os_index);
    const auto sizes = sizes_of_classes(machine, plan.pus);
    std::map<pair_class, std::size_t> seen;
    std::map<pair_class, std::vector<directed_pair>> some;
    for_each_pair(machine, plan.pus, [&](const directed_pair& pair) {
        const auto number = seen[pair.kind]++;
        if (all || number == 0 || is_chosen(number, sizes.at(pair.kind), samples)) some[pair.kind].push_back(pair);
    });

    std::set<std::pair<unsigned, unsigned>> taken;
    const auto take = [&](const directed_pair& pair) {
        if (taken.emplace(pair.from, pair.to).second) plan.pairs.push_back(pair);
    };
    for (const auto& [kind, pairs] : some) {
        take(pairs.front());
        plan.all_pairs += sizes.at(kind);
    }
    plan.first_of_classes = plan.pairs.size();
    for (const auto& [kind, pairs] : some)
        for (std::size_t number = 0; number != pairs.size(); ++number) {
            const auto& pair = pairs[number];
            if (samples == 0 || (all && !is_chosen(number, pairs.size(), samples))) continue;
            take(pair);
            take({pair.to, pair.from, class_of(machine, pair.to, pair.from)});
        }
    if (all)
        for (const auto& [kind, pairs] : some) std::for_each(pairs.begin(), pairs.end(), take);
    return plan;
}

matrix_data complete(const topology& machine, const pair_plan& plan, std::vector<pair_cost> measured) {
    matrix_data matrix;
    matrix.pus = plan.pus;
    std::map<std::pair<unsigned, unsigned>, const pair_cost*> known;
    std::map<pair_class, std::vector<const pair_cost*>> classes;
    for (const auto& pair : measured) {
        known[{pair.from, pair.to}] = &pair;
        classes[pair.kind].push_back(&pair);
    }
    std::map<pair_class, class_cost> costs;
    for (const auto& [kind, pairs] : classes) matrix.classes.push_back(costs[kind] = cost_of(kind, pairs));

    if (plan.pus.size() > most_pus_with_all_pairs) {
        matrix.pairs = std::move(measured);
        return matrix;
    }
    for (const unsigned from : plan.pus)
        for (const unsigned to : plan.pus) {
            if (from == to) continue;
            if (const auto found = known.find({from, to}); found != known.end()) {
                matrix.pairs.push_back(*found->second);
            } else if (const auto like = costs.find(class_of(machine, from, to)); like != costs.end()) {
                pair_cost filled;
                filled.from = from;
                filled.to = to;
                filled.kind = like->first;
                filled.one_way_ns = like->second.one_way_ns;
                filled.q1_ns = filled.q3_ns = filled.one_way_ns.p50;
                filled.items_per_s = like->second.items_per_s;
                matrix.pairs.push_back(filled);
            }
        }
    return matrix;
}

}  // namespace weir::tool
