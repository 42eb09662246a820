// SPDX-License-Identifier: MIT
//
// Credit on request: what consumers have asked for. Users see it through weir/pull.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/prefetch.hpp"
#include "weir/detail/base/thread_mark.hpp"
#include "weir/detail/cursor/cursor.hpp"

namespace weir::pull {

/// A demand without end. Demands add up, and a sum that reaches this stays there: from then on the capacity alone
/// bounds what is pushed, as on a ring with automatic credit.
inline constexpr std::uint64_t unbounded = std::numeric_limits<std::uint64_t>::max();

/// Requests are held back until they add up to `items`: 1 (grant at once) to the ring's capacity. They are also granted when a pop
/// finds nothing, before it answers or waits; and nothing is held back while the consumer knows of no item that it could pop. So
/// the two sides never wait for each other.
struct grant_every {
    std::size_t items = 1;
};

}  // namespace weir::pull

namespace weir::detail {

/// What lets the producers of a ring push: room, or room and a consumer that asks for items.
enum class granting : unsigned char { automatic, on_request };

inline std::size_t checked_threshold(pull::grant_every every, std::size_t capacity) {
    if (every.items < 1 || every.items > capacity) {
        reject_argument("a ring of capacity " + std::to_string(capacity) + " never has credit for " +
                        std::to_string(every.items) + " items to grant at once; choose 1 to " +
                        std::to_string(capacity));
    }
    return every.items;
}

/// What the consumers of a ring that many share have asked for, as the cursor up to which producers may claim.
class shared_demand {
public:
    /// Nothing is asked for beyond `start`. `every`: see pull::grant_every.
    shared_demand(cursor start, std::size_t capacity, std::size_t every) noexcept
        : requested_(start), room_until_(start), capacity_(capacity), every_(every) {}

    // ---- consumers -------------------------------------------------------------------------------------------

    /// Asks for `n` more items. `taken` is where the consumers are, or were a moment ago; `is_known()` says whether
    /// they know of an item. Returns how many items are granted by this call; 0 when they are held back, or when there
    /// is no end to the demand anyhow.
    template <class IsKnown>
    std::uint64_t request(std::uint64_t n, cursor taken, IsKnown is_known) noexcept {
        if (n >= every_) return grant(n, taken);
        // (6) acquire: pairs with (7): if a pop found nothing before this, is_known() finds the ring as empty as that pop did
        const std::uint64_t held = held_.fetch_add(n, acquire) + n;
        return held < every_ && is_known() && !is_hurried() ? 0 : grant_rest(taken);
    }

    /// While a consumer waits for several items at once, what the others ask for is granted at once. It calls grant_rest() after
    /// it has begun, so that what was held back before is granted, too.
    void begin_hurry() noexcept {
        // relaxed: a request that comes after that grant_rest() reads from it, by (6) and (7), and so sees this
        hurried_.fetch_add(1, relaxed);
    }
    void end_hurry() noexcept { hurried_.fetch_sub(1, relaxed); }  // relaxed: a number

    /// Grants what was held back; to be called when a pop has found nothing. Returns how much that was.
    std::uint64_t grant_rest(cursor taken) noexcept {
        if (every_ == 1) return 0;
        return grant(held_.exchange(0, release), taken);  // (7) release: pairs with (6)
    }

    /// Whether a producer that waits could go on now that there is room, where `tail()` is the producers' cursor. To be asked after
    /// the room was made: a producer that was refused is woken by the next request(), if not here.
    template <class Tail>
    bool is_unused(Tail tail) noexcept {
        // (5) release: pairs with (3): a producer that reads a later demand knows of the room made before it
        const cursor asked = requested_.fetch_add(0, release);
        return is_unbounded(asked) || distance(asked, tail()) > 0;
    }

    // ---- producers -------------------------------------------------------------------------------------------

    /// Whether the calling thread was the last to grant credit: a hint.
    bool is_granted_by_me() const noexcept { return granter_.load(relaxed) == thread_mark(); }  // relaxed: a hint

    /// How far the producers, who are at `at`, may go: as far as the consumers have asked for, and not beyond `room()`,
    /// the end of the slots that are free. `not_asked`: there is room, and it is the demand that ends here; both were
    /// so at the last look at the demand. While it is known that there is room for what is asked for, room() is left
    /// alone: it would take the consumers' line away at every look.
    template <class Room>
    cursor limit(cursor at, Room room, bool& not_asked) const noexcept {
        // (4) acquire: pairs with (3): a producer that sees a request sees the room that it knew of, and the pops of is_unused()
        cursor asked = requested_.load(acquire);
        const cursor known = room_until_.load(relaxed);  // relaxed: a lower bound, and no access depends on it
        // The room may be newer than the demand that was read, with a request in between: read the demand once more.
        if (distance(asked, at) <= 0) [[unlikely]]
            asked = requested_.load(seq_cst);  // (8) seq_cst: pairs with (3), and is what a refusal rests on
        if (covers(known, asked, at)) {
            not_asked = distance(asked, at) <= 0;
            return asked;
        }
        const cursor free_until = room();
        not_asked = falls_short(asked, at, free_until);
        if (not_asked) [[unlikely]] {
            room_until_.store(free_until, relaxed);  // relaxed: as above
            asked = requested_.load(relaxed);        // relaxed: comes after the look at the room, which is an acquire
            not_asked = falls_short(asked, at, free_until);
        }
        return is_unbounded(asked) || distance(asked, free_until) > 0 ? free_until : asked;
    }

private:
    bool is_hurried() const noexcept { return hurried_.load(relaxed) > 0; }  // relaxed: see begin_hurry()

    // Bit 0 of the cursor. Further demand is not counted then.
    static constexpr cursor unbounded_bit = 1;
    // What amounts to a demand without end; half the range of a distance.
    static constexpr std::uint64_t as_good_as_unbounded = std::uint64_t{1} << 61;

    static constexpr bool is_unbounded(cursor asked) noexcept { return (asked & unbounded_bit) != 0; }
    static constexpr bool falls_short(cursor asked, cursor at, cursor free_until) noexcept {
        return !is_unbounded(asked) && distance(asked, at) <= 0 && distance(free_until, at) > 0;
    }

    // Whether it is known, without a look at the room, that it is the demand that sets the limit.
    static constexpr bool covers(cursor known, cursor asked, cursor at) noexcept {
        return !is_unbounded(asked) && distance(known, asked) >= 0 && distance(known, at) > 0;
    }

    std::uint64_t grant(std::uint64_t n, cursor taken) noexcept {
        if (n == 0) return 0;
        const std::uint32_t mark = thread_mark();
        if (granter_.load(relaxed) != mark) granter_.store(mark, relaxed);  // relaxed, both: a hint
        prefetch_for_write(&requested_);  // else the load takes the line here, and the exchange once more
        room_until_.store(items_ahead(taken, capacity_), relaxed);  // relaxed: a lower bound, as `taken` is
        cursor asked = requested_.load(relaxed);                    // relaxed: the exchange decides
        for (;;) {
            if (is_unbounded(asked)) return 0;
            const auto open = static_cast<std::uint64_t>(distance(asked, taken));
            const bool ends = n < as_good_as_unbounded - open;
            const cursor next = ends ? items_ahead(asked, n) : asked | unbounded_bit;
            // (3) seq_cst: pairs with (4), (5) and (8): passes on what room was made; and one order with looks across
            // rings
            if (requested_.compare_exchange_weak(asked, next, seq_cst, relaxed)) return n;
        }
    }

    alignas(separation_bytes) atomic<cursor> requested_;
    mutable atomic<cursor> room_until_;  // how far there was room once; here, so that a look at the demand shows both
    atomic<std::uint32_t> granter_{0};   // thread_mark() of the latest grant: on the line that producers look at
    alignas(separation_bytes) atomic<std::uint64_t> held_{0};  // apart, since it concerns no producer
    atomic<std::uint32_t> hurried_{0};                         // consumers that wait for several items
    const std::uint64_t capacity_;
    const std::uint64_t every_;
};

}  // namespace weir::detail
