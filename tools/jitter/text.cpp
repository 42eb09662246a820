// SPDX-License-Identifier: MIT
#include "tools/jitter/view.hpp"

#include "tools/common/text_table.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace weir::tool {
namespace {

constexpr std::size_t most_interrupts = 5;

std::string summary_table(const jitter_data& jitter) {
    std::vector<table_line> lines{{"PU", "gaps/s", "p50", "p99.9", "worst", "stolen", "by hypervisor", "interrupts/s",
                                   "switched out", "migrated"}};
    for (const auto& pu : jitter.pus)
        lines.push_back({fmt::format("{}", pu.pu), fmt::format("{:.3g}", pu.gaps_per_s), ns_in_words(pu.p50_gap_ns),
                         ns_in_words(pu.p99_9_gap_ns), ns_in_words(pu.worst_gap_ns),
                         fmt::format("{:.3g} %", pu.stolen_ppm / 1e4), fmt::format("{:.0f} ms", pu.steal_ms),
                         fmt::format("{:.3g}", static_cast<double>(pu.interrupts) / std::max(pu.seconds, 1e-9)),
                         fmt::format("{}", pu.involuntary_switches), fmt::format("{}", pu.migrations)});
    return aligned(lines, std::vector(lines.front().size(), side::right));
}

// One '#' for a single gap, one more for each doubling, so that rare gaps, which matter most, are visible.
std::string bar(std::uint64_t count) {
    return count == 0 ? "" : std::string(1 + static_cast<std::size_t>(std::log2(static_cast<double>(count))), '#');
}

std::string details(const pu_jitter& pu) {
    std::string text;
    if (!pu.gaps.empty()) {
        std::vector<table_line> lines;
        for (const auto& gap : pu.gaps)
            lines.push_back({"from", ns_in_words(gap.from_ns), "to", ns_in_words(gap.to_ns),
                             fmt::format("{}", gap.count), bar(gap.count)});
        text += aligned(lines, {side::left, side::right, side::left, side::right, side::right, side::left});
    }
    std::vector<table_line> lines;
    for (std::size_t i = 0; i != std::min(pu.by_interrupt.size(), most_interrupts); ++i)
        lines.push_back({"interrupt", fmt::format("{}", pu.by_interrupt[i].count), pu.by_interrupt[i].name});
    if (!lines.empty()) text += aligned(lines, {side::left, side::right, side::left});
    if (pu.by_interrupt.size() > most_interrupts)
        text += fmt::format("  and {} others\n", pu.by_interrupt.size() - most_interrupts);
    return fmt::format("\nPU {}\n", pu.pu) + (text.empty() ? "  no gaps, no interrupts\n" : text);
}

}  // namespace

std::string jitter_as_text(const jitter_data& jitter) {
    auto text =
        fmt::format("{:g} s on each PU, {}: gaps longer than {} in a loop that reads the clock\n\n", jitter.seconds,
                    jitter.together ? "all together" : "one after the other", ns_in_words(jitter.threshold_ns)) +
        summary_table(jitter);
    for (const auto& pu : jitter.pus) text += details(pu);
    return text;
}

}  // namespace weir::tool
