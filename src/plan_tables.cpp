// SPDX-License-Identifier: MIT
#include "plan_tables.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace weir {
namespace {

// The finalizer of splitmix64 (Vigna 2015).
std::uint64_t mix(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15U;
    value = (value ^ value >> 30U) * 0xbf58476d1ce4e5b9U;
    value = (value ^ value >> 27U) * 0x94d049bb133111ebU;
    return value ^ value >> 31U;
}

enum class core_sharing {
    free,      // sharing a core costs nothing extra
    paid,      // sharing a core costs smt_sharing_ns
    forbidden  // sharing a core is not allowed
};

// For each seat: the `count` lowest costs of an edge between it and another seat, in the cheaper direction,
// ascending.
std::vector<double> nearest(const plan_model& model, bool critical, core_sharing sharing, std::size_t count) {
    std::vector<double> least;
    std::vector<double> row;
    for (std::size_t seat = 0; seat != model.seats(); ++seat) {
        row.clear();
        for (std::size_t other = 0; other != model.seats(); ++other) {
            const bool together = model.same_core(seat, other);
            if (other == seat || (together && sharing == core_sharing::forbidden)) continue;
            const double cost = std::min(model.between(critical, seat, other), model.between(critical, other, seat)) +
                                (together && sharing == core_sharing::paid ? assumed::smt_sharing_ns : 0);
            // Seats of one core are adjacent.
            if (sharing == core_sharing::forbidden && other != 0 && model.same_core(other - 1, other) && !row.empty())
                row.back() = std::min(row.back(), cost);
            else
                row.push_back(cost);
        }
        std::partial_sort(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(std::min(count, row.size())),
                          row.end());
        row.resize(count, plan_model::never);  // more edges than other seats
        least.insert(least.end(), row.begin(), row.end());
    }
    return least;
}

}  // namespace

search_tables::search_tables(const plan_model& model) : roles_(model.roles()), seats_(model.seats()) {
    choose_order(model);
    for (std::size_t role = 0; role != roles_; ++role) most_links_ = std::max(most_links_, model.links_of(role).size());
    const auto near = [&](core_sharing sharing) {
        return near_lists{nearest(model, false, sharing, most_links_), nearest(model, true, sharing, most_links_)};
    };
    least_sharing_ = plan_model::never;
    for (std::size_t a = 0; a != roles_; ++a)
        for (std::size_t b = 0; b != a; ++b) least_sharing_ = std::min(least_sharing_, model.sharing(a, b));
    bool any_siblings = false;
    for (std::size_t seat = 1; seat < seats_; ++seat) any_siblings = any_siblings || model.same_core(seat - 1, seat);
    const auto near_free = near(core_sharing::free);
    if (any_siblings && least_sharing_ > 0) {
        const auto near_forbidden = near(core_sharing::forbidden);
        to_come_ = halves(model, near_forbidden, near_forbidden);
        to_come_if_shared_ = halves(model, near_free, near_free);
    } else {
        to_come_ = halves(model, near_free, near(core_sharing::paid));
    }
}

std::vector<double> search_tables::halves(const plan_model& model, const near_lists& near,
                                          const near_lists& near_apart) const {
    std::vector<double> sums(roles_ * roles_ * seats_, 0);
    std::vector<bool> placed(roles_, false);
    for (std::size_t depth = 0; depth != roles_; ++depth) {
        for (std::size_t role = 0; role != roles_; ++role) {
            if (placed[role] || model.is_pinned(role)) continue;
            // By list: the weights of the edges, heaviest first. Their other ends are on different seats, so the
            // second heaviest edge has at best the second lowest cost. Two edges between the same two roles end at
            // one seat and are merged.
            std::array<std::vector<std::pair<std::size_t, double>>, 4> weights;
            for (const auto index : model.links_of(role)) {
                const auto& l = model.links()[index];
                const auto other = l.from == role ? l.to : l.from;
                if (placed[other] || model.is_pinned(other)) continue;
                auto& list = weights[(l.critical ? 2U : 0U) + (model.sharing(role, other) > 0 ? 1U : 0U)];
                const auto twice =
                    std::find_if(list.begin(), list.end(), [&](const auto& entry) { return entry.first == other; });
                twice != list.end() ? void(twice->second += l.weight) : void(list.emplace_back(other, l.weight));
            }
            for (std::size_t kind = 0; kind != weights.size(); ++kind) {
                auto& list = weights[kind];
                std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
                for (std::size_t i = 0; i != list.size(); ++i) {
                    // Two edges between the same roles pay the sharing penalty only once: ignore it for such pairs.
                    const auto& costs = (kind % 2 == 0 || list[i].second > 1 ? near : near_apart)[kind / 2];
                    for (std::size_t seat = 0; seat != seats_; ++seat)
                        sums[(depth * roles_ + role) * seats_ + seat] +=
                            list[i].second * std::min(costs[seat * most_links_ + i], plan_model::never) / 2;
                }
            }
        }
        placed[order_[depth]] = true;
    }
    return sums;
}

void search_tables::choose_order(const plan_model& model) {
    std::vector<bool> chosen(roles_, false);
    while (order_.size() != roles_) {
        std::size_t next = plan_model::nowhere;
        std::array<double, 3> most{};
        for (std::size_t role = 0; role != roles_; ++role) {
            if (chosen[role]) continue;
            std::array<double, 3> merit{model.is_pinned(role) ? 1.0 : 0.0, 0, 0};
            for (const auto index : model.links_of(role)) {
                const auto& l = model.links()[index];
                // The p99 of a critical edge counts too, which makes it about four times as expensive.
                const double weight = l.critical ? 4 * l.weight : l.weight;
                merit[2] += weight;
                if (chosen[l.from == role ? l.to : l.from]) merit[1] += weight;
            }
            if (next == plan_model::nowhere || merit > most) {
                next = role;
                most = merit;
            }
        }
        chosen[next] = true;
        order_.push_back(next);
    }
}

twin_finder::twin_finder(const plan_model& model)
    : model_(model), plain_(model.seats(), 0), leaves_(model.seats()), twins_(model.seats()) {
    for (std::size_t seat = 0; seat != model.seats(); ++seat)
        for (std::size_t role = 0; role != model.roles(); ++role)
            plain_[seat] = mix(plain_[seat] ^ std::bit_cast<std::uint64_t>(model.alone(role, seat)));
    for (std::size_t level = 0; level != plan_model::levels; ++level)
        nodes_[level].resize(1 + *std::max_element(model.nodes()[level].begin(), model.nodes()[level].end()));
}

void twin_finder::look(const seating& placed) {
    if (!model_.is_regular()) return;
    leaves_ = plain_;
    for (std::size_t role = 0; role != placed.size(); ++role)
        if (placed[role] != plan_model::nowhere) leaves_[placed[role]] = mix(leaves_[placed[role]] ^ (role + 1));
    // Bottom-up, hash each node from the hashes of its children, independent of their order ...
    for (auto& level : nodes_) std::fill(level.begin(), level.end(), 0);
    for (std::size_t seat = 0; seat != leaves_.size(); ++seat)
        nodes_[plan_model::levels - 1][model_.nodes()[plan_model::levels - 1][seat]] = leaves_[seat];
    for (std::size_t level = plan_model::levels - 1; level != 0; --level) {
        std::vector<bool> counted(nodes_[level].size(), false);
        for (std::size_t seat = 0; seat != leaves_.size(); ++seat) {
            const auto part = model_.nodes()[level][seat];
            if (counted[part]) continue;
            counted[part] = true;
            nodes_[level - 1][model_.nodes()[level - 1][seat]] += mix(nodes_[level][part]);
        }
    }
    // ... two seats are equivalent if all nodes that contain them have equal hashes.
    for (std::size_t seat = 0; seat != leaves_.size(); ++seat) {
        twins_[seat] = 0;
        for (std::size_t level = 0; level != plan_model::levels; ++level)
            twins_[seat] = mix(twins_[seat] ^ nodes_[level][model_.nodes()[level][seat]]);
    }
}

}  // namespace weir
