// SPDX-License-Identifier: MIT
#pragma once

#include <weir/plan.hpp>

#include <optional>
#include <string>
#include <vector>

namespace weir::tool {

/// What two plans for one machine do with a role or an edge; empty where a plan does not have it.
struct role_pair {
    std::string name;
    std::optional<planned_role> first;
    std::optional<planned_role> second;

    [[nodiscard]] bool has_moved() const;       ///< to other PUs, or only one plan has it
    [[nodiscard]] bool asks_otherwise() const;  ///< its hints differ
};
struct edge_pair {
    std::string name;
    std::optional<planned_edge> first;
    std::optional<planned_edge> second;
};

struct plan_diff {
    std::string first_name;
    std::string second_name;
    placement_plan first;
    placement_plan second;
    std::vector<role_pair> roles;  ///< of the first plan, then those that only the second has
    std::vector<edge_pair> edges;

    /// Whether both plans put the same roles on the same PUs.
    [[nodiscard]] bool same_places() const;
};

[[nodiscard]] plan_diff compare_plans(const std::string& first, const std::string& second, const topology& machine);

[[nodiscard]] std::string diff_as_text(const plan_diff& found, const topology& machine);
[[nodiscard]] std::string diff_as_json(const plan_diff& found);

}  // namespace weir::tool
