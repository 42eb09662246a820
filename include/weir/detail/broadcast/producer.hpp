// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/base/thread_mark.hpp"
#include "weir/detail/broadcast/slots.hpp"
#include "weir/detail/broadcast/state.hpp"
#include "weir/detail/cursor/look_pace.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The producer's end of a broadcast ring: how far the slowest gated reader lets it go. One thread.
template <class T, std::size_t Readers>
class alignas(separation_bytes) broadcast_producer {
    using state = broadcast_state<Readers>;
    using slots = broadcast_slots<T>;

public:
    broadcast_producer(const state& shared, slots mapped) noexcept
        : slots_(mapped),
          first_(shared.sent.load(relaxed)),
          limit_(first_ + shared.capacity) {  // relaxed: not shared yet
    }

    /// Appends an item that is made already: success, full or closed. A refused item is untouched.
    template <class U>
    [[gnu::always_inline]] status try_put(state& shared, U&& item) noexcept {
        check_role();
        const std::uint64_t position = shared.claimed.load(relaxed);  // relaxed: only this thread writes it
        if (position == limit_ && !look_for_room(shared, position)) [[unlikely]]
            return shared.closing.is_ended() ? status::closed : status::full;
        if (!shared.closing.claim(shared.claimed, position, position + 1)) [[unlikely]]
            return status::closed;
        slots_.put(position, position - first_ >= slots_.count(), std::forward<U>(item));
        shared.sent.store(position + 1, release);  // (1) release: pairs with (2), hands the item to the readers
        return status::success;
    }

    bool has_room(state& shared) noexcept {
        const std::uint64_t position = shared.claimed.load(relaxed);  // relaxed: only this thread writes it
        return position != limit_ || look_for_room(shared, position);
    }

    /// Where the items that are there begin.
    std::uint64_t first_kept(const state& shared) const noexcept {
        const std::uint64_t end = shared.sent.load(relaxed);  // relaxed: no other thread uses the ring any more
        return end - std::min<std::uint64_t>(end - first_, slots_.count());
    }

    void adopt() noexcept { role_.adopt(); }

private:
    // The seat of the gated reader that is furthest behind, and how far that is; no seat if there is none.
    struct slowest {
        const broadcast_seat* seat = nullptr;
        std::uint64_t behind = 0;
    };
    static slowest find_slowest(const state& shared, std::uint64_t position) noexcept {
        slowest found;
        const std::uint32_t used = shared.seats_used.load(seq_cst);  // seq_cst: see (5)
        for (std::uint32_t i = 0; i < used; ++i) {
            const broadcast_seat& seat = shared.seats[i];
            if (broadcast_seat::mode(seat.state.load(seq_cst)) != broadcast_seat::gated) continue;  // seq_cst: see (5)
            // (4) acquire: pairs with (3), the reader is done with the items before
            const std::uint64_t behind = position - seat.position.load(acquire);
            if (found.seat == nullptr || behind > found.behind) found = {&seat, behind};
        }
        return found;
    }

    // Out of line: one look serves many items.
    [[gnu::noinline]] bool look_for_room(state& shared, std::uint64_t position) noexcept {
        pace_.wait();
        // (5) seq_cst: pairs with (6): a reader whose seat is not seen here begins at `position` or later
        shared.sent.fetch_add(0, seq_cst);
        const slowest last = find_slowest(shared, position);
        // A reader that is about to begin may seem further behind than it is.
        limit_ = position + shared.capacity - std::min(last.behind, shared.capacity);
        if (limit_ == position) return false;
        const std::uint32_t mark = thread_mark();
        if (shared.producer.load(relaxed) != mark) shared.producer.store(mark, relaxed);      // relaxed, both: a hint
        const bool is_own = last.seat == nullptr || last.seat->reader.load(relaxed) == mark;  // relaxed: a hint
        pace_.found(limit_ - position, look_pace_rules::worthwhile(shared.capacity), sought::room, is_own);
        return true;
    }

    void check_role() noexcept {
        role_.check(
            "a second thread pushes to a broadcast ring of one producer; call adopt_producer() when the role is handed on");
    }

    slots slots_;
    const std::uint64_t first_;
    std::uint64_t limit_;
    look_pace<false> pace_;
    [[no_unique_address]] role_checker role_{};
};

}  // namespace weir::detail
