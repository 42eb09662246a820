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

/// Placement of the roles: each on its PU, or all unpinned.
struct run_layout {
    std::string name;
    std::vector<unsigned> pus;  ///< in the order of the roles; empty: not pinned
    /// By edge: the NUMA node for the slots of its ring, by the kernel's number. Empty: where the kernel puts them.
    std::vector<unsigned> memory{};

    [[nodiscard]] bool is_pinned() const noexcept { return !pus.empty(); }
};

struct trial_result {
    histogram end_to_end_ns;         ///< from a message's due time to its last receiver
    std::vector<histogram> edge_ns;  ///< by edge: from push (at a source: due time) to pop
    /// By edge: the node that the slots were on, as the kernel says; empty where it does not say.
    std::vector<std::optional<unsigned>> edge_nodes{};
    std::uint64_t delivered = 0;  ///< in `seconds`
    std::uint64_t refused = 0;    ///< on edges of cycles, where senders do not wait for room
    double seconds = 0;
    thread_counts disturbances;  ///< sum over all threads
    std::string failure;         ///< a sentence, if messages were lost, duplicated or out of order
};

/// One sample: a thread for each role that has edges, a weir::spsc_ring of 1024 messages for each edge. A source
/// sends on a fixed schedule if the edge has a rate; otherwise it sends the next message when the previous one was
/// taken. The other roles forward messages in proportion to the rates of their edges. Every receiver checks the
/// order. Latencies are recorded after the first tenth of the time.
///
/// A waiting thread spins if it has a PU to itself, yields at once if it shares one, and spins a little, then yields,
/// if it is not pinned.
///
/// Slots are bound to the nodes of `memory`, and where they are is read back. Throws placement_error if a ring is elsewhere, and
/// std::invalid_argument if the kernel refuses.
///
/// Pinned threads are checked at the start and at the end to be on their PUs, by getcpu and the kernel's last-CPU
/// field. Throws placement_error if the check or pinning fails.
[[nodiscard]] trial_result run_trial(const run_graph& graph, const run_layout& layout, double seconds,
                                     const tick_clock& clock, std::size_t usable_pus);

/// Why the slots of a ring cannot be bound to one of these nodes here; empty if they can.
[[nodiscard]] std::string why_no_memory_on(const std::vector<unsigned>& nodes);

}  // namespace weir::tool
