// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace weir::tool {

using table_line = std::vector<std::string>;

enum class side : unsigned char { left, right };

/// Formats columns as wide as their widest cell, with two blanks before each. `sides` aligns the cells of each
/// column; columns without an entry are aligned left. All lines must have as many cells as the first.
[[nodiscard]] std::string aligned(const std::vector<table_line>& lines, const std::vector<side>& sides = {});

}  // namespace weir::tool
