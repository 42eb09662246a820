// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

namespace weir {

/// The least sum of one cell from each of `rows`, all in different columns, of a row-major table with at least as many
/// columns as rows: the linear assignment problem, by shortest augmenting paths (Kuhn 1955, Munkres 1957; with
/// potentials as in Jonker and Volgenant 1987). O(rows^2 columns).
[[nodiscard]] double least_assignment(const std::vector<double>& cells, std::size_t rows, std::size_t columns);

}  // namespace weir
