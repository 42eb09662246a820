// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/broadcast/slots.hpp"
#include "weir/detail/broadcast/slowest.hpp"
#include "weir/detail/broadcast/state.hpp"
#include "weir/detail/cursor/look_pace.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The producer's end of a broadcast ring: how far the slowest gated reader lets it go, and its portion of slots. One thread.
template <class T, std::size_t Readers>
class alignas(separation_bytes) broadcast_producer {
    using slots = broadcast_slots<T>;

public:
    using state = broadcast_state<Readers, false>;
    using done_mark = no_done_mark;

    broadcast_producer(const state& shared, slots mapped, done_mark*) noexcept
        : slots_(mapped),
          first_(shared.sent.load(relaxed)),  // relaxed: not shared yet
          limit_(first_ + shared.capacity),
          portion_end_(first_) {}

    /// Appends an item that is made already: success, full or closed. A refused item is untouched.
    template <class U>
    WEIR_ALWAYS_INLINE status try_put(state& shared, U&& item) noexcept {
        check_role();
        lone_claims& claims = shared.claims;
        const std::uint64_t position = claims.claimed.load(relaxed);  // relaxed: only this thread writes it
        if (position == portion_end_ && !open_portion(shared, position)) [[unlikely]]
            return claims.is_ended() ? status::closed : status::full;
        if (!claims.closing.claim(claims.claimed, position, position + 1)) [[unlikely]]
            return status::closed;
        slots_.put(position, position - first_ >= slots_.count(), std::forward<U>(item));
        shared.sent.store(position + 1, release);  // (1) release: pairs with (2), hands the item to the readers
        return status::success;
    }

    /// success, or what try_put() would answer now.
    status room(state& shared) noexcept {
        const std::uint64_t position = shared.claims.claimed.load(relaxed);  // relaxed: only this thread writes it
        if (position != portion_end_ || open_portion(shared, position)) return status::success;
        return shared.claims.is_ended() ? status::closed : status::full;
    }

    /// Where the items that are there begin.
    std::uint64_t first_kept(const state& shared) const noexcept {
        const std::uint64_t end = shared.sent.load(relaxed);  // relaxed: no other thread uses the ring any more
        return end - std::min<std::uint64_t>(end - first_, slots_.count());
    }

    void adopt() noexcept { role_.adopt(); }

private:
    // See portion_lines. Out of line: one portion serves many items.
    [[gnu::noinline]] bool open_portion(state& shared, std::uint64_t position) noexcept {
        const bool looks = position == limit_;
        if (looks && !look_for_room(shared, position)) return false;
        const std::uint64_t room = limit_ - position;
        slots_.template prefetch<true>(position, looks ? 0 : slots::portion, std::min(room, 2 * slots::portion));
        portion_end_ = position + std::min(room, slots::portion);
        return true;
    }

    bool look_for_room(state& shared, std::uint64_t position) noexcept {
        pace_.wait();
        // (5) seq_cst: pairs with (6): a reader whose seat is not seen here begins at `position` or later
        shared.sent.fetch_add(0, seq_cst);
        const slowest_reader last = look_at_readers(shared, position);
        limit_ = position + shared.capacity - last.behind;
        if (limit_ == position) return false;
        pace_.found(limit_ - position, look_pace_rules::worthwhile(shared.capacity), sought::room,
                    sign_look(shared, last));
        return true;
    }

    void check_role() noexcept {
        role_.check(
            "a second thread pushes to a broadcast ring of one producer; give the ring the option many_producers, or call "
            "adopt_producer() when the role is handed on");
    }

    slots slots_;
    const std::uint64_t first_;
    std::uint64_t limit_;
    std::uint64_t portion_end_;
    look_pace<false> pace_;
    [[no_unique_address]] role_checker role_{};
};

/// The end that many producers share.
///
/// A producer claims a position by a compare and exchange, writes the item, and marks the position as done. Then it moves `sent`
/// over every position that is done: its own, those of others that finished while an earlier one was under way, or none, and then the
/// earlier one will. (As with the available buffer of the Disruptor's MultiProducerSequencer, but readers need look at one word
/// alone.) Claims go no further than the capacity beyond `sent`, so no two producers ever write one slot. Lock-free, but an item is
/// seen only when those that were claimed before it are done: a producer suspended in between holds up the readers, and after a
/// capacity of items the other producers, too, which answer `busy` then.
template <class T, std::size_t Readers>
class broadcast_producers {
    using slots = broadcast_slots<T>;

public:
    using state = broadcast_state<Readers, true>;
    using done_mark = atomic<std::uint64_t>;  // of a slot: the latest position in it that is done

    broadcast_producers(const state& shared, slots mapped, done_mark* done) noexcept
        : slots_(mapped), done_(done), first_(shared.sent.load(relaxed)) {  // relaxed: not shared yet
        for (std::uint64_t i = 0; i < slots_.count(); ++i) {
            std::construct_at(done_ + ((first_ + i) & (slots_.count() - 1)), first_ + i - slots_.count());
        }
    }
    broadcast_producers(const broadcast_producers&) = delete;
    broadcast_producers& operator=(const broadcast_producers&) = delete;
    ~broadcast_producers() { std::destroy_n(done_, slots_.count()); }

    /// Appends an item that is made already: success, full, busy or closed. A refused item is untouched. `advanced` says whether
    /// readers have something to see.
    template <class U>
    status try_put(state& shared, U&& item, bool& advanced) noexcept {
        shared_claims& claims = shared.claims;
        bool my_turn = claims.turn.is_mine();
        std::uint64_t at = claims.claimed.load(relaxed);  // relaxed: the exchange decides
        for (;;) {
            if ((at & shared_claims::closed_bit) != 0) [[unlikely]] {
                (void)claims.claimed.load(acquire);  // acquire: what the closing thread did happens before the answer
                return status::closed;
            }
            if (!reaches(claims.limit.load(acquire), at)) [[unlikely]] {  // (8) acquire: pairs with (7)
                if (const status answer = look_for_room(shared, at); answer != status::success) {
                    const std::uint64_t now = claims.claimed.load(relaxed);  // relaxed: as above
                    if (now == at) return answer;
                    at = now;
                    continue;
                }
            }
            if (!my_turn) [[unlikely]] {
                claims.turn.take();
                my_turn = true;
                at = claims.claimed.load(relaxed);  // relaxed: as above
                continue;
            }
            // relaxed, both: what the slot held is known by (4) or (8)
            if (claims.claimed.compare_exchange_weak(at, at + 2, relaxed, relaxed)) break;
        }
        const std::uint64_t position = position_of(shared, at);
        slots_.put(position, position - first_ >= slots_.count(), std::forward<U>(item));
        advanced = finish(shared, position);
        return status::success;
    }

    /// success, or what try_put() would answer now.
    status room(state& shared) noexcept {
        // acquire: if it is closed, what the closing thread did happens before the answer
        const std::uint64_t at = shared.claims.claimed.load(acquire);
        if ((at & shared_claims::closed_bit) != 0) return status::closed;
        // relaxed: as above
        return reaches(shared.claims.limit.load(relaxed), at) ? status::success : look_for_room(shared, at);
    }

    std::uint64_t first_kept(const state& shared) const noexcept {
        const std::uint64_t end = shared.sent.load(relaxed);  // relaxed: no other thread uses the ring any more
        return end - std::min<std::uint64_t>(end - first_, slots_.count());
    }

private:
    done_mark& done(std::uint64_t position) const noexcept { return done_[position & (slots_.count() - 1)]; }

    // Whether a producer at `at`, twice a position, may go on.
    static bool reaches(std::uint64_t limit, std::uint64_t at) noexcept {
        return static_cast<std::int64_t>(2 * limit - at) > 0;
    }
    // `at` has lost its highest bit: it is less than a capacity from `sent`.
    static std::uint64_t position_of(const state& shared, std::uint64_t at) noexcept {
        const std::uint64_t sent = shared.sent.load(relaxed);  // relaxed: the difference is small at any time
        return sent + static_cast<std::uint64_t>(static_cast<std::int64_t>(at - 2 * sent) / 2);
    }

    bool finish(state& shared, std::uint64_t position) noexcept {
        // (9) seq_cst: pairs with (10); and release: the item is written
        done(position).exchange(position, seq_cst);
        bool advanced = false;
        std::uint64_t sent = shared.sent.load(seq_cst);  // seq_cst: as (10)
        for (;;) {
            // (10) seq_cst: pairs with (9)
            if (done(sent).load(seq_cst) != sent) return advanced;
            // (1) release: pairs with (2), hands the items to the readers; seq_cst: the next look comes after it
            if (shared.sent.compare_exchange_weak(sent, sent + 1, seq_cst, seq_cst)) advanced = true, ++sent;
        }
    }

    // success, or why there is no room: full, when a reader holds the producers up, or busy, when one of them does.
    [[gnu::noinline]] status look_for_room(state& shared, std::uint64_t at) noexcept {
        shared_claims& claims = shared.claims;
        claims.pace.wait();
        // (5) seq_cst: pairs with (6): a reader whose seat is not seen here begins at `sent` or later
        const std::uint64_t sent = shared.sent.fetch_add(0, seq_cst);
        const slowest_reader last = look_at_readers(shared, sent);
        const std::uint64_t limit = sent + shared.capacity - last.behind;
        if (!reaches(limit, at)) return last.behind > 0 ? status::full : status::busy;
        claims.limit.store(limit, release);  // (7) release: pairs with (8)
        claims.pace.found(shared.capacity - last.behind, look_pace_rules::worthwhile(shared.capacity), sought::room,
                          sign_look(shared, last));
        return status::success;
    }

    slots slots_;
    done_mark* done_;
    const std::uint64_t first_;
};

}  // namespace weir::detail
