// SPDX-License-Identifier: MIT
#pragma once

#include <weir/plan.hpp>

#include <string>

namespace weir::tool {

/// What `weir plan` prints: the placement, what its edges cost, and why the alternatives lose.
[[nodiscard]] std::string plan_as_text(const placement_plan& made, const topology& machine);

/// The same placement as other programs take it: taskset, hwloc-bind, systemd, the kernel's command line, C++.
/// `file` is where the plan was written to; empty: nowhere.
[[nodiscard]] std::string plan_to_paste(const placement_plan& made, const topology& machine, const std::string& file);

/// The PUs to take from the kernel's scheduler: those of the quiet roles (of all, if none is quiet) and their SMT
/// siblings, but not PU 0, whose core keeps the kernel's own work. Empty where that leaves the kernel nothing.
[[nodiscard]] pu_set worth_isolating(const placement_plan& made, const topology& machine);

}  // namespace weir::tool
