// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/thread_mark.hpp"
#include "weir/detail/broadcast/slots.hpp"
#include "weir/detail/broadcast/state.hpp"
#include "weir/detail/cursor/look_pace.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// A reader that another one comes after: its seat, and which taking of it.
struct broadcast_elder {
    std::uint32_t seat = 0;
    std::uint32_t state = broadcast_seat::free;
};

/// All that one comes after.
struct broadcast_elders {
    std::array<broadcast_elder, 4> all{};
    std::uint32_t count = 0;
};

/// A reader's end of a broadcast ring: where it is, and what it knows of the producer, or of the readers that it comes after. One
/// thread.
template <class T, class State>
class broadcast_reader {
    using state = State;
    using slots = broadcast_slots<T>;

public:
    /// Takes a seat. Reads what is pushed from now on, or, after others, what they have not finished yet.
    broadcast_reader(state& shared, slots mapped, broadcast_seat::mode_type mode, std::string_view name,
                     const broadcast_elders& elders, const lag_limit& limit)
        : slots_(mapped), seat_(take_seat(shared)), elders_(elders), is_limited_(limit.time.count() > 0) {
        broadcast_seat& mine = shared.seats[seat_];
        mine.name.set(name);
        // relaxed, all: the state hands them over
        mine.missed.store(0, relaxed);
        mine.late_since_ns.store(0, relaxed);
        mine.most_late_ns.store(is_limited_ ? static_cast<std::uint64_t>(limit.time.count()) : 0, relaxed);
        mine.when_late.store(limit.then == when_late::lossy ? broadcast_seat::lossy : broadcast_seat::ended, relaxed);
        if (is_limited_) shared.limited.fetch_add(1, relaxed);
        // relaxed, both: at first a place that is certainly not too far on; the next store hands it over
        position_ = shared.sent.load(relaxed) - shared.capacity;
        mine.position.store(position_, relaxed);
        state_ = broadcast_seat::in_mode(mine.state.load(relaxed), mode);  // relaxed: the seat is this thread's
        mine.state.store(state_, seq_cst);  // seq_cst: before (6) for every look of the producer
        // (6) seq_cst: pairs with (5): no look from before the seat was seen went further than this and the capacity
        const std::uint64_t newest = shared.sent.load(seq_cst);
        position_ = elders_.count == 0 ? newest : end_of_elders(shared, newest);
        known_ = portion_end_ = position_;
        mine.position.store(position_, release);  // (3) release: pairs with (4)
    }

    /// Gives the seat back.
    void leave(state& shared) noexcept {
        broadcast_seat& mine = shared.seats[seat_];
        // (3) release: pairs with (4)
        mine.position.store(position_, release);
        if (is_limited_) shared.limited.fetch_sub(1, relaxed);  // relaxed: a number
        // release: a reader that takes the seat next comes after this
        mine.state.store(broadcast_seat::in_mode(state_, broadcast_seat::free) + broadcast_seat::one_taking, release);
    }

    broadcast_elder as_elder() const noexcept { return {seat_, state_}; }
    /// As it joined.
    bool is_gated() const noexcept { return broadcast_seat::mode(state_) == broadcast_seat::gated; }
    bool is_limited() const noexcept { return is_limited_; }
    /// What became of it: a limited reader may have been made lossy, or ended.
    std::uint32_t mode_now(const state& shared) const noexcept {
        return broadcast_seat::mode(shared.seats[seat_].state.load(relaxed));  // relaxed: it concerns what comes next
    }
    bool is_ended(const state& shared) const noexcept {
        return is_limited_ && mode_now(shared) == broadcast_seat::ended;
    }

    /// Calls `visit(item)` on min(`most`, available) items; `read(n)` is called whenever n of them are done. If a visit throws, that
    /// item and those after it stay. Returns how many.
    template <class F, class Read>
    std::size_t consume(state& shared, F& visit, std::size_t most, Read read) {
        if (most == 0 || !look(shared)) return 0;
        if constexpr (slots::can_be_overtaken) {
            if (!is_gated() || is_limited_) return consume_lossy(shared, visit, most, read);
        }
        return consume_gated(shared, visit, most, read);
    }

    /// Whether there is an item to be read.
    bool has_items(state& shared) noexcept { return look(shared); }

    /// Whether one of the readers before this one is still there.
    bool is_after_others(const state& shared) const noexcept {
        for (std::uint32_t i = 0; i < elders_.count; ++i) {
            // relaxed: decides only where to wait
            if (shared.seats[elders_.all[i].seat].state.load(relaxed) == elders_.all[i].state) return true;
        }
        return false;
    }

    /// Whether the ring was closed and this reader has seen everything.
    bool drained(const state& shared) const noexcept { return shared.claims.is_drained(position_) || is_ended(shared); }

    /// Items that were pushed and not yet given back. Any thread.
    std::uint64_t lag(const state& shared) const noexcept {
        // relaxed, both: numbers; other threads may see a newer position than the `sent` that allowed it
        const std::uint64_t sent = shared.sent.load(relaxed);
        const std::uint64_t behind = sent - shared.seats[seat_].position.load(relaxed);
        return static_cast<std::int64_t>(behind) < 0 ? 0 : behind;
    }
    std::uint64_t gap() const noexcept { return gap_; }
    std::uint64_t missed() const noexcept { return missed_; }

private:
    template <class Read>
    struct reading {
        broadcast_reader& me;
        state& shared;
        Read& read;
        std::size_t items = 0;
        std::size_t all = 0;

        void add() noexcept {
            ++me.position_;
            ++all;
            if (++items >= at_once) give();
        }
        void give() noexcept {
            if (items == 0) return;
            // (3) release: pairs with (4), hands the slots to the producer, and what was done with them to the readers after this one
            shared.seats[me.seat_].position.store(me.position_, release);
            read(std::exchange(items, 0));
        }
        ~reading() { give(); }
    };
    static constexpr std::size_t at_once = std::max<std::size_t>(1, 16 * cache_line_bytes / sizeof(T));

    static std::uint32_t take_seat(state& shared) {
        for (std::uint32_t i = 0; i < shared.seats.size(); ++i) {
            std::uint32_t seen = shared.seats[i].state.load(relaxed);  // relaxed: the exchange decides
            if (broadcast_seat::mode(seen) != broadcast_seat::free) continue;
            // acquire: what the last reader of this seat did comes before
            if (!shared.seats[i].state.compare_exchange_strong(seen, seen + broadcast_seat::joining, acquire, relaxed))
                continue;
            std::uint32_t used = shared.seats_used.load(relaxed);  // relaxed: the exchange decides
            // seq_cst: before (6), as the state
            while (used <= i && !shared.seats_used.compare_exchange_weak(used, i + 1, seq_cst, relaxed)) {
            }
            return i;
        }
        reject_argument(
            "all " + std::to_string(shared.seats.size()) +
            " seats of a broadcast ring are taken; give it the option max_readers<N>, or let a reader go first");
    }

    // How far the readers before this one have come; `newest` if they are gone.
    std::uint64_t end_of_elders(const state& shared, std::uint64_t newest) const noexcept {
        std::uint64_t ahead = newest - position_;
        bool is_first = true;
        std::uint64_t end = newest;
        for (std::uint32_t i = 0; i < elders_.count; ++i) {
            const broadcast_seat& elder = shared.seats[elders_.all[i].seat];
            // (4) acquire: pairs with (3), what the elder did with the items is seen
            const std::uint64_t at = elder.position.load(acquire);
            if (elder.state.load(acquire) != elders_.all[i].state)
                continue;  // acquire: it has left, with all that it did
            if (is_first || at - position_ < ahead) ahead = at - position_, end = at;
            is_first = false;
        }
        return end;
    }

    // Whether there are items, known or by a look.
    bool look(state& shared) noexcept {
        if (is_ended(shared)) [[unlikely]]
            return false;
        if (known_ != position_) return true;
        pace_.wait();
        const std::uint64_t newest = shared.sent.load(acquire);  // (2) acquire: pairs with (1), the items are readable
        known_ = elders_.count == 0 ? newest : end_of_elders(shared, newest);
        // A lossy one may have skipped items that are claimed, and not sent yet.
        if (static_cast<std::int64_t>(known_ - position_) <= 0) return known_ = position_, false;
        const std::uint32_t mark = thread_mark();
        atomic<std::uint32_t>& reader = shared.seats[seat_].reader;
        if (reader.load(relaxed) != mark) reader.store(mark, relaxed);  // relaxed, both: a hint
        const bool is_own = shared.producer.load(relaxed) == mark;      // relaxed: a hint
        pace_.found(known_ - position_, look_pace_rules::worthwhile(shared.capacity), sought::items, is_own);
        return true;
    }

    template <class F, class Read>
    std::size_t consume_gated(state& shared, F& visit, std::size_t most, Read& read) {
        reading<Read> done{*this, shared, read};
        while (done.all < most && position_ != known_) {
            if (position_ == portion_end_) [[unlikely]]
                open_portion();
            slots_.visit(position_, visit, copies_);
            done.add();
        }
        return done.all;
    }

    // See portion_lines.
    [[gnu::noinline]] void open_portion() noexcept {
        const std::uint64_t items = known_ - position_;
        slots_.template prefetch<false>(position_, slots::portion, std::min(items, 2 * slots::portion));
        portion_end_ = position_ + std::min(items, slots::portion);
    }

    // Items are copied some at a time, and then it is seen how many of them were overwritten meanwhile.
    template <class F, class Read>
    std::size_t consume_lossy(state& shared, F& visit, std::size_t most, Read& read) {
        reading<Read> done{*this, shared, read};
        const std::uint64_t enough = known_;
        while (done.all < most && (done.all == 0 || static_cast<std::int64_t>(enough - position_) > 0)) {
            known_ = shared.sent.load(acquire);  // (2) acquire: pairs with (1)
            skip_to(shared, known_, shared.capacity, 0);
            if (static_cast<std::int64_t>(known_ - position_) <= 0) {
                known_ = position_;
                break;
            }
            auto&& copies = copies_.get();
            const auto wanted = static_cast<std::size_t>(
                std::min<std::uint64_t>({most - done.all, known_ - position_, slots::copies::most}));
            for (std::size_t i = 0; i < wanted; ++i) copies.put(i, slots_.at(position_ + i));
            // relaxed: if a word was of a newer item, this is ordered after the claim of that one, by the pair of copied_words
            const std::uint64_t first = position_;
            const std::uint64_t ahead = shared.claims.ahead_of(first);
            if (ahead > slots_.count()) skip_to(shared, first + ahead, slots_.count(), shared.capacity / 4);
            for (std::size_t i = static_cast<std::size_t>(std::min<std::uint64_t>(position_ - first, wanted));
                 i < wanted; ++i) {
                gap_ = pending_gap_;
                visit(copies[i]);
                pending_gap_ = 0;  // not before: if the visit throws, the item stays, and its gap
                done.add();
            }
        }
        return done.all;
    }

    // Skips what is more than `kept` items before `end`, and `more` beyond that.
    void skip_to(state& shared, std::uint64_t end, std::uint64_t kept, std::uint64_t more) noexcept {
        if (static_cast<std::int64_t>(end - position_ - kept) <= 0) return;  // it may be ahead of what is sent
        const std::uint64_t lost = end - position_ - kept + more;
        position_ += lost;
        missed_ += lost;
        pending_gap_ += lost;
        // relaxed, both: statistics; nothing waits for a reader that skips
        shared.seats[seat_].missed.store(missed_, relaxed);
        shared.seats[seat_].position.store(position_, relaxed);
        if (static_cast<std::int64_t>(known_ - position_) < 0) known_ = position_;
    }

    [[no_unique_address]] typename slots::copies copies_;  // first: a reader that gets no memory takes no seat
    slots slots_;
    std::uint32_t seat_;
    broadcast_elders elders_;
    bool is_limited_;
    std::uint32_t state_ = 0;
    std::uint64_t position_ = 0;
    std::uint64_t known_ = 0;
    std::uint64_t portion_end_ = 0;  // of a gated reader
    std::uint64_t missed_ = 0;
    std::uint64_t gap_ = 0;          // missed right before the latest item
    std::uint64_t pending_gap_ = 0;  // missed since the latest item
    look_pace<false> pace_;
};

}  // namespace weir::detail
