// SPDX-License-Identifier: MIT
//
// A weir::histogram in a line for people, and in the text format that Prometheus scrapes (exposition format 0.0.4):
//
//     std::puts(to_text(latency_ns, "ns").c_str());   // 58 values: p50 31 ns, p90 ...
//     reply(weir::to_prometheus({.name = "tick_to_order_seconds", .help = "From the tick to its order."},
//                               {weir::labelled_histogram{{{"venue", "A"}}, &latency_ns}}));   // without labels: {{}, &latency_ns}
//
// One call gives all histograms of a metric: Prometheus wants them side by side.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/metric_text.hpp"
#include "weir/histogram.hpp"

namespace weir {

/// The unit of a histogram's values, as Prometheus is to see them.
enum class exported_unit : unsigned char {
    seconds,  ///< the histogram has nanoseconds, the page seconds: end the name in _seconds
    as_is,    ///< a whole number of anything, bytes for example: end the name in its unit
};

/// How histograms appear on a page: with one, two or four bounds to each doubling, from `from` up to the histogram's highest().
/// Each bound is the last value of one of the histogram's buckets, so the count below it is exact.
struct histogram_metric {
    std::string name;
    std::string help;
    exported_unit unit = exported_unit::seconds;
    std::uint64_t from = 128;        ///< 4 at least; the first bound is 1 below the largest power of two up to this
    unsigned bounds_a_doubling = 2;  ///< 1, 2 or 4
};
/// One histogram of a metric, and the labels that tell it from the others. The histogram is read during the call only, and must
/// not change meanwhile.
struct labelled_histogram {
    std::vector<std::pair<std::string, std::string>> labels;
    const histogram* numbers;
};

namespace detail {

// One below 4/4, 5/4, 6/4 and 7/4 of each power of two, or every second or fourth of these: where a bucket of a histogram of any
// number of digits ends.
inline std::vector<std::uint64_t> histogram_bounds(const histogram_metric& metric, std::uint64_t highest) {
    std::vector<std::uint64_t> bounds;
    const std::uint64_t step = 4 / metric.bounds_a_doubling;
    for (std::uint64_t power = std::bit_floor(metric.from); power != 0; power *= 2) {
        for (std::uint64_t quarter = 0; quarter < 4; quarter += step) {
            const std::uint64_t bound = power + power / 4 * quarter - 1;
            if (bound >= highest) return bounds;
            bounds.push_back(bound);
        }
    }
    return bounds;
}

}  // namespace detail

/// How many values, the percentiles 50, 90, 99 and 99.9, the greatest and the mean, in a line without its end; `unit` stands behind
/// each value. O(buckets).
inline std::string to_text(const histogram& numbers, std::string_view unit = {}) {
    if (numbers.count() == 0) return "no values";
    const std::string behind = unit.empty() ? "" : " " + std::string(unit);
    std::string out = std::to_string(numbers.count()) + (numbers.count() == 1 ? " value:" : " values:");
    constexpr std::pair<const char*, double> shown[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}};
    for (const auto& [name, percent] : shown)
        out += std::string(" ") + name + " " + std::to_string(numbers.percentile(percent)) + behind + ",";
    out += " max " + std::to_string(numbers.max()) + behind + ", mean " + std::to_string(std::llround(numbers.mean())) +
           behind;
    if (numbers.clamped() != 0)
        out += "; " + std::to_string(numbers.clamped()) + " above " + std::to_string(numbers.highest()) + behind;
    return out;
}

/// A histogram metric: cumulative buckets, the last of them +Inf, then sum and count. A value above a histogram's highest() is in
/// +Inf alone. The bounds depend on the metric and on highest() only, so they are the same from one page to the next. Throws
/// std::invalid_argument (aborts where exceptions are off) if `from` is below 4, or bounds_a_doubling is not 1, 2 or 4.
inline std::string to_prometheus(const histogram_metric& metric, std::span<const labelled_histogram> histograms) {
    if (metric.from < 4) {
        detail::reject_argument("a histogram metric with bounds from " + std::to_string(metric.from) +
                                ": below 4 a doubling has no four bounds; give 4 at least");
    }
    if (metric.bounds_a_doubling != 1 && metric.bounds_a_doubling != 2 && metric.bounds_a_doubling != 4) {
        detail::reject_argument("a histogram metric with " + std::to_string(metric.bounds_a_doubling) +
                                " bounds to a doubling: only 1, 2 and 4 fall between the buckets of every histogram");
    }
    const auto as_text = [&](std::uint64_t value) {
        return metric.unit == exported_unit::seconds ? detail::as_seconds(value) : std::to_string(value);
    };
    std::string out =
        "# HELP " + metric.name + " " + detail::escaped_help(metric.help) + "\n# TYPE " + metric.name + " histogram\n";
    for (const labelled_histogram& one : histograms) {
        std::string labels;
        for (const auto& [name, value] : one.labels) {
            labels += (labels.empty() ? "" : ",") + name + "=\"" + detail::escaped(value) + "\"";
        }
        const auto bucket = [&](const std::string& bound, std::uint64_t count) {
            out += metric.name + "_bucket{" + labels + (labels.empty() ? "" : ",") + "le=\"" + bound + "\"} " +
                   std::to_string(count) + "\n";
        };
        const histogram& numbers = *one.numbers;
        const std::vector<std::uint64_t> bounds = detail::histogram_bounds(metric, numbers.highest());
        std::vector<std::uint64_t> counts(bounds.size() +
                                          1);  // of the values above the bound before, and up to this one
        numbers.for_each_bucket([&](const histogram::bucket& b) {
            const auto first = std::lower_bound(bounds.begin(), bounds.end(), b.highest);
            counts[static_cast<std::size_t>(first - bounds.begin())] += b.count;
        });
        std::uint64_t so_far = 0;
        for (std::size_t i = 0; i != bounds.size(); ++i) bucket(as_text(bounds[i]), so_far += counts[i]);
        bucket("+Inf", numbers.count());
        const std::string of_all = labels.empty() ? " " : "{" + labels + "} ";
        const auto sum =
            static_cast<std::uint64_t>(std::llround(numbers.mean() * static_cast<double>(numbers.count())));
        out += metric.name + "_sum" + of_all + as_text(sum) + "\n";
        out += metric.name + "_count" + of_all + std::to_string(numbers.count()) + "\n";
    }
    return out;
}
inline std::string to_prometheus(const histogram_metric& metric, std::initializer_list<labelled_histogram> histograms) {
    return to_prometheus(metric, std::span<const labelled_histogram>(histograms.begin(), histograms.size()));
}
std::string to_prometheus(const histogram&) =
    delete;  // weir: a metric has a name: {.name, .help}, {{labels, &histogram}}

}  // namespace weir
