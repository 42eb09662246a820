// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/as.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/this_thread.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/detail/strict/links.hpp"

namespace weir::detail {

/// A place for an element, and a link. The two need not belong together: the link says in which cell the element of a
/// position is, most often in this one, so that an item costs no more lines than in a ring without links.
///
/// Neighbouring positions share lines: where the sides are paced and keep the lines they have for a while, cells of a
/// line each were no faster, and positions permuted over lines were slower.
template <class T, std::unsigned_integral Counter>
struct strict_cell {
    explicit strict_cell(Counter first_link) noexcept : link(first_link) {}
    ~strict_cell() {}
    strict_cell(const strict_cell&) = delete;
    strict_cell& operator=(const strict_cell&) = delete;

    /// Makes the place the calling thread's own, if it is free.
    WEIR_ALWAYS_INLINE bool claim() noexcept {
        return taken.exchange(1, acquire) == 0;  // (3) acquire: pairs with (4), the element that was here is gone
    }
    void give_back() noexcept {
        taken.store(0, release);  // (4) release: pairs with (3)
    }

    atomic<Counter> link;
    atomic<unsigned char> taken{0};  // the place holds an element, or belongs to a thread
    union {
        T element;
    };
};

/// A place in which an element is being built: given back at the end of the scope, unless the element was linked.
template <class Cell>
class strict_building {
public:
    explicit strict_building(Cell& cell) noexcept : cell_(cell) {}
    strict_building(const strict_building&) = delete;
    strict_building& operator=(const strict_building&) = delete;
    WEIR_ALWAYS_INLINE ~strict_building() {
        if (is_linked) [[likely]]
            return;
        if (is_built) std::destroy_at(std::addressof(cell_.element));
        cell_.give_back();
    }
    auto& element() noexcept { return cell_.element; }
    bool is_built = false;
    bool is_linked = false;

private:
    Cell& cell_;
};

/// A place whose element was taken: destroyed, and the place given back, at the end of the scope, also when a visit
/// throws.
template <class Cell>
class strict_emptying {
public:
    explicit strict_emptying(Cell& cell) noexcept : cell_(cell) {}
    strict_emptying(const strict_emptying&) = delete;
    strict_emptying& operator=(const strict_emptying&) = delete;
    WEIR_ALWAYS_INLINE ~strict_emptying() {
        std::destroy_at(std::addressof(cell_.element));
        cell_.give_back();
    }
    auto& element() noexcept { return cell_.element; }

private:
    Cell& cell_;
};

/// The cells of a strict ring: a power of two with links, one for each position of a lap, and `Spares` more places. The links
/// are written as strict_links says; before a position's item comes, its link is that of the lap before.
template <class T, class Storage, std::unsigned_integral Counter, std::size_t Spares>
class strict_cells : public strict_links<Counter> {
    using links = strict_links<Counter>;

public:
    using cell = strict_cell<T, Counter>;
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    using links::link_to;

    static_assert(Spares < links::most_cells,
                  "weir: a Counter this narrow cannot number the places of so many threads");
    static constexpr std::size_t most_capacity = std::min(std::bit_floor(links::most_cells - Spares), most_slots<cell>);

    /// The spare cells lie behind the others where both are in memory that the caller gave.
    static constexpr std::size_t bytes_for(std::size_t capacity) noexcept {
        return whole_lines<cell>(std::bit_ceil(capacity) * sizeof(cell)) + Spares * sizeof(cell);
    }

    strict_cells(std::size_t capacity, std::uint64_t start, const memory_source<Storage>& from = {})
        : links(std::bit_ceil(checked_capacity(capacity, most_capacity)), Spares),
          ring_memory_(links::mask() + 1, from),
          spare_memory_(Spares, rest_of(from, capacity)),
          ring_(ring_memory_.data()),
          spares_(spare_memory_.data()),
          mask_(links::mask()) {
        for (std::size_t i = 0; i <= mask_; ++i) {
            const std::uint64_t position = start + i;
            std::construct_at(ring_ + (position & mask_), link_to(position - mask_ - 1, 0));
        }
        for (std::size_t i = 0; i < Spares; ++i) std::construct_at(spares_ + i, Counter{0});
    }
    ~strict_cells() {
        std::destroy_n(spares_, Spares);
        std::destroy_n(ring_, mask_ + 1);
    }
    strict_cells(const strict_cells&) = delete;
    strict_cells& operator=(const strict_cells&) = delete;

    /// The link of a position, and, with it, of the same position in every lap.
    atomic<Counter>& link_at(std::uint64_t position) const noexcept { return ring_[position & mask_].link; }

    WEIR_ALWAYS_INLINE cell& operator[](std::size_t index) const noexcept {
        return index <= mask_ ? ring_[index] : spares_[index - mask_ - 1];
    }

    /// The cell whose place an item of this position takes if it is free.
    std::size_t own_index(std::uint64_t position) const noexcept { return as<std::size_t>(position & mask_); }

    /// Claims any place, the spare ones first. None: no place was free when it was looked at. O(capacity) at worst.
    std::size_t claim_any() noexcept {
        // Where to begin differs from thread to thread, so that each tends to find the place that it had before.
        const auto who = as<std::uint64_t>(reinterpret_cast<std::uintptr_t>(this_thread()) / cache_line_bytes);
        const std::size_t first = as<std::size_t>((who * 0x9E3779B97F4A7C15U) >> 32) % Spares;
        const std::size_t count = mask_ + 1 + Spares;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t index = i < Spares ? mask_ + 1 + (first + i) % Spares : i - Spares;
            cell& c = (*this)[index];
            // relaxed: to leave the lines of the others alone; claim() decides
            if (c.taken.load(relaxed) == 0 && c.claim()) return index;
        }
        return none;
    }

    memory_report memory() const noexcept {
        memory_report report = ring_memory_.report();
        report.bytes += spare_memory_.report().bytes;
        return report;
    }

private:
    // Where the ring's cells need no allocation, the spare ones need none either; and they are few, hence no huge
    // pages.
    using heap_or_given = std::conditional_t<std::same_as<memory_source<Storage>, no_source>, storage::heap, Storage>;
    using spare_storage = std::conditional_t<fixed_capacity<Storage> == 0, heap_or_given, storage::fixed<Spares>>;

    static memory_source<spare_storage> rest_of(const memory_source<Storage>& from,
                                                [[maybe_unused]] std::size_t capacity) {
        if constexpr (std::same_as<Storage, storage::borrowed>) {
            return from.subspan(whole_lines<cell>(std::bit_ceil(capacity) * sizeof(cell)));
        } else {
            return from;
        }
    }

    slot_memory<cell, Storage> ring_memory_;
    slot_memory<cell, spare_storage> spare_memory_;
    cell* const ring_;
    cell* const spares_;
    const std::size_t mask_;
};

}  // namespace weir::detail
