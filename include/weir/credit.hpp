// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/cursor/closing.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/cursor/look_pace.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/base/rough_clock.hpp"
#include "weir/status.hpp"

namespace weir {

/// The credit loop between one producer and one consumer: who may send how much, and what has arrived.
///
///     sent        written by the producer    items ever sent
///     returned    written by the consumer    credit ever given back, beside the capacity that there was at first
///
///     limit = returned + capacity            items that may ever have been sent
///     credits = limit - sent, a difference modulo 2^N; the counters themselves are never compared
///
/// Automatic credit: returned = items consumed, published with every item. The bound is exact: after "fill, take one",
/// exactly one more may be sent.
///
/// Credit on request: limit = items consumed + the lesser of capacity and demand, where demand is what was asked for and
/// not yet consumed. To consume an item moves the limit only where the demand goes beyond the capacity; otherwise a
/// request does, and what is granted at once costs one store. The demand is a number of the consumer's own, of 64 bits
/// whatever the counters are.
///
/// What an item costs is how often cache lines move between the two cores. So each counter has a line of its own, apart
/// from the line of private state that each side keeps, and a side looks at the other's counter only when what it knows
/// has run out. A look is not free for the other side either: it takes the line away, and the other's stores wait until
/// the line is back. A side on the heels of a streaming peer would look again after every few items and bring both to a
/// crawl. Hence looks at a stream are *paced*, by waits of 1 us at most: see detail/cursor/look_pace.hpp.
///
/// All operations are wait-free: bounded steps of their own; they never throw, and only end_sending() makes a syscall.
/// Counter is unsigned; a capacity below half its range keeps the differences unambiguous across wrap.
template <std::unsigned_integral Counter, detail::granting Granting = detail::granting::automatic>
class credit_counter {
    static constexpr bool on_request = Granting == detail::granting::on_request;

public:
    /// `capacity` >= 1; the counters begin at `start`; `asymmetric`: see closing.
    credit_counter(Counter capacity, Counter start, bool asymmetric) noexcept
        requires(!on_request)
        : producer_{start, static_cast<Counter>(start + capacity)},
          sent_(start),
          consumer_{start, start},
          returned_(start),
          closing_(asymmetric),
          capacity_(capacity),
          worthwhile_(static_cast<Counter>(std::min<std::size_t>(512, capacity / 4))) {}

    /// The same with credit on request, granted when it amounts to `grant_every` items, 1 to `capacity`.
    credit_counter(Counter capacity, Counter start, bool asymmetric, Counter grant_every) noexcept
        requires on_request
        : producer_{start, start},
          sent_(start),
          consumer_{start, start},
          returned_(static_cast<Counter>(start - capacity)),
          closing_(asymmetric),
          capacity_(capacity),
          worthwhile_(static_cast<Counter>(std::min<std::size_t>(512, capacity / 4))) {
        producer_.demand.taken = start;
        consumer_.demand.granted = start;
        consumer_.demand.grant_every = grant_every;
    }

    credit_counter(const credit_counter&) = delete;
    credit_counter& operator=(const credit_counter&) = delete;

    // Both sides pass their own position along, read once per operation: an item of the counter's type may alias it, so
    // a compiler would otherwise load it again after each store to a slot.

    // ---- producer side: one thread ---------------------------------------------------------------------------

    /// Position of the next item to be sent, unless some are claimed.
    Counter send_position() const noexcept {
        return producer_.position.load(detail::relaxed);  // relaxed: only this thread writes it
    }

    /// Credits at `position` that the producer knows of without a look: a lower bound.
    Counter known_credits(Counter position) const noexcept { return difference(producer_.known, position); }

    /// Credits at `position`, looking at the consumer only if fewer than `wanted` are known. A result below `wanted` is
    /// exact: the consumer had granted no more at the time of the look.
    Counter credits(Counter position, Counter wanted) noexcept {
        const Counter known = known_credits(position);
        return known >= wanted ? known : look_for_credit(position, wanted);
    }

    /// Why the look just made found no credit. `no_credit`: there was room, and no demand.
    status::value shortage() const noexcept {
        if constexpr (on_request) return knows_of_room(send_position()) ? status::no_credit : status::full;
        return status::full;
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
    [[gnu::always_inline]] void consume(Counter position, Counter n) noexcept {
        const Counter taken = static_cast<Counter>(position + n);
        if constexpr (on_request) return consume_of_demand(taken, n);
        consumer_.position.store(taken, detail::relaxed);  // relaxed: for this thread alone
        returned_.store(taken, detail::release);           // (3) release: pairs with (4), hands the slots over
    }

    /// Asks for `n` items more. Returns how much credit that grants at once: none if it is held back, or if the capacity
    /// allows no more.
    [[gnu::noinline]] Counter request(std::uint64_t n) noexcept
        requires on_request
    {
        demand_state& mine = consumer_.demand;
        const Counter taken = take_position();
        const bool ends = mine.withheld != pull::unbounded && n < pull::unbounded - mine.withheld - unused(taken);
        mine.withheld = ends ? mine.withheld + n : pull::unbounded;
        const bool may_wait = due(taken) < mine.grant_every && known_items(taken) > 0;
        return may_wait ? Counter{0} : grant_rest();
    }

    /// Grants what was held back. Returns how much that was.
    Counter grant_rest() noexcept
        requires on_request
    {
        const Counter taken = take_position();
        const Counter n = due(taken);
        if (n > 0) grant(n);
        return n;
    }

    /// Whether there is credit that the producer had not used a moment ago.
    bool has_unused_credit() const noexcept
        requires on_request
    {
        return consumer_.demand.granted != sent_.load(detail::relaxed);  // relaxed: only credit can be seen in vain
    }

    /// Whether sending was ended and everything that was sent is consumed. Once true, it stays so.
    [[gnu::noinline]] bool drained() noexcept {
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

    /// Credit that is granted and not used: right at a quiet moment, for the producer a lower bound, else a recent value.
    Counter credits_approx() const noexcept
        requires on_request
    {
        // relaxed: a statistic, as the other one
        const Counter limit = static_cast<Counter>(returned_.load(detail::relaxed) + capacity_);
        const Counter unused = difference(limit, sent_.load(detail::relaxed));
        return unused <= capacity_ ? unused : Counter{0};  // more was sent since than the limit allowed when it was read
    }

    /// Items in flight, between 0 and capacity(): right at a quiet moment, a recent value otherwise.
    Counter in_flight_approx() const noexcept {
        if constexpr (on_request) {
            const Counter taken = consumer_.position.load(detail::acquire);  // (8) acquire: pairs with (7), as below
            return std::min(difference(sent_.load(detail::relaxed), taken), capacity_);  // relaxed: as below
        }
        // (4) acquire: pairs with (3), so that `sent`, read after it, is not behind what was already consumed
        const Counter consumed = returned_.load(detail::acquire);
        // relaxed: a statistic that nobody builds an access to a slot upon. More may have come and gone since the first
        // load, hence the bound.
        return std::min(difference(sent_.load(detail::relaxed), consumed), capacity_);
    }

private:
    static constexpr std::uint32_t pauses_between_looks = 8;

    static constexpr Counter difference(Counter a, Counter b) noexcept { return static_cast<Counter>(a - b); }

    // What a side keeps on its line for credit on request.
    struct demand_state {
        std::uint64_t withheld = 0;    // the consumer's: items asked for and not granted yet; unbounded stays
        Counter granted = 0;           // the consumer's: the limit as it was last published
        Counter grant_every = 1;       // the consumer's: how much credit is worth a publication
        Counter taken = 0;             // the producer's: how far it knows the consumer to be
        std::uint64_t granted_at = 0;  // the producer's: when its last look found credit; 0 if it did not
    };
    struct no_demand {};

    // One side's private line: where it is, and what it knows of the other's counter. Others read the producer's
    // position, which includes what it has claimed, once: when the ring is closed and seems empty.
    struct alignas(detail::separation_bytes) side {
        detail::atomic<Counter> position;
        Counter known;
        detail::look_pace pace{};
        bool drained = false;  // the consumer's: all there will ever be is taken
        [[no_unique_address]] std::conditional_t<on_request, demand_state, no_demand> demand{};
    };

    // A batch that gets what it wants has spread the price of the look already.
    Counter worthwhile(Counter wanted) const noexcept { return wanted > 1 ? std::min(wanted, worthwhile_) : worthwhile_; }

    // Out of line: one look serves hundreds of items, and the callers' loops stay small.
    [[gnu::noinline]] Counter look_for_credit(Counter position, Counter wanted) noexcept {
        producer_.pace.wait();
        Counter found = look_at_limit(position);
        if constexpr (on_request) {
            if (found == 0 && !knows_of_room(position)) found = wait_for_grant(position);
            if (found == 0 && !knows_of_room(position)) found = look_for_room(position);
            producer_.demand.granted_at = found > 0 ? detail::rough_ns() : 0;
        }
        producer_.pace.found(found, worthwhile(wanted), false);
        return found;
    }

    [[gnu::noinline]] Counter look_for_items(Counter position, Counter wanted) noexcept {
        consumer_.pace.wait();
        consumer_.known = sent_.load(detail::acquire);  // (2) acquire: pairs with (1), the items are readable
        const Counter found = known_items(position);
        consumer_.pace.found(found, worthwhile(wanted), true);
        return found;
    }

    Counter look_at_limit(Counter position) noexcept {
        const Counter returned = returned_.load(detail::acquire);  // (4) acquire: pairs with (3), the slots are free
        if constexpr (on_request) know_taken(position, returned);
        producer_.known = static_cast<Counter>(returned + capacity_);
        return difference(producer_.known, position);
    }

    // Amid a stream the next grant is on its way, and cheaper to wait for than to look for room. Once, and as long as a look
    // waits at most.
    Counter wait_for_grant(Counter position) noexcept {
        Counter found = 0;
        const std::uint64_t last = producer_.demand.granted_at;
        if (last == 0 || detail::rough_ns() - last > detail::look_pace::rare_ns) return found;
        for (std::uint32_t i = 0; i < detail::look_pace::most_pauses && found == 0; i += pauses_between_looks) {
            for (std::uint32_t j = 0; j < pauses_between_looks; ++j) detail::pause();
            found = look_at_limit(position);
        }
        return found;
    }

    // Without credit: is it that there is no room? If there is, the limit may have moved with it, hence a second look; so
    // "no credit" was true when the room was seen. While it is known that there is room, the consumer's line is left alone:
    // who waits for credit would take it away at every look.
    [[gnu::noinline]] Counter look_for_room(Counter position) noexcept {
        know_taken(position, consumer_.position.load(detail::acquire));  // (8) acquire: pairs with (7)
        return knows_of_room(position) ? look_at_limit(position) : Counter{0};
    }

    bool knows_of_room(Counter position) const noexcept {
        return difference(position, producer_.demand.taken) < capacity_;
    }

    // The consumer's position comes later than the limit that goes with it, so either may be what shows more.
    void know_taken(Counter position, Counter taken) noexcept {
        Counter& known = producer_.demand.taken;
        if (difference(position, taken) < difference(position, known)) known = taken;
    }

    void consume_of_demand(Counter taken, Counter n) noexcept {
        if (consumer_.demand.withheld != 0) [[unlikely]] grant_freed(taken, n);
        // (7) release: pairs with (8): who sees the room sees the limit that came with it. Hence the limit first
        consumer_.position.store(taken, detail::release);
    }

    // Where more was asked for than there was room, room is what was waited for. Out of line, for the sake of pops that
    // have none to grant.
    [[gnu::noinline]] void grant_freed(Counter taken, Counter n) noexcept {
        const Counter room = difference(capacity_, unused(static_cast<Counter>(taken - n)));
        if (consumer_.demand.withheld > room) grant(due(taken));
    }

    // What is granted from `taken` on: queued, or not yet sent.
    Counter unused(Counter taken) const noexcept { return difference(consumer_.demand.granted, taken); }
    // How far the limit is behind of what was asked for and has room.
    Counter due(Counter taken) const noexcept {
        return static_cast<Counter>(std::min<std::uint64_t>(consumer_.demand.withheld, difference(capacity_, unused(taken))));
    }
    void grant(Counter n) noexcept {
        demand_state& mine = consumer_.demand;
        if (mine.withheld != pull::unbounded) mine.withheld -= n;
        mine.granted = static_cast<Counter>(mine.granted + n);
        // (3) release: pairs with (4), hands the slots over
        returned_.store(static_cast<Counter>(mine.granted - capacity_), detail::release);
    }

    side producer_;
    alignas(detail::separation_bytes) detail::atomic<Counter> sent_;
    side consumer_;
    alignas(detail::separation_bytes) detail::atomic<Counter> returned_;
    alignas(detail::separation_bytes) detail::closing<Counter> closing_;  // on the line that nobody writes
    const Counter capacity_;
    const Counter worthwhile_;  // items that a look at a streaming peer should bring
};

}  // namespace weir
