// SPDX-License-Identifier: MIT
#pragma once

#if defined(_MSC_VER) && (defined(_M_X64) || defined(_M_IX86))
#include <immintrin.h>
#endif

namespace weir::detail {

/// Tells the core that this is a spin loop: yields pipeline slots to an SMT sibling and saves power. Some 20 to 140
/// cycles on x86-64, a few on arm64; never a syscall.
inline void pause() noexcept {
#if defined(_MSC_VER) && (defined(_M_X64) || defined(_M_IX86))
    _mm_pause();
#elif defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    // isb holds the front end for tens of cycles, where `yield` is a no-op on most cores.
    asm volatile("isb" ::: "memory");
#elif defined(__arm__)
    asm volatile("yield" ::: "memory");
#elif defined(__riscv)
    asm volatile(".insn i 0x0F, 0, x0, x0, 0x010" ::: "memory");
#elif defined(__powerpc64__)
    asm volatile("or 27,27,27" ::: "memory");
#endif
}

}  // namespace weir::detail
