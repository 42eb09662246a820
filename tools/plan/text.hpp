// SPDX-License-Identifier: MIT
#pragma once

#include <weir/plan.hpp>

#include <string>
#include <utility>
#include <vector>

namespace weir::tool {

/// The text of `weir plan`: the placement, the cost of its edges, and the alternatives with their extra cost.
[[nodiscard]] std::string plan_as_text(const placement_plan& made, const topology& machine);

/// Options of a command line with their values.
using given_options = std::vector<std::pair<std::string, std::string>>;

/// The placement in the syntax of other programs: taskset, hwloc-bind, systemd, the kernel's command line, C++.
/// `file` is where the plan was written; empty if it was not. The command that costs the placement again has the options
/// `repeated`, too.
[[nodiscard]] std::string plan_to_paste(const placement_plan& made, const topology& machine, const std::string& file,
                                        const given_options& repeated = {});

/// Where its thread may run; a plan that was not made by plan() may name a PU alone.
[[nodiscard]] pu_set places_of(const planned_role& role);

// Words that the tables of `weir plan` share.
[[nodiscard]] std::string ns_of(double value);                   ///< "9.5 ns", "250 ns"
[[nodiscard]] std::string signed_ns(double value);               ///< "+250 ns", "0 ns"
[[nodiscard]] std::string hints_of(const plan_role& role);       ///< "quiet, pinned=3"
[[nodiscard]] std::string cost_sentence(const plan_cost& cost);  ///< "cost 450 ns = 250 ns edges + ..."
[[nodiscard]] double cost_of(const planned_edge& edge);          ///< with its weight, and its p99 if that counts

/// The PUs to isolate from the kernel's scheduler: those of the quiet roles (of all roles if none is quiet) and their
/// SMT siblings, but not PU 0, whose core keeps the kernel's own work. Empty if no such core remains, or if the kernel
/// would be left without a PU.
[[nodiscard]] pu_set worth_isolating(const placement_plan& made, const topology& machine);

}  // namespace weir::tool
