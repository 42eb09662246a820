// SPDX-License-Identifier: MIT
#include "plan_reasons.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace weir {
namespace {

std::string ns(double value) { return std::to_string(static_cast<long long>(std::llround(value))) + " ns"; }

std::string where(const topology& machine, unsigned pu) {
    return "PU " + std::to_string(pu) + " (core:" + std::to_string(machine.pu(pu).core) + ")";
}

constexpr double least_ns = 0.5;  // smaller differences are not worth a word

}  // namespace

std::vector<plan_alternative> plan_reasons::alternatives() const {
    auto ranked = neighbours(taken_seats::swap_or_share);
    std::erase_if(ranked, [](const auto& other) { return other.first < least_ns; });
    return distinct(ranked);
}

std::vector<plan_alternative> plan_reasons::improvements() const {
    auto ranked = neighbours(taken_seats::swap);
    std::erase_if(ranked, [](const auto& other) { return other.first > -least_ns; });
    return distinct(ranked);
}

plan_reasons::ranking plan_reasons::neighbours(taken_seats taken) const {
    ranking ranked;
    auto all = base_;
    const auto consider = [&] { ranked.emplace_back(model_.cost(all).total() - cost_.total(), all); };
    for (std::size_t role = 0; role != model_.roles(); ++role) {
        for (std::size_t seat = 0; seat != model_.seats(); ++seat) {
            if (seat == base_[role] || !model_.may_sit(role, seat)) continue;
            if (taken == taken_seats::swap && model_.housekeeping().contains(model_.pus()[seat])) continue;
            all[role] = seat;
            const auto holder = std::find(base_.begin(), base_.end(), seat);
            if (holder == base_.end() || taken == taken_seats::swap_or_share || model_.is_pinned(role)) consider();
            if (holder != base_.end() && model_.may_sit(static_cast<std::size_t>(holder - base_.begin()), base_[role])) {
                all[static_cast<std::size_t>(holder - base_.begin())] = base_[role];
                consider();
                all[static_cast<std::size_t>(holder - base_.begin())] = seat;
            }
            all[role] = base_[role];
        }
    }
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    return ranked;
}

// Keeps the cheapest for each kind of reason, four at most. Placements with the same largest term have similar reasons.
std::vector<plan_alternative> plan_reasons::distinct(const ranking& ranked) const {
    constexpr std::size_t few = 4;
    std::vector<plan_alternative> chosen;
    std::set<std::string> seen;
    for (const auto& [extra, all] : ranked) {
        if (chosen.size() == few) break;
        const auto terms = differences(all);
        if (!seen.insert(terms.empty() ? "" : terms.front().what).second) continue;
        std::string text;
        for (const auto& term : terms)
            text += (text.empty() ? "" : ", ") + std::string(term.extra_ns > 0 ? "+" : "-") +
                    ns(std::abs(term.extra_ns)) + " " + term.what;
        std::vector<unsigned> pus;
        for (const auto seat : all) pus.push_back(model_.pus()[seat]);
        chosen.push_back({std::move(pus), extra, moved(all) + ": " + text});
    }
    return chosen;
}

std::vector<plan_difference> plan_reasons::differences(const seating& all) const {
    const auto cost = model_.cost(all);
    std::vector<plan_difference> terms;
    const auto add = [&](double before, double after, const char* what) {
        if (std::abs(after - before) >= least_ns) terms.push_back({after - before, what});
    };
    add_edges(all, terms);
    add(cost_.noise, cost.noise, "noise on a quiet role's PU");
    add(cost_.smt_sharing, cost.smt_sharing, "roles that share a core");
    add(cost_.not_isolated, cost.not_isolated, "PUs that are not isolated");
    add(cost_.slow_cores, cost.slow_cores, "slower cores");
    add(cost_.pu_0, cost.pu_0, "the core of PU 0, where interrupts land");
    add(cost_.device, cost.device, "PUs far from a device");
    add(cost_.memory, cost.memory, "PUs whose memory is on another node");
    std::stable_sort(terms.begin(), terms.end(), [](const plan_difference& a, const plan_difference& b) {
        return std::abs(a.extra_ns) > std::abs(b.extra_ns);
    });
    return terms;
}

std::string plan_reasons::moved(const seating& all) const {
    std::string text;
    for (std::size_t role = 0; role != all.size(); ++role)
        if (all[role] != base_[role])
            text += (text.empty() ? "" : " and ") + request_.roles[role].name + " on " +
                    where(machine_, model_.pus()[all[role]]);
    return text;
}

std::string plan_reasons::how_far(const seating& all, const plan_model::link& l) const {
    const auto from = model_.pus()[all[l.from]];
    const auto to = model_.pus()[all[l.to]];
    const auto far = machine_.distance_between(from, to);
    const bool same_node = machine_.pu(from).numa_node == machine_.pu(to).numa_node;
    return std::string(to_string(far)) + (same_node || far == distance::cross_package ? "" : " (another NUMA node)");
}

void plan_reasons::add_edges(const seating& all, std::vector<plan_difference>& terms) const {
    for (std::size_t i = 0; i != model_.links().size(); ++i) {
        const auto& l = model_.links()[i];
        const double before = l.weight * model_.between(l.critical, base_[l.from], base_[l.to]);
        const double after = l.weight * model_.between(l.critical, all[l.from], all[l.to]);
        if (std::abs(after - before) < least_ns) continue;
        const auto was = how_far(base_, l);
        const auto is = how_far(all, l);
        terms.push_back({after - before, request_.edges[i].name() + (was == is ? " between other PUs, still " + is
                                                                               : " over " + is + " instead of " + was)});
    }
}

}  // namespace weir
