// SPDX-License-Identifier: MIT
//
// Stands between weir and syscall(2), through which it reaches futex and membarrier: counts the calls, keeps their
// arguments, and can make the kernel answer as it rarely does. For programs that link counted_syscalls.cpp.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <vector>

namespace weir_test {

/// What went to the kernel, and what it is to answer. All may be read and set at any time.
struct counted_syscalls {
    std::atomic<std::uint64_t> all{0};
    std::atomic<std::uint64_t> waits{0};             // FUTEX_WAIT_BITSET
    std::atomic<std::uint64_t> waits_at_several{0};  // futex_waitv
    std::atomic<std::uint64_t> wakes{0};             // FUTEX_WAKE
    std::atomic<std::uint64_t> to_wake{0};           // the sum of how many these were to wake
    std::atomic<std::uint64_t> woken{0};             // the sum of how many they did wake
    std::atomic<std::uint64_t> membarriers{0};       // MEMBARRIER_CMD_PRIVATE_EXPEDITED: one for each way to sleep
    std::atomic<std::uint64_t> registers{0};         // MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED

    std::atomic<int> asleep{0};                 // threads inside a futex wait now
    std::atomic<int> last_wait_operation{0};    // with its flags
    std::atomic<std::int64_t> last_wait_ns{0};  // its deadline, -1 if there was none

    std::atomic<int> returns_for_nothing{0};  // so many futex waits to come return at once: with 0, and EINTR, in turn
    std::atomic<int> oversleeps{
        0};  // so many futex waits with a deadline to come end when they are woken, but not before it
    std::atomic<int> membarrier_failures{0};  // so many membarrier calls to come fail ...
    std::atomic<int> membarrier_errno{0};     // ... like this
    std::atomic<int> waitv_errno{0};  // if it is not 0, every futex_waitv fails like this, as where there is none

    void reset();
};
inline counted_syscalls syscalls;

/// Returns when each of these threads sleeps in a futex wait, and no other does.
void until_asleep(const std::vector<pid_t>& threads);

}  // namespace weir_test
