// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/wait/futex.hpp"
#include "weir/detail/wait/scheduler.hpp"

namespace weir::detail {

/// A lock held for a few instructions, for the queue of waiting threads; never taken while no thread waits. One word: free,
/// held, or held while another thread may sleep (Drepper: Futexes Are Tricky, the second mutex). No syscall unless it is
/// contended for longer than a few spins. Blocking.
class futex_lock {
public:
    void lock() noexcept {
        for (int i = 0; i <= spins; ++i) {
            std::uint32_t found = is_free;
            // (3) acquire: pairs with (4), what was done under the lock
            if (word_.compare_exchange_strong(found, held, acquire, relaxed)) return;
            if (found == awaited) break;
            pause();
        }
        // Others may still sleep, so a thread that has slept leaves the lock `awaited`: at worst one wake is for nothing.
        while (word_.exchange(awaited, acquire) != is_free) futex_wait(word_, awaited, forever);  // (3) as above
    }

    void unlock() noexcept {
        if (word_.exchange(is_free, release) == awaited) futex_wake(word_, 1);  // (4) release: pairs with (3)
    }

private:
    enum state : std::uint32_t { is_free, held, awaited };

    static inline const int spins = started_on_one_cpu ? 0 : 100;

    futex_word word_{is_free};
};

}  // namespace weir::detail
