// SPDX-License-Identifier: MIT
#include "tools/run/graph.hpp"

#include <algorithm>

namespace weir::tool {
namespace {

// All roles reachable from `role`; it reaches itself only through a cycle.
std::vector<bool> reachable(const run_graph& graph, std::size_t role) {
    std::vector<bool> seen(graph.roles.size(), false);
    std::vector<std::size_t> open{role};
    while (!open.empty()) {
        const auto at = open.back();
        open.pop_back();
        for (const auto edge : graph.roles[at].out)
            if (const auto to = graph.edges[edge].to; !seen[to]) {
                seen[to] = true;
                open.push_back(to);
            }
    }
    return seen;
}

// Roles without incoming rings are sources. In a cycle without a source its first role becomes one.
void choose_sources(run_graph& graph) {
    std::vector<bool> fed(graph.roles.size(), false);
    const auto begin_at = [&](std::size_t role) {
        graph.roles[role].is_source = true;
        const auto more = reachable(graph, role);
        for (std::size_t i = 0; i != fed.size(); ++i) fed[i] = fed[i] || more[i];
    };
    for (std::size_t role = 0; role != graph.roles.size(); ++role)
        if (graph.roles[role].in.empty() && !graph.roles[role].out.empty()) begin_at(role);
    for (std::size_t role = 0; role != graph.roles.size(); ++role)
        if (!fed[role] && !graph.roles[role].is_source && !graph.roles[role].out.empty()) begin_at(role);
}

}  // namespace

run_graph run_graph::of(const placement_plan& plan) {
    run_graph graph;
    graph.roles.resize(plan.roles.size());
    const auto index = [&](const std::string& name) {
        return static_cast<std::size_t>(std::find_if(plan.roles.begin(), plan.roles.end(),
                                                     [&](const planned_role& role) { return role.asked.name == name; }) -
                                        plan.roles.begin());
    };
    for (const auto& edge : plan.edges) {
        graph.edges.push_back(
            {.from = index(edge.asked.from), .to = index(edge.asked.to), .items_per_s = edge.asked.items_per_s});
        graph.roles[graph.edges.back().from].out.push_back(graph.edges.size() - 1);
        graph.roles[graph.edges.back().to].in.push_back(graph.edges.size() - 1);
    }
    choose_sources(graph);
    for (auto& edge : graph.edges) {
        edge.on_cycle = reachable(graph, edge.to)[edge.from];
        double arriving = 0;
        bool known = edge.items_per_s.has_value();
        for (const auto in : graph.roles[edge.from].in) {
            known = known && graph.edges[in].items_per_s;
            arriving += graph.edges[in].items_per_s.value_or(0);
        }
        if (known && arriving > 0) edge.share = *edge.items_per_s / arriving;
    }
    return graph;
}

}  // namespace weir::tool
