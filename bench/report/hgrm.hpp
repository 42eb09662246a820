// SPDX-License-Identifier: MIT
//
// HdrHistogram's text format, which its plotters (hdrhistogram.github.io/HdrHistogram/plotFiles.html) read.
#pragma once

#include <string>
#include <vector>

#include <weir/histogram.hpp>

#include "bench/report/summary.hpp"

namespace bench {

/// Percentile distribution, values in microseconds: the default unit of the plotters' axis.
std::string hgrm_text(const weir::histogram& latencies_ns);

/// Creates the folder and checks that it is writable; does nothing for an empty name. Throws std::runtime_error with a
/// sentence.
void prepare_hgrm_folder(const std::string& folder);

/// Writes one file per latency scenario and queue; does nothing for an empty name.
void write_hgrm_files(const std::string& folder, const std::vector<scenario_summary>& scenarios);

}  // namespace bench
