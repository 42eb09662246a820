// SPDX-License-Identifier: MIT
#pragma once

// The results of `weir run`, and the comparisons derived from them.

#include "tools/run/trial.hpp"

#include <weir/plan.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::tool {

struct spread {
    double q1 = 0;
    double median = 0;
    double q3 = 0;
};

/// Results of one layout, by round.
struct layout_record {
    explicit layout_record(run_layout of) : layout(std::move(of)) {}

    run_layout layout;
    std::vector<double> p50_ns;
    std::vector<double> p99_ns;
    std::vector<double> delivered_per_s;
    std::uint64_t refused = 0;
    thread_counts disturbances;
    std::vector<std::optional<unsigned>> edge_nodes;  ///< of the last round: see trial_result

    // By edge.
    std::vector<std::vector<double>> edge_p50_ns;
    std::vector<std::vector<double>> edge_p99_ns;

    void add(const trial_result& trial);
};

/// Hardware floors between the PUs of an edge, by round: empty if both ends are on one PU.
struct edge_floor {
    std::vector<double> line_roundtrip_ns;   ///< one cache line to the other PU, another one back
    std::vector<double> stream_words_per_s;  ///< 8-byte words through a plain buffer
};

enum class verdict : unsigned char { no_difference, worse, better };

/// Compares another layout with the plan, over the rounds in which both delivered messages.
struct comparison {
    std::string other;
    std::string figure;  ///< "p50" or "p99"
    spread ratio;        ///< other / planned, of each round
    std::size_t rounds = 0;
    std::size_t worse = 0;  ///< rounds in which the other was slower
    double p_value = 1;     ///< two-sided, of the sign test
    verdict says = verdict::no_difference;
};

/// Significance level: a smaller p-value counts as a difference.
inline constexpr double significance = 0.05;

/// Two-sided sign test: the probability that `tosses` tosses of a fair coin deviate from half at least as much as
/// `heads`. 1 for no tosses.
[[nodiscard]] double sign_test(std::size_t heads, std::size_t tosses);

/// Compares round i of one layout with round i of the other.
[[nodiscard]] comparison compare(const std::string& other, const std::string& figure,
                                 const std::vector<double>& of_other, const std::vector<double>& of_planned);

[[nodiscard]] spread spread_of(std::vector<double> values);

struct run_data {
    placement_plan plan;
    std::string file;
    double sample_s = 0;
    std::size_t rounds = 0;
    std::uint64_t seed = 0;
    std::vector<layout_record> layouts;  ///< the plan's comes first
    std::vector<edge_floor> floors;      ///< by edge of the plan
    std::vector<comparison> comparisons;
    std::optional<double> max_p99_ns;  ///< the limit given by --max-p99
    std::vector<std::string> remarks;

    [[nodiscard]] const layout_record& planned() const { return layouts.front(); }

    /// The plan's p99 in the median round; infinite if nothing was delivered in that round.
    [[nodiscard]] double planned_p99_ns() const;
    [[nodiscard]] bool is_within_gate() const { return !max_p99_ns || planned_p99_ns() <= *max_p99_ns; }
};

[[nodiscard]] std::string run_as_text(const run_data& found);
[[nodiscard]] std::string run_as_json(const run_data& found);

}  // namespace weir::tool
