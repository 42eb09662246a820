// SPDX-License-Identifier: MIT
#pragma once

// What other people wrote, checked before hwloc sees it: hwloc 2.9 crashes on damaged XML and builds whatever size a
// synthetic description asks for. All throw placement_error.

#include <cstddef>
#include <string>

namespace weir {

/// All that is in a file, unless it is larger than so many MiB. `name` is for sentences: "plan file 'x'"; `remedy` ends
/// them: "make it again with 'weir plan'".
[[nodiscard]] std::string read_whole_file(const std::string& path, const std::string& name, std::size_t most_mib,
                                          const std::string& remedy);

/// The text of an XML topology file, after check_topology_xml().
[[nodiscard]] std::string read_topology_file(const std::string& path);

/// Well-formed, and a tree of objects whose PU sets are present, nested, disjoint and in order: what hwloc takes for
/// granted.
void check_topology_xml(const std::string& text, const std::string& path);

/// Levels of types that can be levels, and no more PUs, nor higher ones, than can be numbered.
void check_synthetic(const std::string& description);

/// The sentence for that, and for what hwloc cannot read.
[[noreturn]] void throw_unreadable_synthetic(const std::string& description);

}  // namespace weir
