// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>

#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/credit/receiver.hpp"
#include "weir/detail/credit/sender.hpp"
#include "weir/detail/credit/state.hpp"
#include "weir/status.hpp"

namespace weir {

/// The credit loop between one producer and one consumer: how many items may be sent, and how many have arrived.
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
/// crawl. Hence looks at a stream are *paced*, by waits of 2 us at most: see detail/cursor/look_pace.hpp.
///
/// All operations are wait-free: bounded steps of their own; they never throw, and only end_sending() makes a syscall.
/// Counter is unsigned; a capacity below half its range keeps the differences unambiguous across wrap.
template <std::unsigned_integral Counter, detail::granting Granting = detail::granting::automatic>
class credit_counter {
    static constexpr bool on_request = Granting == detail::granting::on_request;

public:
    /// `capacity` >= 1; the counters begin at `start`; `asymmetric`: closing may use the asymmetric fence.
    credit_counter(Counter capacity, Counter start, bool asymmetric) noexcept
        requires(!on_request)
        : shared_(capacity, start, start, asymmetric), sender_(shared_), receiver_(shared_) {}

    /// The same with credit on request, granted when it amounts to `grant_every` items, 1 to `capacity`.
    credit_counter(Counter capacity, Counter start, bool asymmetric, Counter grant_every) noexcept
        requires on_request
        : shared_(capacity, start, static_cast<Counter>(start - capacity), asymmetric),
          sender_(shared_),
          receiver_(shared_, grant_every) {}

    credit_counter(const credit_counter&) = delete;
    credit_counter& operator=(const credit_counter&) = delete;

    // ---- producer side: one thread; see detail/credit/sender.hpp -----------------------------------------------

    /// Position of the next item to be sent, unless some are claimed.
    Counter send_position() const noexcept { return sender_.position(shared_); }
    /// Credits at `position` that the producer knows of without a look: a lower bound.
    Counter known_credits(Counter position) const noexcept { return sender_.known_credits(position); }
    /// Credits at `position`. Looks at the consumer's counter only if fewer than `wanted` are known; a result below `wanted` is
    /// exact at the time of the look.
    Counter credits(Counter position, Counter wanted) noexcept { return sender_.credits(shared_, position, wanted); }
    /// Why the look just made found no credit: `full`, or `no_credit` where there was room and no demand.
    status::value shortage() const noexcept { return sender_.shortage(shared_); }
    /// Claims `n` known credits from `position` on, before their slots are written. False when sending was ended.
    bool claim(Counter position, Counter n) noexcept { return sender_.claim(shared_, position, n); }
    /// Gives claimed credits back, all from `position` on.
    void unclaim(Counter position) noexcept { sender_.unclaim(shared_, position); }
    /// Hands `n` claimed items from `position` on, whose slots are written, to the consumer.
    void send(Counter position, Counter n) noexcept { sender_.send(shared_, position, n); }

    // ---- consumer side: one thread; see detail/credit/receiver.hpp ---------------------------------------------

    /// Position of the next item to be taken.
    Counter take_position() const noexcept { return receiver_.position(shared_); }
    /// Items at `position` that the consumer knows of without a look: a lower bound.
    Counter known_items(Counter position) const noexcept { return receiver_.known_items(position); }
    /// Items at `position`. Looks at the producer's counter only if fewer than `wanted` are known; a result below `wanted` is
    /// exact at the time of the look.
    Counter items(Counter position, Counter wanted) noexcept { return receiver_.items(shared_, position, wanted); }
    /// Gives the slots of `n` items from `position` on, which are read and destroyed, back.
    void consume(Counter position, Counter n) noexcept { receiver_.consume(shared_, position, n); }
    /// Asks for `n` items more. Returns how much credit that grants at once.
    Counter request(std::uint64_t n) noexcept
        requires on_request
    {
        return receiver_.request(shared_, n);
    }
    /// Grants what was held back. Returns how much that was.
    Counter grant_rest() noexcept
        requires on_request
    {
        return receiver_.grant_rest(shared_);
    }
    /// Whether there is credit that the producer had not used a moment ago.
    bool has_unused_credit() const noexcept
        requires on_request
    {
        return receiver_.has_unused_credit(shared_);
    }
    /// Whether sending was ended and everything that was sent is consumed. Once true, it stays so.
    bool drained() noexcept { return receiver_.drained(shared_); }

    // ---- any thread ------------------------------------------------------------------------------------------

    /// No claim succeeds from now on; what was claimed before may still be sent. Idempotent.
    void end_sending() noexcept { shared_.closing.end(); }
    bool is_ended() const noexcept { return shared_.closing.is_ended(); }
    Counter capacity() const noexcept { return shared_.capacity; }
    /// Credit that is granted and not used: exact at a quiet moment, a lower bound for the producer, slightly stale for others.
    Counter credits_approx() const noexcept
        requires on_request
    {
        return shared_.credits_approx();
    }
    /// Items in flight, between 0 and capacity(): exact at a quiet moment, slightly stale otherwise.
    Counter in_flight_approx() const noexcept { return shared_.template in_flight_approx<Granting>(); }

private:
    detail::credit_state<Counter> shared_;
    alignas(detail::separation_bytes) detail::credit_sender<Counter, Granting> sender_;
    alignas(detail::separation_bytes) detail::credit_receiver<Counter, Granting> receiver_;
};

}  // namespace weir
