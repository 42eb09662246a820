// SPDX-License-Identifier: MIT
#pragma once

// Validates untrusted input before hwloc parses it: hwloc 2.9 crashes on damaged XML, and builds a synthetic machine
// of any size. All functions throw placement_error.

#include <cstddef>
#include <string>

namespace weir {

/// Reads a file of at most `most_mib` MiB. `name` begins error messages: "plan file 'x'"; `remedy` ends them: "make
/// it again with 'weir plan'".
[[nodiscard]] std::string read_whole_file(const std::string& path, const std::string& name, std::size_t most_mib,
                                          const std::string& remedy);

/// The text without a byte order mark, and with lines that end in a line feed alone: hwloc reads neither.
[[nodiscard]] std::string without_windows_marks(std::string text);

/// The text of an XML topology file, validated by check_topology_xml().
[[nodiscard]] std::string read_topology_file(const std::string& path);

/// Checks what hwloc relies on: well-formed XML, and a tree of objects whose PU sets are present, nested, disjoint
/// and in order.
void check_topology_xml(const std::string& text, const std::string& path);

/// Checks that every level has a valid type, and that neither the number of PUs nor a PU number exceeds the maximum.
void check_synthetic(const std::string& description);

/// Throws the error for a description that check_synthetic() or hwloc rejects.
[[noreturn]] void throw_unreadable_synthetic(const std::string& description);

}  // namespace weir
