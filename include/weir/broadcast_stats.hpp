// SPDX-License-Identifier: MIT
//
// What a broadcast ring says of its readers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/stats.hpp"

namespace weir {

/// How a reader and the producer wait for each other.
enum class reader_mode : unsigned char {
    gated,  ///< the producer waits for it: it misses nothing
    lossy,  ///< the producer never waits for it; gap() and missed() count what it missed, exactly
};

/// What broadcast_ring::readers() says of a reader.
struct reader_info {
    std::string name;
    reader_mode mode;
    std::uint64_t lag;     ///< items that were pushed and that it has not finished
    std::uint64_t missed;  ///< items that it never saw, since it joined
    bool ended = false;    ///< it was late for too long, see lag_limit in broadcast_ring.hpp
};

namespace stats {

/// Of a broadcast ring. `producer.high_water_items` is the capacity if a push ever found the ring full, else 0.
struct broadcast_snapshot {
    std::uint64_t capacity_items = 0;
    producer_counts producer;
    std::vector<reader_info> readers;  ///< slightly stale, as all
};

}  // namespace stats
}  // namespace weir
