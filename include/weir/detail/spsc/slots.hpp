// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/prefetch.hpp"
#include "weir/detail/base/slot_run.hpp"

namespace weir::detail {

/// The slots of a ring as one end has them mapped: a power of two of elements side by side.
template <class T, std::unsigned_integral Counter>
class spsc_slots {
public:
    /// `capacity` is that of the ring; at `first` lie count(capacity) slots.
    spsc_slots(T* first, std::size_t capacity) noexcept
        : first_(first), mask_(static_cast<Counter>(count(capacity) - 1)) {}

    static constexpr std::size_t count(std::size_t capacity) noexcept { return std::bit_ceil(capacity); }

    T& operator[](Counter position) const noexcept { return first_[position & mask_]; }

    /// How many slots there are from that of `position` to the end of the array.
    std::size_t until_end(Counter position) const noexcept { return std::size_t{mask_} + 1 - (position & mask_); }

    slot_run<T> run(Counter position, Counter n) const noexcept {
        const std::size_t in_first = std::min<std::size_t>(n, until_end(position));
        return {{first_ + (position & mask_), in_first}, {first_, n - in_first}};
    }

    /// Asks for the lines of the slots `first` to `last` items on from `position`.
    template <bool Write>
    void prefetch(Counter position, std::size_t first, std::size_t last) const noexcept {
        detail::prefetch_slots<Write>(first_, mask_, position, first, last);
    }

    /// Writes a byte of each line of `n` slots from `position` on. Their elements are destroyed, and the consumer gives them back next.
    /// Each line is then modified in the consumer's cache, and the producer fetches it as a stream. A line that was only read
    /// would be shared between the two caches, and each of the producer's stores to it would wait for the consumer's cache.
    void take_over(Counter position, std::size_t n) const noexcept {
        const slot_run<T> both = run(position, static_cast<Counter>(n));
        take_over(both.first.data(), both.first.size());
        take_over(both.second.data(), both.second.size());
    }
    static void take_over(T* first, std::size_t n) noexcept {
        auto* const bytes = reinterpret_cast<volatile unsigned char*>(first);
        for (std::size_t i = 0; i < n * sizeof(T); i += cache_line_bytes) bytes[i] = 0;
    }

    static constexpr std::size_t portion = slots_of_portion<T>;

private:
    T* first_;
    Counter mask_;
};

/// The portion that one side is working on: slots that lie one after the other, up to `end`. A function that moves the side's
/// position in another way ends the portion there.
template <class T, std::unsigned_integral Counter>
class spsc_portion {
public:
    explicit spsc_portion(Counter position) noexcept : end(position) {}

    void open(const spsc_slots<T, Counter>& slots, Counter position, std::size_t known) noexcept {
        const std::size_t n = std::min({known, slots.portion, slots.until_end(position)});
        end = static_cast<Counter>(position + n);
        T* const first = std::addressof(slots[position]);
        origin_ = reinterpret_cast<std::uintptr_t>(first) - static_cast<std::uintptr_t>(position) * sizeof(T);
    }

    T& operator[](Counter position) const noexcept {
        return *reinterpret_cast<T*>(origin_ + static_cast<std::uintptr_t>(position) * sizeof(T));
    }

    Counter end;

private:
    std::uintptr_t origin_ = 0;  // where the slot of position 0 would be
};

}  // namespace weir::detail
