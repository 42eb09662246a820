// SPDX-License-Identifier: MIT
//
// What an overflow_ring keeps beside its items: tallies of what became of them, and a number for each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"

namespace weir::detail {

/// A count of events with one writing thread. Who reads n also sees what happened before the n-th.
class tally {
public:
    std::uint64_t add() noexcept {
        const std::uint64_t n = count_.load(relaxed) + 1;  // relaxed: only this thread writes it
        count_.store(n, release);                          // (1) release: pairs with (2)
        return n;
    }
    std::uint64_t read() const noexcept {
        return count_.load(acquire);  // (2) acquire: pairs with (1), so that no item ends before it was accepted
    }

private:
    atomic<std::uint64_t> count_{0};
};

/// The same with any number of writing threads.
class shared_tally {
public:
    std::uint64_t add() noexcept { return count_.fetch_add(1, release) + 1; }  // (1) release: pairs with (2)
    std::uint64_t read() const noexcept { return count_.load(acquire); }       // (2) acquire: pairs with (1)

private:
    atomic<std::uint64_t> count_{0};
};

template <bool Many>
struct alignas(separation_bytes) producer_tallies {
    static constexpr bool is_shared = Many;
    using count = std::conditional_t<Many, shared_tally, tally>;
    count accepted, refused, newest, oldest, sampled, lowest;
};
struct alignas(separation_bytes) consumer_tallies {
    tally delivered, late;
};

/// An item before it is accepted. It is moved only when its entry is built in its slot, which is when its fate is
/// settled.
template <class T, class Made>
struct arrival {
    T& item;
    Made& made;
};

/// The same, where the number is given: that among the accepted items of a class.
template <class T, class Made>
struct numbered_arrival {
    T& item;
    Made& made;
    std::uint64_t number;
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

    explicit entry(arrival<T, Made>&& from, std::uint64_t position = 0) noexcept
        : number(number_of(from.made, position)), entered(Stamp::now()), item(std::move(from.item)) {}

    explicit entry(numbered_arrival<T, Made>&& from) noexcept
        : number(from.number), entered(Stamp::now()), item(std::move(from.item)) {
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
    std::uint64_t took(std::uint64_t number) noexcept {
        const std::uint64_t expected = last_ + 1;
        // With many producers a number may come after a higher one; the absolute numbers put that right at the next.
        last_ = std::max(number, expected);
        return last_ - expected;
    }

private:
    std::uint64_t last_ = 0;
};

}  // namespace weir::detail
