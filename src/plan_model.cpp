// SPDX-License-Identifier: MIT
#include "plan_model.hpp"

#include "core_kinds.hpp"
#include "plan_check.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace weir {
namespace {

constexpr std::size_t most_seats = 4096;
constexpr std::size_t most_cells = std::size_t{1} << 24;  // roles x roles x seats: 128 MiB in each table of the search

}  // namespace

bool is_critical(const plan_request& request, const plan_edge& edge) {
    return role_named(request, edge.from).quiet || role_named(request, edge.to).quiet;
}

std::vector<double> edge_weights(const plan_request& request) {
    double highest = 0;
    for (const auto& edge : request.edges) highest = std::max(highest, edge.items_per_s.value_or(0));
    std::vector<double> weights;
    for (const auto& edge : request.edges)
        weights.push_back(is_critical(request, edge) || !edge.items_per_s ? 1 : *edge.items_per_s / highest);
    return weights;
}

plan_model::plan_model(const plan_request& request, const topology& machine, const measurements& measured,
                       const plan_settings& settings, housekeeping_pus keep)
    : roles_(request.roles.size()), isolated_(settings.isolated.value_or(machine.isolated())) {
    check_request(request, machine);
    for (const auto& role : request.roles) {
        pinned_.push_back(role.pinned || role.housekeeping);
        quiet_.push_back(role.quiet);
        sharing_.push_back(role.smt_ok || role.housekeeping ? 0 : assumed::smt_sharing_ns);
    }
    choose_seats(request, machine, settings, keep);
    weigh_devices(request, machine);
    weigh_seats(request, machine, measured);
    weigh_links(request);
    weigh_pairs(machine, measured);
    number_nodes(machine);
    check_regular();
}

void plan_model::choose_seats(const plan_request& request, const topology& machine, const plan_settings& settings,
                              housekeeping_pus keep) {
    for (const unsigned pu : settings.pus)
        if (!machine.cgroup_allowed().contains(pu))
            throw placement_error("PU " + std::to_string(pu) + " cannot be used " + place_of(machine) + " (" +
                                  may_be_used(machine.cgroup_allowed()) + "); run 'weir topo' to see them");
    auto chosen = (settings.pus.empty() ? machine.allowed() : settings.pus) - settings.keep_free;
    pu_set pins;
    std::size_t free_roles = 0;
    for (const auto& role : request.roles)
        role.housekeeping ? void() : role.pinned ? pins.insert(*role.pinned) : void(++free_roles);
    housekeeping_ = housekeeping_pus_of(request, machine, settings);
    shares_housekeeping_ = keep == housekeeping_pus::kept || free_roles > (chosen - housekeeping_ - pins).size();
    if (!shares_housekeeping_) chosen = chosen - housekeeping_;
    if (const auto left = (chosen - pins).size(); free_roles > left)
        throw placement_error(
            "there are " + std::to_string(request.roles.size()) + " roles for " +
            std::to_string((chosen | pins).size()) + ((chosen | pins).size() == 1 ? " PU " : " PUs ") +
            place_of(machine) + " (" + may_be_used(chosen) +
            "), and each needs its own; allow more PUs, merge roles, or give the hint housekeeping to those that " +
            "need no core of their own, such as loggers");
    for (const auto& pu : machine.pus())
        if (chosen.contains(pu.os_index) || pins.contains(pu.os_index)) {
            pus_.push_back(pu.os_index);
            cores_.push_back(pu.core);
        }
    if (pus_.size() > most_seats)
        throw placement_error("there are " + std::to_string(pus_.size()) + " candidate PUs, but a plan takes " +
                              std::to_string(most_seats) + " at most; name those to use, as in --pus 0-4095");
    if (roles_ * roles_ * pus_.size() > most_cells)
        throw placement_error("there are " + std::to_string(roles_) + " roles and " + std::to_string(pus_.size()) +
                              " candidate PUs, but a plan of so many roles takes " +
                              std::to_string(most_cells / roles_ / roles_) +
                              " PUs at most; name those to use with --pus, or plan groups of roles that share no edge");
    candidates_ = pus_.size();
    own_seat_.assign(roles_, nowhere);
    for (std::size_t role = 0; role != roles_; ++role)
        if (request.roles[role].housekeeping) {
            own_seat_[role] = pus_.size();
            pus_.push_back(housekeeping_.front());
            cores_.push_back(machine.pu(housekeeping_.front()).core);
        }
}

std::size_t plan_model::seat_of(std::size_t role, unsigned pu) const {
    if (own_seat_[role] != nowhere) return own_seat_[role];
    return static_cast<std::size_t>(
        std::find(pus_.begin(), pus_.begin() + static_cast<std::ptrdiff_t>(candidates_), pu) - pus_.begin());
}

void plan_model::weigh_seats(const plan_request& request, const topology& machine, const measurements& measured) {
    std::optional<unsigned> core_of_pu_0;  // which may be offline
    for (const auto& pu : machine.pus())
        if (pu.os_index == 0) core_of_pu_0 = pu.core;
    const auto end_of_candidates = pus_.begin() + static_cast<std::ptrdiff_t>(candidates_);
    const bool any_isolated =
        std::any_of(pus_.begin(), end_of_candidates, [&](unsigned pu) { return isolated_.contains(pu); });
    std::vector<double> slow;
    for (const unsigned core : cores_) slow.push_back(slowness_ns(machine, core));
    const double fastest = slow.empty() ? 0 : *std::min_element(slow.begin(), slow.end());
    pu_set pins;
    for (const auto& role : request.roles)
        if (role.pinned) pins.insert(*role.pinned);

    // Beside measured figures an assumed one decides by itself, since it is of another order of magnitude.
    const auto typical_noise = measured.median_noise_ns();
    for (std::size_t seat = 0; seat != seats(); ++seat) {
        const bool isolated = is_isolated(seat);
        const bool on_core_of_pu_0 = core_of_pu_0 == cores_[seat];
        const auto found = measured.noise_ns.find(pus_[seat]);
        noise_.push_back(found != measured.noise_ns.end() ? found->second
                         : typical_noise                  ? *typical_noise
                         : isolated                       ? assumed::isolated_noise_ns
                         : on_core_of_pu_0                ? assumed::noise_of_core_of_pu_0_ns
                                                          : assumed::noise_ns);
        not_isolated_.push_back(any_isolated && !isolated ? assumed::not_isolated_ns : 0);
        slow_.push_back(slow[seat] - fastest);
        pu_0_.push_back(on_core_of_pu_0 ? assumed::pu_0_ns : 0);
        memory_.push_back(far_memory_ns(machine, pus_[seat]));
    }
    for (const auto& role : request.roles)
        for (std::size_t seat = 0; seat != seats(); ++seat) {
            if (role.housekeeping || seat >= candidates_) {
                const auto index = static_cast<std::size_t>(&role - request.roles.data());
                alone_.push_back(own_seat_[index] == seat ? 0 : never);
                continue;
            }
            const bool allowed = role.pinned ? pus_[seat] == *role.pinned
                                             : !pins.contains(pus_[seat]) &&
                                                   (!role.package || machine.pu(pus_[seat]).package == role.package);
            alone_.push_back(!allowed
                                 ? never
                                 : (role.quiet ? noise_[seat] : 0) + not_isolated_[seat] + slowness(role.quiet, seat) +
                                       pu_0_[seat] + memory_[seat] +
                                       far_from_device(static_cast<std::size_t>(&role - request.roles.data()), seat));
        }
    for (const auto& role : request.roles)
        if (const auto first = static_cast<std::size_t>(&role - request.roles.data()) * seats();
            *std::min_element(alone_.begin() + static_cast<std::ptrdiff_t>(first),
                              alone_.begin() + static_cast<std::ptrdiff_t>(first + seats())) >= never)
            throw placement_error("role '" + role.name + "' asks for package " + std::to_string(*role.package) +
                                  ", which has no PU left that may be used " + place_of(machine) +
                                  "; choose another package, or allow more PUs");
}

void plan_model::weigh_devices(const plan_request& request, const topology& machine) {
    if (std::all_of(request.roles.begin(), request.roles.end(), [](const plan_role& role) { return role.near.empty(); }))
        return;
    const auto devices = machine.devices();
    far_from_device_.assign(roles_ * seats(), 0);
    for (std::size_t role = 0; role != roles_; ++role) {
        if (request.roles[role].near.empty()) continue;
        const auto& device = device_of(request.roles[role], devices, machine);
        // The path to a device ends in its package or NUMA node, wherever in it.
        std::map<std::pair<std::optional<unsigned>, std::optional<unsigned>>, unsigned> doors;
        for (const unsigned pu : device.pus) {
            const auto& row = machine.pu(pu);
            doors.try_emplace({row.package, row.numa_node}, pu);
        }
        for (std::size_t seat = 0; seat != candidates_; ++seat) {
            if (device.pus.contains(pus_[seat]) || doors.empty()) continue;
            double least = never;
            for (const auto& [part, door] : doors) {
                const auto cost = assumed_one_way(machine, door, pus_[seat]);
                least = std::min(least, cost.p50_ns + (quiet_[role] ? cost.p99_ns : 0));
            }
            far_from_device_[role * seats() + seat] = least;
        }
        const auto first = far_from_device_.begin() + static_cast<std::ptrdiff_t>(role * seats());
        if (std::all_of(first, first + static_cast<std::ptrdiff_t>(candidates_), [](double cost) { return cost == 0; }))
            devices_near_all_.push_back(request.roles[role].near);
    }
}

void plan_model::weigh_links(const plan_request& request) {
    links_of_.resize(roles_);
    const auto weights = edge_weights(request);
    for (std::size_t i = 0; i != request.edges.size(); ++i) {
        const auto& edge = request.edges[i];
        const auto index = [&](const std::string& name) {
            return static_cast<std::size_t>(&role_named(request, name) - request.roles.data());
        };
        links_.push_back({index(edge.from), index(edge.to), weights[i], is_critical(request, edge)});
        links_of_[links_.back().from].push_back(i);
        links_of_[links_.back().to].push_back(i);
    }
}

void plan_model::weigh_pairs(const topology& machine, const measurements& measured) {
    calm_.resize(seats() * seats());
    critical_.resize(seats() * seats());
    // Assumed costs are the same in both directions, which halves the time for thousands of PUs.
    const bool is_symmetric = measured.pairs.empty() && measured.pairs_by_class.empty();
    for (std::size_t from = 0; from != seats(); ++from)
        for (std::size_t to = is_symmetric ? from : 0; to != seats(); ++to) {
            const auto cost = measured.cost(machine, pus_[from], pus_[to]).cost;
            calm_[from * seats() + to] = cost.p50_ns;
            critical_[from * seats() + to] = cost.p50_ns + cost.p99_ns;
            if (!is_symmetric) continue;
            calm_[to * seats() + from] = calm_[from * seats() + to];
            critical_[to * seats() + from] = critical_[from * seats() + to];
        }
}

namespace {

// The group of a PU, if it contains all of its L3 cache: 0 for none.
unsigned outer_group(const topology& machine, const pu_info& pu) {
    if (!pu.group) return 0;
    for (const auto& other : machine.pus())
        if (pu.l3 && other.l3 == pu.l3 && other.group != pu.group) return 0;
    return *pu.group + 1;
}

}  // namespace

void plan_model::number_nodes(const topology& machine) {
    using path = std::vector<unsigned>;
    std::array<std::map<path, std::size_t>, levels> known;
    for (const unsigned number : pus_) {
        const auto& pu = machine.pu(number);
        const auto or_none = [](std::optional<unsigned> index) { return index ? *index + 1 : 0; };
        const std::array<unsigned, levels> steps{or_none(pu.package),
                                                 or_none(pu.numa_node),
                                                 or_none(pu.die),
                                                 outer_group(machine, pu),
                                                 or_none(pu.l3),
                                                 or_none(pu.group),
                                                 or_none(pu.l2),
                                                 pu.core,
                                                 number};
        const bool is_own_seat = nodes_.back().size() >= candidates_;
        path here;
        for (std::size_t level = 0; level != levels; ++level) {
            here.push_back(is_own_seat && level == levels - 1
                               ? pu_set::max_pu + 1 + static_cast<unsigned>(nodes_.back().size())
                               : steps[level]);
            nodes_[level].push_back(known[level].try_emplace(here, known[level].size()).first->second);
        }
    }
}

void plan_model::check_regular() {
    if (shares_housekeeping_ && candidates_ != seats()) return;  // a role may be on the PU of another, and beside it
    // By the innermost common level (0: none): the one cost that all pairs at that level must have.
    std::array<std::optional<std::pair<double, double>>, levels + 1> seen;
    for (std::size_t a = 0; a != seats(); ++a)
        for (std::size_t b = 0; b != seats(); ++b) {
            if (a >= candidates_ && b >= candidates_) continue;  // the cost between housekeeping roles is a constant
            std::size_t common = 0;
            while (common != levels && nodes_[common][a] == nodes_[common][b]) ++common;
            const std::pair cost(between(false, a, b), between(true, a, b));
            if (!seen[common]) seen[common] = cost;
            if (*seen[common] != cost) return;
        }
    regular_ = true;
}

double plan_model::cost_of(std::size_t role, std::size_t seat, const seating& others) const {
    double sum = alone(role, seat);
    for (const auto index : links_of_[role]) {
        const auto& l = links_[index];
        const auto other = l.from == role ? l.to : l.from;
        if (others[other] == nowhere) continue;
        sum += l.weight *
               (l.from == role ? between(l.critical, seat, others[other]) : between(l.critical, others[other], seat));
    }
    for (std::size_t other = 0; other != roles_; ++other)
        if (other != role && others[other] != nowhere && same_core(seat, others[other])) sum += sharing(role, other);
    return sum;
}

bool plan_model::is_free(std::size_t role, std::size_t seat, const seating& others) const {
    if (!may_sit(role, seat)) return false;
    if (pinned_[role]) return true;  // only roles that are pinned there too may share its PU
    for (std::size_t other = 0; other != roles_; ++other)
        if (other != role && others[other] == seat) return false;
    return true;
}

plan_cost plan_model::cost(const seating& all) const {
    plan_cost sum;
    for (const auto& l : links_) sum.edges += l.weight * between(l.critical, all[l.from], all[l.to]);
    for (std::size_t role = 0; role != roles_; ++role) {
        const auto seat = all[role];
        if (own_seat_[role] == seat) continue;
        if (quiet_[role]) sum.noise += noise_[seat];
        sum.not_isolated += not_isolated_[seat];
        sum.slow_cores += slowness(quiet_[role], seat);
        sum.pu_0 += pu_0_[seat];
        sum.memory += memory_[seat];
        sum.device += far_from_device(role, seat);
    }
    for (std::size_t role = 0; role != roles_; ++role)
        for (std::size_t other = 0; other != role; ++other)
            if (same_core(all[role], all[other])) sum.smt_sharing += sharing(role, other);
    return sum;
}

}  // namespace weir
