// SPDX-License-Identifier: MIT
#pragma once

// Declarations shared by the planner's source files.

#include <weir/plan.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weir {

class json_input;

/// For error messages: "md, strat, gw".
[[nodiscard]] std::string names_of(const std::vector<plan_role>& roles);

/// Reads the roles and edges of a roles file, or of a plan, which has the same keys and more.
[[nodiscard]] plan_request read_request(const json_input& file);

/// Whether a role may have this key, in a roles file or a plan.
[[nodiscard]] bool is_role_key(std::string_view key);

}  // namespace weir
