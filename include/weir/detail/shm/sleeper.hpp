// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/shm/shared_futex.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/detail/wait/spin_budget.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// Where the threads of a side sleep: a word in the segment, 1 while one sleeps or is about to.
///
/// The waiting thread writes 1, looks once more, and sleeps while the word is 1. The other side publishes, then reads the word, and
/// wakes if it is 1. Both in seq_cst order, so either the last look finds what was published, or the publisher finds the 1. Whatever
/// a peer does or omits, a sleep ends after the turn that `Watch::next_look` sets, and the thread looks again.
struct bed {
    /// After a publication in seq_cst order.
    static void wake(futex_word& asleep) noexcept {
        // (4) seq_cst: pairs with (5): see above
        if (asleep.load(seq_cst) != 0) [[unlikely]]
            wake_properly(asleep);
    }

    /// Waits until `attempt(asks)` answers other than `in_vain`, or until the deadline: timeout. `asks`: whether it is to ask the
    /// system for the peer, now that the thread would sleep. `Several`: other threads may sleep on the same word.
    template <class Watch, bool Several = false, class Attempt>
    static status wait(futex_word& asleep, spin_budget& spins, Attempt attempt, status::value in_vain,
                       steady_time deadline) noexcept {
        status answer = in_vain;
        const auto done = [&]() noexcept {
            answer = attempt(false);
            return answer != in_vain;
        };
        if (spins.spin(done)) return answer;
        for (bool first = true;; first = false) {
            asleep.store(1, seq_cst);  // (5) seq_cst: pairs with (4)
            answer = attempt(true);
            const bool late = answer == in_vain && has_passed(deadline);
            if (answer != in_vain || late) {
                // relaxed: a 1 that is left costs a needless wake, no more; a 0 would let others sleep on
                if constexpr (!Several) asleep.store(0, relaxed);
                if (first && !late) spins.gave_up_too_early();
                return late ? status(status::timeout) : answer;
            }
            shared_futex_wait(asleep, 1, Watch::next_look(deadline));
        }
    }

private:
    [[gnu::noinline]] static void wake_properly(futex_word& asleep) noexcept {
        asleep.store(0, relaxed);  // relaxed: the system orders it before the wake
        shared_futex_wake(asleep);
    }
};

}  // namespace weir::detail
