// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace bench {

/// Draws the pictures of a result file into a folder, as SVG, with gnuplot. Returns the exit code.
int plot_results(const std::string& json_file, const std::string& folder);

}  // namespace bench
