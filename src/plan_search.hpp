// SPDX-License-Identifier: MIT
#pragma once

#include "plan_model.hpp"

namespace weir {

struct search_result {
    seating best;  ///< empty: no placement satisfies all
    double lower_bound;
};

/// The seating of least cost, exactly while `effort` lasts. See plan().
[[nodiscard]] search_result find_best(const plan_model& model, std::uint64_t effort);

/// The dearest that local search finds.
[[nodiscard]] seating find_worst(const plan_model& model);

/// Moves and swaps for as long as they help; `sign` -1 makes it dearer instead.
void improve(const plan_model& model, seating& all, double sign = 1);

}  // namespace weir
