// SPDX-License-Identifier: MIT
#pragma once

// What the threads of `weir run` do, from a plan's roles and edges alone.

#include <weir/plan.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace weir::tool {

struct run_edge {
    std::size_t from;
    std::size_t to;
    std::optional<double> items_per_s;
    bool on_cycle = false;  ///< some way leads from `to` back to `from`: waiting for room could last for ever
    /// What the role at its beginning sends on for each item it gets; above 1: several.
    double share = 1;
};

struct run_role {
    std::vector<std::size_t> in;  ///< edges
    std::vector<std::size_t> out;
    bool is_source = false;
};

/// Roles without edges are there, and have nothing to do.
struct run_graph {
    std::vector<run_role> roles;
    std::vector<run_edge> edges;

    [[nodiscard]] static run_graph of(const placement_plan& plan);
};

/// A message knows by a bit for each edge where it was, so that it goes round a cycle once.
inline constexpr std::size_t most_run_edges = 64;

}  // namespace weir::tool
