// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "weir/detail/atomic.hpp"
#include "weir/detail/cache_line.hpp"
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
/// crawl. Hence looks are *paced*: while they show a stream, one look follows the other only after an interval, which
/// additive increase and decrease adjust so that a look brings a few hundred items. The interval stays below about
/// 1 us, whoever looks less often than that never waits, and neither does an item that arrives alone.
///
/// All operations are wait-free: bounded steps of their own, no syscall; they never throw. Counter is unsigned; a
/// capacity below half its range keeps the differences unambiguous across wrap.
template <std::unsigned_integral Counter>
class credit_counter {
public:
    /// `capacity` >= 1; the counters begin at `start`.
    credit_counter(Counter capacity, Counter start) noexcept
        : producer_{start, static_cast<Counter>(start + capacity)},
          sent_(start),
          consumer_{start, start},
          limit_(static_cast<Counter>(start + capacity)),
          capacity_(capacity),
          worthwhile_(static_cast<Counter>(std::min<std::size_t>(512, capacity / 4))) {}

    credit_counter(const credit_counter&) = delete;
    credit_counter& operator=(const credit_counter&) = delete;

    // Both sides pass their own position along, read once per operation: an item of the counter's type may alias it, so
    // a compiler would otherwise load it again after each store to a slot.

    // ---- producer side: one thread ---------------------------------------------------------------------------

    /// Position of the next item to be sent.
    Counter send_position() const noexcept { return producer_.position; }

    /// Credits at `position`, looking at the consumer only if fewer than `wanted` are known. A result below `wanted` is
    /// exact: the consumer had granted no more at the time of the look.
    Counter credits(Counter position, Counter wanted) noexcept {
        const Counter known = difference(producer_.known, position);
        return known >= wanted ? known : look_for_credit(position);
    }

    /// Hands `n` items from `position` on, whose slots are written, to the consumer. `n` is within the credit.
    void send(Counter position, Counter n) noexcept {
        producer_.position = static_cast<Counter>(position + n);
        sent_.store(producer_.position, detail::release);  // (1) release: pairs with (2), hands the items over
    }

    // ---- consumer side: one thread ---------------------------------------------------------------------------

    /// Position of the next item to be taken.
    Counter take_position() const noexcept { return consumer_.position; }

    /// Items at `position` that the consumer knows of without a look: a lower bound.
    Counter known_items(Counter position) const noexcept { return difference(consumer_.known, position); }

    /// Items at `position`, looking at the producer only if fewer than `wanted` are known. A result below `wanted` is
    /// exact: the producer had sent no more at the time of the look.
    Counter items(Counter position, Counter wanted) noexcept {
        const Counter known = known_items(position);
        return known >= wanted ? known : look_for_items(position);
    }

    /// Gives the slots of `n` items from `position` on, which are read and destroyed, back.
    void consume(Counter position, Counter n) noexcept {
        consumer_.position = static_cast<Counter>(position + n);
        const Counter limit = static_cast<Counter>(consumer_.position + capacity_);
        limit_.store(limit, detail::release);  // (3) release: pairs with (4), hands the slots over
    }

    // ---- any thread ------------------------------------------------------------------------------------------

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
    // A look that finds as many items as this shows a stream, not single items.
    static constexpr Counter stream = 8;
    // The step of the interval between two looks and its bound, in ns as rough_ns() counts them.
    static constexpr std::uint32_t interval_step = 64;
    static constexpr std::uint32_t longest_interval = 4096;
    // Bounds the wait where the rough clock stands still.
    static constexpr int most_pauses = 64;

    static constexpr Counter difference(Counter a, Counter b) noexcept { return static_cast<Counter>(a - b); }

    // One side's private line: where it is, and what it knows of the other's counter.
    struct alignas(detail::separation_bytes) side {
        Counter position;
        Counter known;
        std::uint32_t interval = 0;   // least time from one look to the next
        std::uint64_t looked_at = 0;  // meaningful while there is an interval

        void wait_for_interval() const noexcept {
            if (interval == 0) return;
            for (int i = 0; i < most_pauses && detail::rough_ns() - looked_at < interval; ++i) detail::pause();
        }

        void adapt_interval(Counter found, Counter worthwhile) noexcept {
            if (found < stream) {
                interval = 0;
            } else if (found < worthwhile) {
                interval = std::min(interval + interval_step, longest_interval);
            } else if (interval > 0) {
                interval -= interval_step;
            }
            if (interval > 0) looked_at = detail::rough_ns();
        }
    };

    // Out of line: one look serves hundreds of items, and the callers' loops stay small.
    [[gnu::noinline]] Counter look_for_credit(Counter position) noexcept {
        producer_.wait_for_interval();
        producer_.known = limit_.load(detail::acquire);  // (4) acquire: pairs with (3), the slots are free
        const Counter found = difference(producer_.known, position);
        producer_.adapt_interval(found, worthwhile_);
        return found;
    }

    [[gnu::noinline]] Counter look_for_items(Counter position) noexcept {
        consumer_.wait_for_interval();
        consumer_.known = sent_.load(detail::acquire);  // (2) acquire: pairs with (1), the items are readable
        const Counter found = known_items(position);
        consumer_.adapt_interval(found, worthwhile_);
        return found;
    }

    side producer_;
    alignas(detail::separation_bytes) detail::atomic<Counter> sent_;
    side consumer_;
    alignas(detail::separation_bytes) detail::atomic<Counter> limit_;
    alignas(detail::separation_bytes) const Counter capacity_;
    const Counter worthwhile_;  // items that a look at a streaming peer should bring
};

}  // namespace weir
