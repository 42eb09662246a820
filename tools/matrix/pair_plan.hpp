// SPDX-License-Identifier: MIT
#pragma once

// Which pairs are worth measuring, and what stands for the others. Pure functions of a topology.

#include "tools/common/matrix_data.hpp"

#include <cstddef>
#include <vector>

namespace weir::tool {

/// From one PU to another; not the same as the other way round.
struct directed_pair {
    unsigned from = 0;
    unsigned to = 0;
    pair_class kind;
};

[[nodiscard]] pair_class class_of(const topology& machine, unsigned from, unsigned to);

/// "same-l3", "same-package, other NUMA node", "same-l2, kind 0 to 1"
[[nodiscard]] std::string in_words(const pair_class& kind);

struct pair_plan {
    std::vector<unsigned> pus;         ///< in the machine's order, neighbours beside each other
    std::vector<directed_pair> pairs;  ///< in the order in which they are measured first
    std::size_t all_pairs = 0;         ///< that there are
    std::size_t first_of_classes = 0;  ///< as many of `pairs`, from the front, hold one of each class
};

/// The pairs among `pus` in both directions. One of each class comes first, then further samples of each, then, if all
/// are wanted, the rest. Sampled: `samples` pairs of each class, spread over the machine, and their ways back.
/// Quadratic in the number of PUs.
[[nodiscard]] pair_plan plan_pairs(const topology& machine, const pu_set& pus, bool all, std::size_t samples = 4);

/// The result: what was measured, the medians of each class, and the pairs that were not measured, with the figures of
/// theirs. A pair whose class has no figures at all is left out.
[[nodiscard]] matrix_data complete(const topology& machine, const pair_plan& plan, std::vector<pair_cost> measured);

}  // namespace weir::tool
