// SPDX-License-Identifier: MIT
#pragma once

#include "tools/common/thread_watch.hpp"
#include "tools/run/graph.hpp"

#include <weir/clock.hpp>
#include <weir/histogram.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::tool {

/// Where the roles run: all on their PUs, or all wherever the kernel puts them.
struct run_layout {
    std::string name;
    std::vector<unsigned> pus;  ///< in the order of the roles; empty: not pinned

    [[nodiscard]] bool is_pinned() const noexcept { return !pus.empty(); }
};

struct trial_result {
    histogram end_to_end_ns;         ///< from when a message was due to where it goes no further
    std::vector<histogram> edge_ns;  ///< by edge: from its push, or when it was due, to its pop
    std::uint64_t delivered = 0;     ///< in `seconds`
    std::uint64_t refused = 0;       ///< on edges of cycles, where nobody waits for room
    double seconds = 0;
    thread_counts disturbances;  ///< of all threads together
    std::string failure;         ///< a sentence, if messages were lost, doubled or out of order
};

/// One sample: every role that has edges as a thread, every edge as a weir::spsc_ring of 1024 messages. Sources send on
/// a fixed schedule where the edge has a rate, and else the next when the last was taken; the others pass on as their
/// edges' rates say; those at the end check the order. A tenth of the time goes by before latencies count.
///
/// Threads that have a PU to themselves spin while they wait; those that share one yield at once; those that are not
/// pinned spin a little, then yield.
///
/// Pinned threads are checked, at the beginning and at the end, to be where they should, by getcpu and by the kernel's
/// last-CPU field; throws placement_error where they are not or cannot be pinned.
[[nodiscard]] trial_result run_trial(const run_graph& graph, const run_layout& layout, double seconds,
                                     const tick_clock& clock, std::size_t usable_pus);

}  // namespace weir::tool
