// SPDX-License-Identifier: MIT
#include "tools/common/role_places.hpp"

#include "tools/common/command.hpp"
#include "tools/common/process_threads.hpp"

#include <fmt/format.h>

namespace weir::tool {

std::vector<role_place> places_of(const placement_plan& plan) {
    std::vector<std::string> names;
    std::vector<role_place> places;
    for (const auto& role : plan.roles) {
        names.push_back(role.asked.name);
        places.push_back({role.asked.name, role.pus.empty() ? pu_set{role.pu} : role.pus});
    }
    check_thread_names(names);
    return places;
}

void check_can_be_had(const placement_plan& plan, const std::string& file, const topology& machine) {
    for (const auto& [role, pus] : places_of(plan))
        if (const auto refused = pus - machine.cgroup_allowed(); !refused.empty())
            throw stop(failed, fmt::format("{} puts {} on {}, which the cgroup of this process does not allow ({} are "
                                           "allowed); make a new plan, or widen the cgroup's cpuset",
                                           file, role, pus_in_words(refused), machine.cgroup_allowed().to_string()));
}

std::string pus_in_words(const pu_set& pus) { return (pus.size() == 1 ? "PU " : "PUs ") + pus.to_string(); }

}  // namespace weir::tool
