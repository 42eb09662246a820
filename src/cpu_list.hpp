// SPDX-License-Identifier: MIT
#pragma once

#include <weir/affinity.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// Parses "0,2-3,8-14:2" into numbers in the order written; nullopt if the text is not such a list.
[[nodiscard]] std::optional<std::vector<unsigned>> read_cpu_list(std::string_view text);

/// Parses such a list from a file in /proc or /sys, as a set; nullopt if the file is missing, unreadable or not a
/// list.
[[nodiscard]] std::optional<pu_set> read_cpu_list_file(const std::string& path);

/// The text of a small file without trailing white space; nullopt if it is missing or unreadable.
[[nodiscard]] std::optional<std::string> read_small_file(const std::string& path);

}  // namespace weir
