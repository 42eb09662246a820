// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

namespace weir {

/// The linear assignment problem: the minimum sum of one cell per row, all in different columns. `cells` is row-major
/// and has at least as many columns as rows. Shortest augmenting paths (Kuhn 1955, Munkres 1957; with potentials as
/// in Jonker and Volgenant 1987). O(rows^2 columns).
[[nodiscard]] double least_assignment(const std::vector<double>& cells, std::size_t rows, std::size_t columns);

}  // namespace weir
