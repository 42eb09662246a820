// SPDX-License-Identifier: MIT
#pragma once

#include "tools/matrix/pair_meter.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir::tool {

/// All samples of one pair, and what they come to.
class pair_record {
public:
    explicit pair_record(const directed_pair& pair) : pair_(pair) {}

    void add(const pair_sample& sample);
    /// A sample that came to no end.
    void add_failure() { ++dropped_; }

    [[nodiscard]] const directed_pair& pair() const noexcept { return pair_; }
    [[nodiscard]] std::size_t rounds() const noexcept { return steady_.items_per_s.size(); }
    [[nodiscard]] std::size_t attempts() const noexcept { return rounds() + dropped_; }

    /// Of the samples that count, or, where not one does, of those that were dropped; nullopt where there is none at
    /// all.
    [[nodiscard]] std::optional<pair_cost> cost() const;

private:
    // How often each latency was seen: a histogram has thousands of counters, of which a pair needs a few dozen.
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
    std::size_t rounds = 21;  ///< of each pair, and no more
    std::uint64_t seed = 1;   ///< of the order within a round
};

/// Measures the pairs of the plan in rounds, each in another order, until all have their rounds or the time is over.
/// One pair of each class is measured whatever the time. `on_sample` hears how far it is. Throws what sample_pair()
/// throws, but for a sample that comes to no end, which is dropped.
[[nodiscard]] std::vector<pair_cost> measure_pairs(
    const topology& machine, const pair_plan& plan, const matrix_budget& budget,
    const std::function<void(double share, const directed_pair& pair, std::size_t round)>& on_sample);

/// The same with `sample` in place of sample_pair(), and `used_s` for the seconds that have passed.
[[nodiscard]] std::vector<pair_cost> measure_pairs(
    const pair_plan& plan, const matrix_budget& budget,
    const std::function<pair_sample(const directed_pair& pair)>& sample, const std::function<double()>& used_s,
    const std::function<void(double share, const directed_pair& pair, std::size_t round)>& on_sample);

}  // namespace weir::tool
