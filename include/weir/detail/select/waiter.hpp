// SPDX-License-Identifier: MIT
//
// The wait of select(): a thread that waits at the lots of several rings at once, by the protocol of each: announce, look again,
// sleep, withdraw. Publishers know nothing of it.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "weir/detail/base/rough_clock.hpp"
#include "weir/detail/select/any_end.hpp"
#include "weir/detail/wait/asymmetric_fence.hpp"
#include "weir/detail/wait/lot.hpp"
#include "weir/detail/wait/roll_call.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/detail/wait/sleep_any.hpp"
#include "weir/detail/wait/spin_budget.hpp"
#include "weir/status.hpp"
#include "weir/wait.hpp"

namespace weir {

/// An argument of select(): of several ready ends it chooses the one that was named first.
struct by_priority_t {};
inline constexpr by_priority_t by_priority{};

/// The most ends that one select() waits for.
inline constexpr std::size_t most_ends = 64;

/// What a loop of select() remembers from one call to the next: whose turn it is, so that each ready end is served once before any is
/// served twice, and which ends have closed, so that each of these is reported once and then left out; the last one is reported as the
/// end: all are closed. For one thread at a time, and for the same ends in the same order at each call.
class selection {
public:
    selection() noexcept = default;
    /// By priority, and without turns.
    explicit selection(by_priority_t) noexcept : by_priority_(true) {}

private:
    friend class detail::select_waiter;

    bool by_priority_ = false;
    bool at_random_ = false;  // for one call
    std::size_t next_ = 0;
    std::uint64_t left_out_ = 0;  // bit i: end i has closed, and that was reported
};

/// What select() found. True if there is an end to be served: it is ready, or it has closed.
class [[nodiscard]] selected {
public:
    static constexpr std::size_t no_end = static_cast<std::size_t>(-1);

    constexpr explicit operator bool() const noexcept { return index_ != no_end; }
    /// Which end: its place among those that were named, from 0 on; no_end if there is none.
    constexpr std::size_t index() const noexcept { return index_; }
    /// With an index: success, or closed, if nothing will come of that end any more. Without one: closed, if that is so of all ends;
    /// timeout; or empty, if a stop was requested, and of try_select() if no end is ready.
    constexpr status answer() const noexcept { return answer_; }
    constexpr bool is_closed() const noexcept { return answer_ == status::closed; }
    /// All ends that were found ready: bit i says so of end i. By priority it looks no further than to the first of them.
    constexpr std::uint64_t all_ready() const noexcept { return ready_; }
    constexpr bool is_ready(std::size_t i) const noexcept { return i < most_ends && (ready_ >> i & 1) != 0; }

private:
    friend class detail::select_waiter;

    constexpr explicit selected(status answer, std::size_t index = no_end, std::uint64_t ready = 0) noexcept
        : answer_(answer), index_(index), ready_(ready) {}

    status answer_;
    std::size_t index_ = no_end;
    std::uint64_t ready_ = 0;
};

namespace detail {

/// A thread that waits for the first of several ends. It takes nothing; so it must not keep a wake-up that it was counted for:
/// pass_on() gives what is ready to other threads that wait there.
///
/// Why no wake-up is lost. The thread registers in each lot, issues one heavy fence for all of them, looks at each end, and only then
/// sleeps, on the words of all lots at once; so for each lot it does what a waiter of that lot does. When it was woken for one end, a
/// publisher at another one may have counted it, too, and woken it in place of a thread that waits there alone. Hence pass_on(),
/// after the thread has left all lots: leaving acquires what that publisher had published, and the look of pass_on() finds it.
class select_waiter {
public:
    select_waiter(std::span<const any_end> ends, selection& how) noexcept : ends_(ends), how_(how) {}
    ~select_waiter() { pass_on(); }
    select_waiter(const select_waiter&) = delete;
    select_waiter& operator=(const select_waiter&) = delete;

    /// The choice of a call without settings: each ready end is equally likely.
    static selection at_random() noexcept {
        selection how;
        how.at_random_ = true;
        return how;
    }

    /// Waits until there is an end to be served, or all are closed, or `stop()` says true, or until the deadline.
    template <class Stop>
    selected wait(Stop& stop, steady_time deadline) {
        if (look()) return found();
        bool is_found = false;
        const auto done = [&] {
            const bool is_stopped = stop();  // first: what came before that is still found
            return (is_found = look()) || is_stopped;
        };
        if (!done() && !wait_until(done, deadline)) return selected(status::timeout);
        return is_found ? found() : nothing();
    }

    /// The same without waiting.
    selected look_once() noexcept { return look() ? found() : nothing(); }
    static selected nothing() noexcept { return selected(status::empty); }

    /// For a first look at ends whose types are known: the answer, of those that are ready.
    static bool is_by_priority(const selection& how) noexcept { return how.by_priority_; }
    static selected found(selection& how, std::uint64_t ready) noexcept {
        return selected(status::success, choose(how, ready), ready);
    }

    /// A closed end is left out from now on.
    void leave_out(std::size_t index) noexcept { how_.left_out_ |= bit(index); }

    // ---- for an operation that waits without a thread: detail/await/ -------------------------------------------

    /// An end is closed, and an operation from before is under way: nothing will notify of its end.
    bool settles_soon() const noexcept { return settles_soon_; }
    /// It may be counted as woken from now on.
    void will_sleep() noexcept { has_slept_ = true; }
    static void adopt(const any_end& end) noexcept {
        if (end.does_->adopt != nullptr) end.does_->adopt(end.ring_);
    }
    static bool is_for_one(const any_end& end) noexcept { return end.does_->adopt != nullptr; }
    static void* lot_of(const any_end& end) noexcept { return end.does_->where(end.at_); }
    static listeners& listened(const any_end& end, void* lot) noexcept { return end.does_->listened(lot); }
    static bool needs_fence(const any_end& end, void* lot) noexcept { return end.does_->needs_fence(lot); }

    void wake_all() const noexcept {
        for (const any_end& end : ends_) end.does_->wake_all(end.ring_);
    }

    /// To be called when the thread has taken what it wants. Has an effect only if it slept.
    void pass_on() noexcept {
        if (!has_slept_) return;
        has_slept_ = false;
        for (const any_end& end : ends_) end.does_->pass_on(end.at_);
    }

private:
    static constexpr std::uint64_t bit(std::size_t i) noexcept { return std::uint64_t{1} << i; }
    bool is_left_out(std::size_t i) const noexcept { return (how_.left_out_ & bit(i)) != 0; }

    // ---- to look ---------------------------------------------------------------------------------------------

    // Whether there is something to report.
    bool look() noexcept {
        ready_ = 0;
        closed_ = how_.left_out_;
        settles_soon_ = false;
        for (std::size_t i = 0; i < ends_.size(); ++i) {
            if (is_left_out(i)) continue;
            const status answer = ends_[i].look();
            if (answer == status::closed) closed_ |= bit(i);
            if (answer == status::busy) settles_soon_ = true;
            if (answer != status::success) continue;
            ready_ |= bit(i);
            if (how_.by_priority_) break;
        }
        return ready_ != 0 || closed_ != how_.left_out_ || are_all_closed();
    }
    bool are_all_closed() const noexcept { return static_cast<std::size_t>(std::popcount(closed_)) == ends_.size(); }

    selected found() noexcept {
        if (ready_ != 0) return found(how_, ready_);
        if (are_all_closed()) return selected(status::closed);
        const auto first = static_cast<std::size_t>(std::countr_zero(closed_ & ~how_.left_out_));
        leave_out(first);
        return selected(status::closed, first);
    }

    static std::size_t choose(selection& how, std::uint64_t ready) noexcept {
        if (how.by_priority_) return static_cast<std::size_t>(std::countr_zero(ready));
        if (how.at_random_) {
            if (!std::has_single_bit(ready)) ready = skip_some(ready);
        } else if (const std::uint64_t from_turn = ready & ~(bit(how.next_) - 1); from_turn != 0) {
            ready = from_turn;
        }
        const auto chosen = static_cast<std::size_t>(std::countr_zero(ready));
        how.next_ = (chosen + 1) % most_ends;
        return chosen;
    }
    [[gnu::noinline]] static std::uint64_t skip_some(std::uint64_t ready) noexcept {
        // By splitmix64 (Steele, Lea, Flood 2014).
        std::uint64_t z = (rough_ns() + 0x9e3779b97f4a7c15U) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        for (auto skipped = (z >> 32) % static_cast<unsigned>(std::popcount(ready)); skipped > 0; --skipped)
            ready &= ready - 1;
        return ready;
    }

    // ---- to wait ---------------------------------------------------------------------------------------------

    template <class Done>
    bool wait_until(Done& done, steady_time deadline) {
        auto least = resting::on_futex;
        auto most = resting::spinning;
        for (const any_end& end : ends_) {
            least = std::min(least, end.does_->how);
            most = std::max(most, end.does_->how);
        }
        if (least == resting::on_futex && can_sleep_while_all()) return sleep_on_words(done, deadline);
#if defined(__linux__)
        if (least == most && least == resting::on_descriptor) return poll_descriptors(done, deadline);
#endif
        return look_now_and_then(done, deadline, std::min(least, resting::napping));
    }

    // Where wake-ups do not reach a thread that waits for several, as the most eager of the strategies would.
    template <class Done>
    bool look_now_and_then(Done& done, steady_time deadline, resting how) {
        for (unsigned turn = 1; !done(); ++turn) {
            if ((how != resting::spinning || turn % 64 == 0) && has_passed(deadline)) return false;
            if (how == resting::spinning) {
                weir::wait::spin::lot::rest(turn);
            } else if (how == resting::yielding) {
                yield_cpu();
            } else {
                nap(turn, deadline);
            }
        }
        return true;
    }

    // Registered in the lot of each end that is not left out, for as long as this lives.
    class registrations {
    public:
        explicit registrations(const select_waiter& of) noexcept : of_(of) {
            for (std::size_t i = 0; i < of_.ends_.size(); ++i) {
                if (of_.is_left_out(i)) continue;
                const any_end& end = of_.ends_[i];
                at_[count_] = {&end, end.does_->where(end.at_)};
                words_[count_] = end.does_->arrive(at_[count_].lot);
                needs_fence_ |= end.does_->needs_fence(at_[count_].lot);
                ++count_;
            }
            if (needs_fence_) heavy_fence();
        }
        ~registrations() {
            for (std::size_t i = 0; i < count_; ++i) at_[i].end->does_->depart(at_[i].lot);
        }
        registrations(const registrations&) = delete;
        registrations& operator=(const registrations&) = delete;

        /// Sleeps until one of the lots wakes this thread, or `deadline`. Not if an end waits in another lot meanwhile.
        void sleep(steady_time deadline) const noexcept {
            for (std::size_t i = 0; i < count_; ++i) {
                const any_end& end = *at_[i].end;
                if (end.does_->where(end.at_) != at_[i].lot) return;
                deadline = std::min(deadline, end.does_->when_to_look(end.at_));
            }
            sleep_while_all({words_.data(), count_}, deadline);
        }

    private:
        struct place {
            const any_end* end;
            void* lot;
        };
        const select_waiter& of_;
        std::size_t count_ = 0;
        bool needs_fence_ = false;
        std::array<place, most_ends> at_;
        std::array<futex_watch, most_ends> words_;
    };

    template <class Done>
    [[gnu::noinline]] bool sleep_on_words(Done& done, steady_time deadline) {
        // As a wait at the first ring would spin.
        spin_budget& spins = ends_[0].does_->spins(ends_[0].does_->where(ends_[0].at_));
        if (spins.spin(done)) return true;
        for (unsigned naps = 0;;) {
            bool is_to_nap = false;
            {
                const registrations here(*this);
                if (done()) return spins.gave_up_too_early(), true;
                if (has_passed(deadline)) return false;
                is_to_nap = settles_soon_;
                if (!is_to_nap) {
                    has_slept_ = true;
                    here.sleep(deadline);
                }
            }
            if (is_to_nap) nap(++naps, deadline);
            if (done()) return true;
        }
    }

#if defined(__linux__)
    // As sleep_on_words(), by the descriptors of all lots.
    template <class Done>
    [[gnu::noinline]] bool poll_descriptors(Done& done, steady_time deadline) {
        for (unsigned naps = 0;;) {
            std::array<std::optional<roll_call::member>, most_ends> members;
            std::array<roll_call*, most_ends> calls;
            std::array<pollfd, most_ends> entries;
            std::size_t count = 0;
            bool may_sleep = true;
            steady_time until = deadline;
            for (std::size_t i = 0; i < ends_.size(); ++i) {
                if (is_left_out(i)) continue;
                const any_end& end = ends_[i];
                void* const lot = end.does_->where(end.at_);
                calls[count] = &end.does_->waiting(lot);
                members[count].emplace(*calls[count]).look();
                end.does_->found_nothing(lot, end.at_, end.need_);
                entries[count] = {.fd = end.does_->fd(lot), .events = POLLIN, .revents = 0};
                may_sleep &= end.does_->where(end.at_) == lot;
                until = std::min(until, end.does_->when_to_look(end.at_));
                ++count;
            }
            if (done()) return true;
            if (has_passed(deadline)) return false;
            if (settles_soon_) {
                nap(++naps, deadline);
            } else if (may_sleep) {
                wait_any_readable({entries.data(), count}, until);
            }
            // A descriptor stays readable until the other waiters of its lot have looked; they may need this CPU to do so.
            bool is_incomplete = false;
            for (std::size_t i = 0; i < count; ++i) {
                members[i]->look();
                is_incomplete |= calls[i]->is_incomplete();
            }
            if (done()) return true;
            if (is_incomplete) nap(1, deadline);
        }
    }
#endif

    const std::span<const any_end> ends_;
    selection& how_;
    std::uint64_t ready_ = 0;
    std::uint64_t closed_ = 0;
    bool settles_soon_ = false;  // an end is closed, and no notification will say when it has settled
    bool has_slept_ = false;
};

}  // namespace detail
}  // namespace weir
