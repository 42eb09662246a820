// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace weir::detail {

/// What the coherence protocol moves at a time on today's x86-64 and most arm64 cores, in bytes.
inline constexpr std::size_t cache_line_bytes = 64;

/// Distance that keeps two writers apart, in bytes: the adjacent-line prefetcher of x86-64 fetches lines in pairs, and
/// Apple's lines are 128 bytes. Not std::hardware_destructive_interference_size, which may differ between two
/// translation units of one program.
inline constexpr std::size_t separation_bytes = 128;

}  // namespace weir::detail
