// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/shm/owner.hpp"
#include "weir/detail/wait/futex.hpp"

namespace weir::detail {

/// The words that the processes of a ring of one producer and one consumer share. Standard layout, no pointers.
///
/// An item is published by one exchange of `sent`, which also carries the bit of the close: so acceptance is atomic with the close,
/// and a producer that dies leaves nothing behind but a slot that was never announced. A side keeps its own position in private
/// memory. Here it stands for the other side, and for the next holder of the end.
struct shm_spsc_state {
    // Written by the producer; and `sent` by the thread that closes.
    alignas(separation_bytes) atomic<cursor> sent{0};  // items published, and closed_bit
    atomic<std::uint64_t> pushing{0};                  // items published, and the one that is being written
    // Written by the consumer.
    alignas(separation_bytes) atomic<std::uint64_t> taken{0};  // items taken
    // Where each side sleeps, see bed.
    alignas(separation_bytes) futex_word consumer_asleep{0};
    alignas(separation_bytes) futex_word producer_asleep{0};
    // The holder of each end, see owner.
    alignas(separation_bytes) atomic<std::uint64_t> producer{0};
    atomic<std::uint64_t> consumer{0};

    /// Nothing is accepted from now on; every waiter wakes. Any thread of any process.
    void close() noexcept;
    bool is_closed() const noexcept {
        return (sent.load(acquire) & closed_bit) != 0;  // (6) acquire: pairs with (7): what the closing thread did
    }
    /// Whatever a peer wrote: between 0 and the capacity.
    std::size_t size_approx(std::size_t capacity) const noexcept {
        // relaxed, both: a statistic
        return size_within(distance(sent.load(relaxed), cursor_at(taken.load(relaxed))), capacity);
    }
};

/// Items from 0 on, in the order in which they were pushed.
using item_number = std::uint64_t;

/// The item that a producer had begun to write and not published.
constexpr std::optional<item_number> half_written(std::uint64_t pushing, cursor sent) noexcept {
    return pushing == sent / one_item + 1 ? std::optional<item_number>(sent / one_item) : std::nullopt;
}
/// The item that a consumer took last: only its process knew whether it had finished with it.
constexpr std::optional<item_number> last_taken(std::uint64_t taken) noexcept {
    return taken > 0 ? std::optional<item_number>(taken - 1) : std::nullopt;
}

}  // namespace weir::detail
