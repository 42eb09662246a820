// SPDX-License-Identifier: MIT
//
// A store-load fence that only one side pays for. The standard's proposal for it is P1202 (asymmetric fences).
//
// Two threads that each store to their own variable and then load the other's must not both miss the other's store
// (Dekker). Usually each needs a full fence in between. Where one side runs a million times as often as the other, let
// the frequent side have a fence for the compiler alone, and the rare side have the kernel run a full barrier on every
// core that runs this process: Linux membarrier(2), PRIVATE_EXPEDITED, and FlushProcessWriteBuffers of Windows. As in
// liburcu and folly's AsymmetricMemoryBarrier.
#pragma once

#include <cerrno>
#include <type_traits>

#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/windows.hpp"

#if defined(__linux__)
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if defined(__SANITIZE_THREAD__)
#define WEIR_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEIR_THREAD_SANITIZER 1
#endif
#endif
#ifndef WEIR_THREAD_SANITIZER
#define WEIR_THREAD_SANITIZER 0
#endif

namespace weir {

/// Which side pays for the order between "publish an item" and "does a thread sleep?".
namespace fence {

/// The thread that goes to sleep or closes pays (default): it interrupts every core that runs this process, for 1 to 10 us, and
/// in a virtual machine for up to 90. Where the kernel cannot do that, a ring falls back to seq_cst by itself: on macOS, under
/// Wine, and at run time on a Linux without membarrier.
struct asymmetric {};

/// Every push and pop pays, with one locked instruction of some 20 cycles each. Choose it when the process runs threads on
/// other cores that must never be interrupted, or when rings of hundreds of threads park all the time.
struct seq_cst {};

}  // namespace fence

namespace detail {

/// The frequent side: keeps the compiler from moving memory accesses across.
inline void light_fence() noexcept {
#if defined(_MSC_VER)
    _ReadWriteBarrier();
#else
    asm volatile("" ::: "memory");
#endif
}

#if defined(__linux__) && !WEIR_THREAD_SANITIZER
inline long membarrier(int command) noexcept { return ::syscall(SYS_membarrier, command, 0U, 0); }

/// Whether heavy_fence() works in this process. The first call asks the kernel and registers the process.
inline bool has_heavy_fence() noexcept {
    static const bool answer = [] {
        const long commands = membarrier(MEMBARRIER_CMD_QUERY);
        return commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0 &&
               membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
    }();
    return answer;
}

/// The rare side: a full barrier on every core that runs a thread of this process, also in the middle of its light
/// fence. A forked child may have to register again.
inline void heavy_fence() noexcept {
    if (membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0) return;
    if (errno == EPERM && membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0 &&
        membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0) {
        return;
    }
    abort_with("the kernel took membarrier away while the process ran; choose fence::seq_cst for its rings");
}
#elif defined(_WIN32) && !WEIR_THREAD_SANITIZER
/// Whether heavy_fence() works in this process. Wine's FlushProcessWriteBuffers does nothing (up to version 10 at least).
inline bool has_heavy_fence() noexcept {
    static const bool answer = !windows::is_wine();
    return answer;
}

/// The rare side: interrupts every processor that runs a thread of this process; what it wrote before is visible then.
inline void heavy_fence() noexcept { windows::FlushProcessWriteBuffers(); }
#else
// ThreadSanitizer does not model membarrier, so it checks the seq_cst protocol.
inline bool has_heavy_fence() noexcept { return false; }
inline void heavy_fence() noexcept {}
#endif

template <class Fence>
bool is_asymmetric() noexcept {
    static_assert(std::is_same_v<Fence, fence::asymmetric> || std::is_same_v<Fence, fence::seq_cst>,
                  "weir: the fence policy is fence::asymmetric or fence::seq_cst");
    return std::is_same_v<Fence, fence::asymmetric> && has_heavy_fence();
}

}  // namespace detail
}  // namespace weir
