// SPDX-License-Identifier: MIT
//
// Computes the figures that predict() predicts from what the threads recorded.
#include "tools/pressure/play.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace weir::tool::pressure {
namespace {

constexpr std::array reported{50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0};
static_assert(reported.size() <= most_points);

class writer {
public:
    explicit writer(board& to) : to_(to) {}

    void operator()(std::string_view key, double value) {
        auto& next = to_.figures[to_.end.figures++];
        key.copy(next.key, sizeof next.key - 1);
        next.value = value;
    }

private:
    board& to_;
};

double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

double ms(const histogram& times, double percentile) { return static_cast<double>(times.percentile(percentile)) / 1e6; }

// Between the first and the last sample within the burst.
double backlog_growth_per_s(const run_plan& plan, std::span<const sample> looks) {
    const sample* first = nullptr;
    const sample* last = nullptr;
    for (const auto& look : looks) {
        if (look.at_s < plan.burst_from_ns / 1e9 || look.at_s > plan.burst_to_ns / 1e9) continue;
        if (first == nullptr) first = &look;
        last = &look;
    }
    if (first == last) return 0;
    return (static_cast<double>(last->so_far.queued) - static_cast<double>(first->so_far.queued)) /
           (last->at_s - first->at_s);
}

// From the last sample before the burst to the largest after it.
double memory_growth_bytes(const run_plan& plan, std::span<const sample> looks) {
    std::uint64_t before = 0, most = 0;
    for (const auto& look : looks) {
        if (look.at_s < plan.burst_from_ns / 1e9 || before == 0) before = look.rss_bytes;
        most = std::max(most, look.rss_bytes);
    }
    return static_cast<double>(most) - static_cast<double>(before);
}

void write_classes(const source_record& sent, const sink_record& seen, writer& out) {
    for (const int cls : {1, 0}) {
        const std::string name = cls == 1 ? "high" : "low";
        if (seen.class_sojourn[cls].count() != 0) {
            out(name + "_sojourn_p50_ms", ms(seen.class_sojourn[cls], 50));
            out(name + "_sojourn_p99_ms", ms(seen.class_sojourn[cls], 99));
        }
        out(name + "_loss_share", 1 - share(seen.delivered_of_burst[cls], sent.offered_in_burst[cls]));
    }
    if (seen.calm_sojourn.count() != 0) out("high_calm_sojourn_p50_ms", ms(seen.calm_sojourn, 50));
}

}  // namespace

void fill_in(const run_plan& plan, std::string_view policy, const source_record& sent, const sink_record& seen,
             const account& ledger, board& to) {
    // relaxed: the sampler ran in this thread
    const std::span looks(to.samples.data(), to.samples_ready.load(weir::detail::relaxed));
    writer out(to);
    to.end.ledger = ledger;

    if (policy == unbounded) out("backlog_growth_per_s", backlog_growth_per_s(plan, looks));
    if (seen.sojourn.count() != 0) {
        out("sojourn_p50_ms", ms(seen.sojourn, 50));
        out("sojourn_p99_ms", ms(seen.sojourn, 99));
        out("delay_p50_ms", ms(seen.delay, 50));
        out("delay_p99_ms", ms(seen.delay, 99));
        for (const double p : reported)
            to.percentiles[to.end.percentiles++] = {p, ms(seen.sojourn, p), ms(seen.delay, p)};
    }
    if (seen.engaged_sojourn.count() != 0) out("engaged_sojourn_p99_ms", ms(seen.engaged_sojourn, 99));
    if (policy == "shed_lowest") write_classes(sent, seen, out);
    out("last_arrival_delay_s", seen.last_arrival_delay_ns / 1e9);
    out("loss_share", share(ledger.refused + ledger.lost(), sent.offered_in_burst[0] + sent.offered_in_burst[1]));
    if (const double window_s = (plan.burst_to_ns - plan.settled_ns) / 1e9; window_s > 0) {
        const double source_per_s = static_cast<double>(sent.sent_in_window) / window_s;
        const double sink_per_s = static_cast<double>(seen.taken_in_window) / window_s;
        out("source_per_s", source_per_s);
        out("sink_per_s", sink_per_s);
        const double sink_could = std::min(plan.c.sink_per_s, plan.c.burst_per_s);
        to.end.source_share = source_per_s / (policy == "block" ? sink_could : plan.c.burst_per_s);
        to.end.sink_share = sink_per_s / sink_could;
    }
    if (seen.recovered_ns != 0) out("recovery_s", (seen.recovered_ns - plan.burst_to_ns) / 1e9);
    out("memory_growth_bytes", memory_growth_bytes(plan, looks));
}

}  // namespace weir::tool::pressure
