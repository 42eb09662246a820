// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/tally.hpp"

namespace weir::detail {

/// A number of a balance sheet in messages and in bytes. One thread counts.
struct message_tally {
    ordered_count<false> messages;
    ordered_count<false> bytes;

    /// Returns how many messages there were.
    std::uint64_t add(std::size_t size) noexcept {
        bytes.add(size);
        return messages.add();
    }
};

/// What an overflow_message_ring counts at its producer's end.
struct alignas(separation_bytes) producer_message_tallies {
    message_tally accepted, refused, newest, sampled;
    std::uint64_t arrivals = 0;  // while samples are taken
};
/// And at its consumer's.
struct alignas(separation_bytes) consumer_message_tallies {
    message_tally delivered;
};

}  // namespace weir::detail
