// SPDX-License-Identifier: MIT
#pragma once

#include <weir/plan.hpp>

#include <string>
#include <vector>

namespace weir::tool {

/// Where a plan wants the thread of a role.
struct role_place {
    std::string role;
    pu_set pus;
};

/// The places of a plan in the order of its roles. Throws placement_error if two roles have one name as threads.
[[nodiscard]] std::vector<role_place> places_of(const placement_plan& plan);

/// Throws `stop` unless `plan` was made for this machine and can be had here: each of its PUs is in the cgroup.
void check_can_be_had(const placement_plan& plan, const std::string& file, const topology& machine);

/// "PU 3", "PUs 0,16"
[[nodiscard]] std::string pus_in_words(const pu_set& pus);

}  // namespace weir::tool
