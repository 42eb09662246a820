// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "weir/detail/base/atomic.hpp"

namespace weir::detail {

/// Who writes a count: one thread, or any number of them.
enum class counted_by : bool { one_thread, many_threads };

/// Whether a thread that reads n also sees what happened before the n-th event; if not, the count is a statistic.
enum class count_order : bool { none, publishes };

/// A count of events, which any thread may read. One load and one store for each; of many threads a read-modify-write.
template <counted_by Writers, count_order Order>
class tally {
public:
    /// Returns the new count.
    std::uint64_t add(std::uint64_t events = 1) noexcept {
        if constexpr (Writers == counted_by::many_threads) {
            return count_.fetch_add(events, writing) + events;
        } else {
            const std::uint64_t sum = count_.load(relaxed) + events;  // relaxed: only this thread writes it
            count_.store(sum, writing);
            return sum;
        }
    }

    void set(std::uint64_t count) noexcept
        requires(Writers == counted_by::one_thread)
    {
        count_.store(count, writing);
    }

    void raise_to(std::uint64_t count) noexcept {
        std::uint64_t now = count_.load(relaxed);  // relaxed: the exchange decides, or only this thread writes it
        if constexpr (Writers == counted_by::many_threads) {
            while (now < count && !count_.compare_exchange_weak(now, count, writing, relaxed)) {
            }
        } else if (now < count) {
            count_.store(count, writing);
        }
    }

    std::uint64_t read() const noexcept { return count_.load(reading); }

private:
    static constexpr bool publishes = Order == count_order::publishes;
    static constexpr auto writing = publishes ? release : relaxed;  // (1) release: pairs with (2)
    static constexpr auto reading = publishes ? acquire : relaxed;  // (2) acquire: pairs with (1)

    atomic<std::uint64_t> count_{0};
};

/// A statistic of many threads, or of one.
template <bool Shared>
using event_count = tally<Shared ? counted_by::many_threads : counted_by::one_thread, count_order::none>;

/// A number of a balance sheet: an item that is seen to end is seen to have been accepted, too.
template <bool Shared>
using ordered_count = tally<Shared ? counted_by::many_threads : counted_by::one_thread, count_order::publishes>;

}  // namespace weir::detail
