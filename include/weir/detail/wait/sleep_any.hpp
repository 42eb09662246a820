// SPDX-License-Identifier: MIT
//
// Sleep until one of several words changes, or one of several descriptors is readable: futex_waitv(2), of Linux 5.16 and later,
// and ppoll(2).
#pragma once

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <span>

#include "weir/detail/wait/futex.hpp"
#include "weir/detail/wait/scheduler.hpp"

#if defined(__linux__)
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <ctime>
#endif

namespace weir::detail {

/// A word, and what it is as long as the thread may sleep. Laid out as the kernel's struct futex_waitv, which the headers of
/// kernels before 5.16 lack.
struct futex_watch {
    std::uint64_t expected;
    std::uint64_t address;
    std::uint32_t flags;
    std::uint32_t reserved;
};

inline futex_watch watch(const futex_word& word, std::uint32_t expected) noexcept {
    constexpr std::uint32_t of_32_bits = 2, in_this_process = 128;
    return {expected, reinterpret_cast<std::uintptr_t>(&word), of_32_bits | in_this_process, 0};
}

#if !WEIR_FUTEX_FALLBACK && defined(SYS_futex_waitv)
#define WEIR_FUTEX_WAITV SYS_futex_waitv
#elif !WEIR_FUTEX_FALLBACK && ((defined(__x86_64__) && defined(__LP64__)) || defined(__aarch64__) || defined(__riscv))
#define WEIR_FUTEX_WAITV 449  // of a kernel that is newer than the headers
#endif

#if defined(WEIR_FUTEX_WAITV)

/// Whether sleep_while_all() sleeps until it is woken. The first call asks the kernel: an older one answers ENOSYS, and a container
/// may forbid what its filter does not know, with EPERM.
inline bool can_sleep_while_all() noexcept {
    static const bool answer = [] {
        return ::syscall(WEIR_FUTEX_WAITV, nullptr, 0U, 0U, nullptr, 1 /* CLOCK_MONOTONIC */) == -1 && errno == EINVAL;
    }();
    return answer;
}

/// As futex_wait() for 1 to 128 words: sleeps while all are as expected.
inline void sleep_while_all(std::span<const futex_watch> words, steady_time deadline) noexcept {
    struct {
        std::int64_t seconds, nanoseconds;  // on every architecture
    } until{};
    if (deadline != forever) {
        const auto since_boot = deadline.time_since_epoch();
        if (since_boot.count() <= 0) return;
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
        until = {seconds.count(), (since_boot - seconds).count()};
    }
    ::syscall(WEIR_FUTEX_WAITV, words.data(), static_cast<unsigned>(words.size()), 0U,
              deadline == forever ? nullptr : &until, 1 /* CLOCK_MONOTONIC */);
}

#else

inline bool can_sleep_while_all() noexcept { return false; }
/// Naps once, whatever the words are.
inline void sleep_while_all(std::span<const futex_watch>, steady_time) noexcept {
    sleep_for(std::chrono::microseconds{20});
}

#endif

#if defined(__linux__)
/// Sleeps until one of the descriptors is readable or `deadline`. May return early, after a signal.
inline void wait_any_readable(std::span<pollfd> entries, steady_time deadline) noexcept {
    if (deadline == forever) {
        ::ppoll(entries.data(), entries.size(), nullptr, nullptr);
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return;
    const std::chrono::nanoseconds left = deadline - now;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = static_cast<long>((left - seconds).count())};
    ::ppoll(entries.data(), entries.size(), &timeout, nullptr);
}
#endif

}  // namespace weir::detail
