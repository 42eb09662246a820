// SPDX-License-Identifier: MIT
#include "tools/matrix/view.hpp"

#include "tools/common/svg.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace weir::tool {
namespace {

constexpr double margin = 24;
constexpr double labels = 48;  // row and column numbers
constexpr double title_height = 72;
constexpr double legend_height = 84;
constexpr std::size_t most_with_tooltips = 96;  // with more, browsers become slow

double cell_size(std::size_t pus, double grid) {
    return std::clamp(grid / static_cast<double>(std::max<std::size_t>(pus, 1)), 5.0, 72.0);
}

void draw_cells(svg_page& page, const matrix_data& matrix, const log_scale& scale, double cell, double left,
                double top) {
    const auto grid = grid_of(matrix);
    const double gap = cell >= 12 ? 1 : 0;
    for (std::size_t row = 0; row != matrix.pus.size(); ++row)
        for (std::size_t column = 0; column != matrix.pus.size(); ++column) {
            const double x = left + static_cast<double>(column) * cell;
            const double y = top + static_cast<double>(row) * cell;
            const auto from = matrix.pus[row];
            const auto to = matrix.pus[column];
            const auto* const pair = grid[row][column];
            if (pair == nullptr) {
                page.rectangle(x, y, cell - gap, cell - gap, from == to ? page.grid_ink() : "#cccccc");
                continue;
            }
            const auto colour = shade(scale.share(pair->one_way_ns.p50));
            const auto tooltip = matrix.pus.size() <= most_with_tooltips
                                     ? fmt::format("PU {} to PU {}: {}", from, to, pair_in_words(*pair))
                                     : std::string();
            page.rectangle(x, y, cell - gap, cell - gap, hex(colour), tooltip, !pair->measured || !pair->steady);
            if (cell >= 28)
                page.text(x + cell / 2, y + cell / 2 + 4, std::min(13.0, cell / 2.6),
                          fmt::format("{:.0f}", pair->one_way_ns.p50), text_anchor::middle,
                          is_dark(colour) ? "#ffffff" : "#222222");
        }
}

// Labels rows and columns with PU numbers; if they are too close together, only every second, fourth, ...
void draw_numbers(svg_page& page, const matrix_data& matrix, double cell, double left, double top) {
    std::size_t step = 1;
    while (static_cast<double>(step) * cell < 24) step *= 2;
    for (std::size_t i = 0; i < matrix.pus.size(); i += step) {
        const auto number = fmt::format("{}", matrix.pus[i]);
        const double middle = (static_cast<double>(i) + 0.5) * cell;
        page.text(left - 6, top + middle + 4, 11, number, text_anchor::end);
        page.text(left + middle, top - 6, 11, number, text_anchor::middle);
    }
}

void draw_legend(svg_page& page, const log_scale& scale, double left, double top, double width) {
    constexpr int steps = 64;
    constexpr int ticks = 4;
    for (int i = 0; i != steps; ++i)
        page.rectangle(left + width * i / steps, top, width / steps + 0.5, 14, hex(shade((i + 0.5) / steps)));
    for (int i = 0; i <= ticks; ++i) {
        const double share = static_cast<double>(i) / ticks;
        page.line(left + width * share, top + 14, left + width * share, top + 18);
        page.text(left + width * share, top + 31, 11, fmt::format("{:.0f} ns", scale.value_at(share)),
                  i == 0       ? text_anchor::start
                  : i == ticks ? text_anchor::end
                               : text_anchor::middle);
    }
}

// The heat map with axis titles and legend; (left, top) is the corner of its first cell.
void draw_map(svg_page& page, const matrix_data& matrix, double cell, double left, double top, double legend_width) {
    const auto scale = scale_of(matrix);
    page.text(left, top - 24, 11, "to PU", text_anchor::start, page.faint_ink());
    page.text(left - 6, top - 24, 11, "from PU", text_anchor::end, page.faint_ink());
    draw_cells(page, matrix, scale, cell, left, top);
    draw_numbers(page, matrix, cell, left, top);
    draw_legend(page, scale, left, top + cell * static_cast<double>(matrix.pus.size()) + 28, legend_width);
}

}  // namespace

std::string matrix_as_svg(const matrix_data& matrix) {
    const double cell = cell_size(matrix.pus.size(), 640);
    const double grid = cell * static_cast<double>(matrix.pus.size());
    const double left = margin + labels;
    const double top = title_height + labels;
    const double width = std::max(left + grid + margin, 560.0);
    const double height = top + grid + legend_height + margin;

    svg_page page(width, height, "weir matrix: cost of passing an item from one PU to another");
    page.text(margin, 28, 17, "From one PU to another: one way, p50");
    page.text(margin, 48, 12,
              matrix.machine.cpu_model +
                  (matrix.machine.hypervisor.empty() ? "" : " under " + matrix.machine.hypervisor) +
                  ", weir::spsc_ring, from the row's PU to the column's",
              text_anchor::start, page.faint_ink());
    page.text(margin, 64, 12, "striped: not measured and taken from its class, or unsteady in every round",
              text_anchor::start, page.faint_ink());
    draw_map(page, matrix, cell, left, top, std::max(grid, 320.0));
    return page.str();
}

std::string matrix_in_page(const matrix_data& matrix) {
    const bool many = needs_width(matrix);
    const double cell = cell_size(matrix.pus.size(), many ? 680 : 290);
    const double grid = cell * static_cast<double>(matrix.pus.size());
    constexpr double top = 40;
    constexpr double left = labels + 4;
    const double width = std::max(left + grid + 8, 370.0);
    svg_page page(width, top + grid + 64, "Heat map: one way from each PU to each other", svg_place::html_page);
    draw_map(page, matrix, cell, left, top, std::max(grid, width - left - 8));
    return page.str();
}

bool needs_width(const matrix_data& matrix) { return matrix.pus.size() > 24; }

}  // namespace weir::tool
