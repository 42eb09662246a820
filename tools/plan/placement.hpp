// SPDX-License-Identifier: MIT
#pragma once

// A placement that exists, as `weir plan --check` takes it: a plan's file, pairs, or the threads of a process.

#include <weir/plan.hpp>

#include <string>
#include <vector>

namespace weir::tool {

struct existing_placement {
    plan_request asked;
    std::vector<unsigned> pus;         ///< in the order of the roles
    std::vector<std::string> remarks;  ///< what is uncertain about it
};

/// From a plan's file. `asked` is used if it has roles, and must then name those of the plan.
[[nodiscard]] existing_placement placement_of_plan(const std::string& file, const plan_request& asked,
                                                   const topology& machine);

/// From words such as "md=3" or "md=3,gw=4". Throws `stop` with wrong_usage.
[[nodiscard]] existing_placement placement_of_pairs(const std::vector<std::string>& words, const plan_request& asked);

/// From the threads of a process: each role is the thread with its name.
[[nodiscard]] existing_placement placement_of_process(long process, const plan_request& asked);

}  // namespace weir::tool
