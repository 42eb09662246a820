// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace weir::tool {

using table_line = std::vector<std::string>;

enum class side : unsigned char { left, right };

/// Columns as wide as their widest cell, two blanks before each; `sides` says where the cells of a column stand, left
/// where it says nothing. All lines must have as many cells as the first.
[[nodiscard]] std::string aligned(const std::vector<table_line>& lines, const std::vector<side>& sides = {});

}  // namespace weir::tool
