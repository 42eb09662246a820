// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/shm/copy_item.hpp"
#include "weir/detail/shm/end.hpp"
#include "weir/detail/shm/owner.hpp"
#include "weir/detail/shm/sleeper.hpp"
#include "weir/detail/shm/spsc_state.hpp"
#include "weir/detail/spsc/slots.hpp"
#include "weir/detail/wait/asymmetric_fence.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/status.hpp"

namespace weir::detail {

inline void shm_spsc_state::close() noexcept {
    sent.fetch_or(closed_bit, seq_cst);  // (7) seq_cst: pairs with (6); and with the claims of sleepers, see bed
    bed::wake(consumer_asleep);
    bed::wake(producer_asleep);
}

/// The producer's end. One thread. Never reads where to write from the segment.
template <class Slot, class Watch>
class alignas(separation_bytes) shm_spsc_producer : public shm_end<Watch> {
    using state = shm_spsc_state;
    using slots = spsc_slots<Slot, std::uint64_t>;

public:
    /// At `first` lie the slots. To be made by the process that has just taken the end; `recovered`: from a holder that died.
    shm_spsc_producer(state& shared, Slot* first, std::size_t capacity, Watch watch, bool recovered) noexcept
        // relaxed, all: after (1); only the holder of this end writes them
        : shm_end<Watch>(
              shared.consumer, static_cast<Watch&&>(watch),
              recovered ? half_written(shared.pushing.load(relaxed), shared.sent.load(relaxed)) : std::nullopt),
          position_(shared.sent.load(relaxed) / one_item),
          limit_(position_),
          capacity_(capacity),
          slots_(first, capacity) {
        const std::uint64_t taken = shared.taken.load(acquire);  // (8) acquire: pairs with (9), the slots are free
        if (position_ - taken > capacity_) {
            (void)this->ends_with(status::corrupted);
        } else {
            limit_ = taken + capacity_;
        }
        shared.pushing.store(position_, relaxed);  // relaxed: for the next holder, see (1)
        if (recovered) bed::wake(shared.consumer_asleep);
    }

    /// success, full, closed, peer_died or corrupted. Wait-free.
    template <class Item>
    status try_push(state& shared, const Item& item, bool asks = false) noexcept {
        if (this->is_over()) return this->over();
        if (position_ == limit_) [[unlikely]] {
            if (const status answer = look_for_room(shared, asks); answer != status::success) return answer;
        }
        // What a death at any instruction leaves: the number first, then the item, then the publication.
        // (13) release: pairs with (14), which tells the item of a follower from that of a dead holder
        shared.pushing.store(position_ + 1, release);
        light_fence();
        copy_item(slots_[position_], item);
        cursor expected = cursor_at(position_);
        // (10) seq_cst: pairs with (11), hands the item over; and with (5), see bed. (6) acquire, of a failure: what the closing thread did
        if (!shared.sent.compare_exchange_strong(expected, cursor_at(position_ + 1), seq_cst, acquire)) [[unlikely]] {
            shared.pushing.store(position_, relaxed);  // relaxed: as above
            return expected == (cursor_at(position_) | closed_bit) ? status(status::closed)
                                                                   : this->ends_with(status::corrupted);
        }
        ++position_;
        bed::wake(shared.consumer_asleep);
        return status::success;
    }

    template <class Item>
    status push_until(state& shared, const Item& item, steady_time deadline) noexcept {
        const status answer = try_push(shared, item);
        if (answer != status::full) return answer;
        return bed::wait<Watch>(
            shared.producer_asleep, this->spins_, [&](bool asks) noexcept { return try_push(shared, item, asks); },
            status::full, deadline);
    }

    /// Items published by this end and its former holders.
    std::uint64_t position() const noexcept { return position_; }

private:
    status look_for_room(state& shared, bool asks) noexcept {
        if (find_room(shared) || this->is_over()) return this->over();
        // relaxed: a claim that overlooks the close fails
        if ((shared.sent.load(relaxed) & closed_bit) != 0 && shared.is_closed()) return status::closed;
        if (!this->knows_of_death(shared.consumer, asks)) return status::full;
        if (find_room(shared) || this->is_over()) return this->over();
        // acquire: before told() looks for a follower
        return this->told(shared.consumer, last_taken(shared.taken.load(acquire)));
    }

    bool find_room(state& shared) noexcept {
        const std::uint64_t free_until =
            shared.taken.load(seq_cst) + capacity_;  // (12) seq_cst: pairs with (9), the slots are free
        const std::uint64_t more = free_until - limit_;
        if (more > capacity_ - (limit_ - position_)) {  // it goes back, or took what was not pushed
            (void)this->ends_with(status::corrupted);
            return false;
        }
        limit_ = free_until;
        return more > 0;
    }

    std::uint64_t position_;
    std::uint64_t limit_;  // position + what may be pushed without a look
    std::size_t capacity_;
    slots slots_;
};

/// The consumer's end. One thread. Never reads where to read from the segment.
template <class Slot, class Watch>
class alignas(separation_bytes) shm_spsc_consumer : public shm_end<Watch> {
    using state = shm_spsc_state;
    using slots = spsc_slots<Slot, std::uint64_t>;

public:
    /// As for the producer.
    shm_spsc_consumer(state& shared, Slot* first, std::size_t capacity, Watch watch, bool recovered) noexcept
        // relaxed, all: after (1); only the holder of this end writes them
        : shm_end<Watch>(shared.producer, static_cast<Watch&&>(watch),
                         recovered ? last_taken(shared.taken.load(relaxed)) : std::nullopt),
          position_(shared.taken.load(relaxed)),
          known_(position_),
          capacity_(capacity),
          slots_(first, capacity) {
        (void)find_items(shared);
        if (recovered) bed::wake(shared.producer_asleep);
    }

    /// success, empty, closed, peer_died or corrupted. Wait-free.
    template <class Item>
    status try_pop(state& shared, Item& out, bool asks = false) noexcept {
        if (position_ == known_) [[unlikely]] {
            if (const status answer = look_for_items(shared, asks); answer != status::success) return answer;
        }
        if (this->is_over()) [[unlikely]]
            return this->over();
        copy_item(out, slots_[position_]);
        // (9) seq_cst: pairs with (8) and (12), hands the slot back; and with (5), see bed
        const std::uint64_t before = shared.taken.exchange(position_ + 1, seq_cst);
        if (before != position_) [[unlikely]]
            return this->ends_with(status::corrupted);
        ++position_;
        bed::wake(shared.producer_asleep);
        return status::success;
    }

    template <class Item>
    status pop_until(state& shared, Item& out, steady_time deadline) noexcept {
        const status answer = try_pop(shared, out);
        if (answer != status::empty) return answer;
        return bed::wait<Watch>(
            shared.consumer_asleep, this->spins_, [&](bool asks) noexcept { return try_pop(shared, out, asks); },
            status::empty, deadline);
    }

    /// Items taken by this end and its former holders.
    std::uint64_t position() const noexcept { return position_; }

private:
    status look_for_items(state& shared, bool asks) noexcept {
        if (this->is_over()) return this->over();
        if (find_items(shared) || this->is_over()) return this->over();
        if (!this->knows_of_death(shared.producer, asks)) return status::empty;
        if (find_items(shared) || this->is_over()) return this->over();
        // (14) acquire: pairs with (13). Both are loaded before told() looks for a follower
        return this->told(shared.producer, half_written(shared.pushing.load(acquire), shared.sent.load(acquire)));
    }

    bool find_items(state& shared) noexcept {
        const cursor now = shared.sent.load(seq_cst);  // (11) seq_cst: pairs with (10), the items are readable
        const std::uint64_t more = now / one_item - known_;
        if (more > capacity_ - (known_ - position_)) {  // it goes back, or there are more than fit
            (void)this->ends_with(status::corrupted);
            return false;
        }
        known_ = now / one_item;
        if (more == 0 && known_ == position_ && (now & closed_bit) != 0) (void)this->ends_with(status::closed);
        return more > 0;
    }

    std::uint64_t position_;
    std::uint64_t known_;  // items known to be published
    std::size_t capacity_;
    slots slots_;
};

}  // namespace weir::detail
