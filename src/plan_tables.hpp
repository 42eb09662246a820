// SPDX-License-Identifier: MIT
#pragma once

// What the search of plan_search.cpp looks up instead of computing it at every step.

#include "plan_model.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace weir {

/// In which order roles are placed, and what each will cost at least for those that are placed after it.
class search_tables {
public:
    explicit search_tables(const plan_model& model);

    /// Pinned roles first, then whoever has most to do with those before.
    [[nodiscard]] const std::vector<std::size_t>& order() const noexcept { return order_; }

    /// For a role not yet placed when `depth` roles are: half of what its edges to others not yet placed cost at least
    /// when it sits on `seat`. The other half is counted for the other end.
    [[nodiscard]] double to_come(std::size_t depth, std::size_t role, std::size_t seat) const {
        return to_come_[(depth * roles_ + role) * seats_ + seat];
    }

    /// Where every two roles pay for sharing a core, to_come() takes it that those not yet placed do not: each
    /// neighbour is on a core of its own. If they do after all, their edges cost this at least, and they pay
    /// least_sharing().
    [[nodiscard]] bool splits_on_sharing() const noexcept { return !to_come_if_shared_.empty(); }
    [[nodiscard]] double to_come_if_shared(std::size_t depth, std::size_t role, std::size_t seat) const {
        return to_come_if_shared_[(depth * roles_ + role) * seats_ + seat];
    }
    [[nodiscard]] double least_sharing() const noexcept { return least_sharing_; }

private:
    // By kind of edge, critical or not: for each seat the least costs of edges from there, ascending.
    using near_lists = std::array<std::vector<double>, 2>;

    void choose_order(const plan_model& model);
    [[nodiscard]] std::vector<double> halves(const plan_model& model, const near_lists& near,
                                             const near_lists& near_apart) const;

    std::size_t roles_;
    std::size_t seats_;
    std::vector<std::size_t> order_;
    std::size_t most_links_ = 0;  // of a role: the length of a near list
    std::vector<double> to_come_;
    std::vector<double> to_come_if_shared_;
    double least_sharing_ = 0;
};

/// Seats that are equivalent, given who sits where: some renaming of the machine's parts turns one into the other and
/// leaves all that is placed, and every cost, as it is. Only for a regular model.
class twin_finder {
public:
    explicit twin_finder(const plan_model& model);

    void look(const seating& placed);

    /// Equal for equivalent seats; after look().
    [[nodiscard]] std::uint64_t of(std::size_t seat) const { return twins_[seat]; }

private:
    const plan_model& model_;
    std::vector<std::uint64_t> plain_;  // by seat: what it costs each role
    std::vector<std::uint64_t> leaves_;
    std::vector<std::uint64_t> twins_;
    std::array<std::vector<std::uint64_t>, plan_model::levels> nodes_;
};

}  // namespace weir
