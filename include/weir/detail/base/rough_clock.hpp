// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#if defined(_MSC_VER) && defined(_M_X64)
#include <intrin.h>
#endif

namespace weir::detail {

/// A counter that advances by about one a nanosecond, right within a factor of two: good enough to tell 100 ns from
/// 1 us, for some 10 ns and no syscall. Differences only. Stands still where the architecture offers nothing cheap.
inline std::uint64_t rough_ns() noexcept {
#if defined(_MSC_VER) && defined(_M_X64)
    return __rdtsc() / 2;
#elif defined(__x86_64__)
    return __builtin_ia32_rdtsc() / 2;  // time stamp counters run at 2 to 5 GHz, mostly near the lower end
#elif defined(__aarch64__)
    std::uint64_t ticks = 0;
    std::uint64_t ticks_per_s = 0;  // 24 MHz to 1 GHz
    asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    asm volatile("mrs %0, cntfrq_el0" : "=r"(ticks_per_s));
    return ticks_per_s == 0 ? 0 : ticks * (1'000'000'000 / ticks_per_s);
#else
    return 0;
#endif
}

}  // namespace weir::detail
