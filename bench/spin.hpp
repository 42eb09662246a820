// SPDX-License-Identifier: MIT
//
// What the two threads of a sample do while they cannot go on. The same for every queue and for the floors.
#pragma once

#include <atomic>
#include <sched.h>
#include <weir/detail/pause.hpp>

namespace bench {

/// True when both threads share one processing unit: then spinning only keeps the peer from running. Written once,
/// before the threads start.
inline bool sharing_one_core = false;

/// Between two tries of the same thing. With the pause a round trip of a cache line is a fifth quicker than without: who
/// polls all the time keeps taking the line away from the core that is about to write it.
inline void relax() noexcept {
    if (sharing_one_core) [[unlikely]] {
        sched_yield();
    } else {
        weir::detail::pause();
    }
}

/// Lets two threads, each of which calls wait(), start together. Reusable.
class starting_line {
public:
    void wait() noexcept {
        const unsigned ticket = arrived_.fetch_add(1, std::memory_order_acq_rel);
        const unsigned both = (ticket | 1U) + 1U;
        while (static_cast<int>(arrived_.load(std::memory_order_acquire) - both) < 0) {
            relax();
        }
    }

private:
    alignas(128) std::atomic<unsigned> arrived_ = 0;
};

}  // namespace bench
