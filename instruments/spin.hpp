// SPDX-License-Identifier: MIT
//
// What the threads of a sample do while they cannot go on. The same for every queue and for the floors.
#pragma once

#include <sched.h>
#include <atomic>
#include <weir/detail/base/pause.hpp>

namespace bench {

/// What all spinning threads look at, and nobody writes while they do.
struct alignas(128) spin_rules {
    /// Both threads share one processing unit: then spinning only keeps the peer from running.
    bool one_core = false;
};
inline spin_rules spinning;

/// Whether the job that this thread is at takes too long and is to be left. Points to the flag of the thread's crew.
inline constinit const std::atomic<bool> never_called_off = false;
inline constinit thread_local const std::atomic<bool>* called_off = &never_called_off;

/// Thrown out of a loop that was called off.
struct gave_up {};

[[noreturn, gnu::noinline]] inline void give_up() { throw gave_up{}; }

[[gnu::always_inline]] inline void leave_if_called_off() {
    if (called_off->load(std::memory_order_relaxed)) [[unlikely]] {
        give_up();
    }
}

/// Between two tries of the same thing, where each thread has a core. With the pause a round trip of a cache line is a
/// fifth quicker than without: who polls all the time keeps taking the line away from the core that is about to write it.
/// Inlined by force, as it would be by some loops and not by others.
[[gnu::always_inline]] inline void relax() {
    if (spinning.one_core) [[unlikely]] {
        sched_yield();
    } else {
        weir::detail::pause();
    }
    leave_if_called_off();
}

/// The same where threads may outnumber cores: `refusals` in a row so far. After a few the core goes to somebody else.
[[gnu::always_inline]] inline void relax_in_crowd(unsigned refusals) {
    constexpr unsigned patience = 32;
    if (refusals < patience && !spinning.one_core) {
        weir::detail::pause();
    } else {
        sched_yield();
    }
    leave_if_called_off();
}

/// Lets some threads, each of which calls wait(), start together. Reusable.
class starting_line {
public:
    explicit starting_line(unsigned threads = 2) : threads_(threads) {}

    void wait() {
        const unsigned ticket = arrived_.fetch_add(1, std::memory_order_acq_rel);
        const unsigned all = (ticket / threads_ + 1) * threads_;
        for (unsigned turns = 0; static_cast<int>(arrived_.load(std::memory_order_acquire) - all) < 0; ++turns) {
            threads_ == 2 ? relax() : relax_in_crowd(turns);
        }
    }

private:
    const unsigned threads_;
    alignas(128) std::atomic<unsigned> arrived_ = 0;
};

}  // namespace bench
