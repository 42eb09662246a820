// SPDX-License-Identifier: MIT
//
// A histogram with a fixed relative error and a fixed size, for latencies.
//
// The log-linear buckets, which keep a given number of significant digits over the whole range, are the idea of Gil
// Tene's HdrHistogram (http://hdrhistogram.org, public domain / BSD).
#pragma once

#include <weir/detail/base/as.hpp>
#include <weir/detail/base/contract.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace weir {

/// Counts values from 0 to `highest` with `digits` significant decimal digits.
///
/// Memory is allocated only in the constructor: with 3 digits, 16 KiB plus 8 KiB for each doubling of `highest` above
/// 2000 (an hour in nanoseconds: 261 KiB); 7 to 16 times that for each further digit. record() is wait-free. Nothing here
/// synchronises: while one thread changes the histogram, no other may change or read it. To record from several threads, give each its
/// own histogram and merge() them.
///
/// The caller chooses the unit of the values. Minimum and maximum are exact, the mean is a double; percentiles have the stated digits.
class histogram {
public:
    /// One bucket: all values from `lowest` to `highest` are counted together.
    struct bucket {
        std::uint64_t lowest;
        std::uint64_t highest;
        std::uint64_t count;
    };

    /// `digits` from 1 to 5, `highest` at least 1; std::invalid_argument otherwise.
    explicit histogram(std::uint64_t highest, unsigned digits = 3)
        : highest_{highest}, linear_bits_{linear_bits_for(highest, digits)}, counts_(index_of(highest) + 1) {}

    /// Counts `value` `times` times. A value above highest() is counted as highest() and in clamped(), but enters
    /// max() and mean() unchanged. Wait-free, no allocation, O(1).
    void record(std::uint64_t value, std::uint64_t times = 1) noexcept {
        if (times == 0) {
            return;
        }
        if (value > highest_) {
            clamped_ += times;
        }
        counts_[index_of(std::min(value, highest_))] += times;
        count_ += times;
        sum_ += static_cast<double>(value) * static_cast<double>(times);
        min_ = std::min(min_, value);
        max_ = std::max(max_, value);
    }

    /// Adds all counts of `other`. Both must have the same range and digits; otherwise throws std::invalid_argument
    /// and changes nothing.
    void merge(const histogram& other) {
        if (other.highest_ != highest_ || other.linear_bits_ != linear_bits_) {
            detail::reject_argument("histograms with different ranges or digits cannot be merged (highest " +
                                    std::to_string(highest_) + " and " + std::to_string(other.highest_) +
                                    "): construct both alike");
        }
        for (std::size_t i = 0; i != counts_.size(); ++i) {
            counts_[i] += other.counts_[i];
        }
        count_ += other.count_;
        clamped_ += other.clamped_;
        sum_ += other.sum_;
        min_ = std::min(min_, other.min_);
        max_ = std::max(max_, other.max_);
    }

    void reset() noexcept {
        std::fill(counts_.begin(), counts_.end(), 0);
        count_ = clamped_ = max_ = 0;
        sum_ = 0.0;
        min_ = UINT64_MAX;
    }

    std::uint64_t count() const noexcept { return count_; }
    std::uint64_t clamped() const noexcept { return clamped_; }
    std::uint64_t highest() const noexcept { return highest_; }
    std::size_t bytes() const noexcept { return counts_.size() * sizeof(counts_[0]); }

    /// Exact; 0 when nothing was recorded.
    std::uint64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
    std::uint64_t max() const noexcept { return max_; }
    double mean() const noexcept { return count_ == 0 ? 0.0 : sum_ / static_cast<double>(count_); }

    /// The value that `percentile` per cent of all recorded values do not exceed (to the digits kept; never above
    /// max()). `percentile` is clamped to [0, 100]; 100 gives max(), and a NaN counts as 100. 0 if nothing was recorded.
    /// O(buckets).
    std::uint64_t percentile(double percentile) const noexcept {
        if (count_ == 0) {
            return 0;
        }
        if (!(percentile < 100.0)) return max_;
        const double share = std::max(percentile, 0.0) / 100.0;
        // The product may be slightly too large for floating point: 99.9 % of 1000 values are 999, not 1000.
        constexpr double rounding = 4 * std::numeric_limits<double>::epsilon();
        const double rank = std::ceil(share * static_cast<double>(count_) * (1 - rounding));
        const std::uint64_t wanted = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(rank), 1, count_);
        if (wanted == count_) {
            return max_;
        }
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i != counts_.size(); ++i) {
            seen += counts_[i];
            if (seen >= wanted) {
                return std::clamp(highest_of(i), min_, max_);
            }
        }
        return max_;
    }

    /// Calls f(bucket) for each non-empty bucket, in ascending order of values.
    template <typename F>
    void for_each_bucket(F&& f) const {
        for (std::size_t i = 0; i != counts_.size(); ++i) {
            if (counts_[i] != 0) {
                f(bucket{lowest_of(i), highest_of(i), counts_[i]});
            }
        }
    }

private:
    // A value below 2^linear_bits_ has a bucket of its own. Above, each doubling is cut into 2^(linear_bits_ - 1)
    // buckets of equal width, so a bucket is never wider than its lowest value divided by 10^digits.
    static unsigned linear_bits_for(std::uint64_t highest, unsigned digits) {
        if (digits < 1 || digits > 5) {
            detail::reject_argument("histogram: " + std::to_string(digits) + " significant digits: give 1 to 5");
        }
        if (highest < 1) {
            detail::reject_argument("histogram: a highest value of 0 leaves nothing to count: give at least 1");
        }
        std::uint64_t resolution = 2;
        for (unsigned i = 0; i != digits; ++i) {
            resolution *= 10;
        }
        return static_cast<unsigned>(std::bit_width(resolution - 1));
    }

    std::size_t index_of(std::uint64_t value) const noexcept {
        const auto bits = static_cast<unsigned>(std::bit_width(value));
        const unsigned shift = bits > linear_bits_ ? bits - linear_bits_ : 0;
        const std::uint64_t half = std::uint64_t{1} << (linear_bits_ - 1);
        return detail::as<std::size_t>(shift * half + (value >> shift));
    }

    std::uint64_t lowest_of(std::size_t index) const noexcept {
        const std::uint64_t half = std::uint64_t{1} << (linear_bits_ - 1);
        const std::uint64_t shift = index < 2 * half ? 0 : index / half - 1;
        return (index - shift * half) << shift;
    }

    std::uint64_t highest_of(std::size_t index) const noexcept { return lowest_of(index + 1) - 1; }

    std::uint64_t highest_;
    unsigned linear_bits_;
    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    std::uint64_t clamped_ = 0;
    std::uint64_t min_ = UINT64_MAX;
    std::uint64_t max_ = 0;
    double sum_ = 0.0;
};

}  // namespace weir
