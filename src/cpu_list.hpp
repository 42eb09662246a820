// SPDX-License-Identifier: MIT
#pragma once

#include <weir/affinity.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// Reads "0,2-3,8-14:2" into numbers in the order written. nullopt when it is anything else.
[[nodiscard]] std::optional<std::vector<unsigned>> read_cpu_list(std::string_view text);

/// The same from a file of /proc or /sys, as a set; nullopt when it is missing, unreadable or something else.
[[nodiscard]] std::optional<pu_set> read_cpu_list_file(const std::string& path);

/// A small file's text without the white space at its end; nullopt when it is missing or unreadable.
[[nodiscard]] std::optional<std::string> read_small_file(const std::string& path);

}  // namespace weir
