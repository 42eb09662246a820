// SPDX-License-Identifier: MIT
//
// The shared words and the slots of mpmc_ring. The algorithm, and the memory orders on these words, are in algorithm.hpp.
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/cursor/remote_view.hpp"
#include "weir/detail/cursor/turns.hpp"
#include "weir/detail/memory/storage.hpp"

namespace weir::detail {

/// A slot that says itself for which item it is ready, by a number that shares the element's line:
///
///     n           free for the item at position n
///     n + 1       holds the item of position n
///     n + slots   free again: for the item of the next lap
///
/// The number is the low part of the position. A narrow Counter makes the slot smaller; where it wraps, a position of long ago may look
/// ready, but then the exchange of the cursor, which does not wrap, fails.
template <class T, std::unsigned_integral Counter>
struct mpmc_slot {
    explicit mpmc_slot(Counter number) noexcept : sequence(number) {}
    ~mpmc_slot() {}
    mpmc_slot(const mpmc_slot&) = delete;
    mpmc_slot& operator=(const mpmc_slot&) = delete;

    atomic<Counter> sequence;
    union {
        T element;
    };
};

/// The slots as one process has them mapped: a power of two and 2 at least, since with one slot "holds an item" and "free for
/// the next lap" would be the same number.
template <class T, std::unsigned_integral Counter>
class mpmc_slots {
public:
    using slot = mpmc_slot<T, Counter>;

    /// At `first` lie count(capacity) slots.
    mpmc_slots(slot* first, std::size_t capacity) noexcept : first_(first), mask_(count(capacity) - 1) {}

    static constexpr std::size_t count(std::size_t capacity) noexcept {
        return std::max<std::size_t>(2, std::bit_ceil(capacity));
    }

    /// Makes every slot free for the item of its first lap from `start` on.
    void construct(cursor start) const noexcept {
        for (std::uint64_t i = 0; i <= mask_; ++i) {
            const cursor at = items_ahead(start, i);
            std::construct_at(std::addressof((*this)[at]), free_for(at));
        }
    }
    void destroy() const noexcept { std::destroy_n(first_, mask_ + 1); }

    slot& operator[](cursor at) const noexcept { return first_[(at / one_item) & mask_]; }

    static constexpr Counter free_for(cursor at) noexcept { return static_cast<Counter>(at / one_item); }
    static constexpr Counter holding(cursor at) noexcept { return static_cast<Counter>(free_for(at) + 1); }
    Counter free_for_next_lap(cursor at) const noexcept { return free_for(items_ahead(at, mask_ + 1)); }

private:
    slot* first_;
    std::uint64_t mask_;
};

/// One side's line, shared by all threads of that side: where the next claim begins, what is known of the other side, and
/// whose turn it is.
struct alignas(separation_bytes) mpmc_side {
    mpmc_side(cursor start, cursor known) noexcept : next(start), limit(known) {}

    atomic<cursor> next;
    remote_view<cursor, true> limit;  // how far the other side lets this one go
    turns turn;
};

/// The shared words. Standard layout, no pointers: they work wherever they are mapped.
template <granting Granting>
struct mpmc_state {
    mpmc_state(std::size_t capacity_, cursor start) noexcept
        : capacity(capacity_), tail(start, items_ahead(start, capacity_)), head(start, start) {}

    const std::uint64_t capacity;
    mpmc_side tail;  // the producers
    mpmc_side head;  // the consumers
};

/// The same with credit on request, where producers may go only as far as consumers have asked for.
template <>
struct mpmc_state<granting::on_request> {
    /// `grant_every`: see pull::grant_every.
    mpmc_state(std::size_t capacity_, cursor start, std::size_t grant_every) noexcept
        : capacity(capacity_), tail(start, start), head(start, start), demand(start, capacity_, grant_every) {}

    const std::uint64_t capacity;
    mpmc_side tail;
    mpmc_side head;
    shared_demand demand;
};

}  // namespace weir::detail
