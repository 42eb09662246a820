// SPDX-License-Identifier: MIT
#pragma once

#include "tools/common/matrix_data.hpp"
#include "tools/common/shade.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace weir::tool {

struct view_settings {
    bool colour = false;
    std::size_t columns = 0;  ///< of the terminal; 0: unlimited
};

/// The table of classes, then the heat map: p50 of one way in ns, from the row's PU to the column's. If the map is
/// too wide for a terminal with colours, it has blocks instead of numbers; if it is still too wide it is replaced by
/// a note.
[[nodiscard]] std::string matrix_as_text(const matrix_data& matrix, const view_settings& settings);

/// A heat map with its legend and a tooltip with the figures of each pair.
[[nodiscard]] std::string matrix_as_svg(const matrix_data& matrix);

/// The map and legend alone, for an html_page: 370 units wide, or 740 if needs_width() says so.
[[nodiscard]] std::string matrix_in_page(const matrix_data& matrix);
[[nodiscard]] bool needs_width(const matrix_data& matrix);

/// Measurement quality of a class, over its measured pairs: medians of floors and quartiles, sums of disturbances.
struct class_noise {
    double q1_ns = 0;
    double q3_ns = 0;
    double half_line_ns = 0;
    double of_stream = 0;
    unsigned rounds = 0;
    unsigned dropped = 0;
    unsigned involuntary_switches = 0;
    unsigned migrations = 0;
    bool steady = true;
};
[[nodiscard]] class_noise noise_of(const matrix_data& matrix, const class_cost& of);

/// Row by row, in the order of matrix.pus; null if there is no such pair.
using pair_grid = std::vector<std::vector<const pair_cost*>>;
[[nodiscard]] pair_grid grid_of(const matrix_data& matrix);

/// From the least p50 to the greatest, but at least to twice the least.
[[nodiscard]] log_scale scale_of(const matrix_data& matrix);

/// "71 ns (p99 90, p99.9 400), same-l3, 21 rounds"
[[nodiscard]] std::string pair_in_words(const pair_cost& pair);

}  // namespace weir::tool
