// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/cursor/look_pace.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/cursor/turns.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// What a claim brought: `count` items from `first` on, or why none.
struct claimed {
    enum answer_type : unsigned char { some, none, busy, closed, not_asked } answer;
    cursor first = 0;
    std::uint64_t count = 0;
};

/// The side of a ring that many threads share. They claim items by one compare and exchange of the cursor, which takes
/// the credit and makes sure that the ring is open at the same time: all that a claim has to know is on this one line.
/// `known` is how far the other side has let this one go when somebody last looked; it may be stale, and is then a lower
/// bound. So the other side's line is looked at only when what is known has run out.
///
/// Lock-free: a claim is tried again only when another thread has claimed in between.
class alignas(separation_bytes) shared_cursor {
public:
    shared_cursor(cursor start, cursor known) noexcept : cursor_(start), known_(known) {}

    cursor current() const noexcept {
        return cursor_.load(acquire);  // (1) acquire: pairs with (2), all that the claims up to here were built on is seen
    }

    /// Whether there were items ahead, when somebody last looked, that no claim has passed since.
    bool knows_of_items() const noexcept {
        return distance(known_.load(relaxed), cursor_.load(relaxed)) > 0;  // relaxed, both: a lower bound
    }

    /// Claims `wanted` items, or as many as there are. `limit(at)` is where the other side lets this one, which is at
    /// `at`, go, read with acquire; `ready(at, n, known)` how many of the n slots from `at` on can be used now, where
    /// `known` are this side's. None: the limit is reached; that was so when it was read. Busy: the first slot is not
    /// ready.
    template <class Limit, class Ready>
    [[gnu::always_inline]] claimed claim(std::uint64_t wanted, Limit limit, Ready ready, std::uint64_t worthwhile,
                                         bool may_be_alone) noexcept {
        bool my_turn = turns_.is_mine();
        cursor at = cursor_.load(relaxed);  // relaxed: the exchange decides
        for (;;) {
            // The second load, since the first one acquired nothing: who is told sees what the closing thread did.
            if ((at & closed_bit) != 0) [[unlikely]] return {claimed::closed, current()};
            // relaxed: whether a slot can be used its own number says. Whoever looked and claims passes on what it saw by (2),
            // to all who read a later cursor, since claims are read-modify-writes and continue its release sequence
            std::int64_t credit = distance(known_.load(relaxed), at);
            if (credit < static_cast<std::int64_t>(wanted)) [[unlikely]] {
                credit = look(at, limit, wanted > 1 ? std::min(wanted, worthwhile) : worthwhile, may_be_alone);
                if ((at & closed_bit) != 0) return {claimed::closed};
                if (credit <= 0) return {claimed::none, at};
            }
            if (!my_turn) [[unlikely]] {
                turns_.take();
                my_turn = true;
                at = cursor_.load(relaxed);  // relaxed: as above
                continue;
            }
            const std::uint64_t n = ready(at, std::min(wanted, static_cast<std::uint64_t>(credit)), credit);
            if (n == 0) [[unlikely]] {
                const cursor now = cursor_.load(relaxed);  // relaxed: as above
                if (now == at) return {claimed::busy, at};
                at = now;
                continue;
            }
            const cursor first = at;
            // (2) release: pairs with (1). No acquire: what the items hold comes by the slots
            if (cursor_.compare_exchange_strong(at, items_ahead(at, n), release, relaxed)) [[likely]] {
                return {claimed::some, first, n};
            }
            for (int i = 0; i < pauses_after_failure; ++i) pause();
        }
    }

    /// No claim succeeds from now on. Idempotent.
    void close() noexcept {
        cursor_.fetch_or(closed_bit, release);  // (2) release: who sees the end sees what the closing thread did before
    }

private:
    static constexpr int pauses_after_failure = 4;

    // Out of line: one look serves hundreds of items.
    template <class Limit>
    [[gnu::noinline]] std::int64_t look(cursor& at, Limit limit, std::uint64_t worthwhile, bool may_be_alone) noexcept {
        pace_.wait();
        // In this order: the limit is then at least what it was when the cursor was here, and "none" was true just now.
        at = current();
        const cursor known = limit(at);
        const std::int64_t credit = distance(known, at & ~closed_bit);
        pace_.found(static_cast<std::uint64_t>(std::max<std::int64_t>(credit, 0)), worthwhile, may_be_alone);
        if (credit > 0) known_.store(known, relaxed);  // relaxed: see claim()
        return credit;
    }

    atomic<cursor> cursor_;
    atomic<cursor> known_;
    turns turns_;
    look_pace pace_;
};

}  // namespace weir::detail
