// SPDX-License-Identifier: MIT
#pragma once

// Whether a machine has what a request asks for. What it has not is a placement_error with a sentence.

#include <weir/plan.hpp>

#include <string>
#include <vector>

namespace weir {

/// For error messages: "here", or "in 'machine.xml'".
[[nodiscard]] std::string place_of(const topology& machine);

/// For error messages: "0-3 may be used".
[[nodiscard]] std::string may_be_used(const pu_set& pus);

/// The role of that name.
[[nodiscard]] const plan_role& role_named(const plan_request& request, const std::string& name);

/// Roles, hints and edges, as far as they do not depend on the settings.
void check_request(const plan_request& request, const topology& machine);

/// The device that the role should be near.
[[nodiscard]] const device_info& device_of(const plan_role& role, const std::vector<device_info>& devices,
                                           const topology& machine);

/// The PUs that the housekeeping roles of this request share; empty if it has none.
[[nodiscard]] pu_set housekeeping_pus_of(const plan_request& request, const topology& machine,
                                         const plan_settings& settings);

}  // namespace weir
