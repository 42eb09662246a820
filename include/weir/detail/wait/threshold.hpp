// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/wait/asymmetric_fence.hpp"
#include "weir/detail/wait/futex.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/detail/wait/spin_budget.hpp"

namespace weir::detail {

/// The waiters of a lot that need several items, or slots, at once. Each announces how many. A publisher wakes them, all
/// together, when there are enough for the one that needs the fewest; those that need more announce themselves again.
///
/// They are counted in the lot's state word, which publishers read anyway, and sleep on a futex of their own. So they take
/// no wake-up from those that wait for one item, and publishers that find no waiter pay nothing. Lock-free for publishers.
///
/// Why no wake-up is lost: a waiter registers first, and announces its need afterwards, with a second read-modify-write of
/// the state word. A publisher that missed the registration has published before the heavy fence between the two. Each of
/// the others does a read-modify-write of the state word, too. If that comes before the announcement, the waiter's last
/// look finds what was published. If it comes after, the publisher acquires what the waiter knew by then and what the
/// publishers before it have brought: the last of them counts at least what is there in the end. With a single step a
/// publisher that finds the registration need not know of one that missed it, and so may count too few.
class threshold_waiters {
public:
    /// A waiter adds `one` to `state`, the word that publishers read. `asymmetric`: see fence::asymmetric.
    threshold_waiters(atomic<std::uint64_t>& state, std::uint64_t one, bool asymmetric) noexcept
        : state_(state), one_(one), asymmetric_(asymmetric) {}

    /// To be called by a publisher that found waiters registered, after a read-modify-write of the state by acq_rel.
    /// `available()`: how many items, or slots, there are; it may say too many, but not too few.
    template <class Available>
    bool wake(Available available) noexcept {
        // relaxed: announced before the registration, which the publisher has acquired
        const std::size_t least = least_.load(relaxed);
        if (least == unneeded || available() < least) return false;
        // relaxed: if it takes the announcement of another waiter along, that one read the ticket before (9)
        if (least_.exchange(unneeded, relaxed) == unneeded) return false;  // another publisher wakes them
        wake_all();
        return true;
    }

    void wake_all() noexcept {
        ticket_.fetch_add(1, release);  // (9) release: pairs with (10)
        futex_wake(ticket_, std::numeric_limits<std::uint32_t>::max());
    }

    /// Calls `done` until it returns true (then returns true) or `deadline` has passed (false). Between calls it sleeps
    /// until a publisher has counted `need`. Calls `parked` before each sleep.
    template <class Done, class Parked>
    bool wait(std::size_t need, Done& done, steady_time deadline, Parked& parked) noexcept(noexcept(done())) {
        if (spins_.spin(done)) return true;
        for (;;) {
            // (10) acquire: pairs with (9): a waiter that reads a new ticket announces itself after the waker took the announcements
            const std::uint32_t ticket = ticket_.load(acquire);
            {
                const registration registered(*this, need);
                if (done()) return spins_.gave_up_too_early(), true;
                if (has_passed(deadline)) return false;
                parked();
                futex_wait(ticket_, ticket, deadline);
            }
            if (done()) return true;
        }
    }

private:
    static constexpr std::size_t unneeded = std::numeric_limits<std::size_t>::max();

    // A thread is counted as a waiter for as long as this lives, also if done() throws.
    class registration {
    public:
        registration(threshold_waiters& in, std::size_t need) noexcept : in_(in) {
            if (in_.asymmetric_) {
                in_.state_.fetch_add(in_.one_, relaxed);  // relaxed: ordered by the heavy fence
                heavy_fence();
            }
            // relaxed, all: (11) passes it on
            std::size_t least = in_.least_.load(relaxed);
            while (need < least && !in_.least_.compare_exchange_weak(least, need, relaxed, relaxed)) {
            }
            // (11) acq_rel: pairs with (6) and (13): either the publisher finds the announcement, or the next
            // look finds what it published
            in_.state_.fetch_add(in_.asymmetric_ ? 0 : in_.one_, acq_rel);
        }
        // relaxed: a number. What it announced stays: at worst the others are woken once for it
        ~registration() { in_.state_.fetch_sub(in_.one_, relaxed); }
        registration(const registration&) = delete;
        registration& operator=(const registration&) = delete;

    private:
        threshold_waiters& in_;
    };

    atomic<std::uint64_t>& state_;
    const std::uint64_t one_;
    const bool asymmetric_;
    atomic<std::size_t> least_{unneeded};  // the smallest need announced since the last wake-up; a lower bound
    futex_word ticket_{0};
    spin_budget spins_;
};

}  // namespace weir::detail
