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

inline constexpr std::chrono::hours century{24 * 36'525};

/// `time`, which is no more than some centuries, as whole seconds and the nanoseconds that are left, rounded up. In one step a unit that is
/// no multiple of a nanosecond, such as a sample of 44.1 kHz, would overflow; and the difference of two numbers of an unsigned clock would.
class split_time {
    using seconds = std::chrono::duration<std::int64_t>;

public:
    template <class Rep, class Period>
    explicit split_time(std::chrono::duration<Rep, Period> time) noexcept
        : whole_(std::chrono::floor<seconds>(time)),
          rest_(std::chrono::ceil<std::chrono::nanoseconds>(time - whole_)) {}

    /// Less than some centuries.
    std::chrono::nanoseconds since(split_time begin) const noexcept {
        return (whole_ - begin.whole_) + (rest_ - begin.rest_);
    }
    std::chrono::nanoseconds to_nanoseconds() const noexcept { return whole_ + rest_; }

private:
    seconds whole_;
    std::chrono::nanoseconds rest_;
};

/// The time of the steady clock that is `time` from now: now if that is none or less, and `forever` from a century on. For
/// durations of every unit, also floating ones, which are rounded up to nanoseconds.
template <class Rep, class Period>
steady_time deadline_after(std::chrono::duration<Rep, Period> time) noexcept {
    using namespace std::chrono;
    const steady_time now = steady_clock::now();
    // Compared as floating numbers: a long time in a coarse unit is more nanoseconds than there are numbers for.
    const duration<double> seconds = time;
    if (!(seconds.count() > 0)) return now;  // also if it is a NaN
    return seconds < century ? now + split_time(time).to_nanoseconds() : forever;
}

/// That time of any clock, as a time of the steady clock; `forever` from a century ahead on.
template <class Clock, class Duration>
steady_time deadline_at(const std::chrono::time_point<Clock, Duration>& time) noexcept {
    using namespace std::chrono;
    const auto now = Clock::now();
    // Compared as floating numbers, as above; the difference of what is near is exact.
    const duration<double> ahead = duration<double>(time.time_since_epoch()) - now.time_since_epoch();
    if (ahead >= century) return forever;
    if (!(ahead > -century)) return steady_time::min();  // also if it is a NaN
    const split_time until(time.time_since_epoch());
    if constexpr (std::is_same_v<Clock, steady_clock>) {
        return steady_time(until.to_nanoseconds());
    } else {
        return deadline_after(until.since(split_time(now.time_since_epoch())));
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
