// SPDX-License-Identifier: MIT
#pragma once

// A machine as boxes within boxes, which flow to whatever width there is.

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace weir::tool::report {

using roles_by_pu = std::map<unsigned, std::vector<std::string>>;

/// From the JSON of `weir topo`: packages, NUMA nodes and caches where they tell cores apart, cores, PUs, and which
/// roles run on those. Throws std::runtime_error with a sentence for what is missing.
[[nodiscard]] std::string machine_as_boxes(const nlohmann::ordered_json& topo, const roles_by_pu& roles = {});

}  // namespace weir::tool::report
