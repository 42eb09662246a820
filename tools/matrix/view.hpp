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
    std::size_t columns = 0;  ///< of the terminal; 0: as wide as it gets
};

/// The classes with their noise, then the heat map: rows hand to columns, p50 of one way in ns. In colour a matrix too
/// wide for the terminal has blocks in place of numbers, and if it is still too wide it is left out, which is said.
[[nodiscard]] std::string matrix_as_text(const matrix_data& matrix, const view_settings& settings);

/// A heat map with its legend, every figure of a pair under the pointer.
[[nodiscard]] std::string matrix_as_svg(const matrix_data& matrix);

/// The map and its legend alone, for an html_page: 370 units wide, or, of a machine that needs_width(), 740.
[[nodiscard]] std::string matrix_in_page(const matrix_data& matrix);
[[nodiscard]] bool needs_width(const matrix_data& matrix);

/// What stands beside a class: of its measured pairs, medians for floors and quartiles, sums for what went wrong.
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

/// Row by row, in the order of matrix.pus; null where there is no such pair.
using pair_grid = std::vector<std::vector<const pair_cost*>>;
[[nodiscard]] pair_grid grid_of(const matrix_data& matrix);

/// From the least p50 to the most, and at least to twice the least.
[[nodiscard]] log_scale scale_of(const matrix_data& matrix);

/// "71 ns (p99 90, p99.9 400), same-l3, 21 rounds"
[[nodiscard]] std::string pair_in_words(const pair_cost& pair);

}  // namespace weir::tool
