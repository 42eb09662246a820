// SPDX-License-Identifier: MIT
#include "tools/jitter/run.hpp"

#include <weir/clock.hpp>

#include <unistd.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <future>
#include <iterator>
#include <vector>

namespace weir::tool {
namespace {

spin_record spin(unsigned pu, const tick_clock& clock, const jitter_settings& settings) {
    spin_record seen;
    pin_this_thread(pu);
    const auto before = count_this_thread();
    record_gaps(seen, clock, settings);
    seen.disturbances = count_this_thread() - before;
    check_seat(pu);
    return seen;
}

// Moves the calling thread away from some PUs, if it may run on others.
class elsewhere {
public:
    explicit elsewhere(const pu_set& watched) : before_(this_thread_affinity()) {
        if (const auto others = before_ - watched; !others.empty()) set_this_thread_affinity(others);
    }
    ~elsewhere() {
        try {
            set_this_thread_affinity(before_);
        } catch (const placement_error&) {
            // The cgroup has changed meanwhile: accept the PUs that it allows now.
        }
    }
    elsewhere(const elsewhere&) = delete;
    elsewhere& operator=(const elsewhere&) = delete;

private:
    pu_set before_;
};

std::vector<pu_jitter> watch(const pu_set& pus, const tick_clock& clock, const jitter_settings& settings,
                             const std::function<void(double share)>& on_progress) {
    const elsewhere away(pus);
    const auto before = proc_counters::read();
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::future<spin_record>> spinning;
    for (const unsigned pu : pus)
        spinning.push_back(std::async(std::launch::async, [&, pu] { return spin(pu, clock, settings); }));
    for (auto& one : spinning)
        while (one.wait_for(std::chrono::milliseconds(500)) != std::future_status::ready)
            on_progress(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() /
                        settings.seconds);
    const auto after = proc_counters::read();
    std::vector<pu_jitter> rows;
    auto pu = pus.begin();
    for (auto& one : spinning)
        rows.push_back(summarize(*pu++, one.get(), before, after, static_cast<double>(::sysconf(_SC_CLK_TCK))));
    return rows;
}

// Bucket bounds of 1, 2, 5, 10, 20, ... ns, which are easy to read.
std::vector<gap_count> rows_of(const histogram& gaps) {
    constexpr std::array steps{2.0, 2.5, 2.0};
    std::vector<gap_count> rows;
    std::size_t step = 0;
    gap_count row{1, 2, 0};
    gaps.for_each_bucket([&](const histogram::bucket& bucket) {
        while (static_cast<double>(bucket.lowest) >= row.to_ns) {
            if (!rows.empty() || row.count != 0) rows.push_back(row);
            step = (step + 1) % steps.size();
            row = {row.to_ns, row.to_ns * steps[step], 0};
        }
        row.count += bucket.count;
    });
    if (row.count != 0) rows.push_back(row);
    return rows;
}

std::vector<interrupt_count> difference(const std::map<std::string, std::uint64_t>& before,
                                        const std::map<std::string, std::uint64_t>& after) {
    std::vector<interrupt_count> counts;
    for (const auto& [name, count] : after) {
        const auto earlier = before.find(name);
        const auto was = earlier == before.end() ? 0 : earlier->second;
        if (count > was) counts.push_back({name, count - was});
    }
    std::stable_sort(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
    return counts;
}

}  // namespace

pu_jitter summarize(unsigned pu, const spin_record& seen, const proc_counters& before, const proc_counters& after,
                    double user_hz) {
    const double seconds = std::max(seen.watched_ns, 1.0) * 1e-9;
    pu_jitter row;
    row.pu = pu;
    row.gaps_per_s = static_cast<double>(seen.gaps_ns.count()) / seconds;
    row.worst_gap_ns = static_cast<double>(seen.gaps_ns.max());
    row.p50_gap_ns = static_cast<double>(seen.gaps_ns.percentile(50));
    row.p99_9_gap_ns = static_cast<double>(seen.gaps_ns.percentile(99.9));
    row.stolen_ppm = 1e6 * seen.stolen_ns / std::max(seen.watched_ns, 1.0);
    const auto steal_after = steal_ticks_of(after.stat, pu).value_or(0);
    const auto steal_before = steal_ticks_of(before.stat, pu).value_or(steal_after);
    row.steal_ms = 1e3 * static_cast<double>(std::max(steal_after, steal_before) - steal_before) / user_hz;
    row.by_interrupt = difference(interrupts_of(before.interrupts, pu), interrupts_of(after.interrupts, pu));
    for (const auto& of : row.by_interrupt) row.interrupts += of.count;
    row.involuntary_switches = seen.disturbances.involuntary_switches;
    row.migrations = seen.disturbances.migrations;
    row.seconds = seconds;
    row.gaps = rows_of(seen.gaps_ns);
    return row;
}

double share_of_all(double share, std::size_t done, std::size_t all) {
    return (static_cast<double>(done) + std::min(share, 1.0)) / static_cast<double>(all);
}

jitter_data watch_pus(const pu_set& pus, const jitter_settings& settings,
                      const std::function<void(double share, const pu_set& now)>& on_progress) {
    const tick_clock clock;
    jitter_data jitter{{}, settings.seconds, settings.threshold_ns, settings.together, {}};
    if (settings.together) {
        jitter.pus = watch(pus, clock, settings, [&](double share) { on_progress(share, pus); });
        return jitter;
    }
    std::size_t done = 0;
    for (const unsigned pu : pus) {
        const pu_set now{pu};
        const auto rows =
            watch(now, clock, settings, [&](double share) { on_progress(share_of_all(share, done, pus.size()), now); });
        jitter.pus.insert(jitter.pus.end(), rows.begin(), rows.end());
        ++done;
    }
    return jitter;
}

}  // namespace weir::tool
