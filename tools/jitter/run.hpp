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

/// What one spinning thread saw.
struct spin_record {
    histogram gaps_ns{60'000'000'000, 2};
    double watched_ns = 0;
    double stolen_ns = 0;
    thread_counts disturbances;
};

/// The loop that is stolen from, and nothing else is in it: reads the clock until the time is over, and records each
/// gap between two readings that is longer than the threshold. The clock is a tick_clock but for tests.
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

/// What it comes to, with the kernel's counters from before and after. A pure function.
[[nodiscard]] pu_jitter summarize(unsigned pu, const spin_record& seen, const proc_counters& before,
                                  const proc_counters& after, double user_hz);

/// How far it is with all PUs when `done` of them are watched and the next is at `share`, which may exceed 1.
[[nodiscard]] double share_of_all(double share, std::size_t done, std::size_t all);

/// Spins on each of `pus`, in turn or all together. While it does so, the calling thread keeps off the PUs that are
/// watched, as far as there are others; its affinity is restored. `on_progress` hears from it twice a second.
/// Throws placement_error where a thread cannot be pinned or is not found where it was put.
[[nodiscard]] jitter_data watch_pus(const pu_set& pus, const jitter_settings& settings,
                                    const std::function<void(double share, const pu_set& now)>& on_progress);

}  // namespace weir::tool
