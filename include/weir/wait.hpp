// SPDX-License-Identifier: MIT
//
// How a push waits for room and a pop for items. A strategy is the second parameter of a ring:
//
//     wait::park    spin a little, then sleep on a futex (default). Nobody pays while nobody sleeps.
//     wait::spin    spin. Lowest latency, one core burnt; for threads that have a core each.
//     wait::yield   spin and give the CPU away at each turn. Where threads outnumber cores and must not sleep.
//     wait::sleep   sleep for short times and look again. The other side never makes a syscall: for audio callbacks.
//     wait::event   an eventfd for each side, for poll and epoll loops.
//
// Each has a `lot`: where the waiters of one side wait. A ring has two. All of a lot's operations may be called by any
// number of threads.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#include <sys/eventfd.h>
#include <unistd.h>
#endif

#include "weir/detail/wait/asymmetric_fence.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/wait/futex.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/wait/roll_call.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/detail/wait/spin_budget.hpp"
#include "weir/detail/wait/threshold.hpp"

namespace weir {

/// The deadline that never comes, for the operations that take one.
inline constexpr std::chrono::steady_clock::time_point forever = detail::forever;

}  // namespace weir

namespace weir::wait {

namespace detail {

using weir::detail::steady_time;

/// How much there is, in a lot where nobody waits for several.
struct uncounted {
    constexpr std::size_t operator()() const noexcept { return 0; }
};

/// What a lot calls before it sleeps, unless it is given something that counts.
struct untold {
    void operator()() const noexcept {}
};

/// Lots of strategies whose waiters look again by themselves: nobody has to tell them.
struct polled_lot {
    explicit polled_lot(bool) noexcept {}
    template <class Available = uncounted>
    static constexpr bool notify(std::size_t, Available = {}) noexcept { return false; }
    template <class Useful, class Available = uncounted>
    static constexpr bool notify_if(std::size_t, Useful, Available = {}) noexcept { return false; }
    void notify_all() noexcept {}
};

}  // namespace detail

/// Spins. On one CPU, where the peer cannot run meanwhile, it yields; on more it yields now and then, in case the peer is
/// pinned to the same one.
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
                if (weir::detail::started_on_one_cpu || turn % turns_to_doubt == 0) {
                    weir::detail::yield_cpu();
                } else {
                    weir::detail::pause();
                }
            }
            return true;
        }

    private:
        // The peer may be waiting for this very CPU: about every 100 us it gets the chance.
        static constexpr unsigned turns_to_doubt = 4096;
    };
};

/// Spins, and gives the CPU away at each turn.
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
/// scheduler adds.
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

/// Spins for a while that adapts, then sleeps on a futex.
///
/// The side that publishes does one relaxed load of a line that is written only when somebody parks. Who parks registers
/// first, then has every core run a barrier (see fence::asymmetric), then looks once more, and only then sleeps: so
/// either the last look finds what was published, or the publisher finds the registration.
template <class Fence>
struct parking {
    using fence_policy = Fence;

    class alignas(weir::detail::separation_bytes) lot {
    public:
        explicit lot(bool) noexcept
            : asymmetric_(weir::detail::is_asymmetric<Fence>()), state_(asymmetric_ ? 0 : always_look) {}

        /// To be called after `n` items, or slots, were published: wakes as many waiters as they can serve, and those in
        /// wait_for() if what is `available()` by now is enough for one of them. Without waiters one load; a syscall, and
        /// then true, only when somebody sleeps who was not woken yet.
        template <class Available = detail::uncounted>
        bool notify(std::size_t n, Available available = {}) noexcept {
            weir::detail::light_fence();
            // relaxed: ordered after the publication by the light fence here and the heavy one in wait()
            if (state_.load(weir::detail::relaxed) != 0) [[unlikely]] return wake(n, available);
            return false;
        }

        /// The same, but asks `useful()` first, and only if there are waiters: is there anything that one could do?
        template <class Useful, class Available = detail::uncounted>
        bool notify_if(std::size_t n, Useful useful, Available available = {}) noexcept {
            weir::detail::light_fence();
            // relaxed: as in notify()
            if (state_.load(weir::detail::relaxed) != 0 && useful()) [[unlikely]] return wake(n, available);
            return false;
        }

        /// Wakes every waiter, as after close(); also those counted as woken already: another one may have been woken in
        /// their place, and they may wait for different things, such as a stop.
        void notify_all() noexcept {
            // (2) release: pairs with (1), as in wake()
            const std::uint64_t state = state_.fetch_add(0, weir::detail::release);
            if (waiters(state) > 0) wake_sleepers(most_waiters);
            if (several(state) > 0) several_.wake_all();
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

    private:
        // The state: how many threads are registered, how many of those were woken and have not left yet, how many wait
        // for several, and whether publishers must always look properly since there is no asymmetric fence.
        static constexpr std::uint64_t one_waiter = 1;
        static constexpr std::uint32_t most_waiters = 0x7fff;
        static constexpr std::uint64_t one_woken = std::uint64_t{1} << 15;
        static constexpr std::uint64_t one_of_several = std::uint64_t{1} << 31;
        static constexpr std::uint64_t always_look = std::uint64_t{1} << 63;

        static constexpr std::uint32_t waiters(std::uint64_t state) noexcept { return state & most_waiters; }
        static constexpr std::uint32_t woken(std::uint64_t state) noexcept {
            return static_cast<std::uint32_t>(state % one_of_several / one_woken);
        }
        static constexpr std::uint64_t several(std::uint64_t state) noexcept {
            return (state & ~always_look) / one_of_several;
        }

        template <class Done, class Parked>
        bool sleep(Done& done, detail::steady_time deadline, Parked& parked) noexcept(noexcept(done())) {
            for (;;) {
                // Before we register: whoever counts us as woken changes the ticket after we have read it, so that we cannot
                // sleep through that wake while the next publisher believes we are up.
                // (3) acquire: pairs with (4): whoever made this ticket has counted before we register
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
            // (1) acquire: pairs with (2): who looks properly before us published before our next look
            state_.fetch_add(one_waiter, weir::detail::acquire);
        }

        void leave() noexcept {
            // relaxed, all: a number; what is to be seen is seen at the next look, or after the next (1)
            std::uint64_t state = state_.load(weir::detail::relaxed);
            std::uint64_t next;
            do {
                // Whether or not it was us who was woken: counting too few as woken costs a needless wake, no more.
                next = state - one_waiter - (woken(state) > 0 ? one_woken : 0);
            } while (!state_.compare_exchange_weak(state, next, weir::detail::relaxed, weir::detail::relaxed));
        }

        template <class Available>
        [[gnu::noinline]] bool wake(std::size_t n, Available available) noexcept {
            // (2) release: pairs with (1): either we see the registration, or who registers later sees our publication;
            // and acquire: for those that wait for several, see threshold_waiters
            const std::uint64_t state = state_.fetch_add(0, weir::detail::acq_rel);
            const bool woke_one = wake_waiters(n, state);
            return (several(state) > 0 && several_.wake(available)) || woke_one;
        }

        bool wake_waiters(std::size_t n, std::uint64_t state) noexcept {
            std::uint32_t count;
            do {
                const std::uint32_t asleep = waiters(state) - std::min(waiters(state), woken(state));
                count = static_cast<std::uint32_t>(std::min<std::size_t>(n, asleep));
                if (count == 0) return false;
                // relaxed, both: a number, that (4) puts before the new ticket
            } while (!state_.compare_exchange_weak(state, state + count * one_woken, weir::detail::relaxed,
                                                   weir::detail::relaxed));
            wake_sleepers(count);
            return true;
        }

        void wake_sleepers(std::uint32_t count) noexcept {
            ticket_.fetch_add(1, weir::detail::release);  // (4) release: pairs with (3)
            weir::detail::futex_wake(ticket_, count);
        }

        const bool asymmetric_;
        weir::detail::atomic<std::uint64_t> state_;
        // What waiters write while they wait stays off the line that publishers read.
        alignas(weir::detail::separation_bytes) weir::detail::futex_word ticket_{0};
        weir::detail::spin_budget spins_;
        weir::detail::threshold_waiters several_{state_, one_of_several, asymmetric_};
    };
};

/// Spins a little, then sleeps. The default.
using park = parking<fence::asymmetric>;

#if defined(__linux__)
/// An eventfd for each side, for poll and epoll loops: `items_fd()` and `space_fd()` of the ring.
///
/// Level-triggered as users of epoll expect: items_fd() is readable while there may be items, from the push that ended
/// the emptiness until a pop has said `empty`; after close() it stays readable. So the loop is: wait for the descriptor,
/// then pop until empty. The same for space_fd() with room, and `full`. The first `empty` after an item costs two
/// syscalls, the push after that one; neither any while items flow.
template <class Fence>
struct eventing {
    using fence_policy = Fence;

    class alignas(weir::detail::separation_bytes) lot {
    public:
        /// `ready`: whether there is something to be had from the start.
        explicit lot(bool ready)
            : asymmetric_(weir::detail::is_asymmetric<Fence>()),
              fd_(::eventfd(ready ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK)),
              state_((ready ? 0 : armed) | (asymmetric_ ? 0 : always_look)) {
            if (fd_ < 0) weir::detail::fail_with_errno("no eventfd for a ring with wait::event");
        }
        ~lot() { ::close(fd_); }
        lot(const lot&) = delete;
        lot& operator=(const lot&) = delete;

        int fd() const noexcept { return fd_; }

        template <class Available = detail::uncounted>
        bool notify(std::size_t, Available available = {}) noexcept {
            weir::detail::light_fence();
            // relaxed: ordered after the publication by the light fence here and the heavy one in arm()
            if ((state_.load(weir::detail::relaxed) & asks) != 0) [[unlikely]] return wake(available);
            return false;
        }

        /// The same, but asks `useful()` first, and only if nobody has signalled: is there anything to signal?
        template <class Useful, class Available = detail::uncounted>
        bool notify_if(std::size_t, Useful useful, Available available = {}) noexcept {
            weir::detail::light_fence();
            // relaxed: as in notify()
            if ((state_.load(weir::detail::relaxed) & asks) != 0 && useful()) [[unlikely]] return wake(available);
            return false;
        }

        /// Makes the descriptor readable until every waiter has looked again. Waiters may wait for different things, such as
        /// a stop: one that finds nothing and empties the descriptor must not do so for the others.
        void notify_all() noexcept {
            waiting_.call();
            signal_if_armed();
            // relaxed: comes after the read-modify-write of the state in signal_if_armed()
            if ((state_.load(weir::detail::relaxed) & all_of_several) != 0) several_.wake_all();
        }

        /// To be called when nothing was found: makes the descriptor unreadable until the next notify(), unless `found`
        /// says that there is something after all.
        template <class Found>
        void found_nothing(Found&& found) noexcept(noexcept(found())) {
            // relaxed: if it is armed, whoever armed it has looked after that
            if ((state_.load(weir::detail::relaxed) & armed) != 0) return;
            if (arm(), found()) signal_if_armed();
        }

        template <class Done, class Parked = detail::untold>
        bool wait(Done&& done, detail::steady_time deadline, Parked parked = {}) noexcept(noexcept(done())) {
            if (done()) return true;
            for (weir::detail::roll_call::member me(waiting_);;) {
                me.look();
                arm();
                if (last_look(done)) return true;
                if (weir::detail::has_passed(deadline)) return false;
                parked();
                weir::detail::wait_readable(fd_, deadline);
                me.look();
                if (done()) return true;
                // It stays readable until the other waiters have looked; they may need this CPU to do so.
                if (waiting_.is_incomplete()) weir::detail::sleep_for(std::chrono::microseconds{20});
            }
        }

        /// As wait(), for a thread that needs `need` items, or slots, at once: it is not woken for fewer. It sleeps on a
        /// futex, spins before that, and leaves the descriptor alone.
        template <class Done, class Parked = detail::untold>
        bool wait_for(std::size_t need, Done&& done, detail::steady_time deadline,
                      Parked parked = {}) noexcept(noexcept(done())) {
            return several_.wait(need, done, deadline, parked);
        }

    private:
        static constexpr std::uint64_t armed = 1;           // nobody has signalled since the descriptor was emptied
        static constexpr std::uint64_t always_look = 2;     // there is no asymmetric fence
        static constexpr std::uint64_t one_of_several = 4;  // how many wait for several
        static constexpr std::uint64_t all_of_several = 0xffff * one_of_several;
        static constexpr std::uint64_t one_arming = all_of_several + one_of_several;  // from here on: how often it was armed
        static constexpr std::uint64_t asks = armed | always_look | all_of_several;

        // Unless there was nothing, the descriptor is readable again: what done() found, or left behind when it threw, may not
        // be all there is.
        template <class Done>
        bool last_look(Done& done) noexcept(noexcept(done())) {
            struct signalling {
                lot& me;
                bool is_needed = true;
                ~signalling() {
                    if (is_needed) me.signal_if_armed();
                }
            } signal{*this};
            return signal.is_needed = done();
        }

        [[gnu::noinline]] void arm() noexcept {
            std::uint64_t before = state_.load(weir::detail::acquire);  // acquire: comes before the read
            std::uint64_t after;
            do {
                // Once more if it was armed, or signalled, by another thread meanwhile: the signal may have come after our
                // read. Armed then, the descriptor would stay readable for as long as nothing else comes.
                std::uint64_t ignored = 0;
                (void)!::read(fd_, &ignored, sizeof ignored);
                after = (before + one_arming) | armed;
                // (1) acquire: pairs with (2): who looks properly before us published before our next look; and release: the
                // descriptor is emptied before that. acquire, of a failure: as above
            } while (!state_.compare_exchange_strong(before, after, weir::detail::acq_rel, weir::detail::acquire));
            if (asymmetric_) weir::detail::heavy_fence();
            // What was read may have been meant for others, too. By (1) a call from before it is known.
            if (waiting_.is_incomplete()) signal_if_armed();
        }

        template <class Available>
        [[gnu::noinline]] bool wake(Available available) noexcept {
            const bool signalled = signal_if_armed();
            // relaxed: comes after the read-modify-write of the state in signal_if_armed()
            const bool is_awaited = (state_.load(weir::detail::relaxed) & all_of_several) != 0;
            return (is_awaited && several_.wake(available)) || signalled;
        }

        [[gnu::noinline]] bool signal_if_armed() noexcept {
            // (2) release: pairs with (1): either we see that it is armed, or who arms it later sees our publication; and
            // acquire: for those that wait for several, see threshold_waiters
            if ((state_.fetch_and(~armed, weir::detail::acq_rel) & armed) == 0) return false;
            signal();
            return true;
        }

        void signal() noexcept {
            const std::uint64_t one = 1;
            (void)!::write(fd_, &one, sizeof one);  // fails only when it is readable already, 2^64 - 2 times over
        }

        const bool asymmetric_;
        const int fd_;
        weir::detail::atomic<std::uint64_t> state_;
        alignas(weir::detail::separation_bytes) weir::detail::roll_call waiting_;  // off the line that publishers read
        weir::detail::threshold_waiters several_{state_, one_of_several, asymmetric_};
    };
};

using event = eventing<fence::asymmetric>;
#endif

}  // namespace weir::wait
