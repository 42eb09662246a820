// SPDX-License-Identifier: MIT
#pragma once

// Chooses the pairs to measure, and the classes that represent the others. Pure functions of a topology.

#include "tools/common/matrix_data.hpp"

#include <cstddef>
#include <vector>

namespace weir::tool {

/// From one PU to another; the reverse direction is a different pair.
struct directed_pair {
    unsigned from = 0;
    unsigned to = 0;
    pair_class kind;
};

[[nodiscard]] pair_class class_of(const topology& machine, unsigned from, unsigned to);

/// "same-l3", "same-package, other NUMA node", "same-l2, kind 0 to 1"
[[nodiscard]] std::string in_words(const pair_class& kind);

struct pair_plan {
    std::vector<unsigned> pus;         ///< in the machine's order: neighbours are adjacent
    std::vector<directed_pair> pairs;  ///< in the order of the first round
    std::size_t all_pairs = 0;         ///< number of all directed pairs
    std::size_t first_of_classes = 0;  ///< the first this many of `pairs` contain one of each class
};

/// The pairs among `pus`, in both directions: first one of each class, then further samples of each class, then, if
/// `all` is set, the rest. A sample is `samples` pairs of each class, spread over the machine, with their reverse
/// directions. Quadratic time in the
/// number of PUs; unless `all` is set, memory only for the pairs that are chosen.
[[nodiscard]] pair_plan plan_pairs(const topology& machine, const pu_set& pus, bool all, std::size_t samples = 4);

/// With more PUs a matrix has only the pairs that were measured, and no map: a million rows are of no use.
inline constexpr std::size_t most_pus_with_all_pairs = 512;

/// The result: the measured pairs, the medians of each class, and the pairs that were not measured, with the figures
/// of their class. A pair whose class has no figures is left out, and all of them on a machine of more than 512 PUs.
[[nodiscard]] matrix_data complete(const topology& machine, const pair_plan& plan, std::vector<pair_cost> measured);

}  // namespace weir::tool
