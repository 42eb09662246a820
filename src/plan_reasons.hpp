// SPDX-License-Identifier: MIT
#pragma once

// Why one placement costs more than another.

#include "plan_model.hpp"

#include <string>
#include <utility>
#include <vector>

namespace weir {

/// Compares placements with one that is given, `base`. Keeps references to its arguments.
class plan_reasons {
public:
    plan_reasons(const plan_request& request, const topology& machine, const plan_model& model, const seating& base)
        : request_(request), machine_(machine), model_(model), base_(base), cost_(model.cost(base)) {}

    /// The cheapest placements that cost more and differ from the base by one move or swap, each with a different reason.
    [[nodiscard]] std::vector<plan_alternative> alternatives() const;

    /// The moves and swaps of one role that save most, each with a different reason.
    [[nodiscard]] std::vector<plan_alternative> improvements() const;

    /// The terms of the cost in which `all` differs from the base, largest change first.
    [[nodiscard]] std::vector<plan_difference> differences(const seating& all) const;

private:
    using ranking = std::vector<std::pair<double, seating>>;  // by what they cost more than the base

    enum class taken_seats { swap, swap_or_share };
    [[nodiscard]] ranking neighbours(taken_seats taken) const;
    [[nodiscard]] std::vector<plan_alternative> distinct(const ranking& ranked) const;
    [[nodiscard]] std::string moved(const seating& all) const;
    [[nodiscard]] std::string how_far(const seating& all, const plan_model::link& l) const;
    void add_edges(const seating& all, std::vector<plan_difference>& terms) const;

    const plan_request& request_;
    const topology& machine_;
    const plan_model& model_;
    const seating& base_;
    plan_cost cost_;
};

}  // namespace weir
