// SPDX-License-Identifier: MIT
#pragma once

// How fast the cores of a machine are, and what a slower one, or one without memory, costs.

#include "topology_data.hpp"

namespace weir {

/// The kinds of cores that hwloc knows, with their capacities.
[[nodiscard]] std::vector<core_kind_info> read_core_kinds(hwloc_topology* tree);

/// What an item costs more on this core, by logical index, than on the fastest one of the machine: assumed::work_ns x
/// (1 / capacity - 1); where capacities are unknown, assumed::slow_core_ns for each rank. 0 where hwloc knows neither.
[[nodiscard]] double slowness_ns(const topology& machine, unsigned core);

/// What a role on this PU costs more because its memory comes from another node.
[[nodiscard]] double far_memory_ns(const topology& machine, unsigned pu);

}  // namespace weir
