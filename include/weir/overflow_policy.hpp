// SPDX-License-Identifier: MIT
//
// What becomes of an item when the ring is full. Prefer `block` if the producer can wait, and `reject` if it can handle a refusal. The
// others lose items, by a rule that is chosen here, bounded, and counted to the item:
//
//     overflow::block        push waits for room: the delay moves to the source
//     overflow::reject       push says `full`, and the item stays with the caller
//     overflow::drop_newest  the arriving item is lost: what is queued is worth more
//     overflow::drop_oldest  the oldest item is lost: what is new is worth more
//     overflow::sample       from a fill level on, one arriving item in n is kept: loss is spread evenly
//     overflow::shed_lowest  the oldest item of the lowest class is lost
//     overflow::codel<>      items that waited too long, for too long, are lost where they are popped
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "weir/detail/base/producers.hpp"

namespace weir::overflow {

struct block {};
struct reject {};
struct drop_newest {};
struct drop_oldest {};

/// Of the items that arrive while `from` items or more are in the ring (0: half its capacity), each `keep_one_in`-th is
/// kept. One that is to be kept, but meets a full ring, is lost as with drop_newest. In a ring of messages `from` counts bytes. The ring's
/// constructor rejects keep_one_in 0, and `from` above the capacity, with std::invalid_argument.
struct sample {
    std::size_t keep_one_in;
    std::size_t from = 0;
};

/// Classes 0, the lowest, to Classes - 1, by `class_of(item)`; a number beyond counts as the highest. Higher classes
/// are popped first, each class in order. An item that meets a full ring takes the place of the oldest one of the
/// lowest class that is queued; if no class below its own is, it is lost itself.
template <std::size_t Classes, class ClassOf>
struct shed_lowest {
    static_assert(Classes >= 2, "weir: shed_lowest needs two classes at least: with one there is no lower one to shed");
    static constexpr std::size_t classes = Classes;
    ClassOf class_of;
};

/// Controlled delay (RFC 8289): once items have waited longer than `target` for an `interval`, some are dropped at the
/// pop, ever more of them, and all that have waited longer than twice the target, until waiting is below `target` again.
/// The last item is never dropped. The interval is to be a worst round trip of the loop that the loss is to slow down; the target 5
/// to 10 % of it. A full ring loses the arriving item, as with drop_newest. A target of 0 or less, or an interval not above it, is
/// rejected as above.
template <class Clock = std::chrono::steady_clock>
struct codel {
    static_assert(Clock::is_steady,
                  "weir: codel needs a clock that is steady: to set it would age every item at a stroke");
    using clock = Clock;
    std::chrono::nanoseconds target{std::chrono::milliseconds{5}};
    std::chrono::nanoseconds interval{std::chrono::milliseconds{100}};
};

/// What became of every item that was offered. At a quiet moment
///
///     offered  = accepted + refused
///     accepted = delivered + queued + lost()
///
/// to the item. While items flow the numbers are read one after the other, so they need not add up; but at any time
/// delivered + lost() <= accepted().
struct ledger {
    std::uint64_t offered = 0;
    std::uint64_t refused = 0;  ///< full, busy, closed, timeout, too_large, or left of a batch: still the caller's
    std::uint64_t delivered = 0;
    std::uint64_t queued = 0;
    std::uint64_t lost_newest = 0;   ///< arrived at a full ring, or at a slot that a peer was stopped in the middle of
    std::uint64_t lost_oldest = 0;   ///< made room for a newer one
    std::uint64_t lost_sampled = 0;  ///< was not the one in n
    std::uint64_t lost_lowest = 0;   ///< made room for one of a higher class, or found no lower one
    std::uint64_t lost_late = 0;     ///< had waited too long (codel)

    constexpr std::uint64_t accepted() const noexcept { return offered - refused; }
    constexpr std::uint64_t lost() const noexcept {
        return lost_newest + lost_oldest + lost_sampled + lost_lowest + lost_late;
    }
    constexpr bool is_exact() const noexcept { return accepted() == delivered + queued + lost(); }
};

/// The same of an overflow_message_ring, in messages and in bytes of their payloads. `queued` is what the other numbers leave.
struct message_ledger {
    ledger messages;
    ledger bytes;
};

}  // namespace weir::overflow
