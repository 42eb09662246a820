// SPDX-License-Identifier: MIT
#pragma once

#include <weir/plan.hpp>

#include <string>
#include <vector>

namespace weir::tool {

/// The text of `weir plan --check`: both placements side by side, what costs more and why, and the moves that save most. `remarks`
/// are about where the placement comes from.
[[nodiscard]] std::string check_as_text(const placement_check& made, const topology& machine,
                                        const std::vector<std::string>& remarks);
[[nodiscard]] std::string check_as_json(const placement_check& made, const std::vector<std::string>& remarks);

}  // namespace weir::tool
