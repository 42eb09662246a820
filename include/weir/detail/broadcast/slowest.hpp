// SPDX-License-Identifier: MIT
//
// How far the gated readers of a broadcast ring let its producers go, and what becomes of a reader that is late for too long.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/thread_mark.hpp"
#include "weir/detail/broadcast/state.hpp"
#include "weir/detail/wait/deadline.hpp"

namespace weir::detail {

/// The gated reader that is furthest behind, and how far that is; no seat if there is none.
struct slowest_reader {
    const broadcast_seat* seat = nullptr;
    std::uint64_t behind = 0;
};

/// Looks at all readers. `sent` is what a read-modify-write of that word has returned just now, see (5).
template <class State>
slowest_reader find_slowest(const State& shared, std::uint64_t sent) noexcept {
    slowest_reader found;
    const std::uint32_t used = shared.seats_used.load(seq_cst);  // seq_cst: see (5)
    for (std::uint32_t i = 0; i < used; ++i) {
        const broadcast_seat& seat = shared.seats[i];
        if (broadcast_seat::mode(seat.state.load(seq_cst)) != broadcast_seat::gated) continue;  // seq_cst: see (5)
        // (4) acquire: pairs with (3), the reader is done with the items before
        const std::uint64_t behind = sent - seat.position.load(acquire);
        // With many producers a reader may be ahead of `sent` as it was.
        if (static_cast<std::int64_t>(behind) < 0) continue;
        // A reader that is about to begin may seem further behind than it is.
        if (found.seat == nullptr || behind > found.behind) found = {&seat, std::min(behind, shared.capacity)};
    }
    return found;
}

/// What the limits of readers demand now.
struct lateness {
    bool has_changed = false;               ///< a reader is gated no longer
    steady_time next = steady_time::max();  ///< when one that is late now will have been so for too long
};

/// To be called at each look at the readers while some of them have a lag_limit. Reads the clock.
template <class State>
lateness judge_late_readers(State& shared) noexcept {
    using nanoseconds = std::chrono::nanoseconds;
    lateness found;
    const auto now = static_cast<std::uint64_t>(
        std::chrono::duration_cast<nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
    const std::uint64_t sent = shared.sent.load(relaxed);        // relaxed: a number
    const std::uint32_t used = shared.seats_used.load(relaxed);  // relaxed, all: no access to an item depends on it
    for (std::uint32_t i = 0; i < used; ++i) {
        broadcast_seat& seat = shared.seats[i];
        std::uint32_t state = seat.state.load(acquire);  // acquire: the limit is this reader's
        const std::uint64_t most = seat.most_late_ns.load(relaxed);
        if (most == 0 || broadcast_seat::mode(state) != broadcast_seat::gated) continue;
        const auto behind = static_cast<std::int64_t>(sent - seat.position.load(relaxed));
        const auto capacity = static_cast<std::int64_t>(shared.capacity);
        std::uint64_t since = seat.late_since_ns.load(relaxed);
        if (behind <= capacity / 2) {
            if (since != 0) seat.late_since_ns.store(0, relaxed);
            continue;
        }
        if (since == 0) {
            if (behind < capacity) continue;
            seat.late_since_ns.store(since = now, relaxed);
            if (seat.state.load(relaxed) != state) seat.late_since_ns.store(0, relaxed);  // another reader has come
        }
        if (behind < capacity) continue;  // late, but it holds nothing up now
        // Another producer may have noted a time after ours.
        const std::uint64_t late = now > since ? now - since : 0;
        if (late >= most) {
            const auto mode = static_cast<broadcast_seat::mode_type>(seat.when_late.load(relaxed));
            // relaxed: the reader looks at it before and after it copies an item
            if (seat.state.compare_exchange_strong(state, broadcast_seat::in_mode(state, mode), relaxed, relaxed)) {
                found.has_changed = true;
                // release: a reader after it that is woken for this sees that it is gated no longer
                shared.given_up.fetch_add(1, release);
            }
        } else if (const std::uint64_t due = most - std::min(most, late);
                   due < static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) - now) {
            found.next = std::min(found.next, steady_time(nanoseconds(static_cast<std::int64_t>(now + due))));
        }
    }
    return found;
}

/// The slowest reader, once readers that have been late for too long are gated no longer. `sent` as for find_slowest().
template <class State>
slowest_reader look_at_readers(State& shared, std::uint64_t sent) noexcept {
    const slowest_reader last = find_slowest(shared, sent);
    // relaxed: a limit that comes later takes effect later
    if (shared.limited.load(relaxed) == 0 || !judge_late_readers(shared).has_changed) [[likely]]
        return last;
    return find_slowest(shared, sent);
}

/// Notes which thread has looked and found room. Returns whether that thread also reads for the slowest reader, if there is one.
template <class State>
bool sign_look(State& shared, const slowest_reader& last) noexcept {
    const std::uint32_t mark = thread_mark();
    if (shared.producer.load(relaxed) != mark) shared.producer.store(mark, relaxed);  // relaxed, both: a hint
    return last.seat == nullptr || last.seat->reader.load(relaxed) == mark;           // relaxed: a hint
}

}  // namespace weir::detail
