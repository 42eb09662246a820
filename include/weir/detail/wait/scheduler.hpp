// SPDX-License-Identifier: MIT
//
// What waiting needs of the operating system's scheduler, without <thread>.
#pragma once

#include <chrono>

#include "weir/detail/base/as.hpp"

#if defined(__linux__)
#include <poll.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <sched.h>
#include <ctime>
#else
#include <condition_variable>
#include <mutex>
#endif

namespace weir::detail {

using steady_time = std::chrono::steady_clock::time_point;

/// No deadline.
inline constexpr steady_time forever = steady_time::max();

inline bool has_passed(steady_time deadline) noexcept {
    return deadline != forever && std::chrono::steady_clock::now() >= deadline;
}

/// Sleeps about that long; a signal may cut it short.
inline void sleep_for(std::chrono::nanoseconds time) noexcept {
    if (time.count() <= 0) return;
#if defined(__unix__) || defined(__APPLE__)
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    const timespec request{.tv_sec = seconds.count(), .tv_nsec = as<long>((time - seconds).count())};
    ::nanosleep(&request, nullptr);
#else
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable().wait_for(lock, time);  // <thread> stays out of the ring headers
#endif
}

/// Lets another runnable thread have the CPU.
inline void yield_cpu() noexcept {
#if defined(__unix__) || defined(__APPLE__)
    ::sched_yield();
#else
    sleep_for(std::chrono::nanoseconds{1});
#endif
}

/// Whether the process was given one CPU: then the peer cannot run while a thread spins. Read at the start of the process,
/// since later a thread that was pinned to one of many CPUs looks the same.
inline const bool started_on_one_cpu = [] {
#if defined(__linux__)
    cpu_set_t allowed;
    // More CPUs than the set can hold are an error, and surely more than one.
    return ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) == 1;
#else
    return false;
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
