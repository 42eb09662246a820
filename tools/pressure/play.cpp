// SPDX-License-Identifier: MIT
#include "tools/pressure/play.hpp"

#include "tools/pressure/queues.hpp"

#include <algorithm>
#include <array>

namespace weir::tool::pressure {
namespace {

constexpr std::array loads{0.5, 0.9, 1.1, 1.5, 2.0, 3.0};

}  // namespace

void sampler::operator()(double now_ns, const account& so_far, const watched_times& sojourns,
                         const watched_times& delays) {
    const auto ready = to_.samples_ready.load(weir::detail::relaxed);  // relaxed: only this thread writes it
    if (ready == most_samples) return;
    sojourns_.take(sojourns);
    delays_.take(delays);
    to_.samples[ready] = {now_ns / 1e9,
                          so_far,
                          sojourns_.percentile_ms(0.5),
                          sojourns_.percentile_ms(0.99),
                          delays_.percentile_ms(0.5),
                          delays_.percentile_ms(0.99),
                          memory_.bytes()};
    // (1) release: pairs with (2) in watcher: a reader that sees the number sees the sample
    to_.samples_ready.store(ready + 1, weir::detail::release);
}

bool adds_up(const account& a, const source_record& sent, const sink_record& seen) {
    return a.is_exact() && a.offered == sent.offered && a.refused == sent.refused && a.delivered == seen.delivered;
}

run_plan goodput_plan(conditions c, double offered_per_s) {
    const double step_ns = goodput_step_s(c) * 1e9;
    c.burst_per_s = offered_per_s;
    return {c, step_ns / 2, 0, step_ns, step_ns, 0, static_cast<std::uint64_t>(step_ns / 4)};
}

std::span<const double> goodput_loads() { return loads; }

double goodput_step_s(const conditions& c) { return std::clamp(c.burst_s / 20, 0.01, 0.5); }

run_plan plan_of(const conditions& c, std::string_view policy) {
    const auto expected = predict(c, policy);
    const double from_s = c.calm_s, to_s = from_s + c.burst_s, cap_s = to_s + c.recovery_cap_s;
    const double sample_s = std::clamp(c.burst_s / 50, 0.005, 0.05);
    return {c,
            (from_s + expected.settled_s) * 1e9,
            from_s * 1e9,
            to_s * 1e9,
            cap_s * 1e9,
            std::min(1.0, c.calm_s / 2) * 1e9,
            static_cast<std::uint64_t>(std::max(sample_s, cap_s / (most_samples - 2)) * 1e9)};
}

double expected_duration_s(const conditions& c, std::string_view policy) {
    return c.calm_s + c.burst_s + predict(c, policy).recovery_s + std::min(1.0, c.calm_s / 2) +
           goodput_step_s(c) * static_cast<double>(loads.size());
}

void play(const conditions& c, std::string_view policy, host& on, board& to) {
    with_queue(policy, c, [&](auto& queue) { play_burst(queue, plan_of(c, policy), policy, on, to); });
    for (const double load : loads)
        with_queue(policy, c, [&](auto& queue) { play_load(queue, goodput_plan(c, load * c.sink_per_s), on, to); });
}

}  // namespace weir::tool::pressure
