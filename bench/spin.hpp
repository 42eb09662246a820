// SPDX-License-Identifier: MIT
//
// What the two threads of a sample do while they cannot go on. The same for every queue and for the floors.
#pragma once

#include <sched.h>
#include <atomic>
#include <weir/detail/pause.hpp>

namespace bench {

/// What all spinning threads look at, and nobody writes while they do.
struct alignas(128) spin_rules {
    /// Both threads share one processing unit: then spinning only keeps the peer from running.
    bool one_core = false;
    /// The job takes too long: leave it.
    std::atomic<bool> abandoned = false;
};
inline spin_rules spinning;

/// Thrown out of a loop that was abandoned.
struct gave_up {};

/// Between two tries of the same thing. With the pause a round trip of a cache line is a fifth quicker than without:
/// who polls all the time keeps taking the line away from the core that is about to write it.
inline void relax() {
    if (spinning.one_core) [[unlikely]] {
        sched_yield();
    } else {
        weir::detail::pause();
    }
    if (spinning.abandoned.load(std::memory_order_relaxed)) [[unlikely]] {
        throw gave_up{};
    }
}

/// Lets two threads, each of which calls wait(), start together. Reusable.
class starting_line {
public:
    void wait() {
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
