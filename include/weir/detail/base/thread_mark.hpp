// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "weir/detail/base/rough_clock.hpp"
#include "weir/detail/base/this_thread.hpp"

namespace weir::detail {

/// A number for the calling thread that most likely no other one has, not even in another process. For heuristics: nothing may
/// depend on it. Never 0.
inline std::uint32_t thread_mark() noexcept {
    static thread_local std::uint32_t mark = 0;
    if (mark == 0) [[unlikely]] {
        const auto address = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(this_thread()));
        mark = static_cast<std::uint32_t>(((address ^ rough_ns()) * 0x9E3779B97F4A7C15U) >> 32) | 1U;
    }
    return mark;
}

}  // namespace weir::detail
