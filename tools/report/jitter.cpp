// SPDX-License-Identifier: MIT
// The section on interruptions of a spinning thread.
#include "tools/common/plot_words.hpp"
#include "tools/jitter/view.hpp"
#include "tools/report/html.hpp"
#include "tools/report/report.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace weir::tool::report {
namespace {

constexpr std::size_t most_lines = 8;  // colours that can be told apart
constexpr std::size_t most_rows = 32;
constexpr std::size_t most_interrupts = 5;

std::string ink_of(std::size_t i) { return fmt::format("series-{}", i % most_lines + 1); }

std::vector<const pu_jitter*> worst_first(const jitter_data& jitter, std::size_t most) {
    std::vector<const pu_jitter*> all;
    for (const auto& pu : jitter.pus)
        if (!pu.gaps.empty()) all.push_back(&pu);
    std::stable_sort(all.begin(), all.end(),
                     [](const auto* a, const auto* b) { return a->worst_gap_ns > b->worst_gap_ns; });
    all.resize(std::min(all.size(), most));
    std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->pu < b->pu; });
    return all;
}

std::vector<fact> jitter_facts(const part& of) {
    const auto jitter = jitter_from_json(of.content);
    if (jitter.pus.empty()) return {};
    const auto& pus = jitter.pus;
    const auto worst = *std::max_element(pus.begin(), pus.end(),
                                         [](const auto& a, const auto& b) { return a.worst_gap_ns < b.worst_gap_ns; });
    const auto most = *std::max_element(pus.begin(), pus.end(),
                                        [](const auto& a, const auto& b) { return a.stolen_ppm < b.stolen_ppm; });
    return {{ns_in_words(worst.worst_gap_ns),
             fmt::format("the longest gap, on PU {}, in {:g} s", worst.pu, jitter.seconds)},
            {fmt::format("{:.3g} %", most.stolen_ppm / 1e4),
             fmt::format("of the time was stolen from PU {}, the worst", most.pu)}};
}

// The rate of gaps of at least a given length, by length. A line ends at the longest gap seen.
picture gap_picture(const jitter_data& jitter) {
    const auto shown = worst_first(jitter, most_lines);
    std::string script =
        plot::time_tics('x') +
        "set logscale y\nset format y '%g'\nset xlabel 'gap' offset 0,0.5\n"
        "set ylabel 'per second, this long or longer' offset 1.5,0\nset grid\nset lmargin 9\nset rmargin 4\n";
    std::string lines;
    std::vector<std::string> names;
    for (std::size_t i = 0; i != shown.size(); ++i) {
        const auto& pu = *shown[i];
        double left = 0;
        for (const auto& gap : pu.gaps) left += static_cast<double>(gap.count);
        plot::data data(fmt::format("gaps{}", i));
        for (const auto& gap : pu.gaps) {
            if (left > 0 && gap.from_ns > 0) data.row(gap.from_ns / 1e6, left / std::max(pu.seconds, 1e-9));
            left -= static_cast<double>(gap.count);
        }
        if (data.empty()) continue;
        data.row(std::max(pu.worst_gap_ns, pu.gaps.back().from_ns) / 1e6, 1 / std::max(pu.seconds, 1e-9));
        script += data.text();
        const auto name = ink_of(i);
        lines += fmt::format("{}{} using 1:2 with steps {}", lines.empty() ? "plot " : ", ", data.name(),
                             plot::line_style({name, 1}));
    }
    std::vector<swatch> key;
    for (std::size_t i = 0; i != shown.size(); ++i) names.push_back(ink_of(i));
    for (std::size_t i = 0; i != shown.size(); ++i) key.push_back({names[i], 1, fmt::format("PU {}", shown[i]->pu)});
    return {.id = "gaps",
            .title = "How long the gaps were",
            .caption =
                fmt::format("Gaps in a loop that reads the clock, of {} and more. {}", ns_in_words(jitter.threshold_ns),
                            shown.size() < jitter.pus.size() ? "The PUs with the longest gaps." : ""),
            .script = script + lines + "\n",
            .key = swatches(key)};
}

picture worst_picture(const jitter_data& jitter) {
    const auto shown = worst_first(jitter, most_rows);
    plot::data data("worst");
    std::vector<std::string> names;
    for (const auto* pu : shown) {
        names.push_back(fmt::format("PU {}", pu->pu));
        data.row(static_cast<double>(names.size()), std::max(pu->p50_gap_ns, 1.0) / 1e6,
                 std::max(pu->p99_9_gap_ns, 1.0) / 1e6, std::max(pu->worst_gap_ns, 1.0) / 1e6);
    }
    const auto points = [&](int column, const char* ink_name, int shape) {
        return fmt::format("{} using {}:1 with points pt {} ps 0.9 lc rgb '{}'", data.name(), column, shape,
                           ink(ink_name));
    };
    return {.id = "worst-gaps",
            .title = "Median, p99.9 and worst gap",
            .caption = shown.size() < jitter.pus.size() ? "The PUs with the longest gaps." : "",
            .script = plot::time_tics('x') + plot::name_axis(names, 9) + "set rmargin 4\n" + data.text() +
                      fmt::format("plot {0} using 2:1:2:4 with xerrorbars pt -1 lw 1 lc rgb '{1}', {2}, {3}, {4}\n",
                                  data.name(), ink("grid"), points(2, "series-2", 7), points(3, "series-3", 7),
                                  points(4, "series-4", 7)),
            .key = swatches({{"series-2", 1, "median"}, {"series-3", 1, "p99.9"}, {"series-4", 1, "worst"}}),
            .height = std::max(130, 50 + 22 * static_cast<int>(shown.size()))};
}

std::string table_of(const jitter_data& jitter) {
    html_table table({"PU", ">gaps/s", ">median", ">p99.9", ">worst", ">taken", ">by the hypervisor", ">interrupts/s",
                      ">switched out", ">moved", "*interrupts, the most frequent first"});
    for (const auto& pu : jitter.pus) {
        std::string names;
        for (std::size_t i = 0; i != std::min(pu.by_interrupt.size(), most_interrupts); ++i)
            names +=
                fmt::format("{}{} × {}", names.empty() ? "" : "; ", pu.by_interrupt[i].count, pu.by_interrupt[i].name);
        if (pu.by_interrupt.size() > most_interrupts)
            names += fmt::format("; and {} others", pu.by_interrupt.size() - most_interrupts);
        table.row({fmt::format("{}", pu.pu), fmt::format("{:.{}f}", pu.gaps_per_s, pu.gaps_per_s < 10 ? 2 : 0),
                   ns_in_words(pu.p50_gap_ns), ns_in_words(pu.p99_9_gap_ns), ns_in_words(pu.worst_gap_ns),
                   fmt::format("{:.3g} %", pu.stolen_ppm / 1e4), fmt::format("{:.0f} ms", pu.steal_ms),
                   fmt::format("{:.3g}", static_cast<double>(pu.interrupts) / std::max(pu.seconds, 1e-9)),
                   fmt::format("{}", pu.involuntary_switches), fmt::format("{}", pu.migrations), escaped(names)});
    }
    return folded_if(jitter.pus.size() > 16, fmt::format("All {} PUs", jitter.pus.size()), table.str());
}

void add_jitter(html_page& page, const contents&, const part& of) {
    const auto jitter = jitter_from_json(of.content);
    page.paragraph(fmt::format(
        "{:g} s on each PU, {}. A gap is a time of more than {} between two readings of the clock: "
        "the kernel, the firmware or the hypervisor used the PU. No ring is faster than the "
        "worst gap of the threads at its ends.",
        jitter.seconds, jitter.together ? "all together" : "one after the other", ns_in_words(jitter.threshold_ns)));
    if (worst_first(jitter, 1).empty())
        page.paragraph("There were no gaps.");
    else
        page.pictures({gap_picture(jitter), worst_picture(jitter)});
    page.add(table_of(jitter));
}

}  // namespace

const section jitter_section{jitter_facts, add_jitter};

}  // namespace weir::tool::report
