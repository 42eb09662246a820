// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "weir/detail/atomic.hpp"
#include "weir/detail/cache_line.hpp"
#include "weir/detail/closing.hpp"
#include "weir/detail/pause.hpp"
#include "weir/detail/rough_clock.hpp"

namespace weir {

/// The credit loop between one producer and one consumer: who may send how much, and what has arrived.
///
///     sent     written by the producer    items ever sent
///     limit    written by the consumer    items that may ever have been sent = the credit granted so far
///
///     credits = limit - sent, a difference modulo 2^N; the counters themselves are never compared
///
/// Automatic credit: limit = items consumed + capacity, published with every item consumed. The bound is exact: after
/// "fill, take one", exactly one more may be sent.
///
/// What an item costs is how often cache lines move between the two cores. So each counter has a line of its own, apart
/// from the line of private state that each side keeps, and a side looks at the other's counter only when what it knows
/// has run out. A look is not free for the other side either: it takes the line away, and the other's stores wait until
/// the line is back. A side on the heels of a streaming peer would look again after every few items and bring both to a
/// crawl. Hence looks are *paced*: while they follow each other closely and show a stream, each waits for as many pauses
/// as make it bring a few hundred items, found by additive increase and decrease, 1 us at most. Who looks rarely never
/// waits, and an item that arrives alone is never waited for.
///
/// All operations are wait-free: bounded steps of their own; they never throw, and only end_sending() makes a syscall.
/// Counter is unsigned; a
/// capacity below half its range keeps the differences unambiguous across wrap.
template <std::unsigned_integral Counter>
class credit_counter {
public:
    /// `capacity` >= 1; the counters begin at `start`; `asymmetric`: see closing.
    credit_counter(Counter capacity, Counter start, bool asymmetric) noexcept
        : producer_{start, static_cast<Counter>(start + capacity)},
          sent_(start),
          consumer_{start, start},
          limit_(static_cast<Counter>(start + capacity)),
          closing_(asymmetric),
          capacity_(capacity),
          worthwhile_(static_cast<Counter>(std::min<std::size_t>(512, capacity / 4))) {}

    credit_counter(const credit_counter&) = delete;
    credit_counter& operator=(const credit_counter&) = delete;

    // Both sides pass their own position along, read once per operation: an item of the counter's type may alias it, so
    // a compiler would otherwise load it again after each store to a slot.

    // ---- producer side: one thread ---------------------------------------------------------------------------

    /// Position of the next item to be sent, unless some are claimed.
    Counter send_position() const noexcept {
        return producer_.position.load(detail::relaxed);  // relaxed: only this thread writes it
    }

    /// Credits at `position`, looking at the consumer only if fewer than `wanted` are known. A result below `wanted` is
    /// exact: the consumer had granted no more at the time of the look.
    [[gnu::always_inline]] Counter credits(Counter position, Counter wanted) noexcept {
        const Counter known = difference(producer_.known, position);
        return known >= wanted ? known : look_for_credit(position, wanted);
    }

    /// Claims `n` credits from `position` on, which are known to be there, before their slots are written. False when
    /// sending was ended: then nothing is claimed. What is claimed can be sent, also after that, and drained() waits for
    /// it.
    [[gnu::always_inline]] bool claim(Counter position, Counter n) noexcept {
        return closing_.claim(producer_.position, position, static_cast<Counter>(position + n));
    }

    /// Gives claimed credits back, all from `position` on.
    void unclaim(Counter position) noexcept {
        closing_.unclaim(producer_.position, position);
    }

    /// Hands `n` claimed items from `position` on, whose slots are written, to the consumer.
    void send(Counter position, Counter n) noexcept {
        sent_.store(static_cast<Counter>(position + n), detail::release);  // (1) release: pairs with (2), hands over
    }

    // ---- consumer side: one thread ---------------------------------------------------------------------------

    /// Position of the next item to be taken.
    Counter take_position() const noexcept {
        return consumer_.position.load(detail::relaxed);  // relaxed: only this thread writes it
    }

    /// Items at `position` that the consumer knows of without a look: a lower bound.
    Counter known_items(Counter position) const noexcept { return difference(consumer_.known, position); }

    /// Items at `position`, looking at the producer only if fewer than `wanted` are known. A result below `wanted` is
    /// exact: the producer had sent no more at the time of the look.
    Counter items(Counter position, Counter wanted) noexcept {
        const Counter known = known_items(position);
        return known >= wanted ? known : look_for_items(position, wanted);
    }

    /// Gives the slots of `n` items from `position` on, which are read and destroyed, back.
    void consume(Counter position, Counter n) noexcept {
        const Counter taken = static_cast<Counter>(position + n);
        consumer_.position.store(taken, detail::relaxed);  // relaxed: for this thread alone
        // (3) release: pairs with (4), hands the slots over
        limit_.store(static_cast<Counter>(taken + capacity_), detail::release);
    }

    /// Whether sending was ended and everything that was sent is consumed. Once true, it stays so.
    bool drained() noexcept {
        if (consumer_.drained) return true;
        // To be remembered: a claim that is about to be refused shows in the position for a moment.
        consumer_.drained = closing_.is_drained(producer_.position, take_position());
        return consumer_.drained;
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    /// No claim succeeds from now on; what was claimed before may still be sent. Idempotent.
    void end_sending() noexcept { closing_.end(); }

    bool is_ended() const noexcept { return closing_.is_ended(); }

    Counter capacity() const noexcept { return capacity_; }

    /// Items in flight, between 0 and capacity(): right at a quiet moment, a recent value otherwise.
    Counter in_flight_approx() const noexcept {
        // (4) acquire: pairs with (3), so that `sent`, read after it, is not behind what was already consumed
        const Counter consumed = difference(limit_.load(detail::acquire), capacity_);
        // relaxed: a statistic that nobody builds an access to a slot upon. More may have come and gone since the first
        // load, hence the bound.
        return std::min(difference(sent_.load(detail::relaxed), consumed), capacity_);
    }

private:
    // A consumer's look that finds fewer items than this finds items that came alone, no stream.
    static constexpr Counter stream = 8;
    // The most that a look waits: about 1 us on x86-64.
    static constexpr int most_pauses = 64;
    // Who looks more rarely than this, in ns as rough_ns() counts them, does not disturb and need not wait.
    static constexpr std::uint64_t rare = 8192;

    static constexpr Counter difference(Counter a, Counter b) noexcept { return static_cast<Counter>(a - b); }

    // One side's private line: where it is, and what it knows of the other's counter. Others read the producer's
    // position, which includes what it has claimed, once: when the ring is closed and seems empty.
    struct alignas(detail::separation_bytes) side {
        detail::atomic<Counter> position;
        Counter known;
        int pauses = 0;               // to wait before the next look
        std::uint64_t looked_at = 0;  // meaningful while there are pauses
        bool drained = false;         // the consumer's: all there will ever be is taken

        void pace() const noexcept {
            if (pauses == 0 || detail::rough_ns() - looked_at > rare) return;
            for (int i = 0; i < pauses; ++i) detail::pause();
        }

        // `alone`: fewer than this are no sign of a stream. Room in a ring that was full always is one.
        void adapt(Counter found, Counter worthwhile, Counter alone) noexcept {
            if (found == 0) return;  // nor does it say anything about the next look
            if (found >= worthwhile) {
                pauses -= pauses > 0 ? 1 : 0;
            } else if (found < alone) {
                pauses /= 2;
            } else {
                pauses = std::min(pauses + 2, most_pauses);
            }
            if (pauses > 0) looked_at = detail::rough_ns();
        }
    };

    // A batch that gets what it wants has spread the price of the look already.
    Counter worthwhile(Counter wanted) const noexcept { return wanted > 1 ? std::min(wanted, worthwhile_) : worthwhile_; }

    // Out of line: one look serves hundreds of items, and the callers' loops stay small.
    [[gnu::noinline]] Counter look_for_credit(Counter position, Counter wanted) noexcept {
        producer_.pace();
        producer_.known = limit_.load(detail::acquire);  // (4) acquire: pairs with (3), the slots are free
        const Counter found = difference(producer_.known, position);
        producer_.adapt(found, worthwhile(wanted), 0);
        return found;
    }

    [[gnu::noinline]] Counter look_for_items(Counter position, Counter wanted) noexcept {
        consumer_.pace();
        consumer_.known = sent_.load(detail::acquire);  // (2) acquire: pairs with (1), the items are readable
        const Counter found = known_items(position);
        consumer_.adapt(found, worthwhile(wanted), stream);
        return found;
    }

    side producer_;
    alignas(detail::separation_bytes) detail::atomic<Counter> sent_;
    side consumer_;
    alignas(detail::separation_bytes) detail::atomic<Counter> limit_;
    alignas(detail::separation_bytes) detail::closing<Counter> closing_;  // on the line that nobody writes
    const Counter capacity_;
    const Counter worthwhile_;  // items that a look at a streaming peer should bring
};

}  // namespace weir
