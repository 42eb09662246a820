// SPDX-License-Identifier: MIT
#include "tools/common/text_table.hpp"
#include "tools/pressure/pressure.hpp"

#include <fmt/format.h>
#include <utility>

namespace weir::tool::pressure {
namespace {

std::string measured(const outcome& seen, std::string_view key, const char* otherwise = "-") {
    const auto value = seen.find(key);
    return value ? with_unit(key, *value) : otherwise;
}

std::string overview(const std::vector<outcome>& all) {
    std::vector<table_line> lines{
        {"policy", "lost", "sojourn p50", "p99", "last arrival", "recovery", "source", "sink", "memory", "ledger"}};
    for (const auto& seen : all)
        lines.push_back({seen.policy, measured(seen, "loss_share"), measured(seen, "sojourn_p50_ms"),
                         measured(seen, "sojourn_p99_ms"), measured(seen, "last_arrival_delay_s"),
                         measured(seen, "recovery_s", "not recovered"), measured(seen, "source_per_s"),
                         measured(seen, "sink_per_s"), measured(seen, "memory_growth_bytes"),
                         seen.exact ? "exact" : "WRONG"});
    return aligned(lines);
}

std::string comparisons(const conditions& c, const std::vector<outcome>& all) {
    std::vector<table_line> lines{{"policy", "figure", "predicted", "measured", "", "formula"}};
    std::size_t met = 0;
    std::string notes;
    for (const auto& seen : all) {
        const auto expected = predict(c, seen.policy);
        std::string name = seen.policy;
        for (const auto& p : expected.figures) {
            const auto value = seen.find(p.key);
            const bool is = value && is_met(p, *value);
            met += is ? 1 : 0;
            lines.push_back({std::exchange(name, ""), std::string(title_of(p.key)),
                             (p.is == relation::at_most ? "<= " : "") + with_unit(p.key, p.value),
                             value ? with_unit(p.key, *value) : "-",
                             is      ? "ok"
                             : value ? "OFF"
                                     : "",
                             p.formula});
        }
        if (!expected.note.empty()) notes += fmt::format("  {}: {}\n", seen.policy, expected.note);
    }
    const std::size_t figures = lines.size() - 1;
    std::string text;
    if (figures != 0)
        text += "\n" + aligned(lines) +
                fmt::format("\n  {} of {} figures are within 10 % of the prediction or bound\n", met, figures);
    return text + (notes.empty() ? "" : "\n" + notes);
}

}  // namespace

std::string as_table(const conditions& c, const std::vector<outcome>& all) {
    std::string text =
        fmt::format("source {} (C) for {:g} s, {} (L) for {:g} s, then {} again; sink {} (M); {} slots (N)\n\n",
                    with_unit("_per_s", c.calm_per_s), c.calm_s, with_unit("_per_s", c.burst_per_s), c.burst_s,
                    with_unit("_per_s", c.calm_per_s), with_unit("_per_s", c.sink_per_s), c.capacity);
    text += overview(all) + comparisons(c, all);
    for (const auto& seen : all)
        if (!seen.not_held.empty()) text += "\n  " + seen.not_held + "\n";
    return text;
}

}  // namespace weir::tool::pressure
