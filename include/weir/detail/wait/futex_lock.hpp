// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/wait/futex.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/wait/scheduler.hpp"

namespace weir::detail {

/// A lock for a few instructions, where threads that wait for something stand in a queue. Nothing that runs while
/// nobody waits takes it. One word: free, held, or held while somebody may sleep (Drepper: Futexes Are Tricky, the
/// second mutex). No syscall unless it is contended for longer than a few spins. Blocking.
class futex_lock {
public:
    void lock() noexcept {
        for (int i = 0; i <= spins; ++i) {
            std::uint32_t found = is_free;
            // (1) acquire: pairs with (2), what was done under the lock
            if (word_.compare_exchange_strong(found, held, acquire, relaxed)) return;
            if (found == awaited) break;
            pause();
        }
        // Nobody knows who else sleeps, so whoever has slept leaves the lock awaited: at worst one wake is for nothing.
        while (word_.exchange(awaited, acquire) != is_free) futex_wait(word_, awaited, forever);  // (1) as above
    }

    void unlock() noexcept {
        if (word_.exchange(is_free, release) == awaited) futex_wake(word_, 1);  // (2) release: pairs with (1)
    }

private:
    enum state : std::uint32_t { is_free, held, awaited };

    static inline const int spins = started_on_one_cpu ? 0 : 100;

    futex_word word_{is_free};
};

}  // namespace weir::detail
