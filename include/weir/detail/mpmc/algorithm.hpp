// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/as.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/base/prefetch.hpp"
#include "weir/detail/base/user_code.hpp"
#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/cursor/look_pace.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/detail/mpmc/state.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// Bounded queue of many producers and many consumers: slots that each carry the number of the item they are ready for.
///
/// The classic is Vyukov's bounded MPMC queue (2010). What is weir's own: an exact capacity of any number, taken as credit by
/// the same compare and exchange that claims the slot and finds the ring open; an answer that tells `busy` from `full` and
/// `empty`; a cached limit and paced looks at the other side; turns at a contended cursor. The last two keep lines from changing
/// cores for each item.
///
/// An operation has two steps. It *claims* positions by a compare and exchange of its side's cursor, then it works on the slots
/// of those positions and stores their next numbers. It claims only slots that are ready, so the second step never waits.
///
/// Every call returns: a claim is tried again only when another thread has claimed in between. But a thread suspended between
/// its two steps holds its slot, and a thread that comes to that slot gets `busy` until the first one goes on. Meanwhile the
/// ring is neither full nor empty, and nothing behind that slot moves.
///
/// The pairs of memory orders on slots and cursors (those of credit on request are in cursor/demand.hpp):
///
///     (1) release, slot      -> (2) acquire, slot      the element: a producer hands it to a consumer
///     (3) release, slot      -> (4) acquire, slot      the empty slot: a consumer hands it to a producer of the next lap
///     (5) release, cursor    -> (6) acquire, cursor    what a thread had done and seen when it claimed, or closed the ring
///
/// Elements need the slots alone. The cursors' pair keeps answers true: `closed` shows what the closing thread did; a tail that is read
/// after a head is not behind it; and a head that is read after a tail is not older than it, or a ring with room would be `full`.
/// Claims and the close are read-modify-writes: (6) meets (5) of each of them up to the value that it reads.
///
/// On the first lap a slot has the number that the constructor gave it, which other threads get with the ring. Known limits and turns are
/// relaxed hints: a claim succeeds only by its slots' numbers and the exchange, and a refusal reads the other cursor.
template <class T, std::unsigned_integral Counter, granting Granting>
class mpmc_algorithm {
    static constexpr bool on_request = Granting == granting::on_request;
    using state = mpmc_state<Granting>;
    using slots = mpmc_slots<T, Counter>;

public:
    /// The slots as this process has them mapped.
    explicit mpmc_algorithm(slots mapped) noexcept : slots_(mapped) {}

    // ---- pushing ---------------------------------------------------------------------------------------------

    /// A claim cannot be taken back, so what may throw comes before it: then a look at the ring comes first, so that `args` are
    /// lost only if another thread takes the last slot in between.
    template <class... Args>
    WEIR_ALWAYS_INLINE status try_emplace(state& ring,
                                          Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
        if constexpr (std::is_nothrow_constructible_v<T, Args...>) {
            const claim room = try_claim<pushing>(ring, 1);
            if (room.count == 0) [[unlikely]]
                return room.answer;
            fill(room.first, std::forward<Args>(args)...);
            return status::success;
        } else {
            if (const status chance = chance_to_push(ring); !chance) return chance;
            return try_emplace(ring, T(std::forward<Args>(args)...));
        }
    }

    /// Appends min(`n`, room) items: with one claim for all, or, if making an element may throw, with one claim each. Then an
    /// exception passes on if nothing was pushed before it, and otherwise ends the batch: the next call meets it again.
    template <class It>
    std::size_t try_push_n(state& ring, It from, std::size_t n) {
        if (n == 0) return 0;
        if constexpr (reads_nothrow<It> && std::is_nothrow_constructible_v<T, std::iter_reference_t<It>>) {
            const claim room = try_claim<pushing>(ring, std::min<std::uint64_t>(n, ring.capacity));
            for (std::uint64_t i = 0; i < room.count; ++i, void(++from)) fill(items_ahead(room.first, i), *from);
            return as<std::size_t>(room.count);
        } else {
            return detail::push_singly(
                from, n, [&](auto&& item) { return try_emplace(ring, std::forward<decltype(item)>(item)); });
        }
    }

    /// What a push would answer now.
    status chance_to_push(const state& ring) const noexcept {
        for (cursor at = current(ring.tail);;) {
            if ((at & closed_bit) != 0) return status::closed;
            bool not_asked = false;
            const bool room = distance(push_limit(ring, at, not_asked), at) > 0;
            if (room && count_ready<pushing>(at, 1) == 1) return status::success;
            const cursor now = current(ring.tail);
            if (now == at) return room ? status::busy : not_asked ? status::no_credit : status::full;
            at = now;
        }
    }

    // ---- popping ---------------------------------------------------------------------------------------------

    /// Calls `take(element)` on the oldest element, then destroys it. A claim cannot be taken back, so `take` must not throw.
    template <class F>
    WEIR_ALWAYS_INLINE status try_take(state& ring, F&& take) noexcept {
        static_assert(
            noexcept(take(std::declval<T&>())),
            "weir: on a ring of many consumers T must be nothrow-move-assignable to be popped into a variable, and the "
            "visit of a single item must be noexcept: a claimed item could go neither forward nor back; use the pop "
            "that returns std::optional<T>, or consume");
        const claim item = try_claim<popping>(ring, 1);
        if (item.count == 0) [[unlikely]] {
            // GCC does not see it, and would warn of an uninitialized item in the caller's loop.
            if (item.answer == status::success) __builtin_unreachable();
            return item.answer == status::empty && drained(ring) ? status::closed : item.answer;
        }
        const emptying slot(slots_, item.first);
        take(slot.element());
        return status::success;
    }

    std::size_t try_pop_n(state& ring, std::span<T> out) noexcept {
        static_assert(
            std::is_nothrow_move_assignable_v<T>,
            "weir: on a ring of many consumers T must be nothrow-move-assignable to be popped into an array: a "
            "claimed item could go neither forward nor back; use the pop that returns std::optional<T>");
        if (out.empty()) return 0;
        const claim items = try_claim<popping>(ring, std::min<std::uint64_t>(out.size(), ring.capacity));
        for (std::uint64_t i = 0; i < items.count; ++i) {
            const emptying slot(slots_, items_ahead(items.first, i));
            out[as<std::size_t>(i)] = std::move(slot.element());
        }
        return as<std::size_t>(items.count);
    }

    /// Calls `visit(element)` on the oldest elements, min(`most`, available) of them, each claimed before and destroyed
    /// afterwards; `given_back(k)` is called when k slots are free again. One claim serves `at_once` of them, or, if a visit may
    /// throw, one: that element is gone then, and those after it stay.
    template <class F, class G>
    std::size_t consume(state& ring, F& visit, std::size_t most, std::size_t at_once, G given_back) {
        const std::uint64_t most_of_claim = std::is_nothrow_invocable_v<F&, T&> ? at_once : 1;
        const std::uint64_t count = std::min(most, size_approx(ring));
        std::uint64_t visited = 0;
        while (visited < count) {
            const claim items = try_claim<popping>(ring, std::min(count - visited, most_of_claim));
            if (items.count == 0) break;
            const at_scope_end afterwards([&]() { given_back(as<std::size_t>(items.count)); });
            for (std::uint64_t i = 0; i < items.count; ++i) {
                const emptying slot(slots_, items_ahead(items.first, i));
                visit(slot.element());
            }
            visited += items.count;
        }
        return as<std::size_t>(visited);
    }

    /// Calls `take(element)` on the oldest element and destroys it, if the ring is full: the tail is read first, and the exchange fails if
    /// the head has moved since. The tail never goes back, so the ring is still full when the exchange succeeds. Else `empty`; `busy` if a
    /// peer is in the middle of that element.
    template <class F>
    status try_drop_oldest(state& ring, F& take) noexcept {
        const claim oldest = try_claim<dropping>(ring, 1);
        if (oldest.count == 0) return oldest.answer;
        const emptying slot(slots_, oldest.first);
        take(slot.element());
        return status::success;
    }

    bool has_items(const state& ring) const noexcept {
        for (cursor at = current(ring.head);;) {
            if (count_ready<popping>(at, 1) == 1) return true;
            const cursor now = current(ring.head);
            if (now == at) return false;
            at = now;
        }
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    /// No push claims anything from now on. Idempotent.
    static void close(state& ring) noexcept {
        ring.tail.next.fetch_or(closed_bit, release);  // (5) release: pairs with (6)
    }
    static bool is_closed(const state& ring) noexcept { return (current(ring.tail) & closed_bit) != 0; }

    /// Whether the ring was closed and everything accepted was taken. Once true, it stays so.
    static bool drained(const state& ring) noexcept {
        const cursor end = current(ring.tail);
        return (end & closed_bit) != 0 && current(ring.head) == (end & ~closed_bit);
    }

    static std::size_t size_approx(const state& ring) noexcept {
        const cursor taken = current(ring.head);  // first: by (6) the tail that is read next is not behind it
        return size_within(distance(end_of_items(ring), taken), static_cast<std::size_t>(ring.capacity));
    }

    static std::size_t credits_approx(const state& ring) noexcept {
        bool ignored = false;
        const cursor at = current(ring.tail);
        if ((at & closed_bit) != 0) return 0;
        return size_within(distance(push_limit(ring, at, ignored), at), static_cast<std::size_t>(ring.capacity));
    }

    // ---- consumers, credit on request --------------------------------------------------------------------------

    static std::uint64_t request(state& ring, std::uint64_t n) noexcept {
        return ring.demand.request(n, current(ring.head), [&ring]() noexcept {
            // relaxed: no older than what the last pop that found nothing knew, by (6) and (7) of cursor/demand.hpp
            return distance(ring.head.limit.known(), ring.head.next.load(relaxed)) > 0;
        });
    }
    static std::uint64_t grant_rest(state& ring) noexcept { return ring.demand.grant_rest(current(ring.head)); }
    static bool has_unused_credit(state& ring) noexcept {
        return ring.demand.is_unused([&ring]() noexcept { return end_of_items(ring); });
    }

    /// Destroys the remaining elements; no other thread uses the ring.
    void clear(state& ring) noexcept {
        for (cursor at = current(ring.head); at != end_of_items(ring); at += one_item) {
            std::destroy_at(std::addressof(slots_[at].element));
        }
    }

private:
    enum purpose : unsigned char { pushing, popping, dropping };

    /// `count` positions from `first` on are the caller's; or none, and why.
    struct claim {
        status::value answer;
        cursor first = 0;
        std::uint64_t count = 0;
    };

    static cursor current(const mpmc_side& side) noexcept {
        return side.next.load(acquire);  // (6) acquire: pairs with (5)
    }
    static cursor end_of_items(const state& ring) noexcept { return current(ring.tail) & ~closed_bit; }

    // How far producers that are at `at` may go. `not_asked`: it is the demand that ends here, not the room.
    static cursor push_limit(const state& ring, [[maybe_unused]] cursor at, [[maybe_unused]] bool& not_asked) noexcept {
        const auto room = [&ring]() noexcept { return items_ahead(current(ring.head), ring.capacity); };
        if constexpr (on_request) {
            return ring.demand.limit(at & ~closed_bit, room, not_asked);
        } else {
            return room();
        }
    }

    /// Claims `wanted` positions, or as many as can be used now.
    ///
    /// A refusal for want of credit was true when the other side's cursor was read. `busy`: there is credit, but the first slot
    /// is not ready.
    template <purpose Purpose>
    WEIR_ALWAYS_INLINE claim try_claim(state& ring, std::uint64_t wanted) noexcept {
        mpmc_side& mine = Purpose == pushing ? ring.tail : ring.head;
        bool my_turn = mine.turn.is_mine();
        cursor at = mine.next.load(relaxed);  // relaxed: a stale one fails the exchange; refusals read it again
        for (;;) {
            // Read once more, by (6): what the closing thread did before is visible to a thread that gets `closed`.
            if (Purpose == pushing && (at & closed_bit) != 0) [[unlikely]] {
                (void)current(mine);
                return {status::closed};
            }
            // The known limit may be stale, and is then a lower bound. Whether a slot can be used its own number says.
            std::int64_t credit = distance(mine.limit.known(), at);
            if (credit < static_cast<std::int64_t>(wanted)) [[unlikely]] {
                bool not_asked = false;
                credit = look<Purpose>(ring, at, wanted, not_asked);
                if (Purpose == pushing && (at & closed_bit) != 0) return {status::closed};
                if (credit <= 0)
                    return {Purpose != pushing ? status::empty : not_asked ? status::no_credit : status::full};
            }
            if (!my_turn) [[unlikely]] {
                mine.turn.take();
                my_turn = true;
                at = mine.next.load(relaxed);  // relaxed: as above
                continue;
            }
            if constexpr (Purpose == dropping) {
                if (distance(end_of_items(ring), at) < static_cast<std::int64_t>(ring.capacity)) return {status::empty};
            }
            prefetch_ahead(at, credit);
            const std::uint64_t n = count_ready<Purpose>(at, std::min(wanted, static_cast<std::uint64_t>(credit)));
            if (n == 0) [[unlikely]] {
                // relaxed: if the slot is past `at`, its acquire shows the claim that moved the cursor
                const cursor now = mine.next.load(relaxed);
                if (now == at) return {status::busy};
                at = now;
                continue;
            }
            const cursor first = at;
            // (5) release: pairs with (6). No acquire: count_ready() has acquired the slots. relaxed: a failure begins anew
            if (mine.next.compare_exchange_strong(at, items_ahead(at, n), release, relaxed)) [[likely]] {
                return {status::success, first, n};
            }
            for (int i = 0; i < pauses_after_failure; ++i) pause();
        }
    }

    // Reads the other side's cursor: how many items from `at` on there is credit for. Out of line: one look serves hundreds of
    // items.
    template <purpose Purpose>
    [[gnu::noinline]] static std::int64_t look(state& ring, cursor& at, std::uint64_t wanted,
                                               bool& not_asked) noexcept {
        mpmc_side& mine = Purpose == pushing ? ring.tail : ring.head;
        [[maybe_unused]] const mpmc_side& other = Purpose == pushing ? ring.head : ring.tail;
        const auto look = [&]() noexcept {
            // In this order, which (6) keeps: a limit older than `at` would refuse where there is credit.
            at = current(mine);
            const cursor limit = Purpose == pushing ? push_limit(ring, at, not_asked) : end_of_items(ring);
            const std::int64_t credit = distance(limit, at & ~closed_bit);
            if (credit > 0) mine.limit.know(limit);
            return credit;
        };
        return mine.limit.look(Purpose == pushing ? sought::room : sought::items,
                               look_pace_rules::worthwhile(ring.capacity, wanted), look, [&]() noexcept {
                                   // Whether this thread made what it found. The demand says so, too, and then the
                                   // consumers' line is left alone.
                                   if constexpr (on_request && Purpose == pushing) {
                                       return ring.demand.is_granted_by_me();
                                   } else {
                                       return other.turn.is_mine();
                                   }
                               });
    }

    // How many of the `n` slots from `at` on are ready: free for a push, or holding an element.
    template <purpose Purpose>
    WEIR_ALWAYS_INLINE std::uint64_t count_ready(cursor at, std::uint64_t n) const noexcept {
        std::uint64_t count = 0;
        for (; count < n; ++count, at += one_item) {
            // For a push (4) acquire: pairs with (3), the old element is gone. For a pop (2) acquire: pairs with (1), the element is there
            const Counter number = slots_[at].sequence.load(acquire);
            if (number != (Purpose == pushing ? slots_.free_for(at) : slots_.holding(at))) break;
        }
        return count;
    }

    template <class... Args>
    WEIR_ALWAYS_INLINE void fill(cursor at, Args&&... args) noexcept {
        auto& slot = slots_[at];
        if constexpr (requires { requires T::is_told_its_position; }) {
            std::construct_at(std::addressof(slot.element), std::forward<Args>(args)..., at / one_item);
        } else {
            std::construct_at(std::addressof(slot.element), std::forward<Args>(args)...);
        }
        slot.sequence.store(slots_.holding(at), release);  // (1) release: pairs with (2), hands the element over
    }

    // A claimed element: destroyed at the end of the scope, and its slot given to the next lap.
    class emptying {
    public:
        emptying(const slots& all, cursor at) noexcept : slot_(all[at]), next_(all.free_for_next_lap(at)) {}
        emptying(const emptying&) = delete;
        emptying& operator=(const emptying&) = delete;
        ~emptying() {
            std::destroy_at(std::addressof(slot_.element));
            slot_.sequence.store(next_, release);  // (3) release: pairs with (4), hands the slot back
        }
        T& element() const noexcept { return slot_.element; }

    private:
        mpmc_slot<T, Counter>& slot_;
        const Counter next_;
    };

    // Once per line of slots: asks for a line further on, to be written, if it is among the `known` slots that belong to this
    // side. On x86 no later load begins before the claim's exchange is done, so each line would cost its whole transfer
    // between cores, and once more when it is written.
    WEIR_ALWAYS_INLINE void prefetch_ahead(cursor at, std::int64_t known) const noexcept {
        constexpr auto slots_per_line =
            std::uint64_t{std::bit_floor(std::max<std::size_t>(1, cache_line_bytes / sizeof(mpmc_slot<T, Counter>)))};
        constexpr std::uint64_t ahead = 8 * slots_per_line;
        if ((at / one_item & (slots_per_line - 1)) != 0) [[likely]]
            return;
        if (known > static_cast<std::int64_t>(ahead))
            detail::prefetch_for_write(std::addressof(slots_[items_ahead(at, ahead)]));
    }

    static constexpr int pauses_after_failure = 4;

    slots slots_;
};

}  // namespace weir::detail
