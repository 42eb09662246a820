// SPDX-License-Identifier: MIT
#include "tools/matrix/view.hpp"

#include "tools/common/text_table.hpp"
#include "tools/common/words.hpp"
#include "tools/matrix/pair_plan.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <map>

#include "instruments/statistics.hpp"

namespace weir::tool {
namespace {

std::string ns(double value) { return value < 99.5 ? fmt::format("{:.3g}", value) : fmt::format("{:.0f}", value); }

// Two tables of at most 100 columns each, since one would be too wide for a terminal.
std::string class_tables(const matrix_data& matrix) {
    std::vector<table_line> latency{{"one way, from one PU to another", "p50", "q1..q3", "p99", "p99.9", "line/2"}};
    std::vector<table_line> rest{{"", "M/s", "of floor", "pairs", "kept/dropped", "switched", "moved"}};
    for (const auto& of : matrix.classes) {
        const auto noise = noise_of(matrix, of);
        const auto name = (noise.steady ? "" : "~") + in_words(of.kind);
        latency.push_back({name, ns_in_words(of.one_way_ns.p50),
                           ns_in_words(noise.q1_ns) + ".." + ns_in_words(noise.q3_ns), ns_in_words(of.one_way_ns.p99),
                           ns_in_words(of.one_way_ns.p99_9), ns_in_words(noise.half_line_ns)});
        rest.push_back({name, fmt::format("{:.3g}", of.items_per_s / 1e6), fmt::format("{:.2g}", noise.of_stream),
                        fmt::format("{}", of.pairs_measured), fmt::format("{}/{}", noise.rounds, noise.dropped),
                        fmt::format("{}", noise.involuntary_switches), fmt::format("{}", noise.migrations)});
    }
    std::vector<side> sides(7, side::right);
    sides.front() = side::left;
    return aligned(latency, sides) + "\n" + aligned(rest, sides) +
           "  line/2: half a cache line's round trip, the floor; of floor: share of a plain buffer's throughput\n";
}

// "71"; "(71)" if the pair was not measured; "~71" if it was never steady.
std::string cell_text(const pair_cost* pair) {
    if (pair == nullptr) return "?";
    const auto figure = ns(pair->one_way_ns.p50);
    return !pair->measured ? "(" + figure + ")" : pair->steady ? figure : "~" + figure;
}

std::string coloured(const std::string& text, rgb back) {
    const int front = is_dark(back) ? 255 : 0;
    return fmt::format("\033[48;2;{};{};{};38;2;{};{};{}m{}\033[0m", back.red, back.green, back.blue, front, front,
                       front, text);
}

std::string heat_map(const matrix_data& matrix, const view_settings& settings) {
    if (matrix.pus.size() > most_pus_with_all_pairs)
        return fmt::format("  a map of {} PUs would be of no use: name up to {} with --pus\n", matrix.pus.size(),
                           most_pus_with_all_pairs);
    const auto grid = grid_of(matrix);
    std::size_t widest = 1;
    for (const auto& row : grid)
        for (const auto* pair : row) widest = std::max(widest, cell_text(pair).size());
    const std::size_t label_width = 8;
    const bool numbers = settings.columns == 0 || label_width + matrix.pus.size() * (widest + 2) <= settings.columns;
    const std::size_t width = numbers ? widest + 2 : 2;
    if (settings.columns != 0 && label_width + matrix.pus.size() * width > settings.columns)
        return fmt::format("  a map of {} PUs does not fit into {} columns: write one with --svg FILE\n",
                           matrix.pus.size(), settings.columns);

    const auto scale = scale_of(matrix);
    std::string text = fmt::format("  {:>5} ", "");
    for (const unsigned to : matrix.pus) text += numbers ? fmt::format("{:>{}}", to, width) : "  ";
    text += "\n";
    for (std::size_t row = 0; row != grid.size(); ++row) {
        text += fmt::format("  {:>5} ", matrix.pus[row]);
        for (std::size_t column = 0; column != grid.size(); ++column) {
            const auto* const pair = grid[row][column];
            const auto figure = row == column ? "-" : cell_text(pair);
            const auto cell = numbers ? fmt::format("{:>{}}", figure, width) : std::string("  ");
            text +=
                settings.colour && pair != nullptr ? coloured(cell, shade(scale.share(pair->one_way_ns.p50))) : cell;
        }
        text += "\n";
    }
    if (settings.colour) {
        text += fmt::format("  {:>5} ", "ns");
        for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0})
            text += coloured(fmt::format(" {} ", ns(scale.value_at(share))), shade(share));
        text += "\n";
    }
    return text;
}

}  // namespace

class_noise noise_of(const matrix_data& matrix, const class_cost& of) {
    class_noise sum;
    std::vector<double> q1, q3, line, stream;
    for (const auto& pair : matrix.pairs) {
        if (pair.kind != of.kind || !pair.measured) continue;
        q1.push_back(pair.q1_ns);
        q3.push_back(pair.q3_ns);
        line.push_back(pair.line_roundtrip_ns / 2);
        stream.push_back(pair.stream_words_per_s > 0 ? pair.items_per_s / pair.stream_words_per_s : 0);
        sum.rounds += pair.rounds;
        sum.dropped += pair.dropped;
        sum.involuntary_switches += pair.involuntary_switches;
        sum.migrations += pair.migrations;
        sum.steady &= pair.steady;
    }
    sum.q1_ns = bench::median(q1);
    sum.q3_ns = bench::median(q3);
    sum.half_line_ns = bench::median(line);
    sum.of_stream = bench::median(stream);
    return sum;
}

pair_grid grid_of(const matrix_data& matrix) {
    std::map<unsigned, std::size_t> place;
    for (std::size_t i = 0; i != matrix.pus.size(); ++i) place[matrix.pus[i]] = i;
    pair_grid grid(matrix.pus.size(), std::vector<const pair_cost*>(matrix.pus.size()));
    for (const auto& pair : matrix.pairs)
        if (place.contains(pair.from) && place.contains(pair.to)) grid[place[pair.from]][place[pair.to]] = &pair;
    return grid;
}

log_scale scale_of(const matrix_data& matrix) {
    double least = 1e18;
    double most = 1;
    for (const auto& pair : matrix.pairs) {
        least = std::min(least, std::max(pair.one_way_ns.p50, 1.0));
        most = std::max(most, pair.one_way_ns.p50);
    }
    least = std::min(least, most);
    return {least, std::max(most, 2 * least)};  // otherwise mere noise would show as contrast
}

std::string pair_in_words(const pair_cost& pair) {
    return fmt::format("{} ns (p99 {}, p99.9 {}), {:.3g} M items/s, {}, {}", ns(pair.one_way_ns.p50),
                       ns(pair.one_way_ns.p99), ns(pair.one_way_ns.p99_9), pair.items_per_s / 1e6, in_words(pair.kind),
                       !pair.measured ? std::string("not measured: figure of its class")
                       : pair.steady  ? fmt::format("{} rounds", pair.rounds)
                                      : fmt::format("unsteady in all {} rounds", pair.dropped));
}

std::string matrix_as_text(const matrix_data& matrix, const view_settings& settings) {
    const auto counts = [&](auto which) { return std::count_if(matrix.pairs.begin(), matrix.pairs.end(), which); };
    const auto measured = counts([](const auto& pair) { return pair.measured; });
    const auto unsteady = counts([](const auto& pair) { return pair.measured && !pair.steady; });
    const auto halved = counts([](const auto& pair) { return pair.measured && !pair.from_clocks; });

    auto text = fmt::format("{}{}, {} PUs: {} of {} pairs measured\n\n", matrix.machine.cpu_model,
                            matrix.machine.hypervisor.empty() ? "" : " under " + matrix.machine.hypervisor,
                            matrix.pus.size(), measured, matrix.pairs.size());
    text += class_tables(matrix) + "\n";
    text += "  one way, p50 in ns, from the row's PU to the column's\n" + heat_map(matrix, settings) + "\n";
    text +=
        halved == measured ? "  One way is half a round trip, because the clocks of two PUs are not comparable here.\n"
        : halved != 0
            ? fmt::format("  For {} pairs, one way is half a round trip, because their clocks are not comparable.\n",
                          halved)
            : "";
    if (measured != static_cast<std::ptrdiff_t>(matrix.pairs.size()))
        text += "  (n): not measured, figure of its class; --full measures every pair.\n";
    if (unsteady != 0)
        text += "  ~n: a rough estimate; in every round the floors before and after differed by more than a quarter.\n";
    return text;
}

}  // namespace weir::tool
