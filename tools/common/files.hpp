// SPDX-License-Identifier: MIT
//
// Files that a person names. What goes wrong is a `stop` with a sentence.
#pragma once

#include <string>
#include <string_view>

namespace weir::tool {

[[nodiscard]] std::string read_file(const std::string& path);

/// Leaves a file that is there as it is, and none where there is none: to ask before the work that fills it.
void check_writable(const std::string& path);

void write_file(const std::string& path, std::string_view text);

}  // namespace weir::tool
