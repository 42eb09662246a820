// SPDX-License-Identifier: MIT
#pragma once

// `weir matrix --memory`: a ring's slots on its producer's NUMA node and on its consumer's, measured in turn.

#include "tools/matrix/run.hpp"

#include <functional>
#include <string>
#include <vector>

namespace weir::tool {

/// Of a plan's pairs those whose ends have their memory on two nodes: one of each class first.
[[nodiscard]] std::vector<directed_pair> pairs_on_two_nodes(const topology& machine, const pair_plan& plan);

/// Measures each pair with its slots on either node, in rounds, each in another order, until all rounds are done or the time is over;
/// the first round is measured in any case. A round counts if both samples are steady; where none does, the unsteady ones do.
/// `sample(pair, node)` takes one sample; `used_s()` returns the elapsed seconds.
[[nodiscard]] std::vector<memory_cost> measure_memory(
    const topology& machine, const std::vector<directed_pair>& pairs, const matrix_budget& budget,
    const std::function<pair_sample(const directed_pair& pair, unsigned node)>& sample,
    const std::function<double()>& used_s,
    const std::function<void(double share, const directed_pair& pair, std::size_t round)>& on_sample);

/// The table of `weir matrix --memory`; empty if nothing was measured.
[[nodiscard]] std::string memory_as_text(const matrix_data& matrix);

}  // namespace weir::tool
