// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "weir/detail/base/atomic.hpp"

namespace weir::detail {

/// The writers of a count: one thread, or any number of them.
enum class counted_by : bool { one_thread, many_threads };

/// Whether a thread that reads n also sees what happened before the n-th event; if not, the count is a statistic.
enum class count_order : bool { none, publishes };

/// A count of events, which any thread may read. One load and one store for each; of many threads a read-modify-write.
template <counted_by Writers, count_order Order>
class tally {
    static constexpr bool publishes = Order == count_order::publishes;

public:
    /// Returns the new count.
    std::uint64_t add(std::uint64_t events = 1) noexcept {
        if constexpr (Writers == counted_by::one_thread) {
            const std::uint64_t sum = count_.load(relaxed) + events;  // relaxed: only this thread writes it
            set(sum);
            return sum;
        } else if constexpr (publishes) {
            return count_.fetch_add(events, release) + events;  // (1) release: pairs with (2)
        } else {
            return count_.fetch_add(events, relaxed) + events;  // relaxed: a statistic
        }
    }

    void set(std::uint64_t count) noexcept
        requires(Writers == counted_by::one_thread)
    {
        if constexpr (publishes) {
            count_.store(count, release);  // (1) release: pairs with (2)
        } else {
            count_.store(count, relaxed);  // relaxed: a statistic
        }
    }

    void raise_to(std::uint64_t count) noexcept
        requires(!publishes)
    {
        std::uint64_t now = count_.load(relaxed);  // relaxed, all: a statistic
        if constexpr (Writers == counted_by::many_threads) {
            while (now < count && !count_.compare_exchange_weak(now, count, relaxed, relaxed)) {
            }
        } else if (now < count) {
            set(count);
        }
    }

    std::uint64_t read() const noexcept {
        if constexpr (publishes) {
            return count_.load(acquire);  // (2) acquire: pairs with (1)
        } else {
            return count_.load(relaxed);  // relaxed: a statistic
        }
    }

private:
    atomic<std::uint64_t> count_{0};
};

/// A statistic of many threads, or of one.
template <bool Shared>
using event_count = tally<Shared ? counted_by::many_threads : counted_by::one_thread, count_order::none>;

/// A number of a balance sheet: an item that is seen to end is seen to have been accepted, too.
template <bool Shared>
using ordered_count = tally<Shared ? counted_by::many_threads : counted_by::one_thread, count_order::publishes>;

}  // namespace weir::detail
