// SPDX-License-Identifier: MIT
//
// Memory shared by a measured process and the process that started it: the first writes, the second reads. All pages
// are touched before the run, so that they do not count as memory growth.
#pragma once

#include "tools/pressure/pressure.hpp"

#include <weir/detail/base/atomic.hpp>
#include <weir/detail/base/cache_line.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace weir::tool::pressure {

/// A counter written by one thread.
class tally {
public:
    void add() { count_.store(count_.load(weir::detail::relaxed) + 1, weir::detail::relaxed); }  // relaxed: a statistic
    std::uint64_t read() const { return count_.load(weir::detail::relaxed); }                    // relaxed: a statistic

private:
    weir::detail::atomic<std::uint64_t> count_{0};
};

/// A histogram of times, written by one thread and read by another: the times recorded since the previous reading are
/// the difference of the counts. Sixteen buckets per doubling, so a time is accurate to 6 %.
class watched_times {
public:
    static constexpr std::size_t buckets = 1024;

    void record(double ns) { counts_[index_of(ns)].add(); }

    /// The value that `share` of the times recorded since `seen` was last updated do not exceed.
    class look {
    public:
        void take(const watched_times& times) {
            total_ = 0;
            for (std::size_t i = 0; i != fresh_.size(); ++i) {
                const auto count = times.counts_[i].read();
                fresh_[i] = count - seen_[i];
                total_ += fresh_[i];
                seen_[i] = count;
            }
        }
        double percentile_ms(double share) const {
            double left = share * static_cast<double>(total_);
            for (std::size_t i = 0; i != fresh_.size(); ++i) {
                left -= static_cast<double>(fresh_[i]);
                if (left <= 0 && fresh_[i] != 0) return middle_ns(i) / 1e6;
            }
            return 0;
        }

    private:
        std::array<std::uint64_t, buckets> seen_{};
        std::array<std::uint64_t, buckets> fresh_{};
        std::uint64_t total_ = 0;
    };

private:
    static std::size_t index_of(double ns) {
        const auto value = static_cast<std::uint64_t>(std::clamp(ns, 16.0, 0x1p63));
        const auto shift = static_cast<unsigned>(std::bit_width(value)) - 5;
        return shift * 16 + static_cast<std::size_t>(value >> shift) - 16;
    }
    static double middle_ns(std::size_t index) {
        const auto shift = static_cast<unsigned>(index / 16);
        return (static_cast<double>(index % 16 + 16) + 0.5) * static_cast<double>(std::uint64_t{1} << shift);
    }

    std::array<tally, buckets> counts_{};
};

inline constexpr std::size_t most_samples = 4096;
inline constexpr std::size_t most_figures = 32;
inline constexpr std::size_t most_points = 16;

struct board {
    // During the run: the number of valid samples.
    weir::detail::atomic<std::uint64_t> samples_ready{0};
    std::array<sample, most_samples> samples;

    // Valid after the run.
    struct {
        std::size_t figures = 0, percentiles = 0, goodput = 0;
        account ledger;
        bool exact = false;
        double source_share = 1, sink_share = 1;  ///< achieved share of their rates, as far as the policy allows
        char error[256] = {};
    } end;
    struct {
        char key[40];
        double value;
    } figures[most_figures];
    std::array<percentile_point, most_points> percentiles;
    std::array<goodput_point, most_points> goodput;
};

}  // namespace weir::tool::pressure
