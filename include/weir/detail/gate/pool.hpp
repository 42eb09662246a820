// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/gate/waiter.hpp"
#include "weir/detail/wait/futex.hpp"
#include "weir/detail/wait/futex_lock.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/detail/wait/spin_budget.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The inside of a credit_gate: a word that counts free credits, and a queue of waiting threads.
///
///     | free credits                                                | closed | waiting |
///       62 bits                                                       1 bit    1 bit
///
/// Both flags share the word with the credits. So a thread that gives credits back learns in the same step whether it must
/// serve the queue, and a thread that is about to wait raises the flag in the same step in which it reads how many credits
/// there are. All read-modify-writes of one word have one order: either the waiter sees the credits, or the giver sees the
/// flag. There is no second variable to look at, and no fence.
///
/// While the flag is up, credits go to the queue only, under a lock, by the thread that has changed something: oldest first,
/// each when there are enough for it. The nodes of the queue are on the stacks of the waiting threads, or in the frames of waiting
/// coroutines. tokio's batch_semaphore does the same; there the head of the queue gathers credits, here they stay free until there
/// are enough.
///
/// A pool that is made smaller by more than is free owes the rest. The flag is up until that is paid, by the credits that come back
/// first, under the lock.
///
/// Shares. A share has a word of its own, for the credits that it holds and the flags. The first `guaranteed` of these come
/// from credits that were set aside when the share was made, the rest are borrowed from the pool. So no other share can take
/// what is set aside for one. A waiter that needs credits of the pool does not overtake an older one that does, and within a
/// share no waiter overtakes an older one; but a waiter that needs nothing from the pool does not wait for those that do.
class credit_pool {
public:
    using count = std::uint64_t;
    using share = gate_share;
    using waiter = gate_waiter;

    /// More than this does not fit the word.
    static constexpr count most = ~std::uint64_t{0} / 4;

    explicit credit_pool(count capacity) noexcept : free_(capacity * one), lent_(capacity), capacity_(capacity) {}
    credit_pool(const credit_pool&) = delete;
    credit_pool& operator=(const credit_pool&) = delete;

    // `from` is a share, or null: the pool itself.

    /// Takes `n` credits, or says closed or no_credit: fewer are free, or an older waiter comes first. One read-modify-write;
    /// two for a share that borrows. Lock-free, except that a share which borrowed and then failed gives back as give() does.
    status try_take(share* from, count n) noexcept { return take(from, n, any, false); }

    /// Gives `n` credits back. One read-modify-write, or two if some were borrowed. Wait-free while no thread waits; otherwise
    /// the queue is served, under the lock.
    void give(share* to, count n) noexcept {
        std::uint64_t seen;
        if (to == nullptr) {
            seen = free_.fetch_add(n * one, release);  // (1) release: pairs with (2), what was done with the credits
        } else {
            seen = to->held.fetch_sub(n * one, release);  // (1) as above
            const count borrowed = to_borrow(*to, seen / one - n, n);
            if (borrowed > 0) seen |= free_.fetch_add(borrowed * one, release);  // (1) as above
        }
        if ((seen & waiting) != 0) [[unlikely]]
            serve();
    }

    /// Waits until `n` credits are free and no older waiter comes first, then takes them. Returns success or closed; too_large, if the
    /// pool has become too small for ever; or no_credit when `stop` returned true, or timeout: then nothing has happened.
    template <class Stop>
    [[gnu::noinline]] status wait(share* from, count n, Stop stop, steady_time deadline) noexcept {
        waiter me(from, n);
        lock_.lock();
        append(me);
        hand_out();
        const status end = sleep(me, stop, deadline);
        if (end == status::success) return me.answer;
        lock_.lock();
        if (!me.queued) {  // served just now: wait for the answer
            lock_.unlock();
            const auto never = []() noexcept { return false; };
            (void)sleep(me, never, forever);
            return me.answer;
        }
        remove(me);
        hand_out();  // the next waiter may want fewer
        return end;
    }

    // ---- an operation that waits without a thread --------------------------------------------------------------

    /// Puts it in the queue. It may be answered before this returns.
    void enqueue(waiter& w) noexcept {
        lock_.lock();
        append(w);
        hand_out();
    }
    /// True: `served` will be called, by the thread that answers; the operation is that thread's from then on. False: it is answered.
    static bool fall_asleep(waiter& w) noexcept {
        std::uint32_t state = awake;
        // (9) release: pairs with (7), all that was done with the operation; on failure (8) acquire: as below
        return w.state.compare_exchange_strong(state, asleep, release, acquire);
    }
    /// Answers it with no_credit, unless it is answered already.
    void cancel(waiter& w) noexcept {
        lock_.lock();
        if (!w.queued) return lock_.unlock();
        remove(w);
        w.answer = status::no_credit;
        hand_out(&w);  // the next waiter may want fewer
    }
    /// Takes it out of the queue, unanswered. False if it is answered already.
    bool withdraw(waiter& w) noexcept {
        lock_.lock();
        if (!w.queued) return lock_.unlock(), false;
        remove(w);
        hand_out();
        return true;
    }

    // ---- capacity --------------------------------------------------------------------------------------------------

    /// Adds `n` credits. False if the pool would be too large.
    bool grow(count n) noexcept {
        lock_.lock();
        if (n > most - capacity() - owed()) return lock_.unlock(), false;
        resize(capacity() + n, lent() + n);
        free_.fetch_add(n * one, release);  // (1) as in give()
        hand_out();                         // and so pays what is owed
        return true;
    }
    /// Takes `n` credits away: free ones at once, and those that are in use when they come back. False if less than one would be left,
    /// or less than shares have set aside.
    bool shrink(count n) noexcept {
        lock_.lock();
        if (n >= capacity() || n > lent()) return lock_.unlock(), false;
        resize(capacity() - n, lent() - n);
        owed_.store(owed() + n, relaxed);  // relaxed: a number, written under the lock
        free_.fetch_or(waiting, relaxed);  // relaxed: as in append()
        hand_out();
        return true;
    }

    /// No credits are handed out from now on. Idempotent.
    void close() noexcept {
        free_.fetch_or(closed, release);  // (3) release: pairs with (4), what the closing thread did
        lock_.lock();
        for (share* s = shares_; s != nullptr; s = s->next) s->held.fetch_or(closed, release);  // (3) as above
        hand_out();
    }
    bool is_closed() const noexcept { return (free_.load(acquire) & closed) != 0; }  // (4) acquire: pairs with (3)

    /// Makes every waiter ask again whether to stop.
    void wake_all() noexcept {
        lock_.lock();
        for (waiter* w = first_; w != nullptr; w = w->next) {
            if (w->served != nullptr) continue;  // it has nothing to ask
            // (5) release: pairs with (6): a thread that goes to sleep after this sees the reason not to
            if (w->state.exchange(awake, release) == asleep) futex_wake(w->state, 1);
        }
        lock_.unlock();
    }

    // ---- while no other thread uses it -------------------------------------------------------------------------------

    /// Sets the guarantee aside. False if so many are not free.
    bool add(share& s) noexcept {
        if (s.guaranteed > 0 && take(free_, s.guaranteed, any) != status::success) return false;
        resize(capacity(), lent() - s.guaranteed);
        s.next = shares_;
        shares_ = &s;
        return true;
    }
    void remove(share& s) noexcept {
        share** at = &shares_;
        while (*at != &s) at = &(*at)->next;
        *at = s.next;
        resize(capacity(), lent() + s.guaranteed);
        give(nullptr, s.guaranteed);
    }

    // ---- numbers: exact at a quiet moment, within their bounds always ---------------------------------------------

    count capacity() const noexcept { return capacity_.load(relaxed); }  // relaxed: a number
    bool has_shares() const noexcept { return shares_ != nullptr; }
    /// Credits that no share has set aside.
    count lent() const noexcept { return lent_.load(relaxed); }  // relaxed: a number
    /// Credits that were taken away, and are still in use.
    count owed() const noexcept { return owed_.load(relaxed); }  // relaxed: a number
    /// The most that can ever be taken at a time.
    count most_for(const share* from) const noexcept { return lent() + (from == nullptr ? 0 : from->guaranteed); }

    count in_use() const noexcept {
        count sum = in_use_of_pool();
        for (const share* s = shares_; s != nullptr; s = s->next) sum += std::min(held(*s), s->guaranteed);
        return sum;
    }
    /// In permits of the pool itself, or borrowed by shares.
    count in_use_of_pool() const noexcept {
        const count all = lent() + owed();
        return all - std::min(all, free());  // while it grows or shrinks, the two need not fit
    }
    /// In permits of the pool itself, never less than there are, also while it grows or shrinks. Takes the lock.
    count settled_in_use_of_none() noexcept {
        lock_.lock();
        const count n = in_use_of_none();
        lock_.unlock();
        return n;
    }
    /// In permits of the pool itself.
    count in_use_of_none() const noexcept {
        count borrowed = 0;
        for (const share* s = shares_; s != nullptr; s = s->next)
            borrowed += held(*s) - std::min(held(*s), s->guaranteed);
        return in_use_of_pool() - std::min(in_use_of_pool(), borrowed);
    }
    count free() const noexcept { return free_.load(relaxed) / one; }                  // relaxed: a number
    static count held(const share& s) noexcept { return s.held.load(relaxed) / one; }  // relaxed: a number

private:
    static constexpr auto awake = waiter::awake, asleep = waiter::asleep, answered = waiter::answered;
    static constexpr std::uint64_t waiting = 1;
    static constexpr std::uint64_t closed = 2;
    static constexpr std::uint64_t any = waiting | closed;
    static constexpr std::uint64_t one = 4;

    /// How many credits a share that holds `held` must borrow to hold `n` more, or has borrowed if it holds them already.
    static count to_borrow(const share& s, count held, count n) noexcept {
        return n - std::min(n, s.guaranteed - std::min(s.guaranteed, held));
    }

    /// Takes from the pool, unless a flag in `refused` is up.
    static status take(atomic<std::uint64_t>& pool, count n, std::uint64_t refused) noexcept {
        std::uint64_t now = pool.load(acquire);  // (4) acquire: pairs with (3)
        do {
            if ((now & refused) != 0) return (now & closed) != 0 ? status::closed : status::no_credit;
            if (now / one < n) return status::no_credit;
            // (2) acquire: pairs with (1); on failure (4): as above
        } while (!pool.compare_exchange_weak(now, now - n * one, acquire, acquire));
        return status::success;
    }

    /// The same for a share, which borrows what it has not set aside; if `dry`, it cannot borrow.
    status take(share* from, count n, std::uint64_t refused, bool dry) noexcept {
        if (from == nullptr) return dry ? status::no_credit : take(free_, n, refused);
        std::uint64_t now = from->held.load(acquire);  // (4) acquire: pairs with (3)
        for (;;) {
            if ((now & refused) != 0) return (now & closed) != 0 ? status::closed : status::no_credit;
            const count borrowed = to_borrow(*from, now / one, n);
            if (borrowed > 0) {
                const status answer = dry ? status::no_credit : take(free_, borrowed, refused);
                if (answer != status::success) return answer;
            }
            // (2) acquire: pairs with (1); on failure (4): as above
            if (from->held.compare_exchange_strong(now, now + n * one, acquire, acquire)) return status::success;
            if (borrowed == 0) continue;
            // The share may have to borrow another number now. relaxed: these credits were never used
            const std::uint64_t seen = free_.fetch_add(borrowed * one, relaxed);
            if ((seen & refused & waiting) != 0)
                serve();  // a waiter came meanwhile; one that is served here itself holds the lock
        }
    }

    // ---- the queue: under the lock -------------------------------------------------------------------------------

    void append(waiter& w) noexcept {
        w.previous = last_;
        (last_ == nullptr ? first_ : last_->next) = &w;
        last_ = &w;
        // relaxed, both: givers see the flag from here on, and the next look sees what was given before
        if (w.from != nullptr && w.from->waiters++ == 0) w.from->held.fetch_or(waiting, relaxed);
        if (w.previous == nullptr) free_.fetch_or(waiting, relaxed);
    }

    void remove(waiter& w) noexcept {
        (w.previous == nullptr ? first_ : w.previous->next) = w.next;
        (w.next == nullptr ? last_ : w.next->previous) = w.previous;
        w.queued = false;
        // relaxed, both: a thread that takes credits from here on is ordered by (1) and (2)
        if (w.from != nullptr && --w.from->waiters == 0) w.from->held.fetch_and(~waiting, relaxed);
        lower_flag();
    }
    void lower_flag() noexcept {
        if (first_ == nullptr && owed() == 0) free_.fetch_and(~waiting, relaxed);  // relaxed: as above
    }

    void resize(count capacity, count lent) noexcept {
        capacity_.store(capacity, relaxed);  // relaxed, both: numbers
        lent_.store(lent, relaxed);
    }

    /// Pays what the pool owes, as far as credits are free.
    void pay() noexcept {
        if (owed() == 0) return;
        std::uint64_t now = free_.load(relaxed);  // relaxed: the exchange decides
        count paid;
        do {
            paid = std::min(now / one, owed());
            if (paid == 0) return;
            // relaxed, both: these credits are not used again
        } while (!free_.compare_exchange_weak(now, now - paid * one, relaxed, relaxed));
        owed_.store(owed() - paid, relaxed);  // relaxed: a number, written under the lock
        lower_flag();
    }

    [[gnu::noinline]] void serve() noexcept {
        lock_.lock();
        hand_out();
    }

    /// Serves the waiters whose turn it is, releases the lock, and wakes them; before them `served`, which is answered already.
    void hand_out(waiter* served = nullptr) noexcept {
        waiter** end = served == nullptr ? &served : &served->next;
        pay();
        bool dry = owed() > 0 && !is_closed();  // the pool owes, or an older waiter waits for it
        ++pass_;
        for (waiter *w = first_, *next; w != nullptr; w = next) {
            next = w->next;
            w->answer = turn_of(*w, dry);
            if (w->answer != status::no_credit) {
                remove(*w);
                *end = w;
                end = &w->next;
                continue;
            }
            if (shares_ == nullptr) break;  // all others need the pool, too
            dry = true;
            if (w->from != nullptr) w->from->held_up_in = pass_;
        }
        *end = nullptr;
        lock_.unlock();
        while (served != nullptr) {
            waiter& w = *served;
            served = served->next;
            const auto go_on = w.served;
            // (7) acq_rel: pairs with (8) and (9): the answer, and what (2) has seen. From here on the waiter may be gone, unless it is
            // an operation that was asleep: the wake needs only its address, and another thread that sleeps there looks again.
            if (w.state.exchange(answered, acq_rel) != asleep) continue;
            if (go_on != nullptr) {
                go_on(w);
            } else {
                futex_wake(w.state, 1);
            }
        }
    }

    status turn_of(waiter& w, bool dry) noexcept {
        if (w.n > most_for(w.from)) return status::too_large;  // the pool has become smaller meanwhile
        const bool held_up = w.from != nullptr && w.from->held_up_in == pass_;
        return held_up ? status::no_credit : take(w.from, w.n, closed, dry);
    }

    // ---- a waiter ------------------------------------------------------------------------------------------------

    /// Returns success when the waiter has its answer, no_credit when it was stopped, timeout after the deadline.
    template <class Stop>
    status sleep(waiter& me, Stop& stop, steady_time deadline) noexcept {
        // relaxed: a hint; the exchange decides
        const auto done = [&]() noexcept { return me.state.load(relaxed) == answered || stop(); };
        spins_.spin(done);
        for (;;) {
            std::uint32_t state = awake;
            // Announces the sleep before it looks for a reason not to.
            // (6) acquire: pairs with (5); on failure (8) acquire: pairs with (7)
            if (!me.state.compare_exchange_strong(state, asleep, acquire, acquire) && state == answered) {
                return status::success;
            }
            if (stop()) return status::no_credit;
            if (has_passed(deadline)) return status::timeout;
            futex_wait(me.state, asleep, deadline);
        }
    }

    alignas(separation_bytes) atomic<std::uint64_t> free_;  // credits, times `one`, and flags
    atomic<count> lent_;                                    // written under the lock; to take credits reads both
    alignas(separation_bytes) futex_lock lock_;  // of what follows, which only threads that wait or serve touch
    waiter* first_ = nullptr;
    waiter* last_ = nullptr;
    std::uint64_t pass_ = 0;
    spin_budget spins_;
    alignas(separation_bytes) share* shares_ = nullptr;  // written while no other thread uses it
    // Written under the lock:
    atomic<count> capacity_;
    atomic<count> owed_{0};
};

}  // namespace weir::detail
