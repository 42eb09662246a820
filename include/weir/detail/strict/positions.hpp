// SPDX-License-Identifier: MIT
//
// The numbers of memory orders count on from strict_core.hpp, where (1), (2), (5), (6) and (9) stand.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/cursor/look_pace.hpp"
#include "weir/detail/cursor/turns.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/detail/strict/cells.hpp"
#include "weir/detail/strict/state.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The positions of a strict ring: where its items begin and end, how far the producers may go on from there, and the
/// seal that ends them for ever. Everything but push and pop, with which strict_core moves the two ends.
template <class T, class Storage, std::unsigned_integral Counter, std::size_t Threads, granting Granting>
class strict_positions {
public:
    static constexpr bool has_credit_on_request = Granting == granting::on_request;

    using memory_source = detail::memory_source<Storage>;

    strict_positions(std::size_t capacity, std::uint64_t start, bool, const memory_source& from = {})
        requires(!has_credit_on_request)
        : cells_(capacity, start, from), shared_(capacity, start) {}

    strict_positions(std::size_t capacity, std::uint64_t start, bool, pull::grant_every every,
                     const memory_source& from = {})
        requires has_credit_on_request
        : cells_(capacity, start, from), shared_(capacity, start, checked_threshold(every, capacity)) {}

    ~strict_positions() {
        // relaxed, both: no other thread uses it any more
        for (std::uint64_t at = shared_.head.position.load(relaxed);; ++at) {
            const Counter link = cells_.link_at(at).load(relaxed);
            if (!cells_.is_linked(link, at)) break;
            std::destroy_at(std::addressof(cells_[cells_.index_of(link)].element));
        }
    }

    strict_positions(const strict_positions&) = delete;
    strict_positions& operator=(const strict_positions&) = delete;

    // ---- producer side ---------------------------------------------------------------------------------------

    bool has_room() const noexcept {
        const std::uint64_t at = end_of_items(shared_.tail.position.load(relaxed));  // relaxed: a hint
        if constexpr (has_credit_on_request) return !is_closed() && credit_at(at) > 0;
        return !is_closed() &&
               distance(at, shared_.head.position.load(relaxed)) < shared_.capacity;  // relaxed: a hint by now
    }

    // ---- consumer side ---------------------------------------------------------------------------------------

    bool has_items() const noexcept {
        // relaxed, all: a hint; or asked after is_closed(), behind which no link is missed, or after a fence
        for (std::uint64_t at = shared_.head.position.load(relaxed);;) {
            const Counter link = cells_.link_at(at).load(relaxed);
            if (cells_.is_linked(link, at)) return true;
            if (cells_.is_awaited(link, at)) return false;
            at = shared_.head.position.load(relaxed);
        }
    }

    /// Whether the ring was closed and everything accepted was taken. Once true, it stays so.
    bool drained() noexcept { return is_closed() && !has_items(); }

    /// Asks for `n` more items; returns how many that grants at once.
    std::uint64_t request(std::uint64_t n) noexcept
        requires has_credit_on_request
    {
        // relaxed, both: a lower bound, and a hint
        const auto is_known = [this]() noexcept {
            return distance(shared_.head.other.known(), shared_.head.position.load(relaxed)) > 0;
        };
        return shared_.demand.request(n, cursor_at(shared_.head.position.load(relaxed)), is_known);
    }

    /// Grants what was held back; returns how much that was.
    std::uint64_t grant_rest() noexcept
        requires has_credit_on_request
    {
        return shared_.demand.grant_rest(cursor_at(shared_.head.position.load(relaxed)));  // relaxed: a lower bound
    }
    shared_demand& demand() noexcept
        requires has_credit_on_request
    {
        return shared_.demand;
    }

    /// Whether a producer that waits could go on, now that this thread has made room.
    bool has_unused_credit() noexcept
        requires has_credit_on_request
    {
        // relaxed: where the items end is found out by their links
        return shared_.demand.is_unused(
            [this]() noexcept { return cursor_at(end_of_items(shared_.tail.position.load(relaxed))); });
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    /// Nothing is linked from now on.
    void close() noexcept {
        strict_closing was = strict_closing::open;
        // Producers help from here on, so that they cannot keep ahead of the seal.
        // (8) release: pairs with (7), passes on what this thread did before. relaxed: another thread has closed it
        shared_.closing.compare_exchange_strong(was, strict_closing::closing, release, relaxed);
        seal();
    }
    bool is_closed() const noexcept {
        return shared_.closing.load(seq_cst) ==
               strict_closing::closed;  // (10) seq_cst: pairs with (11), the last position is sealed
    }

    std::size_t capacity() const noexcept { return static_cast<std::size_t>(shared_.capacity); }
    std::size_t size_approx() const noexcept {
        // relaxed, both: an approximation, and within its bounds whatever was read
        const std::uint64_t taken = shared_.head.position.load(relaxed);
        const std::int64_t size = distance(end_of_items(shared_.tail.position.load(relaxed)), taken);
        return static_cast<std::size_t>(std::clamp<std::int64_t>(size, 0, shared_.capacity));
    }
    std::size_t credits_approx() const noexcept
        requires has_credit_on_request
    {
        const std::uint64_t at = end_of_items(shared_.tail.position.load(relaxed));  // relaxed: as above
        return is_closed() ? 0 : static_cast<std::size_t>(std::clamp<std::int64_t>(credit_at(at), 0, shared_.capacity));
    }
    memory_report memory() const noexcept { return cells_.memory(); }

protected:
    using cells = strict_cells<T, Storage, Counter, Threads>;

    static std::int64_t distance(std::uint64_t a, std::uint64_t b) noexcept { return static_cast<std::int64_t>(a - b); }

    // Why is_full() said so.
    struct always_full {
        static constexpr status::value answer = status::full;
    };
    struct full_or_not_asked {
        status::value answer = status::full;
    };
    using shortage = std::conditional_t<has_credit_on_request, full_or_not_asked, always_full>;

    // Whether there were shared_.capacity items or more before position `at`, which has no item or had none a moment ago. True
    // is exact: `at` was reached by links from before the look at the head.
    //
    // With credit on request, also where the demand ends. What is known is then the limit less the capacity: where the
    // head would be if that alone set the limit.
    WEIR_ALWAYS_INLINE bool is_full(std::uint64_t at, [[maybe_unused]] shortage& reason) noexcept {
        // relaxed: a lower bound for the head, which only grows
        if (at - shared_.tail.other.known() < static_cast<std::uint64_t>(shared_.capacity)) [[likely]]
            return false;
        if constexpr (has_credit_on_request) return look_for_credit(at, reason) <= 0;
        return look_for_room(at) <= 0;
    }

    // The first position without an item, from `at` on, or a position that was it a moment ago. Most often a step away;
    // and a hint that is far behind costs O(log capacity), since there is no gap between the head and that position.
    [[gnu::noinline]] std::uint64_t end_of_items(std::uint64_t at) const noexcept {
        for (int i = 0; i < 4; ++i, ++at) {
            if (is_end(at)) return at;
        }
        const std::uint64_t head = shared_.head.position.load(acquire);  // acquire: before the looks at links
        if (distance(head, at) > 0) at = head;
        std::uint64_t end = head + static_cast<std::uint64_t>(shared_.capacity);
        while (distance(end, at) > 0) {
            const std::uint64_t middle = at + (end - at) / 2;
            if (is_end(middle)) {
                end = middle;
            } else {
                at = middle + 1;
            }
        }
        return at;
    }

    // Keeps off the producers' heels, see look_pace. A pop costs less than a push here, so consumers always catch up,
    // and then find items one by one, as fast as lines can change cores: which looks like items that come alone. So now
    // and then a look waits a little to see which it is.
    [[gnu::noinline]] std::uint64_t look_for_items(std::uint64_t at) noexcept {
        strict_side& mine = shared_.head;
        const auto is_own = [this]() noexcept { return shared_.tail.turn.is_mine(); };
        const auto look = [&]() noexcept {
            at = mine.position.load(relaxed);                                        // relaxed: the exchange decides
            std::int64_t items = distance(shared_.tail.position.load(relaxed), at);  // relaxed: a hint
            if (items <= 1) {
                // relaxed, both: a hint
                const std::uint32_t alone = mine.alone.load(relaxed) + 1;
                mine.alone.store(alone, relaxed);
                if (alone % looks_to_doubt == 0 && items == 1 && !is_own()) {
                    for (int i = 0; i < 16; ++i) pause();
                    at = mine.position.load(relaxed);                           // relaxed: as above
                    items = distance(shared_.tail.position.load(relaxed), at);  // relaxed: as above
                    if (items >= 4) mine.other.pace().expect_stream();
                }
            }
            if (items > 0) mine.other.know(at + static_cast<std::uint64_t>(items));
            return items;
        };
        (void)mine.other.look(sought::items, worthwhile(), look, is_own);
        return at;
    }

    // Whether close() has begun. To be answered by seal(), which sees to it that it is over.
    bool is_closing() const noexcept {
        // (7) seq_cst: pairs with (8), and (11): a push that begins after close() does not answer `full`
        return shared_.closing.load(seq_cst) != strict_closing::open;
    }

    // Seals the first position without an item: it will never have one, so nor will any after it. A producer that finds
    // a ring being closed seals it itself before it says so: a push from before cannot slip in after that answer.
    [[gnu::noinline, gnu::cold]] void seal() noexcept {
        std::uint64_t at = shared_.tail.position.load(acquire);  // acquire: (5)
        for (;;) {
            atomic<Counter>& link = cells_.link_at(at);
            Counter before = link.load(relaxed);  // relaxed: the exchange decides
            if (!cells_.is_awaited(before, at)) {
                at = end_of_items(at);
            } else if (cells_.is_sealed(before) ||
                       // seq_cst: for the one order
                       link.compare_exchange_strong(before, cells_.sealed(before), seq_cst, relaxed)) {
                return say_closed();
            }
        }
    }
    void say_closed() noexcept {
        shared_.closing.store(strict_closing::closed,
                              seq_cst);  // (11) seq_cst: pairs with (10) and (7), and among closings of other rings
    }

private:
    std::uint64_t worthwhile() const noexcept {
        return look_pace_rules::worthwhile(static_cast<std::uint64_t>(shared_.capacity));
    }

    [[gnu::noinline]] std::int64_t look_for_credit(std::uint64_t at, shortage& reason) noexcept
        requires has_credit_on_request
    {
        const auto look = [&]() noexcept {
            bool not_asked = false;
            const std::int64_t credit = credit_at(at, not_asked);
            reason.answer = not_asked ? status::no_credit : status::full;
            shared_.tail.other.know(at + static_cast<std::uint64_t>(credit - shared_.capacity));
            return credit;
        };
        return look_as_producer(look);
    }
    std::int64_t credit_at(std::uint64_t at, bool& not_asked) const noexcept {
        const auto room = [this]() noexcept {
            const std::uint64_t head = shared_.head.position.load(seq_cst);  // seq_cst: among (1) and (9)
            return cursor_at(head + static_cast<std::uint64_t>(shared_.capacity));
        };
        return detail::distance(shared_.demand.limit(cursor_at(at), room, not_asked), cursor_at(at));
    }
    std::int64_t credit_at(std::uint64_t at) const noexcept {
        bool ignored = false;
        return credit_at(at, ignored);
    }
    [[gnu::noinline]] std::int64_t look_for_room(std::uint64_t at) noexcept {
        return look_as_producer([&]() noexcept {
            const std::uint64_t head = shared_.head.position.load(seq_cst);  // seq_cst: among (1) and (9)
            shared_.tail.other.know(head);
            return shared_.capacity - distance(at, head);
        });
    }
    template <class Look>
    std::int64_t look_as_producer(Look look) noexcept {
        return shared_.tail.other.look(sought::room, worthwhile(), look, [this]() noexcept {
            // The consumers' line is left alone while it is their demand that ends first.
            if constexpr (has_credit_on_request) {
                return shared_.demand.is_granted_by_me();
            } else {
                return shared_.head.turn.is_mine();
            }
        });
    }

    bool is_end(std::uint64_t at) const noexcept {
        return cells_.is_awaited(cells_.link_at(at).load(acquire), at);  // acquire: as (2)
    }

    static constexpr std::uint32_t looks_to_doubt = 256;

protected:
    cells cells_;
    strict_state<Granting> shared_;
};

}  // namespace weir::detail
