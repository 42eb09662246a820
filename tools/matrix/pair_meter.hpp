// SPDX-License-Identifier: MIT
#pragma once

// One sample of a pair: latency and throughput of weir's own ring between two pinned threads, with the hardware
// floors measured right before and after.

#include "tools/common/thread_watch.hpp"
#include "tools/matrix/pair_plan.hpp"

#include <weir/clock.hpp>
#include <weir/histogram.hpp>

#include <optional>

#include "instruments/floors.hpp"

namespace weir::tool {

struct pair_sample {
    static constexpr std::uint64_t longest_ns = 1'000'000'000;

    histogram by_clocks_ns{longest_ns,
                           2};  ///< the receiver's clock less the sender's, not corrected for the clock offset
    histogram by_half_ns{longest_ns, 2};  ///< half of a round trip
    /// Whether the two clocks are comparable: their offset is within its own measurement error, and no item arrived
    /// before it was sent.
    bool clocks_agree = false;
    bench::floor_meter::clock_offset clock_offset{};
    double items_per_s = 0;
    bench::floor_reading floor;  ///< the mean of before and after
    bool steady = false;         ///< before and after differ by less than a quarter
    thread_counts disturbances;  ///< of both threads
};

/// Takes about 10 ms on a quiet machine. Both threads are pinned, and their PUs are verified after each part. Throws
/// placement_error if pinning or the check fails, bench::stuck if the threads do not finish, and std::runtime_error
/// if the ring lost an item.
///
/// With `node`, the slots of the rings are on that NUMA node, which is read back; else on that of the consumer, which
/// allocates them. Throws placement_error too if they are elsewhere, and std::invalid_argument if the kernel refuses.
[[nodiscard]] pair_sample sample_pair(const topology& machine, const directed_pair& pair, const tick_clock& clock,
                                      std::optional<unsigned> node = std::nullopt);

}  // namespace weir::tool
