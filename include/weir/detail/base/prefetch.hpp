// SPDX-License-Identifier: MIT
//
// Hints without effect on meaning: a core that does not know one ignores it, and any address is allowed.
#pragma once

#include <algorithm>
#include <cstddef>

#include "weir/detail/base/cache_line.hpp"

namespace weir::detail {

/// Asks for the line at `p` in a writable state, so that a later store does not stall the store buffer behind it.
inline void prefetch_for_write([[maybe_unused]] const void* p) noexcept {
#if defined(__x86_64__)
    // Compilers emit the read hint for __builtin_prefetch(p, 1) unless told -mprfchw, but every x86-64 core that runs
    // today executes prefetchw (or treats it as a no-op).
    asm volatile("prefetchw %0" ::"m"(*static_cast<const char*>(p)));
#elif defined(__aarch64__)
    asm volatile("prfm pstl1keep, %0" ::"Q"(*static_cast<const char*>(p)));
#endif
}

/// Asks for the line at `p` for reading.
inline void prefetch_for_read([[maybe_unused]] const void* p) noexcept {
#if defined(__x86_64__)
    // Not __builtin_prefetch: GCC 12 finds that a function of nothing else has no effect, and drops the call to it.
    asm volatile("prefetcht0 %0" ::"m"(*static_cast<const char*>(p)));
#elif defined(__aarch64__)
    asm volatile("prfm pldl1keep, %0" ::"Q"(*static_cast<const char*>(p)));
#endif
}

/// Single items pass in portions of a few lines each, so that one costs a comparison. Between two portions the lines of the one after
/// are asked for, so that several are on their way at a time. Only lines of slots that are known to belong to this side: others
/// would be taken away from the side that works on them.
inline constexpr std::size_t portion_lines = 8;
template <class Slot>
inline constexpr std::size_t slots_of_portion =
    std::max<std::size_t>(1, portion_lines* cache_line_bytes / sizeof(Slot));

/// Asks for the lines of the slots `begin` to `end` on from `position`, in an array of `mask` + 1 of them.
template <bool Write, class Slot>
void prefetch_slots(const Slot* slots, std::size_t mask, std::size_t position, std::size_t begin,
                    std::size_t end) noexcept {
    constexpr std::size_t slots_per_line = std::max<std::size_t>(1, cache_line_bytes / sizeof(Slot));
    for (std::size_t i = begin; i < end; i += slots_per_line) {
        const char* const bytes = reinterpret_cast<const char*>(slots + ((position + i) & mask));
        for (std::size_t byte = 0; byte < std::min(sizeof(Slot), portion_lines * cache_line_bytes);
             byte += cache_line_bytes) {
            if constexpr (Write) {
                prefetch_for_write(bytes + byte);
            } else {
                prefetch_for_read(bytes + byte);
            }
        }
    }
}

}  // namespace weir::detail
