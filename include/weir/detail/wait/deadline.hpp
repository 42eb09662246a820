// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include "weir/detail/wait/scheduler.hpp"

namespace weir::detail {

/// The time of the steady clock that is `time` from now: now if that is none or less, and `forever` from a century on. For
/// durations of every unit, also floating ones, which are rounded up to nanoseconds.
template <class Rep, class Period>
steady_time deadline_after(std::chrono::duration<Rep, Period> time) noexcept {
    using namespace std::chrono;
    constexpr hours century{24 * 36'525};
    const steady_time now = steady_clock::now();
    // Compared as floating numbers: a long time in a coarse unit is more nanoseconds than there are numbers for.
    const duration<double> seconds = time;
    if (seconds.count() <= 0) return now;
    return seconds < century ? now + ceil<nanoseconds>(time) : forever;
}

}  // namespace weir::detail
