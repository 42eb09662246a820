// SPDX-License-Identifier: MIT
// The section on the cost of passing an item from one PU to another.
#include "tools/common/words.hpp"
#include "tools/matrix/pair_plan.hpp"
#include "tools/matrix/view.hpp"
#include "tools/report/html.hpp"
#include "tools/report/report.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace weir::tool::report {
namespace {

std::vector<fact> matrix_facts(const part& of) {
    const auto matrix = matrix_from_json(of.content);
    const auto less = [](const pair_cost& a, const pair_cost& b) { return a.one_way_ns.p50 < b.one_way_ns.p50; };
    if (matrix.pairs.empty()) return {};
    const auto [least, most] = std::minmax_element(matrix.pairs.begin(), matrix.pairs.end(), less);
    std::vector<fact> all{
        {ns_in_words(least->one_way_ns.p50),
         fmt::format("one way between the nearest two PUs, {} to {}, median", least->from, least->to)}};
    if (matrix.classes.size() > 1)
        all.push_back({ns_in_words(most->one_way_ns.p50), fmt::format("between the farthest two, {} to {} ({})",
                                                                      most->from, most->to, in_words(most->kind))});
    return all;
}

std::string class_table(const matrix_data& matrix) {
    html_table table({"from one PU to another", ">one way, median", ">p99", ">p99.9", ">half a line trip", ">M items/s",
                      ">of the floor", ">pairs", ">rounds kept"});
    for (const auto& of : matrix.classes) {
        const auto noise = noise_of(matrix, of);
        table.row({with_note(in_words(of.kind), noise.steady ? "" : "unsteady: a rough guess"),
                   with_note(ns_in_words(of.one_way_ns.p50),
                             fmt::format("{}–{}", ns_in_words(noise.q1_ns), ns_in_words(noise.q3_ns))),
                   ns_in_words(of.one_way_ns.p99), ns_in_words(of.one_way_ns.p99_9), ns_in_words(noise.half_line_ns),
                   fmt::format("{:.3g}", of.items_per_s / 1e6), fmt::format("{:.2g}", noise.of_stream),
                   fmt::format("{}", of.pairs_measured),
                   fmt::format("{} of {}", noise.rounds, noise.rounds + noise.dropped)});
    }
    return table.str();
}

std::string caption(const matrix_data& matrix) {
    const auto count = [&](auto which) { return std::count_if(matrix.pairs.begin(), matrix.pairs.end(), which); };
    const auto halved = count([](const auto& pair) { return pair.measured && !pair.from_clocks; });
    return fmt::format(
        "One way in ns, median, weir::spsc_ring; {} of {} pairs were measured. Striped: not measured, the figure is that of its "
        "class; or unsteady in every round.{}",
        count([](const auto& pair) { return pair.measured; }), matrix.pairs.size(),
        halved == 0
            ? ""
            : fmt::format(" For {} pairs it is half a round trip, because their clocks are not comparable.", halved));
}

void add_matrix(html_page& page, const contents&, const part& of) {
    const auto matrix = matrix_from_json(of.content);
    page.paragraph(
        "Each figure is shown with two hardware floors: half the round trip of a cache line, which no queue can "
        "beat by much, and the throughput of a plain buffer of 8-byte words, of which the ring's share is given. "
        "Rounds in which the floors before and after differed by more than a quarter were dropped.");
    page.add(class_table(matrix));
    if (matrix.pus.size() > most_pus_with_all_pairs) {
        page.paragraph(fmt::format("A map of {} PUs would be of no use: it is drawn for up to {}.", matrix.pus.size(),
                                   most_pus_with_all_pairs));
        return;
    }
    auto map = matrix_in_page(matrix);
    if (needs_width(matrix))
        map = "<div class=\"scroll\"><div style=\"min-width:42rem;max-width:60rem\">" + map + "</div></div>";
    page.pictures({{.id = "heat-map",
                    .title = "One way, from the row's PU to the column's",
                    .caption = caption(matrix),
                    .script = {},
                    .drawn = map,
                    .wide = needs_width(matrix)}});
}

}  // namespace

const section matrix_section{matrix_facts, add_matrix};

}  // namespace weir::tool::report
