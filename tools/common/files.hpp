// SPDX-License-Identifier: MIT
//
// Files named by the user. Errors are a `stop` with a sentence.
#pragma once

#include <string>
#include <string_view>

namespace weir::tool {

[[nodiscard]] std::string read_file(const std::string& path);

/// Whether two names are of one file, be it there or not.
[[nodiscard]] bool is_same_file(const std::string& one, const std::string& other);

/// Checks that the file can be written, without changing it or creating one: call it before the work that produces
/// the contents.
void check_writable(const std::string& path);

/// Replaces the file as a whole: on failure it keeps its former contents.
void write_file(const std::string& path, std::string_view text);

}  // namespace weir::tool
