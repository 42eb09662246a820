// SPDX-License-Identifier: MIT
#include "bench/report/hgrm.hpp"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fmt/core.h>

#include "src/replace_file.hpp"

namespace bench {
namespace {

constexpr double ns_per_us = 1000.0;

std::string file_name(const std::string& scenario, const std::string& queue) {
    std::string name = scenario + "-" + queue + ".hgrm";
    for (char& c : name) {
        if (!(('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || c == '.' || c == '_')) {
            c = '-';
        }
    }
    return name;
}

double standard_deviation(const weir::histogram& values) {
    double squares = 0.0;
    values.for_each_bucket([&](const weir::histogram::bucket& bucket) {
        const double middle = (static_cast<double>(bucket.lowest) + static_cast<double>(bucket.highest)) / 2.0;
        squares += (middle - values.mean()) * (middle - values.mean()) * static_cast<double>(bucket.count);
    });
    return values.count() == 0 ? 0.0 : std::sqrt(squares / static_cast<double>(values.count()));
}

}  // namespace

std::string hgrm_text(const weir::histogram& latencies_ns) {
    std::string text =
        fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    const auto total = static_cast<double>(latencies_ns.count());
    double seen = 0.0;
    latencies_ns.for_each_bucket([&](const weir::histogram::bucket& bucket) {
        seen += static_cast<double>(bucket.count);
        const double highest = static_cast<double>(std::min(bucket.highest, latencies_ns.max()));
        const double percentile = seen / total;
        text += fmt::format("{:>12.3f} {:>14.12f} {:>10.0f}", highest / ns_per_us, percentile, seen);
        if (seen < total) {
            text += fmt::format(" {:>14.2f}", 1.0 / (1.0 - percentile));
        }
        text += '\n';
    });
    text += fmt::format("#[Mean    = {:>12.3f}, StdDeviation   = {:>12.3f}]\n", latencies_ns.mean() / ns_per_us,
                        standard_deviation(latencies_ns) / ns_per_us);
    text += fmt::format("#[Max     = {:>12.3f}, Total count    = {:>12}]\n",
                        static_cast<double>(latencies_ns.max()) / ns_per_us, latencies_ns.count());
    text += fmt::format("#[Values in microseconds, {} bytes of buckets]\n", latencies_ns.bytes());
    return text;
}

void prepare_hgrm_folder(const std::string& folder) {
    if (folder.empty()) {
        return;
    }
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    const auto probe = std::filesystem::path{folder} / ".weir-bench";
    errno = 0;
    if (error || !std::ofstream{probe}) {
        throw std::runtime_error{fmt::format("--hgrm {}: cannot be written ({}); give a folder that you may write to",
                                             folder, error ? error.message() : std::strerror(errno))};
    }
    std::filesystem::remove(probe, error);
}

void write_hgrm_files(const std::string& folder, const std::vector<scenario_summary>& scenarios) {
    if (folder.empty()) {
        return;
    }
    for (const auto& scenario : scenarios) {
        for (const auto& row : scenario.rows) {
            if (row.latencies_ns && row.latencies_ns->count() != 0) {
                const auto path = std::filesystem::path{folder} / file_name(scenario.name, row.queue);
                const int failure = weir::replace_file(path.string(), hgrm_text(*row.latencies_ns));
                if (failure != 0) {
                    throw std::runtime_error{
                        fmt::format("{}: cannot be written ({}); free some space, or give another "
                                    "folder",
                                    path.string(), std::strerror(failure))};
                }
            }
        }
    }
}

}  // namespace bench
