// SPDX-License-Identifier: MIT
#include "tools/common/command.hpp"
#include "tools/pressure/pressure.hpp"

#include <fmt/format.h>
#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace weir::tool::pressure {
namespace {

// The unit follows from the end of the key; check `_per_s` before `_s`.
std::string rate(double per_s) {
    if (std::abs(per_s) >= 1e6) return fmt::format("{:.4g}M/s", per_s / 1e6);
    if (std::abs(per_s) >= 1e4) return fmt::format("{:.1f}k/s", per_s / 1e3);
    return fmt::format("{:.4g}/s", per_s);
}

std::string time(double s) {
    const double size = std::abs(s);
    if (size >= 100) return fmt::format("{:.0f} s", s);
    if (size >= 1) return fmt::format("{:.3g} s", s);
    if (size >= 1e-3) return fmt::format("{:.3g} ms", s * 1e3);
    return fmt::format("{:.3g} us", s * 1e6);
}

}  // namespace

std::string_view title_of(std::string_view key) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 18> titles{{
        {"backlog_growth_per_s", "growth of the backlog"},
        {"sojourn_p50_ms", "sojourn in the queue, median"},
        {"sojourn_p99_ms", "sojourn in the queue, p99"},
        {"engaged_sojourn_p99_ms", "the same while items are dropped"},
        {"delay_p50_ms", "delay from the due time, median"},
        {"delay_p99_ms", "delay from the due time, p99"},
        {"last_arrival_delay_s", "delay of the burst's last arrival"},
        {"high_sojourn_p50_ms", "sojourn of the high class, median"},
        {"high_sojourn_p99_ms", "sojourn of the high class, p99"},
        {"high_calm_sojourn_p50_ms", "the same before the burst"},
        {"low_sojourn_p50_ms", "sojourn of the low class, median"},
        {"high_loss_share", "loss of the high class"},
        {"low_loss_share", "loss of the low class"},
        {"loss_share", "loss, of items offered in the burst"},
        {"source_per_s", "source, in the burst"},
        {"sink_per_s", "sink, in the burst"},
        {"recovery_s", "recovery after the burst"},
        {"memory_growth_bytes", "growth of memory"},
    }};
    for (const auto& [name, title] : titles)
        if (name == key) return title;
    return key;
}

std::string with_unit(std::string_view key, double value) {
    if (key.ends_with("_per_s")) return rate(value);
    if (key.ends_with("_ms")) return time(value / 1e3);
    if (key.ends_with("_s")) return time(value);
    if (key.ends_with("_share")) return fmt::format("{:.4g} %", value * 100);
    if (key.ends_with("_bytes")) return (value < 0 ? "-" : "") + byte_size(static_cast<std::uint64_t>(std::abs(value)));
    return fmt::format("{:.4g}", value);
}

std::optional<double> outcome::find(std::string_view key) const {
    for (const auto& f : figures)
        if (f.key == key) return f.value;
    return std::nullopt;
}

number_bounds bounds_of(std::string_view option) {
    struct bounded {
        std::string_view option;
        double least;
        double most;
        std::string_view why;
    };
    static constexpr std::string_view rate =
        "a rate is in items per second, each of which costs a reading of the clock";
    static constexpr std::string_view phase = "a phase lasts from a millisecond to an hour";
    static constexpr std::array all{
        bounded{"--calm-per-s", 1, 1e7, rate},
        bounded{"--burst-per-s", 1, 1e7, rate},
        bounded{"--sink-per-s", 1, 1e7, rate},
        bounded{"--capacity", 1, 1 << 24, "a ring has at least one slot, and must fit in memory"},
        bounded{"--calm-s", 0.001, 3600, phase},
        bounded{"--burst-s", 0.001, 3600, phase},
        bounded{"--recovery-cap-s", 0.001, 3600, phase},
        bounded{"--deadline-ms", 0.001, 1e6, "the deadline is out of range"},
        bounded{"--keep-one-in", 1, 1e6, "sample keeps one item in this many"},
        bounded{"--high-one-in", 2, 1e6, "one item in this many is of the high class"},
        bounded{"--codel-target-ms", 0.001, 1e5, "the target is out of range"},
        bounded{"--codel-interval-ms", 0.001, 1e5, "the interval is out of range"},
    };
    for (const auto& one : all)
        if (one.option == option) return {one.least, one.most, std::string(one.why)};
    throw std::logic_error(std::string(option) + " has no bounds");
}

void check(const conditions& wanted) {
    const auto within = [](const char* option, auto value) {
        const auto text = fmt::format("{:.10g}", static_cast<double>(value));
        static_cast<void>(read_number(text, option, bounds_of(option)));
    };
    within("--calm-per-s", wanted.calm_per_s);
    within("--burst-per-s", wanted.burst_per_s);
    within("--sink-per-s", wanted.sink_per_s);
    within("--capacity", wanted.capacity);
    within("--calm-s", wanted.calm_s);
    within("--burst-s", wanted.burst_s);
    within("--recovery-cap-s", wanted.recovery_cap_s);
    within("--deadline-ms", wanted.deadline_ms);
    within("--keep-one-in", wanted.keep_one_in);
    within("--high-one-in", wanted.high_one_in);
    within("--codel-target-ms", wanted.codel_target_ms);
    within("--codel-interval-ms", wanted.codel_interval_ms);
    if (wanted.codel_interval_ms <= wanted.codel_target_ms)
        throw stop(wrong_usage,
                   fmt::format("--codel-interval-ms {:g}: the interval must be longer than --codel-target-ms {:g}, "
                               "the time that items may wait; give ten to twenty times the target",
                               wanted.codel_interval_ms, wanted.codel_target_ms));
}

}  // namespace weir::tool::pressure
