// SPDX-License-Identifier: MIT
//
// What an overflow_ring keeps beside its items: tallies of what became of them, and a number for each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/tally.hpp"

namespace weir::detail {

template <bool Many>
struct alignas(separation_bytes) producer_tallies {
    static constexpr bool is_shared = Many;
    using count = ordered_count<Many>;
    count accepted, refused, newest, oldest, sampled, lowest;
};
struct alignas(separation_bytes) consumer_tallies {
    ordered_count<false> delivered, late;
};

/// An item before it is accepted. It is moved, or copied if Source is const, only when its entry is built in its slot,
/// which is when its fate is settled.
template <class Source, class Made>
struct arrival {
    Source& item;
    Made& made;
};

/// The same, where the number is given: that among the accepted items of a class.
template <class Source, class Made>
struct numbered_arrival {
    Source& item;
    Made& made;
    std::uint64_t number;
};

/// As it is passed on: an item to be copied as const T&, since not every T is made of a const T&& as of that.
template <class Source>
using passed = std::conditional_t<std::is_const_v<Source>, Source&, Source&&>;

/// Reads a range as copies that arrive: what a ring's try_push_n() is given to push several in one publication.
template <class T, class Made>
class arrivals {
public:
    using value_type = arrival<const T, Made>;
    using difference_type = std::ptrdiff_t;

    arrivals() = default;
    arrivals(const T* items, Made& made) noexcept : items_(items), made_(&made) {}

    value_type operator*() const noexcept { return {*items_, *made_}; }
    arrivals& operator++() noexcept {
        ++items_;
        return *this;
    }
    void operator++(int) noexcept { ++items_; }

private:
    const T* items_ = nullptr;
    Made* made_ = nullptr;
};

struct no_stamp {
    static no_stamp now() noexcept { return {}; }
};
template <class Clock>
struct clock_stamp {
    typename Clock::time_point time;
    static clock_stamp now() noexcept { return {Clock::now()}; }
};

/// An item in its slot. It counts itself as accepted before anybody can see it, and bears its number among all accepted
/// items, from 1 on, by which the consumer finds gaps.
///
/// With many producers the number is its position in the ring and the losses at arrival that its producer knew of, at
/// least its own. So a loss shows when the first item after it is taken, or a little later.
template <class T, class Made, class Stamp>
struct entry {
    static constexpr bool is_told_its_position = Made::is_shared;

    template <class Source>
    explicit entry(arrival<Source, Made>&& from, std::uint64_t position = 0) noexcept
        : number(number_of(from.made, position)), entered(Stamp::now()), item(static_cast<passed<Source>>(from.item)) {}

    template <class Source>
    explicit entry(numbered_arrival<Source, Made>&& from) noexcept
        : number(from.number), entered(Stamp::now()), item(static_cast<passed<Source>>(from.item)) {
        from.made.accepted.add();
    }

    std::uint64_t number;
    [[no_unique_address]] Stamp entered;
    T item;

private:
    static std::uint64_t number_of(Made& made, std::uint64_t position) noexcept {
        const std::uint64_t accepted = made.accepted.add();
        if constexpr (Made::is_shared) {
            return position + 1 + made.newest.read() + made.sampled.read();
        } else {
            return accepted;
        }
    }
};

/// Finds gaps in the numbers of the items that are taken. Belongs to the consumer.
class gap_finder {
public:
    /// How many are missing before this one.
    std::uint64_t missing_before(std::uint64_t number) const noexcept {
        // With many producers a number may come after a higher one; the absolute numbers put that right at the next.
        return std::max(number, last_ + 1) - (last_ + 1);
    }
    void took(std::uint64_t number) noexcept { last_ = std::max(number, last_ + 1); }

private:
    std::uint64_t last_ = 0;
};

}  // namespace weir::detail
