// SPDX-License-Identifier: MIT
// What `weir run` prints, as text and as JSON (schema 1).
#include "src/json_text.hpp"
#include "tools/common/text_table.hpp"
#include "tools/common/words.hpp"
#include "tools/run/data.hpp"

#include <weir/version.hpp>

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace weir::tool {
namespace {

using json = nlohmann::ordered_json;

std::string with_quartiles(const spread& s) {
    return fmt::format("{} ({}-{})", ns_in_words(s.median), ns_in_words(s.q1), ns_in_words(s.q3));
}

std::string places(const run_data& found, const run_layout& layout) {
    if (!layout.is_pinned()) return "not pinned";
    std::string text;
    for (std::size_t i = 0; i != layout.pus.size(); ++i)
        text += fmt::format("{}{} {}", i == 0 ? "" : ", ", found.plan.roles[i].asked.name, layout.pus[i]);
    return text;
}

std::string layout_table(const run_data& found) {
    std::vector<table_line> lines{{"", "p50", "p99", "delivered", "refused", "switched", "moved", "roles on PUs"}};
    for (const auto& record : found.layouts)
        lines.push_back({record.layout.name, with_quartiles(spread_of(record.p50_ns)),
                         with_quartiles(spread_of(record.p99_ns)),
                         rate_in_words(spread_of(record.delivered_per_s).median), fmt::format("{}", record.refused),
                         fmt::format("{}", record.disturbances.involuntary_switches),
                         fmt::format("{}", record.disturbances.migrations), places(found, record.layout)});
    return aligned(lines, {side::left, side::right, side::right, side::right, side::right, side::right, side::right});
}

std::string comparison_table(const run_data& found) {
    std::vector<table_line> lines;
    for (const auto& one : found.comparisons) {
        const auto count = fmt::format("slower in {} of {} rounds, p = {:.2g}", one.worse, one.rounds, one.p_value);
        lines.push_back({one.other + " / planned", one.figure,
                         fmt::format("{:.3g} ({:.3g}-{:.3g})", one.ratio.median, one.ratio.q1, one.ratio.q3),
                         one.rounds == 0                      ? "nothing to compare: both delivered in no round"
                         : one.says == verdict::no_difference ? "no significant difference (" + count + ")"
                         : one.says == verdict::worse         ? "the plan is better (" + count + ")"
                                                              : "the plan is worse (" + count + ")"});
    }
    return lines.empty() ? "" : aligned(lines);
}

std::string edge_table(const run_data& found) {
    const auto& record = found.planned();
    std::vector<table_line> lines{{"edge", "over", "p50", "planned with", "p99", "planned with"}};
    const bool has_nodes = !record.edge_nodes.empty();
    if (has_nodes) lines.front().insert(lines.front().begin() + 2, "slots");
    for (std::size_t i = 0; i != found.plan.edges.size(); ++i) {
        const auto& edge = found.plan.edges[i];
        lines.push_back({edge.asked.name(), std::string(to_string(edge.distance)),
                         with_quartiles(spread_of(record.edge_p50_ns[i])),
                         fmt::format("{}, {}", ns_in_words(edge.cost.p50_ns), to_string(edge.source)),
                         with_quartiles(spread_of(record.edge_p99_ns[i])), ns_in_words(edge.cost.p99_ns)});
        if (has_nodes) {
            const auto node = record.edge_nodes[i];
            lines.back().insert(lines.back().begin() + 2, node ? fmt::format("node {}", *node) : "?");
        }
    }
    return aligned(lines);
}

std::string floor_table(const run_data& found) {
    std::vector<table_line> lines{{"floors", "half a line trip", "p50 / that", "streaming, M words/s"}};
    for (std::size_t i = 0; i != found.floors.size(); ++i) {
        if (found.floors[i].line_roundtrip_ns.empty()) continue;
        auto half = spread_of(found.floors[i].line_roundtrip_ns);
        half = {half.q1 / 2, half.median / 2, half.q3 / 2};
        const auto stream = spread_of(found.floors[i].stream_words_per_s);
        lines.push_back({found.plan.edges[i].asked.name(), with_quartiles(half),
                         fmt::format("{:.3g}", spread_of(found.planned().edge_p50_ns[i]).median / half.median),
                         fmt::format("{:.3g} ({:.3g}-{:.3g})", stream.median / 1e6, stream.q1 / 1e6, stream.q3 / 1e6)});
    }
    return lines.size() == 1 ? "" : "\n" + aligned(lines, {side::left, side::right, side::right, side::right});
}

json as_json(const spread& s) { return {{"median", s.median}, {"q1", s.q1}, {"q3", s.q3}}; }

json floor_as_json(const edge_floor& floor) {
    if (floor.line_roundtrip_ns.empty()) return nullptr;
    return {{"line_roundtrip_ns", as_json(spread_of(floor.line_roundtrip_ns))},
            {"stream_words_per_s", as_json(spread_of(floor.stream_words_per_s))},
            {"rounds", floor.line_roundtrip_ns.size()}};
}

json as_json(const layout_record& record) {
    return {{"name", record.layout.name},
            {"pinned", record.layout.is_pinned()},
            {"pus", record.layout.pus},
            {"memory_nodes", record.layout.memory},
            {"p50_ns", as_json(spread_of(record.p50_ns))},
            {"p99_ns", as_json(spread_of(record.p99_ns))},
            {"delivered_per_s", as_json(spread_of(record.delivered_per_s))},
            {"refused", record.refused},
            {"involuntary_switches", record.disturbances.involuntary_switches},
            {"migrations", record.disturbances.migrations},
            {"rounds", {{"p50_ns", record.p50_ns}, {"p99_ns", record.p99_ns}}}};
}

const char* to_word(verdict says) {
    switch (says) {
    case verdict::no_difference: return "no significant difference";
    case verdict::worse: return "plan is better";
    case verdict::better: return "plan is worse";
    }
    return "";
}

}  // namespace

std::string run_as_text(const run_data& found) {
    std::string text = fmt::format(
        "{}: {}\n{} rounds of {:.0f} ms for each layout, in shuffled order; medians (quartiles) over rounds\n\n",
        found.file, found.plan.machine, found.rounds, found.sample_s * 1e3);
    text += layout_table(found);
    text += "  (checked: all pinned threads were on their PUs at the start and end of every round)\n\n";
    text += comparison_table(found);
    text +=
        fmt::format("  (ratios within the same round; two-sided paired sign test at {:.0f}%)\n\n", 100 * significance);
    text += edge_table(found) + floor_table(found);
    for (const auto& remark : found.remarks) text += "\n  " + remark;
    if (!found.remarks.empty()) text += "\n";
    if (found.max_p99_ns) {
        const double p99 = found.planned_p99_ns();
        text += fmt::format("\n  p99 of the plan {} {}, the limit is {}: {}\n",
                            std::isinf(p99) ? "(nothing was delivered in the median round)" : ns_in_words(p99),
                            found.is_within_gate() ? "is within" : "is above", ns_in_words(*found.max_p99_ns),
                            found.is_within_gate() ? "passed" : "failed");
    }
    return text;
}

std::string run_as_json(const run_data& found) {
    json all{{"schema_version", 1},
             {"kind", "weir run"},
             {"weir_version", WEIR_VERSION_STRING},
             {"plan", found.file},
             {"machine", {{"fingerprint", found.plan.fingerprint}, {"summary", found.plan.machine}}},
             {"roles", json::array()},
             {"rounds", found.rounds},
             {"sample_ms", found.sample_s * 1e3},
             {"seed", found.seed},
             {"layouts", json::array()},
             {"comparisons", json::array()},
             {"edges", json::array()},
             {"remarks", found.remarks}};
    for (const auto& role : found.plan.roles) all["roles"].push_back(role.asked.name);
    for (const auto& record : found.layouts) all["layouts"].push_back(as_json(record));
    for (const auto& one : found.comparisons)
        all["comparisons"].push_back({{"other", one.other},
                                      {"figure", one.figure},
                                      {"ratio", as_json(one.ratio)},
                                      {"rounds", one.rounds},
                                      {"slower_in", one.worse},
                                      {"sign_test_p", one.p_value},
                                      {"verdict", to_word(one.says)}});
    for (std::size_t i = 0; i != found.plan.edges.size(); ++i) {
        const auto& edge = found.plan.edges[i];
        const auto& nodes = found.planned().edge_nodes;
        all["edges"].push_back({{"from", edge.asked.from},
                                {"to", edge.asked.to},
                                {"memory_node", i < nodes.size() && nodes[i] ? json(*nodes[i]) : json(nullptr)},
                                {"distance", to_string(edge.distance)},
                                {"planned_ns", {{"p50", edge.cost.p50_ns}, {"p99", edge.cost.p99_ns}}},
                                {"source", to_string(edge.source)},
                                {"p50_ns", as_json(spread_of(found.planned().edge_p50_ns[i]))},
                                {"p99_ns", as_json(spread_of(found.planned().edge_p99_ns[i]))},
                                {"floor", i < found.floors.size() ? floor_as_json(found.floors[i]) : json(nullptr)}});
    }
    all["gate"] =
        found.max_p99_ns ? json{{"max_p99_ns", *found.max_p99_ns}, {"passed", found.is_within_gate()}} : json(nullptr);
    return json_text(all);
}

}  // namespace weir::tool
