// SPDX-License-Identifier: MIT
#pragma once

#include "tools/matrix/pair_meter.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir::tool {

/// Collects all samples of one pair.
class pair_record {
public:
    explicit pair_record(const directed_pair& pair) : pair_(pair) {}

    void add(const pair_sample& sample);
    /// Counts a sample that did not finish.
    void add_failure() { ++dropped_; }

    [[nodiscard]] const directed_pair& pair() const noexcept { return pair_; }
    [[nodiscard]] std::size_t rounds() const noexcept { return steady_.items_per_s.size(); }
    [[nodiscard]] std::size_t attempts() const noexcept { return rounds() + dropped_; }

    /// Computed from the steady samples or, if there are none, from the dropped ones; nullopt if there are no samples
    /// at all.
    [[nodiscard]] std::optional<pair_cost> cost() const;

private:
    // Sparse counts by latency: a histogram has thousands of counters, of which a pair uses a few dozen.
    using tally = std::map<std::uint64_t, std::uint64_t>;

    struct figures {
        std::vector<double> clock_medians_ns;
        std::vector<double> half_medians_ns;
        std::vector<double> items_per_s;
        std::vector<double> line_roundtrips_ns;
        std::vector<double> stream_words_per_s;
        std::vector<double> clock_offsets_ns;
        tally by_clocks_ns;
        tally by_half_ns;
        bool clocks_agree = true;
    };

    static void merge(tally& into, const histogram& from);

    directed_pair pair_;
    figures steady_;
    figures unsteady_;
    std::size_t dropped_ = 0;
    thread_counts disturbances_;
};

struct matrix_budget {
    double seconds = 30;
    std::size_t rounds = 21;  ///< maximum for each pair
    std::uint64_t seed = 1;   ///< seed for the order within a round
};

/// Measures the pairs of the plan in rounds, each in a different order, until all rounds are done or the time is
/// over. One pair of each class is measured in any case. Reports progress to `on_sample`. Throws what sample_pair()
/// throws, except that a sample that does not finish is dropped.
[[nodiscard]] std::vector<pair_cost> measure_pairs(
    const topology& machine, const pair_plan& plan, const matrix_budget& budget,
    const std::function<void(double share, const directed_pair& pair, std::size_t round)>& on_sample);

/// The same with `sample` in place of sample_pair(), and `used_s` returning the elapsed seconds.
[[nodiscard]] std::vector<pair_cost> measure_pairs(
    const pair_plan& plan, const matrix_budget& budget,
    const std::function<pair_sample(const directed_pair& pair)>& sample, const std::function<double()>& used_s,
    const std::function<void(double share, const directed_pair& pair, std::size_t round)>& on_sample);

}  // namespace weir::tool
