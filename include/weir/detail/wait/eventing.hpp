// SPDX-License-Identifier: MIT
#pragma once

#if defined(__linux__)

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/wait/asymmetric_fence.hpp"
#include "weir/detail/wait/lot.hpp"
#include "weir/detail/wait/roll_call.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/detail/wait/threshold.hpp"

namespace weir::wait {

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
            if ((state_.load(weir::detail::relaxed) & asks) != 0) [[unlikely]]
                return wake(available);
            return false;
        }

        /// The same, but asks `useful()` first, and only if there is no signal yet: is there anything to signal?
        template <class Useful, class Available = detail::uncounted>
        bool notify_if(std::size_t, Useful useful, Available available = {}) noexcept {
            weir::detail::light_fence();
            // relaxed: as in notify()
            if ((state_.load(weir::detail::relaxed) & asks) != 0 && useful()) [[unlikely]]
                return wake(available);
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
            // relaxed: if it is armed, the thread that armed it has looked after that
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

        /// For a thread that polls the descriptors of several lots at once: it is a member for as long as it waits.
        weir::detail::roll_call& waiting() noexcept { return waiting_; }

    private:
        static constexpr std::uint64_t armed = 1;           // there was no signal since the descriptor was emptied
        static constexpr std::uint64_t always_look = 2;     // there is no asymmetric fence
        static constexpr std::uint64_t one_of_several = 4;  // how many wait for several
        static constexpr std::uint64_t all_of_several = 0xffff * one_of_several;
        static constexpr std::uint64_t one_arming =
            all_of_several + one_of_several;  // from here on: how often it was armed
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
                // (12) acquire: pairs with (13): a publisher that looked before us published before our next look; and release: the
                // descriptor is emptied before that. acquire, of a failure: as above
            } while (!state_.compare_exchange_strong(before, after, weir::detail::acq_rel, weir::detail::acquire));
            if (asymmetric_) weir::detail::heavy_fence();
            // What was read may have been meant for others, too. By (12) a call from before it is known.
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
            // (13) release: pairs with (12) and (11): either we see that it is armed, or a later arming sees our publication; and
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

}  // namespace weir::wait

#endif
