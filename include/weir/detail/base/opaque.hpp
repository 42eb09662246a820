// SPDX-License-Identifier: MIT
#pragma once

#include "weir/detail/base/always_inline.hpp"

namespace weir::detail {

/// `p`, of which the compiler no longer knows where it comes from.
///
/// GCC computes the addresses of an object's atomics before a loop, finds too few registers for them, and loads them from
/// the stack for each item. From a pointer that is new to it in each round, it reaches them all by offsets.
template <class T>
WEIR_ALWAYS_INLINE inline T* opaque(T* p) noexcept {
#if defined(__GNUC__)
    asm volatile("" : "+r"(p));
#endif
    return p;
}

}  // namespace weir::detail
