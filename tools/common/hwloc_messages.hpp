// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

namespace weir::tool {

/// Suppresses hwloc's banners of several lines, unless HWLOC_HIDE_ERRORS says what is wanted: errors are reported in a sentence. To be called
/// before a thread is started.
void silence_hwloc();

/// The environment of a program that is started: without what silence_hwloc() has added. It ends with a null pointer, and is good until the
/// environment changes.
[[nodiscard]] std::vector<char*> environment_of_programs();

}  // namespace weir::tool
