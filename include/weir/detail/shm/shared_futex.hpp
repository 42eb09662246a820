// SPDX-License-Identifier: MIT
//
// Sleep until a word changes that several processes map: futexes without the private flag.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <cstdint>
#include <ctime>

#include "weir/detail/base/as.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/wait/futex.hpp"
#include "weir/detail/wait/scheduler.hpp"

namespace weir::detail {

/// As futex_wait(), for a word in shared memory.
inline void shared_futex_wait(const futex_word& word, std::uint32_t expected, steady_time deadline) noexcept {
    static_assert(sizeof(futex_word) == sizeof(std::uint32_t) && futex_word::is_always_lock_free);
    const auto since_boot = deadline.time_since_epoch();
    if (since_boot.count() <= 0) return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
    const timespec until{.tv_sec = seconds.count(), .tv_nsec = as<long>((since_boot - seconds).count())};
    ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, expected, deadline == forever ? nullptr : &until, nullptr,
              FUTEX_BITSET_MATCH_ANY);
}

/// Wakes every thread that sleeps on `word`, in whichever process.
inline void shared_futex_wake(const futex_word& word) noexcept {
    ::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace weir::detail
