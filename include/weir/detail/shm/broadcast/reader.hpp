// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

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

/// A reader's end of a broadcast ring between processes. One thread. Never reads where to read from the segment.
template <class T, std::size_t Seats, class Watch>
class alignas(separation_bytes) shm_broadcast_reader : public shm_end<Watch> {
public:
    using state = shm_broadcast_state<Seats>;
    using slots = word_slots<T>;

    /// To be made by the process that has just taken this seat. Reads what is pushed from now on.
    shm_broadcast_reader(state& shared, slots mapped, std::size_t capacity, Watch watch, const taken_seat& mine,
                         bool gated, std::string_view name) noexcept
        : shm_end<Watch>(shared.producer, static_cast<Watch&&>(watch), std::nullopt),
          seat_(mine.number),
          gated_(gated),
          capacity_(capacity),
          slots_(mapped) {
        shm_seat& seat = shared.seats[seat_];
        seat.name.set(name);
        // relaxed, all: at first a place that is certainly not too far on; the next store hands it over
        seat.missed.store(0, relaxed);
        seat.position.store(shared.sent.load(relaxed) / one_item - capacity, relaxed);
        if (gated_) seat.gated_for.store(mine.end.mine.word, seq_cst);  // (7) seq_cst: pairs with (8)
        position_ = known_ = shared.sent.load(seq_cst) / one_item;      // (4) seq_cst: pairs with (3)
        seat.position.store(position_, seq_cst);                        // (5) seq_cst: pairs with (6); and as try_pop()
        // The producer may have waited for the seat's holder before this one, or have seen the place that was not too far on.
        bed::wake(shared.producer_asleep);
    }

    /// success, empty, closed, peer_died or corrupted. Wait-free.
    status try_pop(state& shared, T& out, bool asks = false) noexcept {
        // So often a lossy reader may be overtaken: a peer that is not trusted could do so each time.
        constexpr int most_tries = 100;
        for (int i = 0; i < most_tries; ++i) {
            if (position_ == known_) [[unlikely]] {
                if (const status answer = look_for_items(shared, asks); answer != status::success) return answer;
            }
            if (this->is_over()) [[unlikely]]
                return this->over();
            if (gated_) return take(shared, out);
            if (copy(shared, out)) return status::success;
        }
        return status::empty;
    }

    status pop_until(state& shared, T& out, steady_time deadline) noexcept {
        const status answer = try_pop(shared, out);
        if (answer != status::empty) return answer;
        return sleepers::wait<Watch>(
            shared.readers_asleep, this->spins_, [&](bool asks) noexcept { return try_pop(shared, out, asks); },
            status::empty, deadline);
    }

    bool is_gated() const noexcept { return gated_; }
    /// The number of the next item, counted from the ring's first one; later if this reader is overtaken.
    std::uint64_t position() const noexcept { return position_; }
    /// Items missed right before the latest one; and in all, since it joined.
    std::uint64_t gap() const noexcept { return gap_; }
    std::uint64_t missed() const noexcept { return missed_; }

private:
    status look_for_items(state& shared, bool asks) noexcept {
        if (this->is_over()) return this->over();
        if (find_items(shared) || this->is_over()) return this->over();
        if (!this->knows_of_death(shared.producer, asks)) return status::empty;
        if (find_items(shared) || this->is_over()) return this->over();
        // (10) acquire: pairs with (9). Both are loaded before told() looks for a follower
        return this->told(shared.producer, half_written(shared.pushing.load(acquire), shared.sent.load(acquire)));
    }

    bool find_items(state& shared) noexcept {
        const cursor now = shared.sent.load(seq_cst);  // (4) seq_cst: pairs with (3), the items are readable
        const std::uint64_t more = now / one_item - known_;
        // It goes back; or, since the producer waits for a gated reader, there are more than fit.
        if (static_cast<std::int64_t>(more) < 0 || (gated_ && more > capacity_ - (known_ - position_))) {
            (void)this->ends_with(status::corrupted);
            return false;
        }
        known_ = now / one_item;
        if (known_ == position_ && (now & closed_bit) != 0) (void)this->ends_with(status::closed);
        return known_ != position_;
    }

    status take(state& shared, T& out) noexcept {
        slots_.at(position_).read_to(std::addressof(out));
        // (5) seq_cst: pairs with (6), hands the slot back; and with (5) of bed
        const std::uint64_t before = shared.seats[seat_].position.exchange(position_ + 1, seq_cst);
        if (before != position_) [[unlikely]]
            return this->ends_with(status::corrupted);
        ++position_;
        bed::wake(shared.producer_asleep);
        return status::success;
    }

    // Copies the next item, as a lossy reader. False when it was overtaken meanwhile, and has skipped what is lost.
    bool copy(state& shared, T& out) noexcept {
        skip_to(shared, known_, capacity_, 0);
        slots_.at(position_).read_to(std::addressof(out));
        // If a word was of a newer item, this is ordered after the claim of that one, by the pair of copied_words.
        const std::uint64_t claimed = shared.pushing.load(acquire);  // (10) acquire: pairs with (9)
        if (claimed - position_ <= slots_.count()) [[likely]] {
            ++position_;
            gap_ = std::exchange(pending_gap_, 0);
            // relaxed: a statistic; the producer does not wait for it
            shared.seats[seat_].position.store(position_, relaxed);
            return true;
        }
        // Claimed after what this end knew, and at most one item before it was sent.
        const bool is_old = static_cast<std::int64_t>(claimed - known_) < 0;
        if (!find_items(shared)) return false;
        if (is_old || static_cast<std::int64_t>(claimed - known_) > 1) {
            (void)this->ends_with(status::corrupted);
            return false;
        }
        skip_to(shared, claimed, slots_.count(), capacity_ / 4);
        return false;
    }

    // Skips what is more than `kept` items before `end`, and `more` beyond that.
    void skip_to(state& shared, std::uint64_t end, std::uint64_t kept, std::uint64_t more) noexcept {
        if (end - position_ <= kept) return;
        const std::uint64_t lost = end - position_ - kept + more;
        position_ += lost;
        missed_ += lost;
        pending_gap_ += lost;
        // relaxed, both: statistics
        shared.seats[seat_].missed.store(missed_, relaxed);
        shared.seats[seat_].position.store(position_, relaxed);
    }

    std::size_t seat_;
    bool gated_;
    std::size_t capacity_;
    slots slots_;
    std::uint64_t position_ = 0;
    std::uint64_t known_ = 0;  // items known to be published
    std::uint64_t missed_ = 0;
    std::uint64_t gap_ = 0;          // missed right before the latest item
    std::uint64_t pending_gap_ = 0;  // missed since the latest item
};

}  // namespace weir::detail
