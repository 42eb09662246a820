// SPDX-License-Identifier: MIT
//
// HdrHistogram's text format, which its plotters (hdrhistogram.github.io/HdrHistogram/plotFiles.html) read.
#pragma once

#include <string>
#include <vector>

#include <weir/histogram.hpp>

#include "bench/report/summary.hpp"

namespace bench {

/// Percentile distribution, values in microseconds: the unit that the plotters' axis expects by default.
std::string hgrm_text(const weir::histogram& latencies_ns);

/// Makes the folder and checks that it can be written; nothing for an empty name. Throws std::runtime_error with a
/// sentence.
void prepare_hgrm_folder(const std::string& folder);

/// One file per latency scenario and queue; nothing for an empty name.
void write_hgrm_files(const std::string& folder, const std::vector<scenario_summary>& scenarios);

}  // namespace bench
