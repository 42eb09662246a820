// SPDX-License-Identifier: MIT
//
// Hints without effect on meaning: a core that does not know one ignores it, and any address is allowed.
#pragma once

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

}  // namespace weir::detail
