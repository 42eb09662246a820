// SPDX-License-Identifier: MIT
#pragma once

// Draws a machine as nested boxes that adapt to the available width.

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace weir::tool::report {

using roles_by_pu = std::map<unsigned, std::vector<std::string>>;

/// Draws the JSON of `weir topo`: packages, cores, PUs with their roles, and those NUMA nodes and caches that
/// separate cores. Throws std::runtime_error with a sentence if a value is missing.
[[nodiscard]] std::string machine_as_boxes(const nlohmann::ordered_json& topo, const roles_by_pu& roles = {});

}  // namespace weir::tool::report
