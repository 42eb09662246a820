// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace weir::tool {

using line = std::vector<std::string>;

/// Columns as wide as their widest cell, two blanks before each.
[[nodiscard]] std::string aligned(const std::vector<line>& lines);

}  // namespace weir::tool
