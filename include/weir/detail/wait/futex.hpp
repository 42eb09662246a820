// SPDX-License-Identifier: MIT
//
// Sleep until a word changes. The raw futex on Linux: the atomic wait, semaphores and condition variables of standard
// libraries have lost wake-ups on record. Elsewhere, or with WEIR_FUTEX_FALLBACK=1, a table of mutexes and condition
// variables with the same contract, slower.
#pragma once

#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdint>

#include "weir/detail/base/as.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/wait/scheduler.hpp"

#ifndef WEIR_FUTEX_FALLBACK
#if defined(__linux__)
#define WEIR_FUTEX_FALLBACK 0
#else
#define WEIR_FUTEX_FALLBACK 1
#endif
#endif

#if WEIR_FUTEX_FALLBACK
#include <condition_variable>
#include <cstddef>
#include <mutex>
#else
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <ctime>
#endif

namespace weir::detail {

using futex_word = atomic<std::uint32_t>;

#if WEIR_FUTEX_FALLBACK

struct futex_bucket {
    std::mutex mutex;
    std::condition_variable changed;
};

inline futex_bucket& bucket_of(const futex_word& word) {
    static futex_bucket table[61];
    return table[reinterpret_cast<std::uintptr_t>(&word) / alignof(futex_word) % std::size(table)];
}

inline void futex_wait(const futex_word& word, std::uint32_t expected, steady_time deadline) {
    futex_bucket& bucket = bucket_of(word);
    std::unique_lock lock(bucket.mutex);
    // relaxed: futex_wake() takes the mutex after the word was changed, so a change is seen here or wakes us
    if (word.load(relaxed) != expected) return;
    if (deadline == forever) {
        bucket.changed.wait(lock);
    } else {
        bucket.changed.wait_until(lock, deadline);
    }
}

inline void futex_wake(const futex_word& word, std::uint32_t) {
    futex_bucket& bucket = bucket_of(word);
    { const std::lock_guard lock(bucket.mutex); }
    bucket.changed.notify_all();  // words share buckets: a thread woken for another word sleeps again
}

#else

inline long futex(const futex_word& word, int operation, std::uint32_t value, const timespec* timeout) noexcept {
    static_assert(sizeof(futex_word) == sizeof(std::uint32_t));
    return ::syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, timeout, nullptr, FUTEX_BITSET_MATCH_ANY);
}

/// Sleeps while `word` is `expected`, until woken or `deadline`. May return at any time for no reason (a signal, a wake
/// meant for another thread): the caller looks again. The deadline is on the monotonic clock.
inline void futex_wait(const futex_word& word, std::uint32_t expected, steady_time deadline) noexcept {
    if (deadline == forever) {
        futex(word, FUTEX_WAIT_BITSET, expected, nullptr);
        return;
    }
    const auto since_boot = deadline.time_since_epoch();
    if (since_boot.count() <= 0) return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
    const timespec until{.tv_sec = seconds.count(), .tv_nsec = as<long>((since_boot - seconds).count())};
    futex(word, FUTEX_WAIT_BITSET, expected, &until);
}

/// Wakes at most `n` threads that sleep on `word`.
inline void futex_wake(const futex_word& word, std::uint32_t n) noexcept {
    futex(word, FUTEX_WAKE, n < INT_MAX ? n : INT_MAX, nullptr);
}

#endif

}  // namespace weir::detail
