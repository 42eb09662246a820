// SPDX-License-Identifier: MIT
#pragma once

// What the subcommands that measure are told in the same words.

#include <weir/topology.hpp>

#include <string>

namespace weir::tool {

/// "30s", "500ms", "2m", "1us", "1h"; a bare number is in seconds. `option` is its name, for the sentence: a `stop`
/// with wrong_usage for what is not a time between `least_s` and `most_s`.
[[nodiscard]] double read_seconds(const std::string& text, const std::string& option, double least_s, double most_s);

/// "250 ms", "30 s"
[[nodiscard]] std::string seconds_in_words(double seconds);

/// This machine, if it can be measured at all: a `stop` with not_here where hwloc was told of another one.
[[nodiscard]] topology machine_to_measure();

/// The PUs that --pus names, or all that we were given; throws for those that do not exist or may not be used.
[[nodiscard]] pu_set choose_pus(const topology& machine, const std::string& list);

}  // namespace weir::tool
