// SPDX-License-Identifier: MIT
// Turns the search result into a plan: its tables, its alternatives and its remarks. And costs a placement that exists.
#include <weir/plan.hpp>

#include "plan_check.hpp"
#include "plan_reasons.hpp"
#include "plan_search.hpp"
#include "plan_words.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace weir {
namespace {

pu_set measured_pus(const measurements& measured) {
    pu_set all;
    for (const auto& [pu, noise] : measured.noise_ns) all.insert(pu);
    return all;
}

void add_remarks(placement_plan& made, const topology& machine, const measurements& measured,
                 const pu_set& candidates) {
    const auto any_assumed = std::any_of(made.edges.begin(), made.edges.end(),
                                         [](const planned_edge& edge) { return edge.source == cost_source::assumed; });
    if (any_assumed)
        made.remarks.emplace_back(
            "edge costs marked 'assumed' are round figures for the distance, not measured on this machine; measure "
            "them with 'weir matrix'");
    const auto noise_matters = std::any_of(made.roles.begin(), made.roles.end(), [](const planned_role& role) {
        return role.asked.quiet && role.noise_assumed;
    });
    if (noise_matters && measured.noise_ns.empty())
        made.remarks.emplace_back("the noise of PUs is assumed; measure it with 'weir jitter'");
    if (const auto unmeasured = candidates - measured_pus(measured); !measured.noise_ns.empty() && !unmeasured.empty())
        made.remarks.push_back("the noise of PUs " + unmeasured.to_string() +
                               " was not measured: they take the median of those that were; measure all with 'weir "
                               "jitter'");
    for (const auto& edge : made.edges) {
        const auto found = measured.items_per_s.find({made.pu_of(edge.asked.from), made.pu_of(edge.asked.to)});
        if (found != measured.items_per_s.end() && edge.asked.items_per_s.value_or(0) > found->second)
            made.remarks.push_back(edge.asked.name() + " carries " +
                                   std::to_string(std::llround(*edge.asked.items_per_s)) + " items/s, but only " +
                                   std::to_string(std::llround(found->second)) +
                                   " items/s were measured between its PUs; send batches or split the edge");
        if (edge.distance == distance::same_pu)
            made.remarks.push_back("both ends of " + edge.asked.name() +
                                   " are pinned to one PU and take turns there: neither may spin");
    }
    for (const auto& core : machine.cores()) {
        std::string mates;
        for (const auto& role : made.roles)
            if (core.pus.contains(role.pu) && !role.asked.smt_ok && !role.asked.housekeeping)
                mates += (mates.empty() ? "" : " and ") + role.asked.name;
        const auto here = std::count_if(made.roles.begin(), made.roles.end(),
                                        [&](const planned_role& role) { return core.pus.contains(role.pu); });
        if (here > 1 && !mates.empty())
            made.remarks.push_back("core:" + std::to_string(core.index) + " is shared, although " + mates +
                                   " did not ask for smt-ok: there are more roles than suitable cores");
    }
    const auto reserved = (machine.isolated() & machine.cgroup_allowed()) - candidates;
    if (!reserved.empty())
        made.remarks.push_back("isolated PUs " + reserved.to_string() +
                               " are not used unless named by --pus, pinned= or taskset");
}

void fill(placement_plan& made, const plan_request& request, const topology& machine, const measurements& measured,
          const plan_model& model, const seating& best) {
    for (std::size_t i = 0; i != request.roles.size(); ++i) {
        const auto pu = model.pus()[best[i]];
        made.roles.push_back({request.roles[i], pu, model.is_isolated(best[i]), model.noise(best[i]),
                              measured.noise_ns.find(pu) == measured.noise_ns.end(),
                              request.roles[i].housekeeping ? model.housekeeping() : pu_set{pu},
                              machine.memory_node(pu)});
    }
    const auto weights = edge_weights(request);
    for (std::size_t i = 0; i != request.edges.size(); ++i) {
        const auto& edge = request.edges[i];
        const auto from = made.pu_of(edge.from);
        const auto to = made.pu_of(edge.to);
        const auto [cost, source] = measured.cost(machine, from, to);
        made.edges.push_back({edge, machine.distance_between(from, to), cost, source, weights[i],
                              is_critical(request, edge), measured.slots_node(machine, from, to)});
    }
}

}  // namespace

placement_plan plan(const plan_request& request, const topology& machine, const measurements& measured,
                    const plan_settings& settings) {
    const plan_model model(request, machine, measured, settings);
    const auto found = find_best(model, settings.effort);
    if (found.best.empty())
        throw placement_error(
            "no placement satisfies all hints: more roles are assigned to a package than it has "
            "PUs that may be used; remove a package= or pinned= hint");
    placement_plan made;
    made.fingerprint = fingerprint(machine);
    made.machine = machine.summary();
    made.is_of_this_machine = machine.is_this_machine();
    made.cost = model.cost(found.best);
    made.lower_bound_ns = std::min(found.lower_bound, made.cost.total());
    fill(made, request, machine, measured, model, found.best);
    made.alternatives = plan_reasons(request, machine, model, found.best).alternatives();
    add_remarks(made, machine, measured, pu_set(model.pus()));
    for (const auto& device : model.devices_near_all())
        made.remarks.push_back(device + " is as close to every candidate PU as to any other, so it decides nothing");
    return made;
}

namespace {

// The hints and rules that a placement breaks.
std::vector<std::string> broken_rules(const plan_request& request, const topology& machine,
                                      const std::vector<unsigned>& pus, const pu_set& housekeeping) {
    std::vector<std::string> broken;
    for (std::size_t i = 0; i != pus.size(); ++i) {
        const auto& role = request.roles[i];
        const auto on = role.name + " is on PU " + std::to_string(pus[i]);
        if (role.pinned && *role.pinned != pus[i])
            broken.push_back(on + ", but asks for PU " + std::to_string(*role.pinned));
        if (role.package && machine.pu(pus[i]).package != role.package)
            broken.push_back(on + ", which is not in package " + std::to_string(*role.package) + ", as it asks");
        if (role.housekeeping && !housekeeping.contains(pus[i]))
            broken.push_back(on + ", and not on PUs " + housekeeping.to_string() +
                             " with the other housekeeping roles; it is costed as if it were there");
        const auto pinned_here = [&](std::size_t other) { return request.roles[other].pinned == pus[i]; };
        for (std::size_t other = 0; other != i; ++other)
            if (pus[other] == pus[i] && !(role.housekeeping && request.roles[other].housekeeping) &&
                !(pinned_here(i) && pinned_here(other)))
                broken.push_back(request.roles[other].name + " and " + role.name + " share PU " +
                                 std::to_string(pus[i]) + ": they take turns there, and neither may spin");
    }
    return broken;
}

}  // namespace

placement_check check_placement(const plan_request& request, const std::vector<unsigned>& pus, const topology& machine,
                                const measurements& measured, const plan_settings& settings) {
    if (pus.size() != request.roles.size())
        throw placement_error("there are " + std::to_string(pus.size()) + " places for " +
                              std::to_string(request.roles.size()) + " roles: give one for each");
    for (const unsigned pu : pus) static_cast<void>(machine.pu(pu));  // throws if it does not exist
    auto all = settings;
    all.pus = (settings.pus.empty() ? machine.allowed() : settings.pus) | pu_set(pus);
    all.housekeeping = housekeeping_pus_of(request, machine, settings);
    // The model has every place of both, and the plan keeps to the PUs that it may use.
    auto both = all;
    both.keep_free = settings.keep_free - pu_set(pus);
    const plan_model model(request, machine, measured, both, plan_model::housekeeping_pus::kept);
    seating seats;
    for (std::size_t i = 0; i != pus.size(); ++i) seats.push_back(model.seat_of(i, pus[i]));

    placement_check made;
    made.best = plan(request, machine, measured, all);
    made.placed.fingerprint = made.best.fingerprint;
    made.placed.machine = made.best.machine;
    made.placed.is_of_this_machine = made.best.is_of_this_machine;
    made.placed.cost = model.cost(seats);
    made.placed.lower_bound_ns = std::min(made.best.lower_bound_ns, made.placed.cost.total());
    fill(made.placed, request, machine, measured, model, seats);
    add_remarks(made.placed, machine, measured, pu_set(model.pus()));
    seating best;
    for (std::size_t i = 0; i != pus.size(); ++i) best.push_back(model.seat_of(i, made.best.roles[i].pu));
    made.differences = plan_reasons(request, machine, model, best).differences(seats);
    made.steps = plan_reasons(request, machine, model, seats).improvements();
    made.broken = broken_rules(request, machine, pus, model.housekeeping());
    if (const auto taken = settings.keep_free & pu_set(pus); !taken.empty())
        made.broken.push_back("a role is on PU " + taken.to_string() + ", which is to be kept free");
    return made;
}

std::vector<unsigned> worst_placement(const plan_request& request, const topology& machine,
                                      const measurements& measured, const plan_settings& settings) {
    const plan_model model(request, machine, measured, settings);
    const auto best = find_best(model, settings.effort / 10).best;
    auto worst = find_worst(model);
    if (best.empty() || worst.empty())
        throw placement_error(
            "no placement satisfies all hints, so there is none to compare with; remove a package= or pinned= hint");
    // With as many roles as PUs, placements differ only in the order of the roles.
    if (model.seats() <= model.roles() || model.cost(worst).total() <= model.cost(best).total() + 1)
        worst.assign(worst.size(), best.front());
    std::vector<unsigned> pus;
    for (const auto seat : worst) pus.push_back(model.pus()[seat]);
    return pus;
}

}  // namespace weir
