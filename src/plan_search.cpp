// SPDX-License-Identifier: MIT
#include "plan_search.hpp"

#include "assignment.hpp"
#include "plan_tables.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace weir {
namespace {

constexpr auto nowhere = plan_model::nowhere;
constexpr double unlimited = std::numeric_limits<double>::infinity();

// Tolerance for rounding: sums of the same terms in a different order.
double slack(double cost) { return 1e-9 * (1 + cost); }

// Greedy: places each role on the seat with the lowest cost so far plus the bound on its edges to come. The first
// role of the order that is not pinned gets the seat `first`. Empty if a role finds no free seat.
seating place_in_order(const plan_model& model, const search_tables& tables, const std::vector<std::size_t>& order,
                       std::size_t first) {
    seating all(model.roles(), nowhere);
    bool has_chosen = false;
    for (std::size_t depth = 0; depth != model.roles(); ++depth) {
        const auto role = order[depth];
        std::size_t best = nowhere;
        double least = unlimited;
        for (std::size_t seat = 0; seat != model.seats(); ++seat) {
            if (!model.is_free(role, seat, all)) continue;
            if (!model.is_pinned(role) && !has_chosen && first != nowhere && seat != first) continue;
            const double cost = model.cost_of(role, seat, all) + tables.to_come(depth, role, seat);
            if (cost < least - slack(cost)) {
                least = cost;
                best = seat;
            }
        }
        if (best == nowhere) return {};
        has_chosen = has_chosen || !model.is_pinned(role);
        all[role] = best;
    }
    return all;
}

seating place_greedily(const plan_model& model, const search_tables& tables, std::size_t first) {
    return place_in_order(model, tables, tables.order(), first);
}

// Empty only if no placement satisfies all hints. A role may take the last seat of a package that another role must
// be in; in that case retry with the roles that have the fewest possible seats first.
seating place_greedily(const plan_model& model, const search_tables& tables) {
    auto all = place_greedily(model, tables, nowhere);
    if (!all.empty()) return all;
    std::vector<std::size_t> choices(model.roles(), 0);
    for (std::size_t role = 0; role != model.roles(); ++role)
        for (std::size_t seat = 0; seat != model.seats(); ++seat) choices[role] += model.may_sit(role, seat) ? 1 : 0;
    auto order = tables.order();
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return choices[a] < choices[b]; });
    return place_in_order(model, tables, order, nowhere);
}

double cost_of_both(const plan_model& model, std::size_t a, std::size_t b, seating& all) {
    const double of_a = model.cost_of(a, all[a], all);
    const auto seat = std::exchange(all[a], nowhere);  // counts the cost between a and b once
    const double of_b = model.cost_of(b, all[b], all);
    all[a] = seat;
    return of_a + of_b;
}

class branch_and_bound {
public:
    branch_and_bound(const plan_model& model, const search_tables& tables, std::uint64_t effort, seating incumbent)
        : model_(model), tables_(tables), twins_(model), effort_(effort), best_(std::move(incumbent)) {
        if (!best_.empty()) best_cost_ = model.cost(best_).total();
        placed_.assign(model.roles(), nowhere);
        taken_.assign(model.seats(), false);
        linear_.resize(model.roles() + 1);
        linear_[0].resize(model.roles() * model.seats());
        for (std::size_t role = 0; role != model.roles(); ++role)
            for (std::size_t seat = 0; seat != model.seats(); ++seat)
                linear_[0][role * model.seats() + seat] = model.alone(role, seat);
    }

    search_result run() {
        const double root = bound(0, 0);
        if (root < plan_model::never) descend(0, 0, root);
        return {best_, std::min(best_cost_, open_)};
    }

private:
    // Until the search itself has found a placement, accept one as good as the incumbent: the search finds the one
    // with the lowest indexes, whereas local search may have found any.
    [[nodiscard]] bool is_hopeless(double bound) const {
        if (bound >= plan_model::never) return true;
        return has_found_ ? bound >= best_cost_ - slack(best_cost_) : bound > best_cost_ + slack(best_cost_);
    }

    void descend(std::size_t depth, double cost, double parent_bound) {
        if (depth == model_.roles()) {
            best_ = placed_;
            best_cost_ = cost;
            has_found_ = true;
            return;
        }
        const auto role = tables_.order()[depth];
        for (const auto seat : candidates(depth, role)) {
            const double here = cost + linear_[depth][role * model_.seats() + seat];
            place(depth, role, seat);
            if (spent_ >= effort_) {  // lower bound of this untried branch
                const double at_least = std::max(parent_bound, quick_bound(depth + 1, here));
                if (!is_hopeless(at_least)) open_ = std::min(open_, at_least);
            } else if (const double least = std::max(parent_bound, bound(depth + 1, here)); !is_hopeless(least)) {
                descend(depth + 1, here, least);
            }
            unplace(role, seat);
        }
    }

    // One seat of each equivalence class, cheapest first.
    std::vector<std::size_t> candidates(std::size_t depth, std::size_t role) {
        std::vector<std::pair<double, std::size_t>> ranked;
        twins_.look(placed_);
        spent_ += model_.seats();
        std::vector<std::uint64_t> seen;
        for (std::size_t seat = 0; seat != model_.seats(); ++seat) {
            if (!model_.may_sit(role, seat) || (taken_[seat] && !model_.is_pinned(role))) continue;
            if (model_.is_regular()) {
                if (std::find(seen.begin(), seen.end(), twins_.of(seat)) != seen.end()) continue;
                seen.push_back(twins_.of(seat));
            }
            ranked.emplace_back(std::round(1e6 * cell(depth, role, seat)), seat);  // equal is equal
        }
        std::sort(ranked.begin(), ranked.end());
        std::vector<std::size_t> seats;
        for (const auto& [cost, seat] : ranked) seats.push_back(seat);
        return seats;
    }

    // Computes the costs of all unplaced roles by seat, given the placed roles.
    void place(std::size_t depth, std::size_t role, std::size_t seat) {
        placed_[role] = seat;
        taken_[seat] = true;
        const auto seats = model_.seats();
        auto& next = linear_[depth + 1];
        next = linear_[depth];
        for (const auto index : model_.links_of(role)) {
            const auto& l = model_.links()[index];
            const auto other = l.from == role ? l.to : l.from;
            if (placed_[other] != nowhere) continue;
            for (std::size_t to = 0; to != seats; ++to)
                next[other * seats + to] += l.weight * (l.from == role ? model_.between(l.critical, seat, to)
                                                                       : model_.between(l.critical, to, seat));
        }
        for (std::size_t mate = 0; mate != seats; ++mate)
            if (model_.same_core(mate, seat))
                for (std::size_t other = 0; other != model_.roles(); ++other)
                    if (placed_[other] == nowhere) next[other * seats + mate] += model_.sharing(role, other);
        spent_ += next.size() / 4 + seats * model_.links_of(role).size();
    }

    void unplace(std::size_t role, std::size_t seat) {
        placed_[role] = nowhere;
        taken_[seat] = model_.is_pinned(role) && std::find(placed_.begin(), placed_.end(), seat) != placed_.end();
    }

    // Lower bound: every unplaced role on its own cheapest seat, even if roles collide.
    double quick_bound(std::size_t depth, double cost) const {
        const double apart =
            sum_of_least(depth, [&](std::size_t role, std::size_t seat) { return cell(depth, role, seat); });
        return std::min(cost + apart, bound_if_shared(depth, cost));
    }

    // The same bound if some unplaced roles share a core; infinite if sharing is already part of to_come().
    double bound_if_shared(std::size_t depth, double cost) const {
        if (!tables_.splits_on_sharing() || model_.roles() - depth < 2) return unlimited;
        return cost + tables_.least_sharing() + sum_of_least(depth, [&](std::size_t role, std::size_t seat) {
                   return linear_[depth][role * model_.seats() + seat] + tables_.to_come_if_shared(depth, role, seat);
               });
    }

    template <class Cell>
    double sum_of_least(std::size_t depth, Cell of) const {
        double sum = 0;
        for (std::size_t i = depth; i != model_.roles(); ++i) {
            const auto role = tables_.order()[i];
            double least = unlimited;
            for (std::size_t seat = 0; seat != model_.seats(); ++seat)
                if (is_open(role, seat)) least = std::min(least, of(role, seat));
            sum += least;
        }
        return sum;
    }

    // A tighter bound: no two roles on one seat (Gilmore 1962, Lawler 1963).
    double bound(std::size_t depth, double cost) {
        const auto rows = model_.roles() - depth;
        spent_ += rows * model_.seats();
        const double quick = quick_bound(depth, cost);
        if (rows < 2 || is_hopeless(quick) || no_collision(depth)) return quick;
        std::vector<std::size_t> open;
        for (std::size_t seat = 0; seat != model_.seats(); ++seat)
            if (!taken_[seat]) open.push_back(seat);
        if (open.size() < rows || model_.is_pinned(tables_.order()[depth])) return quick;
        cells_.clear();
        for (std::size_t i = depth; i != model_.roles(); ++i)
            for (const auto seat : open) cells_.push_back(cell(depth, tables_.order()[i], seat));
        spent_ += 2 * rows * rows * open.size();
        return std::max(quick,
                        std::min(cost + least_assignment(cells_, rows, open.size()), bound_if_shared(depth, cost)));
    }

    // Whether every role can have its cheapest seat: quick_bound() then equals the assignment bound.
    bool no_collision(std::size_t depth) {
        std::vector<bool> claimed = taken_;
        for (std::size_t i = depth; i != model_.roles(); ++i) {
            const auto role = tables_.order()[i];
            std::size_t best = nowhere;
            double least = unlimited;
            for (std::size_t seat = 0; seat != model_.seats(); ++seat) {
                if (!is_open(role, seat)) continue;
                const double here = cell(depth, role, seat);
                // Among equally cheap seats prefer an unclaimed one.
                if (here < least || (here == least && best != nowhere && claimed[best] && !claimed[seat])) {
                    least = here;
                    best = seat;
                }
            }
            if (best == nowhere || claimed[best]) return false;
            claimed[best] = true;
        }
        return true;
    }

    [[nodiscard]] double cell(std::size_t depth, std::size_t role, std::size_t seat) const {
        return linear_[depth][role * model_.seats() + seat] + tables_.to_come(depth, role, seat);
    }

    [[nodiscard]] bool is_open(std::size_t role, std::size_t seat) const {
        return !taken_[seat] || model_.is_pinned(role);
    }

    const plan_model& model_;
    const search_tables& tables_;
    twin_finder twins_;
    std::uint64_t effort_;
    std::uint64_t spent_ = 0;
    seating best_;
    double best_cost_ = plan_model::never;
    bool has_found_ = false;
    double open_ = unlimited;  // lowest bound of an untried branch
    seating placed_;
    std::vector<bool> taken_;
    std::vector<std::vector<double>> linear_;  // by depth
    std::vector<double> cells_;
};

}  // namespace

void improve(const plan_model& model, seating& all, double sign) {
    constexpr int most_passes = 100;  // each pass improves the cost, so this only guards against looping
    bool better = true;
    for (int pass = 0; better && pass != most_passes; ++pass) {
        better = false;
        for (std::size_t role = 0; role != model.roles(); ++role) {
            double now = model.cost_of(role, all[role], all);
            for (std::size_t seat = 0; seat != model.seats(); ++seat) {
                if (seat == all[role] || !model.is_free(role, seat, all)) continue;
                if (const double then = model.cost_of(role, seat, all); sign * (then - now) < -slack(now)) {
                    all[role] = seat;
                    now = then;
                    better = true;
                }
            }
            for (std::size_t other = 0; other != role; ++other) {
                if (all[role] == all[other] || !model.may_sit(role, all[other]) || !model.may_sit(other, all[role]))
                    continue;
                const double before = cost_of_both(model, role, other, all);
                std::swap(all[role], all[other]);
                if (sign * (cost_of_both(model, role, other, all) - before) < -slack(before))
                    better = true;
                else
                    std::swap(all[role], all[other]);
            }
        }
    }
}

search_result find_best(const plan_model& model, std::uint64_t effort) {
    const search_tables tables(model);
    seating best;
    const auto consider = [&](seating candidate) {
        if (candidate.empty()) return;
        improve(model, candidate);
        if (best.empty() || model.cost(candidate).total() < model.cost(best).total() - slack(model.cost(best).total()))
            best = std::move(candidate);
    };
    consider(place_greedily(model, tables));
    constexpr std::size_t starts = 8;
    for (std::size_t i = 0; i != starts; ++i)  // start at seats spread over the machine
        consider(place_greedily(model, tables, i * model.seats() / starts));
    return branch_and_bound(model, tables, effort, std::move(best)).run();
}

seating find_worst(const plan_model& model) {
    const search_tables tables(model);
    seating worst;
    constexpr std::size_t starts = 8;
    for (std::size_t i = 0; i <= starts; ++i) {
        auto candidate =
            i == starts ? place_greedily(model, tables) : place_greedily(model, tables, i * model.seats() / starts);
        if (candidate.empty()) continue;
        improve(model, candidate, -1);
        if (worst.empty() || model.cost(candidate).total() > model.cost(worst).total()) worst = std::move(candidate);
    }
    return worst;
}

}  // namespace weir
