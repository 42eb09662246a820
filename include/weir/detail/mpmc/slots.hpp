// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/memory/storage.hpp"

namespace weir::detail {

/// A slot that says itself whose turn it is, by a number that shares the element's line. The number is the low part of
/// the position; a Counter narrower than 64 bits only makes the slot smaller.
template <class T, std::unsigned_integral Counter>
struct sequenced_slot {
    explicit sequenced_slot(Counter number) noexcept : sequence(number) {}
    ~sequenced_slot() {}
    sequenced_slot(const sequenced_slot&) = delete;
    sequenced_slot& operator=(const sequenced_slot&) = delete;

    atomic<Counter> sequence;
    union {
        T element;
    };
};

template <class Storage>
struct two_slots_at_least {
    using type = Storage;
};
template <>
struct two_slots_at_least<storage::fixed<1>> {
    using type = storage::fixed<2>;
};

/// The slots of a ring, a power of two and 2 at least: with one slot "written in this lap" and "free for the next" would
/// be the same number.
template <class T, class Storage, std::unsigned_integral Counter>
class sequenced_slots {
public:
    using slot = sequenced_slot<T, Counter>;

    /// Every slot is free for the item of its first lap from `start` on.
    sequenced_slots(std::size_t capacity, cursor start)
        : memory_(slots_for(checked_capacity<slot, Counter>(capacity))),
          slots_(memory_.data()),
          mask_(slots_for(capacity) - 1) {
        for (std::size_t i = 0; i <= mask_; ++i) {
            const cursor at = items_ahead(start, i);
            std::construct_at(&(*this)[at], number(at));
        }
    }
    ~sequenced_slots() { std::destroy_n(slots_, mask_ + 1); }
    sequenced_slots(const sequenced_slots&) = delete;
    sequenced_slots& operator=(const sequenced_slots&) = delete;

    slot& operator[](cursor at) const noexcept { return slots_[(at / one_item) & mask_]; }

    /// The number of a slot that is free for the item at `at` ...
    static constexpr Counter number(cursor at) noexcept { return static_cast<Counter>(at / one_item); }
    /// ... that holds that item ...
    static constexpr Counter written(cursor at) noexcept { return static_cast<Counter>(number(at) + 1); }
    /// ... and that is free for the next lap's.
    Counter next_lap(cursor at) const noexcept { return number(items_ahead(at, mask_ + 1)); }

    memory_report memory() const noexcept { return memory_.report(); }

private:
    static constexpr std::size_t slots_for(std::size_t capacity) noexcept {
        return std::max<std::size_t>(2, std::bit_ceil(capacity));
    }

    [[no_unique_address]] slot_memory<slot, typename two_slots_at_least<Storage>::type> memory_;
    slot* const slots_;
    const std::uint64_t mask_;
};

}  // namespace weir::detail
