// SPDX-License-Identifier: MIT
#pragma once

#include "plan_model.hpp"

namespace weir {

struct search_result {
    seating best;  ///< empty: no placement satisfies all hints
    double lower_bound;
};

/// The cheapest seating; exact if the search finishes within `effort`. See plan().
[[nodiscard]] search_result find_best(const plan_model& model, std::uint64_t effort);

/// The most expensive seating that local search finds.
[[nodiscard]] seating find_worst(const plan_model& model);

/// Local search: moves and swaps roles while that lowers the cost; with `sign` -1, while it raises it.
void improve(const plan_model& model, seating& all, double sign = 1);

}  // namespace weir
