// SPDX-License-Identifier: MIT
// Turns the search result into a plan: its tables, its alternatives and its remarks.
#include <weir/plan.hpp>

#include "plan_search.hpp"
#include "plan_words.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

namespace weir {
namespace {

std::string ns(double value) { return std::to_string(static_cast<long long>(std::llround(value))) + " ns"; }

std::string where(const topology& machine, unsigned pu) {
    return "PU " + std::to_string(pu) + " (core:" + std::to_string(machine.pu(pu).core) + ")";
}

class explainer {
public:
    explainer(const plan_request& request, const topology& machine, const plan_model& model, const seating& best)
        : request_(request), machine_(machine), model_(model), best_(best), cost_(model.cost(best)) {}

    // The cheapest placements that differ from the best by one move or swap, each with a different reason.
    [[nodiscard]] std::vector<plan_alternative> alternatives() const {
        std::vector<std::pair<double, seating>> ranked;
        auto all = best_;
        const auto consider = [&] {
            const double extra = model_.cost(all).total() - cost_.total();
            if (extra >= 0.5) ranked.emplace_back(extra, all);
        };
        for (std::size_t role = 0; role != model_.roles(); ++role) {
            for (std::size_t seat = 0; seat != model_.seats(); ++seat) {
                if (seat == best_[role] || !model_.may_sit(role, seat)) continue;
                all[role] = seat;
                const auto holder = std::find(best_.begin(), best_.end(), seat);
                consider();  // also tries a PU that is taken: the cost of sharing it
                if (holder != best_.end() &&
                    model_.may_sit(static_cast<std::size_t>(holder - best_.begin()), best_[role])) {
                    all[static_cast<std::size_t>(holder - best_.begin())] = best_[role];
                    consider();
                    all[static_cast<std::size_t>(holder - best_.begin())] = seat;
                }
                all[role] = best_[role];
            }
        }
        std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        return distinct(ranked);
    }

private:
    // Keeps the cheapest alternative for each kind of reason, four at most.
    [[nodiscard]] std::vector<plan_alternative> distinct(const std::vector<std::pair<double, seating>>& ranked) const {
        constexpr std::size_t few = 4;
        std::vector<plan_alternative> chosen;
        std::set<std::pair<long long, std::string>> seen;
        for (const auto& [extra, all] : ranked) {
            if (chosen.size() == few) break;
            auto [key, sentence] = reason(all);
            if (!seen.emplace(0, key).second) continue;
            std::vector<unsigned> pus;
            for (const auto seat : all) pus.push_back(model_.pus()[seat]);
            chosen.push_back({std::move(pus), extra, std::move(sentence)});
        }
        return chosen;
    }

    // A key that is equal for similar reasons, and a sentence: which roles move and what it costs, largest change
    // first.
    [[nodiscard]] std::pair<std::string, std::string> reason(const seating& all) const {
        const auto cost = model_.cost(all);
        std::vector<std::pair<double, std::string>> terms;
        const auto add = [&](double before, double after, const std::string& what) {
            if (std::abs(after - before) >= 0.5) terms.emplace_back(after - before, what);
        };
        add_edges(all, terms);
        add(cost_.noise, cost.noise, "noise on a quiet role's PU");
        add(cost_.smt_sharing, cost.smt_sharing, "roles that share a core");
        add(cost_.not_isolated, cost.not_isolated, "PUs that are not isolated");
        add(cost_.slow_cores, cost.slow_cores, "slower cores");
        add(cost_.pu_0, cost.pu_0, "the core of PU 0, where interrupts land");
        std::stable_sort(terms.begin(), terms.end(),
                         [](const auto& a, const auto& b) { return std::abs(a.first) > std::abs(b.first); });
        std::string text;
        for (const auto& [extra, what] : terms)
            text += (text.empty() ? "" : ", ") + std::string(extra > 0 ? "+" : "-") + ns(std::abs(extra)) + " " + what;
        return {terms.empty() ? "" : terms.front().second, moved(all) + ": " + text};
    }

    [[nodiscard]] std::string moved(const seating& all) const {
        std::string text;
        for (std::size_t role = 0; role != all.size(); ++role)
            if (all[role] != best_[role])
                text += (text.empty() ? "" : " and ") + request_.roles[role].name + " on " +
                        where(machine_, model_.pus()[all[role]]);
        return text;
    }

    [[nodiscard]] std::string how_far(const seating& all, const plan_model::link& l) const {
        const auto from = model_.pus()[all[l.from]];
        const auto to = model_.pus()[all[l.to]];
        const auto far = machine_.distance_between(from, to);
        const bool same_node = machine_.pu(from).numa_node == machine_.pu(to).numa_node;
        return std::string(to_string(far)) +
               (same_node || far == distance::cross_package ? "" : " (another NUMA node)");
    }

    void add_edges(const seating& all, std::vector<std::pair<double, std::string>>& terms) const {
        for (std::size_t i = 0; i != model_.links().size(); ++i) {
            const auto& l = model_.links()[i];
            const double before = l.weight * model_.between(l.critical, best_[l.from], best_[l.to]);
            const double after = l.weight * model_.between(l.critical, all[l.from], all[l.to]);
            if (std::abs(after - before) < 0.5) continue;
            const auto was = how_far(best_, l);
            const auto is = how_far(all, l);
            terms.emplace_back(after - before,
                               request_.edges[i].name() + (was == is ? " between other PUs, still " + is
                                                                     : " over " + is + " instead of " + was));
        }
    }

    const plan_request& request_;
    const topology& machine_;
    const plan_model& model_;
    const seating& best_;
    plan_cost cost_;
};

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
            if (core.pus.contains(role.pu) && !role.asked.smt_ok)
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
                              measured.noise_ns.find(pu) == measured.noise_ns.end()});
    }
    const auto weights = edge_weights(request);
    for (std::size_t i = 0; i != request.edges.size(); ++i) {
        const auto& edge = request.edges[i];
        const auto from = made.pu_of(edge.from);
        const auto to = made.pu_of(edge.to);
        const auto [cost, source] = measured.cost(machine, from, to);
        made.edges.push_back(
            {edge, machine.distance_between(from, to), cost, source, weights[i], is_critical(request, edge)});
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
    made.alternatives = explainer(request, machine, model, found.best).alternatives();
    add_remarks(made, machine, measured, pu_set(model.pus()));
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
