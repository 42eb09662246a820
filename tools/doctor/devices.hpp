// SPDX-License-Identifier: MIT
#pragma once

// Devices and the roles of a plan: whether a role is on the node of its device, and which PUs take the device's interrupts.

#include "tools/doctor/doctor.hpp"

#include <string>
#include <vector>

namespace weir::tool {

/// A role of a plan, as far as devices concern it.
struct placed_role {
    std::string name;
    std::string near;  ///< the device that it should be near; empty: none
    pu_set pus;
    bool quiet = false;
};

/// The roles of a plan's file. Throws std::runtime_error with a sentence if it is no plan. The machine is not checked.
[[nodiscard]] std::vector<placed_role> roles_of_plan(const std::string& file);

/// A finding for each device that a role should be near: a warning if such a role is on another node than the device, if an
/// interrupt of the device goes to the PU of a quiet role, or to another node.
[[nodiscard]] std::vector<finding> examine_devices(const host& on, const std::vector<placed_role>& roles);

}  // namespace weir::tool
