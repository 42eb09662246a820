// SPDX-License-Identifier: MIT
//
// The one door to <atomic>. Every shared variable of the core headers is declared, and every memory order spelled,
// through this file, so that the same source can be compiled against a model checker's atomics: define
// WEIR_ATOMIC_HEADER to a header that declares the same names.
#pragma once

#ifdef WEIR_ATOMIC_HEADER
#include WEIR_ATOMIC_HEADER
#else

#include <atomic>

namespace weir::detail {

template <class T>
using atomic = std::atomic<T>;

inline constexpr auto relaxed = std::memory_order_relaxed;
inline constexpr auto acquire = std::memory_order_acquire;
inline constexpr auto release = std::memory_order_release;
inline constexpr auto acq_rel = std::memory_order_acq_rel;
inline constexpr auto seq_cst = std::memory_order_seq_cst;

}  // namespace weir::detail

#endif

static_assert(sizeof(void*) == 8,
              "weir: rings are for 64-bit systems: their positions are 64 bits wide, which a 32-bit processor cannot "
              "always read and write in one instruction");
