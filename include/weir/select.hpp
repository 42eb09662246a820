// SPDX-License-Identifier: MIT
//
// One thread that waits for the first of several rings, of any families:
//
//     weir::selection feeds;                                        // whose turn it is, and which ends have closed
//     while (auto ready = weir::select(feeds, book, trades)) {
//         switch (ready.index()) {                                  // a pop may find nothing: the end has closed, or
//         case 0: if (auto x = book.try_pop()) on_book(*x); break;  // another thread was quicker
//         case 1: if (auto x = trades.try_pop()) on_trade(*x); break;
//         }
//     }                                                             // until both are closed
//
// or with a handler for each end, of which it runs one, with one item:
//
//     const auto on_tick = weir::on(book, [&](tick&& t) { ... });
//     const auto on_trade = weir::on(trades, [&](trade&& t) { ... });
//     while (weir::select(weir::by_priority, on_tick, on_trade)) continue;
//
// An end is a receiver or a sender (handles.hpp), the reader of a broadcast ring, or a side of a ring: items_of(ring),
// room_in(ring), or room_in(ring, bytes) of a message ring. 64 ends at most. Ends whose number is known only when the program
// runs come as one argument, a container or span of any_end.
//
// Before the ends may stand, in any order,
//
//     by_priority          of several that are ready the one that is named first; else each of them is as likely
//     a selection          a loop's memory: whose turn it is, and which ends have closed
//     a std::stop_token    the wait ends when a stop is requested
//
// | strategy of the rings | how the thread waits                                                                             |
// |-----------------------|--------------------------------------------------------------------------------------------------|
// | park, all             | spins a little, then sleeps once for all of them; any push, pop or close that helps it wakes it  |
// | event, all            | sleeps in one poll of all descriptors                                                            |
// | spin or yield, any    | spins, or yields, as that strategy does; spins if there are both                                 |
// | otherwise             | looks every 20 us to 1 ms, as with wait::sleep                                                   |
//
// To sleep at several rings with wait::park takes futex_waitv(2), of Linux 5.16. Where there is none, or a container forbids it, the
// thread looks every 20 us to 1 ms.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <string>
#include <utility>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/select/any_end.hpp"
#include "weir/detail/select/handlers.hpp"
#include "weir/detail/select/refusals.hpp"
#include "weir/detail/select/waiter.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/status.hpp"

namespace weir {

/// The consumer's side of a ring, for select(). The caller is a consumer of the ring, or its only one. With credit on request it
/// grants, before it sleeps, what was held back.
template <class Ring>
    requires detail::ring_of_any_family<Ring> && (!detail::ring_of_readers<Ring>)
items_end<Ring> items_of(Ring& ring) noexcept {
    return {ring};
}

/// The producer's side of a ring: ready when there is a free slot. With overflow::sample a push may still lose its item.
template <class Ring>
    requires detail::ring_of_any_family<Ring> && (detail::select_access::waits_for_room<Ring>)
room_end<Ring> room_in(Ring& ring) noexcept {
    static_assert(!detail::ring_of_sizes<Ring>,
                  "weir: whether a message ring has room depends on the message: room_in(ring, bytes)");
    return {ring};
}

/// The same of a message ring, for a message of `bytes` bytes. Rejects more than max_message() with std::invalid_argument (aborts where
/// exceptions are off).
template <class Ring>
room_end<Ring> room_in(Ring& ring, std::size_t bytes) {
    static_assert(detail::ring_of_sizes<Ring>,
                  "weir: only a message ring has room in bytes: room_in(ring), of other rings");
    if constexpr (detail::ring_of_sizes<Ring>) {
        if (bytes > ring.max_message()) {
            detail::reject_argument("a message ring of " + std::to_string(ring.capacity_bytes()) +
                                    " bytes never has room for a message of " + std::to_string(bytes) + "; wait for " +
                                    std::to_string(ring.max_message()) + " at most");
        }
    }
    return {ring, bytes};
}

/// Waits until an end is ready, or has closed, or all have closed: index() of what it returns names the end, is_closed() and answer()
/// say which case it is (see `selected`). It takes no item: the try-operation that follows may find that another thread was quicker. A
/// ready end comes before a closed one. Without a `selection` a closed end is reported by every call that finds no other one ready, so use
/// a `selection` in a loop whose ends close one by one.
///
/// Or, with a handler for each end, waits until one item was taken and its handler has run; a closed end is left out, until all are
/// closed. If the handler throws, its item is gone, but for one of a message ring, which stays; the exception passes.
///
/// The caller has the role that each end asks for. Blocks. Allocates nothing; but a stop token's callback may. Counts nothing in the
/// statistics of the rings. O(ends) for each look. Where other threads wait at the same end, a thread that was woken for an item and
/// does not take it wakes one of them.
template <class... Args>
WEIR_ALWAYS_INLINE inline selected select(Args&&... args) {
    return detail::select_first(detail::never, detail::forever, std::forward<Args>(args)...);
}
/// The same, but gives up after that time: timeout.
template <class Rep, class Period, class... Args>
selected select_for(std::chrono::duration<Rep, Period> time, Args&&... args) {
    return detail::select_first(detail::never, detail::deadline_after(time), std::forward<Args>(args)...);
}
/// The same, at that time of any clock.
template <class... Args>
selected select_until(detail::any_time_point deadline, Args&&... args) {
    return detail::select_first(detail::never, deadline, std::forward<Args>(args)...);
}
/// The same, but gives up when `stop()` says true: empty. wake_all() of any of the rings makes it ask again.
template <std::predicate Stop, class... Args>
selected select_unless(Stop stop, Args&&... args) {
    return detail::select_first(stop, detail::forever, std::forward<Args>(args)...);
}
/// The same without waiting: empty, if no end is ready.
template <class... Args>
WEIR_ALWAYS_INLINE inline selected try_select(Args&&... args) {
    return detail::select_first(detail::without_waiting, detail::forever, std::forward<Args>(args)...);
}

}  // namespace weir
