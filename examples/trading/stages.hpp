// SPDX-License-Identifier: MIT
//
// What the threads between the receiver and the gateway do, each as a function that returns when its ring is closed and drained.
#pragma once

#include <weir/broadcast_ring.hpp>
#include <weir/clock.hpp>
#include <weir/histogram.hpp>
#include <weir/overflow.hpp>
#include <weir/wait.hpp>

#include <cstdint>
#include <cstdio>
#include <span>
#include <stdexcept>

#include "book.hpp"
#include "feed_watch.hpp"
#include "gateway.hpp"
#include "logger.hpp"
#include "market.hpp"
#include "receiver.hpp"
#include "strategy.hpp"

namespace trading {

template <class Policy>
using tick_ring = weir::overflow_ring<tick, Policy>;
using update_ring = weir::broadcast_ring<book_update>;

inline std::uint64_t ns_since(const weir::tick_clock& clock, std::uint64_t then) noexcept {
    const std::uint64_t now = clock.now();
    return now > then ? static_cast<std::uint64_t>(clock.to_ns(now - then)) : 0;
}

/// The feed handler: datagrams to ticks. Closes the wire at the end of the feed, which ends the receiver, too.
template <class Wire, class Ticks>
feed_counts handle_feed(Wire& wire, Ticks& ticks, logging::log_handle& log) {
    feed_watch watch;
    std::uint32_t epoch = 0;
    const auto on_gap = [&](const feed_gap& gap) {
        ++epoch;
        log.write(logging::gap_seen{gap.datagrams, gap.messages});
    };
    const auto on_record = [&](std::uint16_t, std::span<const std::byte> record) {
        const received one(record);
        const auto on_message = [&](const feed::message& m, std::uint64_t sequence) {
            // A refused tick (`reject`) stays with this thread, which gives it up. The ring does not count it as lost and
            // shows no gap, so the next tick carries a new epoch.
            const tick next{sequence, one.at, m.price, m.quantity, epoch, m.what, m.symbol, m.of};
            if (!ticks.push(next)) ++epoch;
        };
        const feed::verdict answer = watch.take(one.datagram, on_gap, on_message);
        if (answer != feed::verdict::good)
            log.write(logging::datagram_refused{one.datagram.size(), static_cast<std::uint32_t>(answer)});
        if (watch.has_ended()) wire.close();
    };
    while (wire.consume_some(on_record) > 0) {
    }
    ticks.close();
    return watch.counts();
}

struct book_counts {
    std::uint64_t handled = 0;
    std::uint64_t updates = 0;
    std::uint64_t gap_total = 0;
    weir::histogram tick_to_book_ns{60'000'000'000};
};

/// The book: ticks to updates. `work_ns` is what it takes for each tick, for a book that is slower than this one.
template <class Ticks>
book_counts keep_book(Ticks& ticks, update_ring& updates, const weir::tick_clock& clock, std::uint32_t work_ns,
                      logging::log_handle& log) {
    book prices;
    book_counts counts;
    const std::uint64_t work = clock.to_ticks(work_ns);
    // Popped, not visited in place: with drop_oldest a tick that is being visited is in the way of the next push.
    for (tick next; ticks.pop(next);) {
        counts.tick_to_book_ns.record(ns_since(clock, next.received_at));
        const std::uint64_t lost = ticks.gap();
        if (lost > 0) log.write(logging::ticks_lost{next.sequence, lost});
        counts.gap_total += lost;
        ++counts.handled;
        if (const auto update = prices.take(next, lost > 0)) {
            if (!updates.push(*update)) break;  // closed: a thread after this one has failed
            ++counts.updates;
        }
        for (const std::uint64_t begun = clock.now(); clock.now() - begun < work;) {
        }
    }
    updates.close();
    return counts;
}

/// The strategy, and the gate that its orders have to pass. Returns how many updates it saw.
inline std::uint64_t trade(update_ring::reader& updates, risk_gate& gate, order_ring& orders,
                           const weir::credit_gate& credits, logging::log_handle& log) {
    strategy rule;
    std::uint64_t seen = 0;
    for (book_update now; updates.pop(now); ++seen) {
        const auto decided = rule.on(now);
        if (decided && !gate.pass(*decided, now.received_at))
            log.write(logging::order_refused{now.sequence, static_cast<std::uint32_t>(credits.in_use())});
    }
    orders.close();
    return seen;
}

/// The recorder, a lossy reader: the book never waits for the disk. Writes updates to `file`, if there is one. Returns how many.
inline std::uint64_t record(update_ring::reader& updates, std::FILE* file) {
    std::uint64_t seen = 0;
    for (book_update now; updates.pop(now); ++seen) {
        if (file != nullptr && std::fprintf(file, "%ju,%u,%u,%u,%u,%u\n", std::uintmax_t{now.sequence}, now.symbol,
                                            now.bid.price, now.bid.quantity, now.offer.price, now.offer.quantity) < 0)
            throw std::runtime_error("cannot write the recording; free some space, or leave --record out");
    }
    return seen;
}

}  // namespace trading
