// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/wait/asymmetric_fence.hpp"
#include "weir/detail/wait/futex.hpp"
#include "weir/detail/wait/listeners.hpp"
#include "weir/detail/wait/lot.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/detail/wait/spin_budget.hpp"
#include "weir/detail/wait/threshold.hpp"

namespace weir::wait {

/// Spins for a while that adapts, then sleeps on a futex, or on what stands for one (futex.hpp).
///
/// The publishing side does one relaxed load of a line that is written only when a thread parks. A thread that parks registers
/// first, then has every core run a barrier (see fence::asymmetric), then looks once more, and only then sleeps: so either its
/// last look finds what was published, or the publisher finds the registration.
template <class Fence>
struct parking {
    using fence_policy = Fence;

    class alignas(weir::detail::separation_bytes) lot {
    public:
        explicit lot(bool) noexcept
            : asymmetric_(weir::detail::is_asymmetric<Fence>()), state_(asymmetric_ ? 0 : always_look) {}

        /// To be called after `n` items, or slots, were published: wakes as many waiters as they can serve, and those in
        /// wait_for() if what is `available()` by now is enough for one of them. Without waiters one load; a syscall, and
        /// then true, only if a thread sleeps that was not woken yet.
        template <class Available = detail::uncounted>
        bool notify(std::size_t n, Available available = {}) noexcept {
            weir::detail::light_fence();
            // relaxed: ordered after the publication by the light fence here and the heavy one in wait()
            if (const std::uint64_t state = state_.load(weir::detail::relaxed); state != 0) [[unlikely]]
                return wake(n, available, state);
            return false;
        }

        /// The same, but asks `useful()` first, and only if there are waiters: is there anything that one could do?
        template <class Useful, class Available = detail::uncounted>
        bool notify_if(std::size_t n, Useful useful, Available available = {}) noexcept {
            weir::detail::light_fence();
            // relaxed: as in notify()
            if (const std::uint64_t state = state_.load(weir::detail::relaxed); state != 0 && useful()) [[unlikely]]
                return wake(n, available, state);
            return false;
        }

        /// Wakes every waiter, as after close(); also those counted as woken already: another one may have been woken in
        /// their place, and they may wait for different things, such as a stop.
        void notify_all() noexcept {
            // (6) release: pairs with (5), as in wake()
            const std::uint64_t state = state_.fetch_add(0, weir::detail::release);
            if (waiters(state) > 0) wake_sleepers(most_waiters);
            if (several(state) > 0) several_.wake_all();
            if ((state & listening) != 0) listeners_.wake(all);
        }

        /// Calls `parked` before each sleep.
        template <class Done, class Parked = detail::untold>
        bool wait(Done&& done, detail::steady_time deadline, Parked parked = {}) noexcept(noexcept(done())) {
            return spins_.spin(done) || sleep(done, deadline, parked);
        }

        /// As wait(), for a thread that needs `need` items, or slots, at once: it is not woken for fewer.
        template <class Done, class Parked = detail::untold>
        bool wait_for(std::size_t need, Done&& done, detail::steady_time deadline,
                      Parked parked = {}) noexcept(noexcept(done())) {
            return several_.wait(need, done, deadline, parked);
        }

        // ---- for a thread that waits in several lots at once: the steps of sleep(), see select_waiter ------------

        /// Registers the thread. It may sleep while word() is what this returns, if a look after that, and after one heavy fence if
        /// any of its lots needs_fence(), has found nothing.
        std::uint32_t arrive() noexcept {
            const std::uint32_t ticket = ticket_.load(weir::detail::acquire);  // (7) acquire: as in sleep()
            enter();
            return ticket;
        }
        const weir::detail::futex_word& word() const noexcept { return ticket_; }
        bool needs_fence() const noexcept { return asymmetric_; }
        /// To be called once for each arrive(). What was published before a wake-up that this thread was counted for is seen by
        /// the looks after this: if the thread has no use for it, it notifies another one.
        void depart() noexcept { leave(); }
        weir::detail::spin_budget& spins() noexcept { return spins_; }

        // ---- for waiters that are no threads: see detail/await/ --------------------------------------------------

        /// Where they register. One that is listed may fall asleep if a look after that, and after a heavy fence if the lot
        /// needs_fence(), has found nothing.
        weir::detail::listeners& listened() noexcept { return listeners_; }

        /// As notify(), but wakes threads alone: for a listener that was woken and leaves something. Its waker wakes the next one.
        void notify_threads(std::size_t n) noexcept {
            weir::detail::light_fence();
            // relaxed: as in notify()
            if (const std::uint64_t state = state_.load(weir::detail::relaxed); (state & ~listening) != 0) [[unlikely]]
                (void)wake(n, detail::uncounted{}, state, 0);
        }

    private:
        // The state:
        //
        //     bit  63            62          61 .. 31           30 .. 15          14 .. 0
        //        +-------------+-----------+------------------+-----------------+-----------------------+
        //        | always_look | listening | wait for several | woken, not left | registered as waiting |
        //        +-------------+-----------+------------------+-----------------+-----------------------+
        //
        // always_look: there is no asymmetric fence, so every publisher must look by a read-modify-write.
        // listening: there are waiters that are no threads.
        static constexpr std::uint64_t one_waiter = 1;
        static constexpr std::uint32_t most_waiters = 0x7fff;
        static constexpr std::uint64_t one_woken = std::uint64_t{1} << 15;
        static constexpr std::uint64_t one_of_several = std::uint64_t{1} << 31;
        static constexpr std::uint64_t listening = std::uint64_t{1} << 62;
        static constexpr std::uint64_t always_look = std::uint64_t{1} << 63;
        static constexpr std::size_t all = static_cast<std::size_t>(-1);

        static constexpr std::uint32_t waiters(std::uint64_t state) noexcept { return state & most_waiters; }
        static constexpr std::uint32_t woken(std::uint64_t state) noexcept {
            return static_cast<std::uint32_t>(state % one_of_several / one_woken);
        }
        static constexpr std::uint64_t several(std::uint64_t state) noexcept {
            return (state & ~(always_look | listening)) / one_of_several;
        }

        template <class Done, class Parked>
        bool sleep(Done& done, detail::steady_time deadline, Parked& parked) noexcept(noexcept(done())) {
            for (;;) {
                // Before we register: a waker that counts us as woken changes the ticket after we have read it, so that we cannot
                // sleep through that wake while the next publisher believes we are up.
                // (7) acquire: pairs with (8): the waker that made this ticket counted before we register
                const std::uint32_t ticket = ticket_.load(weir::detail::acquire);
                {
                    const registration registered(*this);
                    if (asymmetric_) weir::detail::heavy_fence();
                    if (done()) return spins_.gave_up_too_early(), true;
                    if (weir::detail::has_passed(deadline)) return false;
                    parked();
                    weir::detail::futex_wait(ticket_, ticket, deadline);
                }
                if (done()) return true;
            }
        }

        // A thread is counted as a waiter for as long as this lives, also if done() throws.
        class registration {
        public:
            explicit registration(lot& in) noexcept : lot_(in) { lot_.enter(); }
            ~registration() { lot_.leave(); }
            registration(const registration&) = delete;
            registration& operator=(const registration&) = delete;

        private:
            lot& lot_;
        };

        void enter() noexcept {
            // (5) acquire: pairs with (6): a publisher that looked before us published before our next look
            state_.fetch_add(one_waiter, weir::detail::acquire);
        }

        void leave() noexcept {
            std::uint64_t state = state_.load(weir::detail::relaxed);  // relaxed: the exchange decides
            std::uint64_t next;
            do {
                // Also if another thread was woken: counting too few as woken costs a needless wake, no more.
                next = state - one_waiter - (woken(state) > 0 ? one_woken : 0);
                // (14) acquire: pairs with (6), for depart(): a publisher that woke this thread published before the next look.
                // A waiter of this lot alone looks again after (5). relaxed, of a failure: a number
            } while (!state_.compare_exchange_weak(state, next, weir::detail::acquire, weir::detail::relaxed));
        }

        template <class Available>
        [[gnu::noinline]] bool wake(std::size_t n, Available available, std::uint64_t seen,
                                    std::uint64_t others = listening) noexcept {
            // All waiters were woken and have not run yet, as happens on one CPU. Those that register later have their heavy fence
            // and a look before they sleep.
            if (asymmetric_ && several(seen) == 0 && (seen & others) == 0 && waiters(seen) <= woken(seen)) return false;
            // (6) release: pairs with (5), (11), (14) and (15): either we see the registration, or a later waiter sees our publication;
            // and acquire: for those that wait for several, see threshold_waiters
            const std::uint64_t state = state_.fetch_add(0, weir::detail::acq_rel);
            if (state == always_look) [[likely]]  // the usual case without an asymmetric fence
                return false;
            bool woke_one = wake_waiters(n, state);
            if (several(state) > 0 && several_.wake(available)) woke_one = true;
            if ((state & others) != 0) listeners_.wake(n);  // at last: it runs them, and so code of the user's
            return woke_one;
        }

        bool wake_waiters(std::size_t n, std::uint64_t state) noexcept {
            std::uint32_t count;
            do {
                const std::uint32_t asleep = waiters(state) - std::min(waiters(state), woken(state));
                count = static_cast<std::uint32_t>(std::min<std::size_t>(n, asleep));
                if (count == 0) return false;
                // relaxed, both: a number, that (8) puts before the new ticket
            } while (!state_.compare_exchange_weak(state, state + count * one_woken, weir::detail::relaxed,
                                                   weir::detail::relaxed));
            wake_sleepers(count);
            return true;
        }

        void wake_sleepers(std::uint32_t count) noexcept {
            ticket_.fetch_add(1, weir::detail::release);  // (8) release: pairs with (7)
            weir::detail::futex_wake(ticket_, count);
        }

        const bool asymmetric_;
        weir::detail::atomic<std::uint64_t> state_;
        // What waiters write while they wait stays off the line that publishers read.
        alignas(weir::detail::separation_bytes) weir::detail::futex_word ticket_{0};
        weir::detail::spin_budget spins_;
        weir::detail::threshold_waiters several_{state_, one_of_several, asymmetric_};
        weir::detail::listeners listeners_{state_, listening};
    };
};

}  // namespace weir::wait
