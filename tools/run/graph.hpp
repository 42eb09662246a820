// SPDX-License-Identifier: MIT
#pragma once

// Derives the work of each thread of `weir run` from the roles and edges of a plan.

#include <weir/plan.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace weir::tool {

struct run_edge {
    std::size_t from;
    std::size_t to;
    std::optional<double> items_per_s;
    bool on_cycle = false;  ///< `from` is reachable from `to`: waiting for room could deadlock
    /// How many messages the sending role forwards for each one it receives; may be above 1.
    double share = 1;
};

struct run_role {
    std::vector<std::size_t> in;  ///< edges
    std::vector<std::size_t> out;
    bool is_source = false;
};

/// Roles without edges are included, but have no work.
struct run_graph {
    std::vector<run_role> roles;
    std::vector<run_edge> edges;

    [[nodiscard]] static run_graph of(const placement_plan& plan);
};

/// A message has a bit for each edge it has passed, so that it goes around a cycle only once.
inline constexpr std::size_t most_run_edges = 64;

}  // namespace weir::tool
