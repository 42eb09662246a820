// SPDX-License-Identifier: MIT
#pragma once

// Precomputed tables for plan_search.cpp.

#include "plan_model.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace weir {

/// The order in which roles are placed, and lower bounds on the cost of the edges of roles not placed yet.
class search_tables {
public:
    explicit search_tables(const plan_model& model);

    /// Pinned roles first; then the role with the most edge weight to the roles before it.
    [[nodiscard]] const std::vector<std::size_t>& order() const noexcept { return order_; }

    /// Lower bound for a role that is not placed when `depth` roles are: half the minimum cost of its edges to other
    /// unplaced roles if it is on `seat`. The other half is counted at the other role.
    [[nodiscard]] double to_come(std::size_t depth, std::size_t role, std::size_t seat) const {
        return to_come_[(depth * roles_ + role) * seats_ + seat];
    }

    /// If every pair of roles pays for sharing a core, to_come() assumes that no two unplaced roles share one. If two
    /// do share a core, to_come_if_shared() bounds the cost of their edges, and they pay at least least_sharing().
    [[nodiscard]] bool splits_on_sharing() const noexcept { return !to_come_if_shared_.empty(); }
    [[nodiscard]] double to_come_if_shared(std::size_t depth, std::size_t role, std::size_t seat) const {
        return to_come_if_shared_[(depth * roles_ + role) * seats_ + seat];
    }
    [[nodiscard]] double least_sharing() const noexcept { return least_sharing_; }

private:
    // By kind of edge (critical or not), for each seat: the lowest edge costs from that seat, ascending.
    using near_lists = std::array<std::vector<double>, 2>;

    void choose_order(const plan_model& model);
    [[nodiscard]] std::vector<double> halves(const plan_model& model, const near_lists& near,
                                             const near_lists& near_apart) const;

    std::size_t roles_;
    std::size_t seats_;
    std::vector<std::size_t> order_;
    std::size_t most_links_ = 0;  // highest number of edges at one role; the length of a near list
    std::vector<double> to_come_;
    std::vector<double> to_come_if_shared_;
    double least_sharing_ = 0;
};

/// Finds seats that are equivalent under the current partial placement: a symmetry of the machine maps one to the
/// other and preserves all placed roles and all costs. Only for a regular model.
class twin_finder {
public:
    explicit twin_finder(const plan_model& model);

    void look(const seating& placed);

    /// Equal for equivalent seats. Valid after look().
    [[nodiscard]] std::uint64_t of(std::size_t seat) const { return twins_[seat]; }

private:
    const plan_model& model_;
    std::vector<std::uint64_t> plain_;  // by seat: a hash of its cost for each role
    std::vector<std::uint64_t> leaves_;
    std::vector<std::uint64_t> twins_;
    std::array<std::vector<std::uint64_t>, plan_model::levels> nodes_;
};

}  // namespace weir
