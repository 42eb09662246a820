// SPDX-License-Identifier: MIT
#pragma once

#include "tools/common/proc_counters.hpp"
#include "tools/common/thread_watch.hpp"
#include "tools/jitter/data.hpp"

#include <weir/affinity.hpp>
#include <weir/histogram.hpp>

#include <cstdint>
#include <functional>

namespace weir::tool {

struct jitter_settings {
    double seconds = 5;
    double threshold_ns = 1000;
    bool together = false;
};

/// Recorded by one spinning thread.
struct spin_record {
    histogram gaps_ns{60'000'000'000, 2};
    double watched_ns = 0;
    double stolen_ns = 0;
    thread_counts disturbances;
};

/// The measured loop, with nothing else in it: reads the clock until the time is over, and records each gap between
/// two readings that exceeds the threshold. Tests pass another clock than tick_clock.
template <class Clock>
void record_gaps(spin_record& seen, const Clock& clock, const jitter_settings& settings) {
    const auto threshold = clock.to_ticks(settings.threshold_ns);
    const auto begin = clock.now();
    const auto end = begin + clock.to_ticks(settings.seconds * 1e9);
    auto last = begin;
    while (last < end) {
        const auto now = clock.now();
        if (now - last > threshold) [[unlikely]] {
            const auto gap_ns = clock.to_ns(now - last);
            seen.gaps_ns.record(static_cast<std::uint64_t>(gap_ns + 0.5));
            seen.stolen_ns += gap_ns;
        }
        last = now;
    }
    seen.watched_ns = clock.to_ns(last - begin);
}

/// Computes the result from the recording and the kernel's counters before and after. A pure function.
[[nodiscard]] pu_jitter summarize(unsigned pu, const spin_record& seen, const proc_counters& before,
                                  const proc_counters& after, double user_hz);

/// Overall progress when `done` PUs are complete and the next is at `share`, which may exceed 1.
[[nodiscard]] double share_of_all(double share, std::size_t done, std::size_t all);

/// Spins on each of `pus`, one after the other or all together. Meanwhile the calling thread avoids the watched PUs
/// if it may run on others; its affinity is restored. Reports progress to `on_progress` twice a second. Throws
/// placement_error if a thread cannot be pinned or was found on another PU.
[[nodiscard]] jitter_data watch_pus(const pu_set& pus, const jitter_settings& settings,
                                    const std::function<void(double share, const pu_set& now)>& on_progress);

}  // namespace weir::tool
