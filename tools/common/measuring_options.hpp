// SPDX-License-Identifier: MIT
#pragma once

// Options shared by the subcommands that measure.

#include <weir/topology.hpp>

#include <string>

namespace weir::tool {

/// Parses "30s", "500ms", "2m", "1us", "1h"; a bare number is in seconds. `option` is its name, for error messages.
/// Throws `stop` with wrong_usage unless the time is between `least_s` and `most_s`.
[[nodiscard]] double read_seconds(const std::string& text, const std::string& option, double least_s, double most_s);

/// "250 ms", "30 s"
[[nodiscard]] std::string seconds_in_words(double seconds);

/// This machine, if it can be measured: throws `stop` with not_here if hwloc describes another one.
[[nodiscard]] topology machine_to_measure();

/// For CLI::Option::check(): a sentence if a list of PUs is empty.
[[nodiscard]] std::string why_no_pus(const std::string& list);

/// The PUs given by --pus, or all allowed ones; throws for PUs that do not exist or may not be used.
[[nodiscard]] pu_set choose_pus(const topology& machine, const std::string& list);

}  // namespace weir::tool
