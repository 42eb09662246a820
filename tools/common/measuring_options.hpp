// SPDX-License-Identifier: MIT
#pragma once

// Options shared by the subcommands that measure.

#include <weir/topology.hpp>

#include <string>

namespace weir::tool {

/// Parses "30s", "500ms", "2m", "1us", "1h". A number without a unit is refused, but for 0. `option` is its name, for error messages.
/// Throws wrong_value unless the time is between `least_s` and `most_s`.
[[nodiscard]] double read_seconds(const std::string& text, const std::string& option, double least_s, double most_s);

/// "250 ms", "30 s"
[[nodiscard]] std::string seconds_in_words(double seconds);

/// This machine, if it can be measured: throws `stop` with not_here if hwloc describes another one.
[[nodiscard]] topology machine_to_measure();

/// For CLI::Option::check(): a sentence if a list of PUs is empty.
[[nodiscard]] std::string why_no_pus(const std::string& list);

/// A list of PUs in taskset's format. Throws wrong_value, with the name of the option.
[[nodiscard]] pu_set read_pus(const std::string& list, const std::string& option);

/// Throws wrong_value if one of them does not exist.
void check_pus_exist(const pu_set& pus, const topology& machine, const std::string& option);

/// The PUs given by --pus, or all allowed ones; throws wrong_value for PUs that do not exist or may not be used.
[[nodiscard]] pu_set choose_pus(const topology& machine, const std::string& list);

}  // namespace weir::tool
