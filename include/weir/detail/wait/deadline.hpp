// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <type_traits>

#include "weir/detail/wait/scheduler.hpp"

namespace weir::detail {

/// A time without a unit, which functions that wait refuse.
template <class N>
concept bare_number = std::is_arithmetic_v<N>;

/// The time of the steady clock that is `time` from now: now if that is none or less, and `forever` from a century on. For
/// durations of every unit, also floating ones, which are rounded up to nanoseconds.
template <class Rep, class Period>
steady_time deadline_after(std::chrono::duration<Rep, Period> time) noexcept {
    using namespace std::chrono;
    constexpr hours century{24 * 36'525};
    const steady_time now = steady_clock::now();
    // Compared as floating numbers: a long time in a coarse unit is more nanoseconds than there are numbers for.
    const duration<double> seconds = time;
    if (!(seconds.count() > 0)) return now;  // also if it is a NaN
    return seconds < century ? now + ceil<nanoseconds>(time) : forever;
}

/// That time of any clock, as a time of the steady clock; `forever` from a century ahead on.
template <class Clock, class Duration>
steady_time deadline_at(const std::chrono::time_point<Clock, Duration>& time) noexcept {
    using namespace std::chrono;
    const auto now = Clock::now();
    // Compared as floating numbers, as above; the difference of what is near is exact.
    const duration<double> ahead = duration<double>(time.time_since_epoch()) - now.time_since_epoch();
    constexpr hours century{24 * 36'525};
    if (ahead >= century) return forever;
    if (ahead <= -century) return steady_time::min();
    if constexpr (std::is_same_v<Clock, steady_clock>) {
        return ceil<nanoseconds>(time);
    } else {
        // In a wide number, lest the difference be more than a narrow one of the clock's holds.
        using unit = typename std::common_type_t<Duration, typename Clock::duration>::period;
        using wide = duration<std::common_type_t<std::int64_t, typename Duration::rep>, unit>;
        return deadline_after(wide(time.time_since_epoch()) - wide(now.time_since_epoch()));
    }
}

/// A deadline, given as a time of any clock. It is converted once, when the call begins: a clock that is set later does not move it.
class any_time_point {
public:
    constexpr any_time_point() noexcept = default;  // long ago
    constexpr any_time_point(steady_time time) noexcept : time_(time) {}
    template <class Clock, class Duration>
    any_time_point(const std::chrono::time_point<Clock, Duration>& time) noexcept : time_(deadline_at(time)) {}

    constexpr operator steady_time() const noexcept { return time_; }

private:
    steady_time time_{};
};

}  // namespace weir::detail
