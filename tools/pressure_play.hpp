// SPDX-License-Identifier: MIT
//
// The part of a run that happens in a process of its own, whose end is a board that is filled in.
#pragma once

#include "pressure_board.hpp"
#include "pressure_drive.hpp"

#include <span>
#include <string_view>

namespace weir::tool::pressure {

/// The course of the run that is watched.
[[nodiscard]] run_plan plan_of(const conditions& c, std::string_view policy);

/// The loads at which goodput is measured after it, in shares of the sink's rate, and how long each is offered.
std::span<const double> goodput_loads();
[[nodiscard]] double goodput_step_s(const conditions& c);

/// Plays `policy`, then the loads one after the other, and fills in the board. Throws what the queue throws.
void play(const conditions& c, std::string_view policy, board& to);

/// Fills in what the board says at the end of the main run.
void fill_in(const run_plan& plan, std::string_view policy, const source_record& sent, const sink_record& seen,
             const account& ledger, board& to);

}  // namespace weir::tool::pressure
