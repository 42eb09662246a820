// SPDX-License-Identifier: MIT
//
// Waiters that are no threads: operations that a coroutine awaits, or that a sender was connected to. They stand in a list of the
// lot that they wait in, and the thread that wakes one runs it. See detail/await/.
#pragma once

#include <cstddef>
#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/wait/futex_lock.hpp"

namespace weir::detail {

/// An operation that waits without a thread, in one lot or in several. One thread at a time owns it: the one that started it, then
/// one that woke or cancelled it. Only the owner tries, registers and withdraws. The word says what others may do:
///
///     owned      nothing: the owner will look again before it gives the operation up
///     looking    it is registered, and its owner has its last look: to wake it means to have the owner look once more
///     asleep     it has no owner: to wake it, or to cancel it, means to own it
///     woken      it was woken while it was looking
///     cancelled  beside any of these: it is to end without a result
class suspension {
public:
    /// `f` is called by the thread that owns the operation from then on. Whether it returns true: it took what it was woken for, and
    /// there is more for another waiter of the same lot.
    using function = bool (*)(suspension&) noexcept;
    explicit suspension(function f) noexcept : run_(f) {}
    suspension(const suspension&) = delete;
    suspension& operator=(const suspension&) = delete;

    enum class claim : unsigned char { owned, noted, refused };

    /// Wakes the operation. owned: the caller owns it now, and calls run(). noted: its owner will look again. refused: nothing happened,
    /// so the caller wakes another waiter. For a thread that holds the lock of a list that the operation stands in.
    claim wake() noexcept {
        std::uint32_t now = state_.load(relaxed);  // relaxed: the exchange decides
        for (;;) {
            const std::uint32_t phase = now & phases;
            if (phase != looking && phase != asleep) return claim::refused;
            const std::uint32_t next = (now & cancelled) | (phase == looking ? woken : owned);
            // (16) acquire: pairs with (17): the caller has what the owner before it did. An owner that looks again has what the caller
            // did by the lock. relaxed, of a failure: as above
            if (state_.compare_exchange_weak(now, next, acquire, relaxed))
                return phase == looking ? claim::noted : claim::owned;
        }
    }

    /// Ends the wait, at any time of the operation's life. True if the caller owns the operation, and must call run().
    bool cancel() noexcept {
        std::uint32_t now = state_.load(relaxed);  // relaxed: the exchange decides
        for (;;) {
            const bool is_asleep = (now & phases) == asleep;
            const std::uint32_t next = cancelled | (is_asleep ? std::uint32_t{owned} : now);
            // (16) as above. What was done before the stop comes with the end of the stop callback
            if (state_.compare_exchange_weak(now, next, acquire, relaxed)) return is_asleep;
        }
    }

    bool run() noexcept { return run_(*this); }

protected:
    // ---- for the owner -----------------------------------------------------------------------------------------

    /// To be called before the operation registers.
    void begin_to_look() noexcept {
        // relaxed, both: the only owner; what others add in between stays
        state_.fetch_and(cancelled, relaxed);
        state_.fetch_or(looking, relaxed);
    }
    /// Gives the operation up, or says false: it was woken or cancelled meanwhile, and the owner looks again. After true nothing of it
    /// may be touched.
    bool fall_asleep() noexcept {
        std::uint32_t now = looking;
        // (17) release: pairs with (16), all that was done with the operation; relaxed, of a failure: the lists' locks come before the
        // next look
        return state_.compare_exchange_strong(now, asleep, release, relaxed);
    }
    bool is_cancelled() const noexcept {
        return (state_.load(relaxed) & cancelled) != 0;  // relaxed: one of the owner, or as in cancel()
    }

private:
    enum : std::uint32_t { owned = 0, looking = 1, asleep = 2, woken = 3, phases = 3, cancelled = 4 };

    const function run_;
    atomic<std::uint32_t> state_{owned};
};

/// The place of an operation in a list. It must not move, nor be destroyed, while it is there.
class listener {
public:
    explicit listener(suspension& of) noexcept : of_(of) {}
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

private:
    friend class listeners;

    suspension& of_;
    // Under the lock of the list:
    listener* previous_ = nullptr;
    listener* next_ = nullptr;
    std::uint64_t number_ = 0;
    bool is_listed_ = false;
};

/// The list of a lot, in the order of arrival. That it is not empty shows in the lot's state word, which publishers read anyway: so
/// a publisher that finds no listener pays nothing. One that does takes the lock, for a few instructions.
///
/// Why no wake-up is lost: a listener is listed, and says so in the state word, before it looks for the last time. From there on
/// the protocol is that of a thread: see parking. The lock is never held while an operation runs.
class listeners {
public:
    /// `flag`: the bit of `state`, the word that publishers read.
    listeners(atomic<std::uint64_t>& state, std::uint64_t flag) noexcept : state_(state), flag_(flag) {}

    /// Debug builds (see role_checker.hpp) look whether the ring outlives the operations that wait at it.
    ~listeners() {
#if WEIR_CHECK_ROLES
        if (first_ != nullptr) {
            abort_with(
                "a ring was destroyed while a coroutine, or an operation of a sender, waits at it; close() it first, or "
                "destroy the coroutine");
        }
#endif
    }
    listeners(const listeners&) = delete;
    listeners& operator=(const listeners&) = delete;

    /// `is_for_one`: the side is for one operation at a time, which debug builds check.
    void add(listener& l, [[maybe_unused]] bool is_for_one = false) noexcept {
        lock_.lock();
#if WEIR_CHECK_ROLES
        if (is_for_one && first_ != nullptr && &first_->of_ != &l.of_) {
            abort_with(
                "a second coroutine waits at a side of a ring that is for one at a time; let one of them wait, or use "
                "mpmc_ring");
        }
#endif
        l.number_ = ++numbers_;
        l.previous_ = last_;
        l.next_ = nullptr;
        l.is_listed_ = true;
        (last_ == nullptr ? first_ : last_->next_) = &l;
        last_ = &l;
        // (15) acquire: pairs with (6): a publisher that looked before this published before the next look. The lock passes that on to
        // those that find the flag up
        if (l.previous_ == nullptr) state_.fetch_or(flag_, acquire);
        lock_.unlock();
    }

    /// No effect if a waker has taken it from the list. From here on none touches it.
    void remove(listener& l) noexcept {
        lock_.lock();
        if (l.is_listed_) unlist(l);
        lock_.unlock();
    }

    /// Wakes the `n` that came first, and runs those that are asleep. Those that come, or come back, meanwhile are left alone: they
    /// look by themselves. `n` counts up by one for each that leaves something for another.
    [[gnu::noinline]] void wake(std::size_t n) noexcept {
        lock_.lock();
        const std::uint64_t last = numbers_;
        while (n > 0 && first_ != nullptr && first_->number_ <= last) {
            suspension& operation = first_->of_;
            unlist(*first_);
            const suspension::claim claimed = operation.wake();
            if (claimed == suspension::claim::refused) continue;
            --n;
            if (claimed == suspension::claim::noted) continue;
            lock_.unlock();
            if (operation.run()) ++n;
            lock_.lock();
        }
        lock_.unlock();
    }

private:
    void unlist(listener& l) noexcept {
        (l.previous_ == nullptr ? first_ : l.previous_->next_) = l.next_;
        (l.next_ == nullptr ? last_ : l.next_->previous_) = l.previous_;
        l.is_listed_ = false;
        // relaxed: the lock orders it among those that raise and lower it, and a publisher looks for what (15) announced
        if (first_ == nullptr) state_.fetch_and(~flag_, relaxed);
    }

    atomic<std::uint64_t>& state_;
    const std::uint64_t flag_;
    listener* first_ = nullptr;
    listener* last_ = nullptr;
    std::uint64_t numbers_ = 0;
    futex_lock lock_;
};

}  // namespace weir::detail
