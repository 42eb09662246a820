// SPDX-License-Identifier: MIT
// The same graph several times, each in a part of the machine of its own.
#include <weir/plan.hpp>

#include "plan_check.hpp"
#include "plan_model.hpp"
#include "plan_words.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace weir {
namespace {

constexpr std::array levels{copy_place::l3, copy_place::numa_node, copy_place::package};

std::string name_of(copy_place where) {
    switch (where) {
    case copy_place::l3: return "L3 cache";
    case copy_place::numa_node: return "NUMA node";
    default: return "package";
    }
}

std::optional<unsigned> part_of(const pu_info& pu, copy_place where) {
    switch (where) {
    case copy_place::l3: return pu.l3;
    case copy_place::numa_node: return pu.numa_node;
    default: return pu.package;
    }
}

// The parts of the machine that have `least` of these PUs, by index.
std::vector<pu_set> parts(const topology& machine, copy_place where, const pu_set& pus, std::size_t least) {
    std::map<unsigned, pu_set> all;
    for (const auto& pu : machine.pus())
        if (const auto part = part_of(pu, where); part && pus.contains(pu.os_index)) all[*part].insert(pu.os_index);
    std::vector<pu_set> large;
    for (auto& [index, of] : all)
        if (of.size() >= least) large.push_back(std::move(of));
    return large;
}

plan_request copy_of(const plan_request& request, std::size_t number) {
    const auto suffix = "." + std::to_string(number);
    auto copy = request;
    for (auto& role : copy.roles) role.name += suffix;
    for (auto& edge : copy.edges) {
        edge.from += suffix;
        edge.to += suffix;
    }
    return copy;
}

void add(plan_cost& sum, const plan_cost& more) {
    sum.edges += more.edges;
    sum.noise += more.noise;
    sum.smt_sharing += more.smt_sharing;
    sum.not_isolated += more.not_isolated;
    sum.slow_cores += more.slow_cores;
    sum.pu_0 += more.pu_0;
    sum.device += more.device;
    sum.memory += more.memory;
}

// The package that the hints of its roles name, if they do: each copy is in one part of the machine.
std::optional<unsigned> package_of(const plan_request& request) {
    const plan_role* first = nullptr;
    for (const auto& role : request.roles) {
        if (!role.package || role.housekeeping) continue;
        if (first != nullptr && role.package != first->package)
            throw placement_error("role '" + first->name + "' is for package " + std::to_string(*first->package) +
                                  ", and role '" + role.name + "' for package " + std::to_string(*role.package) +
                                  ", but each copy is in one part of the machine; leave out one of the hints");
        first = &role;
    }
    return first != nullptr ? first->package : std::nullopt;
}

pu_set pus_of_package(const topology& machine, unsigned package) {
    pu_set pus;
    for (const auto& pu : machine.pus())
        if (pu.package == package) pus.insert(pu.os_index);
    return pus;
}

// With the names of the copy, whose number the plan was not made with.
void add_copy(placement_plan& sum, const placement_plan& one, const plan_request& copy) {
    for (std::size_t i = 0; i != one.roles.size(); ++i) {
        sum.roles.push_back(one.roles[i]);
        sum.roles.back().asked = copy.roles[i];
    }
    for (std::size_t i = 0; i != one.edges.size(); ++i) {
        sum.edges.push_back(one.edges[i]);
        sum.edges.back().asked = copy.edges[i];
    }
    add(sum.cost, one.cost);
    sum.lower_bound_ns += one.lower_bound_ns;
    for (const auto& remark : one.remarks)
        if (std::find(sum.remarks.begin(), sum.remarks.end(), remark) == sum.remarks.end())
            sum.remarks.push_back(remark);
}

}  // namespace

placement_plan plan_copies(const plan_request& request, unsigned times, const topology& machine, copy_place where,
                           const measurements& measured, const plan_settings& settings) {
    std::size_t needed = 0;
    for (const auto& role : request.roles) {
        if (role.pinned)
            throw placement_error("role '" + role.name + "' is pinned to PU " + std::to_string(*role.pinned) +
                                  ", and cannot be there " + std::to_string(times) + " times; leave out the hint");
        needed += role.housekeeping ? 0 : 1;
    }
    auto own = settings;
    own.housekeeping = housekeeping_pus_of(request, machine, settings);
    auto pus = (settings.pus.empty() ? machine.allowed() : settings.pus) - settings.keep_free - own.housekeeping;
    if (const auto package = package_of(request)) pus = pus & pus_of_package(machine, *package);

    std::vector<pu_set> places;
    std::string seen;
    for (const auto level : levels) {
        if (where != copy_place::automatic && where != level) continue;
        places = parts(machine, level, pus, std::max<std::size_t>(needed, 1));
        seen += (seen.empty() ? "" : ", ") + std::to_string(places.size()) + " " + name_of(level) +
                (places.size() == 1 ? "" : "s");
        if (places.size() >= times) break;
    }
    if (times == 0 || places.size() < times)
        throw placement_error("the graph has " + std::to_string(needed) + " roles that need a PU, and " +
                              std::to_string(times) + " copies were asked for, but there are PUs for them in " + seen +
                              "; ask for fewer copies, or for larger parts of the machine");

    std::vector<std::pair<double, placement_plan>> plans;
    for (const auto& place : places) {
        own.pus = place;
        auto made = plan(request, machine, measured, own);
        const auto cost = made.cost.total();
        plans.emplace_back(cost, std::move(made));
    }
    std::stable_sort(plans.begin(), plans.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    plans.resize(times);
    // In the machine's order again.
    std::stable_sort(plans.begin(), plans.end(), [&](const auto& a, const auto& b) {
        const auto first = [&](const placement_plan& made) {
            unsigned least = ~0U;
            for (const auto& role : made.roles)
                if (!role.asked.housekeeping) least = std::min(least, machine.pu(role.pu).index);
            return least;
        };
        return first(a.second) < first(b.second);
    });

    placement_plan sum;
    sum.fingerprint = fingerprint(machine);
    sum.machine = machine.summary();
    sum.is_of_this_machine = machine.is_this_machine();
    for (std::size_t i = 0; i != plans.size(); ++i) add_copy(sum, plans[i].second, copy_of(request, i + 1));
    return sum;
}

}  // namespace weir
