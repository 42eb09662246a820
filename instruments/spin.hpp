// SPDX-License-Identifier: MIT
//
// How the threads of a sample wait. The same for every queue and for the floors.
#pragma once

#include <sched.h>
#include <atomic>
#include <weir/detail/base/pause.hpp>

namespace bench {

/// Read by all spinning threads; not written while they spin.
struct alignas(128) spin_rules {
    /// Both threads share one processing unit, where spinning would keep the peer from running.
    bool one_core = false;
};
inline spin_rules spinning;

/// Whether this thread's current job has been cancelled because it takes too long. Points to the flag of the thread's
/// crew.
inline constinit const std::atomic<bool> never_called_off = false;
inline constinit thread_local const std::atomic<bool>* called_off = &never_called_off;

/// Thrown out of a loop whose job was cancelled.
struct gave_up {};

[[noreturn, gnu::noinline]] inline void give_up() { throw gave_up{}; }

[[gnu::always_inline]] inline void leave_if_called_off() {
    if (called_off->load(std::memory_order_relaxed)) [[unlikely]] {
        give_up();
    }
}

/// Waits between two attempts, if each thread has a core. Without the pause instruction a cache line's round trip is
/// a fifth slower, because constant polling keeps taking the line away from the core that is about to write it.
/// Force-inlined, because the compiler would otherwise inline it in some loops only.
[[gnu::always_inline]] inline void relax() {
    if (spinning.one_core) [[unlikely]] {
        sched_yield();
    } else {
        weir::detail::pause();
    }
    leave_if_called_off();
}

/// The same if threads may outnumber cores; `refusals` counts attempts in a row. After a few it yields the core.
[[gnu::always_inline]] inline void relax_in_crowd(unsigned refusals) {
    constexpr unsigned patience = 32;
    if (refusals < patience && !spinning.one_core) {
        weir::detail::pause();
    } else {
        sched_yield();
    }
    leave_if_called_off();
}

/// Lets a number of threads start together when each has called wait(). Reusable.
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
