// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/broadcast/slots.hpp"
#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/shm/broadcast/sleepers.hpp"
#include "weir/detail/shm/broadcast/state.hpp"
#include "weir/detail/shm/end.hpp"
#include "weir/detail/shm/sleeper.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The producer's end of a broadcast ring between processes. One thread. Never reads where to write from the segment.
template <class T, std::size_t Seats, class Watch>
class alignas(separation_bytes) shm_broadcast_producer : public shm_end_base {
public:
    using state = shm_broadcast_state<Seats>;
    using slots = word_slots<T>;

    /// To be made by the process that has just taken the end; `recovered`: from a holder that died.
    shm_broadcast_producer(state& shared, slots mapped, std::size_t capacity, Watch watch, bool recovered) noexcept
        // relaxed, all: after (1) of owner; only the holder of this end writes them
        : shm_end_base(recovered ? half_written(shared.pushing.load(relaxed), shared.sent.load(relaxed))
                                 : std::nullopt),
          watch_(static_cast<Watch&&>(watch)),
          position_(shared.sent.load(relaxed) / one_item),
          limit_(position_),
          capacity_(capacity),
          slots_(mapped) {
        // A slot that is half written stays announced: it held an item that a lossy reader may be about to copy.
        if (shared.pushing.load(relaxed) - position_ > 1) (void)this->ends_with(status::corrupted);
        if (recovered) sleepers::wake(shared.readers_asleep);
    }

    /// success, full, closed or corrupted. Wait-free.
    status try_push(state& shared, const T& item, bool asks = false) noexcept {
        if (this->is_over()) return this->over();
        if (position_ == limit_) [[unlikely]] {
            if (const status answer = look_for_room(shared, asks); answer != status::success) return answer;
        }
        // relaxed: a close that is overlooked here refuses the publication. This spares the item that the slot holds
        if ((shared.sent.load(relaxed) & closed_bit) != 0 && shared.is_closed()) [[unlikely]]
            return status::closed;
        // Announced first: to lossy readers, and for when this process dies.
        shared.pushing.store(position_ + 1, release);  // (9) release: pairs with (10)
        slots_.put(position_, true, item);
        cursor expected = cursor_at(position_);
        // (3) seq_cst: pairs with (4), hands the item over; and with (2), see sleepers. (12) acquire, of a failure: pairs with (11)
        if (!shared.sent.compare_exchange_strong(expected, cursor_at(position_ + 1), seq_cst, acquire)) [[unlikely]] {
            return expected == (cursor_at(position_) | closed_bit) ? status(status::closed)
                                                                   : this->ends_with(status::corrupted);
        }
        ++position_;
        sleepers::wake(shared.readers_asleep);
        return status::success;
    }

    status push_until(state& shared, const T& item, steady_time deadline) noexcept {
        const status answer = try_push(shared, item);
        if (answer != status::full) return answer;
        return bed::wait<Watch>(
            shared.producer_asleep, this->spins_, [&](bool asks) noexcept { return try_push(shared, item, asks); },
            status::full, deadline);
    }

    /// Items published by this end and its former holders.
    std::uint64_t position() const noexcept { return position_; }
    /// Gated readers that died while this end waited for them.
    std::uint64_t readers_lost() const noexcept { return readers_lost_; }

private:
    status look_for_room(state& shared, bool asks) noexcept {
        if (find_room(shared) || this->is_over()) return this->over();
        // relaxed: as in try_push()
        if ((shared.sent.load(relaxed) & closed_bit) != 0 && shared.is_closed()) return status::closed;
        if (!asks && !this->is_due()) return status::full;
        if (!free_seats_of_dead(shared)) return status::full;
        return find_room(shared) || this->is_over() ? this->over() : status(status::full);
    }

    // How far behind the reader of a seat is, if it is gated. A reader that is about to begin may seem further behind than it is.
    std::uint64_t lag_of(const shm_seat& seat) noexcept {
        // (6) seq_cst: pairs with (5), the reader is done with the items before
        const std::uint64_t lag = position_ - seat.position.load(seq_cst);
        if (static_cast<std::int64_t>(lag) < 0) (void)this->ends_with(status::corrupted);  // it read what was not sent
        return std::min<std::uint64_t>(lag, capacity_);
    }

    // After this end's latest publication, or that of the former holder: a reader whose seat is not seen begins there or later.
    bool find_room(state& shared) noexcept {
        std::uint64_t behind = 0;
        for (const shm_seat& seat : shared.seats) {
            if (!seat.gating().is_held()) continue;
            behind = std::max(behind, lag_of(seat));
        }
        if (this->is_over()) return false;
        limit_ = position_ + capacity_ - behind;
        return limit_ != position_;
    }

    // Gives the seats back that hold this end up, and whose holders have died. Whether there was one. Calls the system.
    [[gnu::noinline]] bool free_seats_of_dead(state& shared) noexcept {
        bool found = false;
        for (shm_seat& seat : shared.seats) {
            const owner reader = seat.gating();
            if (!reader.is_held() || lag_of(seat) < capacity_ || !watch_.is_dead(reader)) continue;
            std::uint64_t expected = reader.word;
            // relaxed, both: nothing depends on it; a failure means that another reader has taken the seat over
            if (seat.holder.compare_exchange_strong(expected, reader.followed_by({}).word, relaxed, relaxed))
                ++readers_lost_;
            found = true;
        }
        return found;
    }

    Watch watch_;
    std::uint64_t position_;
    std::uint64_t limit_;  // position + what may be pushed without a look
    std::size_t capacity_;
    slots slots_;
    std::uint64_t readers_lost_ = 0;
};

}  // namespace weir::detail
