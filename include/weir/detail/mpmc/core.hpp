// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/cursor/look_pace.hpp"
#include "weir/detail/base/prefetch.hpp"
#include "weir/detail/mpmc/slots.hpp"
#include "weir/detail/cursor/shared_cursor.hpp"
#include "weir/detail/mpmc/sides.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// Bounded queue of many producers and many consumers: slots that each carry the number of the item they wait for.
///
/// The classic is Vyukov's bounded MPMC queue (2010). What is weir's own: an exact capacity of any number, taken as credit
/// by the same compare and exchange that claims the slot and finds the ring open; an answer that tells `busy` from
/// `full` and `empty`; looks at the other side that are cached and paced, and turns at a contended cursor, both of which
/// keep lines from changing cores for each item.
///
/// Each call returns: it goes round again only when another thread has claimed in between. But a thread that is suspended
/// between its claim and the end of its operation holds its slot, and who comes to that slot is told `busy` until it goes
/// on. Then nothing is full or empty, and nothing behind that slot moves.
template <class T, class Storage, std::unsigned_integral Counter, granting Granting = granting::automatic>
class mpmc_core : public many_producers<mpmc_core<T, Storage, Counter, Granting>, T>,
                  public many_consumers<mpmc_core<T, Storage, Counter, Granting>, T> {
public:
    static constexpr bool has_credit_on_request = Granting == granting::on_request;
    using value_type = T;
    using counter_type = std::uint64_t;
    using sequence_type = Counter;
    using slot_type = sequenced_slot<T, Counter>;
    static constexpr std::size_t fixed_capacity = detail::fixed_capacity<Storage>;
    static constexpr progress try_push_progress = progress::may_be_busy;
    static constexpr progress try_pop_progress = progress::may_be_busy;

    mpmc_core(std::size_t capacity, std::uint64_t start, bool)
        requires(!has_credit_on_request)
        : slots_(capacity, cursor_at(start)),
          capacity_(capacity),
          tail_(cursor_at(start), items_ahead(cursor_at(start), capacity)),
          head_(cursor_at(start), cursor_at(start)) {}

    mpmc_core(std::size_t capacity, std::uint64_t start, bool, pull::grant_every every)
        requires has_credit_on_request
        : slots_(capacity, cursor_at(start)),
          capacity_(capacity),
          tail_(cursor_at(start), cursor_at(start)),
          head_(cursor_at(start), cursor_at(start)),
          demand_(cursor_at(start), capacity, checked_threshold(every, capacity)) {}

    ~mpmc_core() {
        const cursor end = tail_.current() & ~closed_bit;
        for (cursor at = head_.current(); at != end; at += one_item) std::destroy_at(&slots_[at].element);
    }

    mpmc_core(const mpmc_core&) = delete;
    mpmc_core& operator=(const mpmc_core&) = delete;

    // ---- producer side; more in many_producers ---------------------------------------------------------------

    [[gnu::always_inline]] claimed claim_room(std::uint64_t wanted) noexcept {
        const auto ready = [this](cursor at, std::uint64_t n, std::int64_t known) noexcept {
            prefetch_ahead(at, known);
            return count_free(at, n);
        };
        if constexpr (has_credit_on_request) {
            bool not_asked = false;
            const auto asked = [&](cursor at) noexcept { return limit_of_demand(at, not_asked); };
            claimed room = tail_.claim(wanted, asked, ready, worthwhile(), false);
            if (room.answer == claimed::none && not_asked) [[unlikely]] room.answer = claimed::not_asked;
            return room;
        } else {
            return tail_.claim(wanted, [this](cursor) noexcept { return limit(); }, ready, worthwhile(), false);
        }
    }

    /// What a push would be told now.
    status chance_to_push() noexcept {
        for (cursor at = tail_.current();;) {
            if ((at & closed_bit) != 0) return status::closed;
            bool not_asked = false;
            const bool room = distance(limit_at(at, not_asked), at) > 0;
            if (room && count_free(at, 1) == 1) return status::success;
            const cursor now = tail_.current();
            if (now == at) return room ? status::busy : not_asked ? status::no_credit : status::full;
            at = now;
        }
    }

    bool has_room() noexcept { return chance_to_push() == status::success; }

    // ---- consumer side; more in many_consumers ---------------------------------------------------------------

    [[gnu::always_inline]] claimed claim_items(std::uint64_t wanted) noexcept {
        return head_.claim(
            wanted, [this](cursor) noexcept { return tail_.current() & ~closed_bit; },
            [this](cursor at, std::uint64_t n, std::int64_t known) noexcept {
                prefetch_ahead(at, known);
                return count_written(at, n);
            },
            worthwhile(), true);
    }

    /// Destroys the oldest element if the ring is full when it goes: the exchange that takes it succeeds only if it is still
    /// the oldest, and as long as it is, a ring that was full stays so.
    status try_drop_oldest() noexcept {
        bool full = false;
        const claimed oldest = head_.claim(
            1, [this](cursor) noexcept { return tail_.current() & ~closed_bit; },
            [this, &full](cursor at, std::uint64_t, std::int64_t) noexcept {
                full = distance(tail_.current() & ~closed_bit, at) >= static_cast<std::int64_t>(capacity_);
                return full ? count_written(at, 1) : std::uint64_t{0};
            },
            worthwhile(), true);
        if (oldest.answer == claimed::some) {
            this->discard(oldest.first);
            return status::success;
        }
        return oldest.answer == claimed::busy && full ? status::busy : status::empty;
    }

    /// Destroys the oldest element. False when there is none, or it is not written yet.
    bool try_discard() noexcept {
        const claimed oldest = claim_items(1);
        if (oldest.answer != claimed::some) return false;
        this->discard(oldest.first);
        return true;
    }

    bool has_items() noexcept {
        for (cursor at = head_.current();;) {
            if (count_written(at, 1) == 1) return true;
            const cursor now = head_.current();
            if (now == at) return false;
            at = now;
        }
    }

    /// Whether the ring was closed and everything accepted was taken. Once true, it stays so.
    bool drained() const noexcept {
        const cursor end = tail_.current();
        return (end & closed_bit) != 0 && head_.current() == (end & ~closed_bit);
    }

    /// Asks for `n` more items; returns how many that grants at once.
    std::uint64_t request(std::uint64_t n) noexcept
        requires has_credit_on_request
    {
        return demand_.request(n, head_.current(), [this]() noexcept { return head_.knows_of_items(); });
    }

    /// Grants what was held back; returns how much that was.
    std::uint64_t grant_rest() noexcept
        requires has_credit_on_request
    {
        return demand_.grant_rest(head_.current());
    }

    /// Whether a producer that waits could go on, now that this thread has made room.
    bool has_unused_credit() noexcept
        requires has_credit_on_request
    {
        return demand_.is_unused([this]() noexcept { return tail_.current() & ~closed_bit; });
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    /// Nothing is claimed by producers from now on.
    void close() noexcept { tail_.close(); }
    bool is_closed() const noexcept { return (tail_.current() & closed_bit) != 0; }

    std::size_t capacity() const noexcept { return capacity_; }
    std::size_t size_approx() const noexcept {
        const cursor taken = head_.current();  // first: what the head has passed, the tail has
        return size_within(distance(tail_.current() & ~closed_bit, taken), capacity_);
    }
    std::size_t credits_approx() const noexcept
        requires has_credit_on_request
    {
        bool ignored = false;
        const cursor at = tail_.current();
        return (at & closed_bit) != 0 ? 0 : size_within(distance(limit_of_demand(at, ignored), at), capacity_);
    }
    memory_report memory() const noexcept { return slots_.memory(); }

    /// For the sides.
    sequenced_slots<T, Storage, Counter>& slots() noexcept { return slots_; }

private:
    cursor limit() const noexcept { return items_ahead(head_.current(), capacity_); }
    cursor limit_of_demand(cursor at, bool& not_asked) const noexcept {
        return demand_.limit(at & ~closed_bit, [this]() noexcept { return limit(); }, not_asked);
    }
    cursor limit_at([[maybe_unused]] cursor at, [[maybe_unused]] bool& not_asked) const noexcept {
        if constexpr (has_credit_on_request) return limit_of_demand(at, not_asked);
        return limit();
    }
    std::uint64_t worthwhile() const noexcept { return look_pace::worthwhile(capacity_); }

    // Once per line of slots: asks for a line further on, to be written, if it is among the `known` slots that belong to
    // this side. Nothing is loaded ahead beyond the claim's compare and exchange, so each line would cost its whole
    // transfer between cores, and once more when it is written.
    [[gnu::always_inline]] void prefetch_ahead(cursor at, std::int64_t known) const noexcept {
        constexpr auto slots_per_line =
            std::uint64_t{std::bit_floor(std::max<std::size_t>(1, cache_line_bytes / sizeof(slot_type)))};
        constexpr std::uint64_t ahead = 8 * slots_per_line;
        if ((at / one_item & (slots_per_line - 1)) != 0) [[likely]]
            return;
        if (known > static_cast<std::int64_t>(ahead)) prefetch_for_write(&slots_[items_ahead(at, ahead)]);
    }

    // How many of the `n` slots from `at` on were given back by the consumers of the lap before.
    [[gnu::always_inline]] std::uint64_t count_free(cursor at, std::uint64_t n) const noexcept {
        std::uint64_t count = 0;
        for (; count < n; ++count, at += one_item) {
            // (8) acquire: pairs with (7), the element of the lap before is gone
            if (slots_[at].sequence.load(acquire) != slots_.number(at)) break;
        }
        return count;
    }

    // How many of the `n` slots from `at` on hold an element.
    [[gnu::always_inline]] std::uint64_t count_written(cursor at, std::uint64_t n) const noexcept {
        std::uint64_t count = 0;
        for (; count < n; ++count, at += one_item) {
            // (6) acquire: pairs with (5), the element is readable
            if (slots_[at].sequence.load(acquire) != slots_.written(at)) break;
        }
        return count;
    }

    sequenced_slots<T, Storage, Counter> slots_;
    const std::size_t capacity_;
    shared_cursor tail_;
    shared_cursor head_;
    struct no_demand {};
    [[no_unique_address]] std::conditional_t<has_credit_on_request, shared_demand, no_demand> demand_;
};

}  // namespace weir::detail
