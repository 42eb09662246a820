// SPDX-License-Identifier: MIT
#pragma once

// What the files of the planner share with each other.

#include <weir/plan.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weir {

class json_input;

/// For sentences: "md, strat, gw".
[[nodiscard]] std::string names_of(const std::vector<plan_role>& roles);

/// The roles and edges of a file of roles, or of a plan, which has the same keys and more.
[[nodiscard]] plan_request read_request(const json_input& file);

/// Whether a role may have this key in either file.
[[nodiscard]] bool is_role_key(std::string_view key);

}  // namespace weir
