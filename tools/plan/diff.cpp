// SPDX-License-Identifier: MIT
#include "tools/plan/diff.hpp"

#include "src/json_text.hpp"
#include "src/plain_text.hpp"
#include "tools/common/text_table.hpp"
#include "tools/common/words.hpp"
#include "tools/plan/text.hpp"

#include <weir/version.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace weir::tool {
namespace {

using json = nlohmann::ordered_json;

// Joins the rows of both plans that have one name.
template <class Pair, class Row, class Name>
std::vector<Pair> joined(const std::vector<Row>& first, const std::vector<Row>& second, Name name) {
    std::vector<Pair> all;
    for (const auto& row : first) all.push_back({name(row), row, std::nullopt});
    for (const auto& row : second) {
        const auto known =
            std::find_if(all.begin(), all.end(), [&](const Pair& pair) { return pair.name == name(row); });
        if (known == all.end())
            all.push_back({name(row), std::nullopt, row});
        else
            known->second = row;
    }
    return all;
}

std::string place(const std::optional<planned_role>& role, const topology& machine) {
    if (!role) return "-";
    const auto pus = places_of(*role);
    return pus.size() == 1 ? fmt::format("PU {} (core:{})", role->pu, machine.pu(role->pu).core)
                           : "PUs " + pus.to_string();
}

std::string what_changed(const role_pair& row) {
    if (!row.first) return "only in the second";
    if (!row.second) return "only in the first";
    std::string words = row.has_moved() ? "moved" : "";
    if (row.asks_otherwise())
        words += fmt::format("{}asks for '{}' instead of '{}'", words.empty() ? "" : ", ", hints_of(row.second->asked),
                             hints_of(row.first->asked));
    return words;
}

std::string over(const std::optional<planned_edge>& edge) {
    return edge ? std::string(to_string(edge->distance)) : "-";
}
std::string costs(const std::optional<planned_edge>& edge) { return edge ? ns_of(cost_of(*edge)) : "-"; }

std::string role_table(const plan_diff& found, const topology& machine) {
    std::vector<table_line> lines{{"role", "first", "second", ""}};
    for (const auto& row : found.roles)
        lines.push_back({row.name, place(row.first, machine), place(row.second, machine), what_changed(row)});
    return aligned(lines);
}

std::string edge_table(const plan_diff& found) {
    std::vector<table_line> lines{{"edge", "first over", "costs", "second over", "costs", "more"}};
    for (const auto& row : found.edges)
        lines.push_back({row.name, over(row.first), costs(row.first), over(row.second), costs(row.second),
                         row.first && row.second ? signed_ns(cost_of(*row.second) - cost_of(*row.first)) : "-"});
    return aligned(lines, {side::left, side::left, side::right, side::left, side::right, side::right});
}

json pu_or_null(const std::optional<planned_role>& role) { return role ? json(role->pu) : json(nullptr); }

json edge_or_null(const std::optional<planned_edge>& edge) {
    if (!edge) return nullptr;
    return {{"distance", to_string(edge->distance)}, {"cost_ns", cost_of(*edge)}};
}

}  // namespace

bool role_pair::has_moved() const { return !first || !second || places_of(*first) != places_of(*second); }

bool role_pair::asks_otherwise() const { return first && second && hints_of(first->asked) != hints_of(second->asked); }

bool plan_diff::same_places() const {
    return std::none_of(roles.begin(), roles.end(), [](const role_pair& row) { return row.has_moved(); });
}

plan_diff compare_plans(const std::string& first, const std::string& second, const topology& machine) {
    plan_diff found{first, second, placement_plan::load(first, machine), placement_plan::load(second, machine), {}, {}};
    found.roles = joined<role_pair>(found.first.roles, found.second.roles,
                                    [](const planned_role& role) { return role.asked.name; });
    found.edges = joined<edge_pair>(found.first.edges, found.second.edges,
                                    [](const planned_edge& edge) { return edge.asked.name(); });
    return found;
}

std::string diff_as_text(const plan_diff& found, const topology& machine) {
    const auto moved =
        std::count_if(found.roles.begin(), found.roles.end(), [](const role_pair& row) { return row.has_moved(); });
    std::string text = fmt::format("first   {}\nsecond  {}\n\n{}", printable(found.first_name),
                                   printable(found.second_name), role_table(found, machine));
    if (!found.edges.empty()) text += "\n" + edge_table(found);
    text += fmt::format("\n  first   {}\n  second  {}\n", wrapped(cost_sentence(found.first.cost), 10, 12),
                        wrapped(cost_sentence(found.second.cost), 10, 12));
    return text + (moved == 0
                       ? "  both plans have the same places\n"
                       : fmt::format("  {} of {} roles have another place, {} in cost\n", moved, found.roles.size(),
                                     signed_ns(found.second.cost.total() - found.first.cost.total())));
}

std::string diff_as_json(const plan_diff& found) {
    json all{{"schema_version", 1},
             {"kind", "weir plan diff"},
             {"weir_version", WEIR_VERSION_STRING},
             {"machine", {{"fingerprint", found.first.fingerprint}, {"summary", found.first.machine}}},
             {"files", {found.first_name, found.second_name}},
             {"same_places", found.same_places()},
             {"roles", json::array()},
             {"edges", json::array()},
             {"cost_ns", {{"first", found.first.cost.total()}, {"second", found.second.cost.total()}}}};
    for (const auto& row : found.roles)
        all["roles"].push_back({{"name", row.name},
                                {"first_pu", pu_or_null(row.first)},
                                {"second_pu", pu_or_null(row.second)},
                                {"moved", row.has_moved()},
                                {"asks_otherwise", row.asks_otherwise()}});
    for (const auto& row : found.edges)
        all["edges"].push_back(
            {{"name", row.name}, {"first", edge_or_null(row.first)}, {"second", edge_or_null(row.second)}});
    return json_text(all);
}

}  // namespace weir::tool
