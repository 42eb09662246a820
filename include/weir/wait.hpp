// SPDX-License-Identifier: MIT
//
// How a push waits for room and a pop for items. A strategy is an option of a ring:
//
//     wait::park    spin a little, then sleep on a futex (default). While no thread sleeps, a push or pop pays one load. A thread that goes
//                   to sleep interrupts the cores of this process for microseconds (membarrier); to avoid that,
//                   wait::parking<fence::seq_cst>, where each push and pop pays a locked instruction.
//     wait::spin    spin. Lowest latency, one core burnt; for threads that have a core each.
//     wait::yield   spin and give the CPU away at each turn. Where threads outnumber cores and must not sleep.
//     wait::sleep   sleep for short times and look again. The other side's pushes and pops make no system call: for audio callbacks.
//                   close() of a ring with one producer makes one: call it elsewhere.
//     wait::event   an eventfd for each side, for poll and epoll loops. Linux alone.
//
// That is Linux. What each becomes on Windows, macOS and other POSIX systems is said at each.
//
// Each has a `lot`: where the waiters of one side wait. A ring has two. All of a lot's operations may be called by any
// number of threads.
#pragma once

#include <algorithm>
#include <chrono>

#include "weir/detail/base/pause.hpp"
#include "weir/detail/concepts.hpp"
#include "weir/detail/wait/asymmetric_fence.hpp"
#include "weir/detail/wait/eventing.hpp"
#include "weir/detail/wait/lot.hpp"
#include "weir/detail/wait/no_eventing.hpp"
#include "weir/detail/wait/parking.hpp"
#include "weir/detail/wait/scheduler.hpp"

namespace weir {

/// The deadline that never comes, for the operations that take one.
inline constexpr std::chrono::steady_clock::time_point forever = detail::forever;

}  // namespace weir

namespace weir::wait {

/// Spins. On one CPU, where the peer cannot run meanwhile, it yields; on more it yields now and then, in case the peer is
/// pinned to the same one. To yield is sched_yield(), on Windows SwitchToThread().
struct spin {
    using fence_policy = fence::asymmetric;

    class lot : public detail::polled_lot {
    public:
        using polled_lot::polled_lot;

        /// Calls `done` until it returns true (then returns true) or `deadline` has passed (false).
        template <class Done>
        bool wait(Done&& done, detail::steady_time deadline) noexcept(noexcept(done())) {
            for (unsigned turn = 1; !done(); ++turn) {
                if (turn % 64 == 0 && weir::detail::has_passed(deadline)) return false;
                rest(turn);
            }
            return true;
        }

        /// Between the looks number `turn` and the next one.
        static void rest(unsigned turn) noexcept {
            if (weir::detail::started_on_one_cpu || turn % turns_to_doubt == 0) {
                weir::detail::yield_cpu();
            } else {
                weir::detail::pause();
            }
        }

    private:
        // The peer may be waiting for this very CPU: about every 100 us it gets the chance.
        static constexpr unsigned turns_to_doubt = 4096;
    };
};

/// Spins, and gives the CPU away at each turn: by sched_yield(), on Windows by SwitchToThread().
struct yield {
    using fence_policy = fence::asymmetric;

    class lot : public detail::polled_lot {
    public:
        using polled_lot::polled_lot;

        template <class Done>
        bool wait(Done&& done, detail::steady_time deadline) noexcept(noexcept(done())) {
            while (!done()) {
                if (weir::detail::has_passed(deadline)) return false;
                weir::detail::yield_cpu();
            }
            return true;
        }
    };
};

/// Sleeps for 20 us, then longer, up to 1 ms, and looks again. An item is seen 1 ms late at most, plus what the
/// scheduler adds. By nanosleep(); on Windows each sleep is Sleep(1), which lasts until a tick of the system's timer: up to 16 ms
/// unless the program asks for shorter ticks by timeBeginPeriod(1).
struct sleep {
    using fence_policy = fence::asymmetric;

    class lot : public detail::polled_lot {
    public:
        using polled_lot::polled_lot;

        template <class Done, class Parked = detail::untold>
        bool wait(Done&& done, detail::steady_time deadline, Parked parked = {}) noexcept(noexcept(done())) {
            using namespace std::chrono;
            for (nanoseconds nap = microseconds{20}; !done(); nap = std::min<nanoseconds>(nap * 2, milliseconds{1})) {
                if (deadline == weir::detail::forever) {
                    parked();
                    weir::detail::sleep_for(nap);
                } else {
                    const auto now = steady_clock::now();
                    if (now >= deadline) return false;
                    parked();
                    weir::detail::sleep_for(std::min<nanoseconds>(nap, deadline - now));
                }
            }
            return true;
        }
    };
};

/// Spins a little, then sleeps. The default.
///
/// On Linux the sleep is a futex, and membarrier orders it. On Windows it is WaitOnAddress, ordered by FlushProcessWriteBuffers;
/// deadlines there are kept to the tick of the system's timer. On macOS and other POSIX systems it is a table of mutexes and
/// condition variables that all rings share, and every push and pop pays for the order, as with fence::seq_cst; so it does under
/// Wine.
using park = parking<fence::asymmetric>;

/// An eventfd for each side: items_fd() and space_fd(). Other systems than Linux have none, and refuse it when it is compiled.
using event = eventing<fence::asymmetric>;

#if defined(__linux__)
static_assert(weir::detail::waiting_strategy<event> && weir::detail::waiting_strategy<eventing<fence::seq_cst>>);
#endif

static_assert(weir::detail::waiting_strategy<spin> && weir::detail::waiting_strategy<yield>);
static_assert(weir::detail::waiting_strategy<sleep> && weir::detail::waiting_strategy<park>);
static_assert(weir::detail::waiting_strategy<parking<fence::seq_cst>>);

}  // namespace weir::wait
