// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "weir/detail/base/as.hpp"
#include "weir/detail/base/this_thread.hpp"

namespace weir::detail {

/// A number for the calling thread that most likely no other one of its process has. For heuristics: nothing may depend on it.
/// Never 0. Not a thread_local: the first use of one in a shared library may allocate.
inline std::uint32_t thread_mark() noexcept {
    const auto address = as<std::uint64_t>(reinterpret_cast<std::uintptr_t>(this_thread()));
    return static_cast<std::uint32_t>((address * 0x9E3779B97F4A7C15U) >> 32) | 1U;  // Fibonacci hashing (Knuth, 6.4)
}

}  // namespace weir::detail
