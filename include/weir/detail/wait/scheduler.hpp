// SPDX-License-Identifier: MIT
//
// What waiting needs of the operating system's scheduler, without <thread>.
#pragma once

#include <chrono>

#include "weir/detail/base/as.hpp"
#include "weir/detail/base/windows.hpp"

#if defined(_WIN32)
#include <algorithm>
#include <bit>
#include <cstddef>
#else
#include <sched.h>
#include <unistd.h>
#include <ctime>
#endif
#if defined(__linux__)
#include <poll.h>
#endif

namespace weir::detail {

using steady_time = std::chrono::steady_clock::time_point;

/// No deadline.
inline constexpr steady_time forever = steady_time::max();

inline bool has_passed(steady_time deadline) noexcept {
    return deadline != forever && std::chrono::steady_clock::now() >= deadline;
}

/// Sleeps about that long; a signal may cut it short. On Windows for whole milliseconds, and until the system's timer ticks.
inline void sleep_for(std::chrono::nanoseconds time) noexcept {
    if (time.count() <= 0) return;
#if defined(_WIN32)
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(time).count();
    windows::Sleep(static_cast<unsigned long>(std::min<decltype(ms)>(ms, windows::infinite - 1)));
#else
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    const timespec request{.tv_sec = seconds.count(), .tv_nsec = as<long>((time - seconds).count())};
    ::nanosleep(&request, nullptr);
#endif
}

/// Lets another runnable thread have the CPU.
inline void yield_cpu() noexcept {
#if defined(_WIN32)
    windows::SwitchToThread();
#else
    ::sched_yield();
#endif
}

/// Whether the process was given one CPU: then the peer cannot run while a thread spins. Read at the start of the process,
/// since later a thread that was pinned to one of many CPUs looks the same.
inline const bool started_on_one_cpu = [] {
#if defined(__linux__)
    cpu_set_t allowed;
    // More CPUs than the set can hold are an error, and surely more than one.
    return ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) == 1;
#elif defined(_WIN32)
    std::size_t allowed = 0;  // none are named if they are in several groups
    std::size_t existing = 0;
    return windows::GetProcessAffinityMask(windows::GetCurrentProcess(), &allowed, &existing) != 0 &&
           std::has_single_bit(allowed);
#else
    return ::sysconf(_SC_NPROCESSORS_ONLN) == 1;
#endif
}();

#if defined(__linux__)
/// Sleeps until the descriptor is readable or `deadline`. May return early, after a signal.
inline void wait_readable(int fd, steady_time deadline) noexcept {
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    if (deadline == forever) {
        ::ppoll(&entry, 1, nullptr, nullptr);
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return;
    const std::chrono::nanoseconds left = deadline - now;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = as<long>((left - seconds).count())};
    ::ppoll(&entry, 1, &timeout, nullptr);
}
#endif

}  // namespace weir::detail
