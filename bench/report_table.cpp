// SPDX-License-Identifier: MIT
#include "report_table.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "queues/queue.hpp"

namespace bench {
namespace {

/// A figure with three or four digits that count.
std::string number(double value) { return fmt::format("{:.{}f}", value, value < 10 ? 2 : value < 100 ? 1 : 0); }

std::string range(const quartiles& q) { return number(q.q1) + "-" + number(q.q3); }

quartiles scaled(const quartiles& q, double factor) { return {q.q1 * factor, q.median * factor, q.q3 * factor}; }

std::string floors_line(const scenario_summary& s) {
    std::string line =
        fmt::format("    floors: line round trip {} ns ({}), streaming {} M words/s ({})",
                    number(s.roundtrip_floor_ns.median), range(s.roundtrip_floor_ns),
                    number(s.stream_floor_words_per_s.median * 1e-6), range(scaled(s.stream_floor_words_per_s, 1e-6)));
    if (s.work_bound_per_s) {
        line += fmt::format("; the register work alone allows {} M items/s", number(*s.work_bound_per_s * 1e-6));
    }
    return line + '\n';
}

/// "1.52  1.40-1.61", or what there is to say instead.
std::string versus(const scenario_summary& s, const summary_row& row) {
    if (!row.vs_best_rival) {
        return {};
    }
    if (row.queue == s.best_rival) {
        return fmt::format("{:>6}  best rival", "1.00");
    }
    return fmt::format("{:>6.2f}  {:.2f}-{:.2f}", row.vs_best_rival->ratio.median, row.vs_best_rival->ratio.q1,
                       row.vs_best_rival->ratio.q3);
}

std::string name_of(const summary_row& row) {
    return fmt::format("{} {}{}", row.subject ? '>' : ' ', row.queue, row.blocking ? " *" : "");
}

std::string what_is_missing(const summary_row& row) {
    if (!row.excluded.empty()) {
        return "EXCLUDED: " + row.excluded;
    }
    return fmt::format("no sample kept: the floors changed during all {}", row.dropped);
}

std::string rate_line(const scenario_summary& s, const summary_row& row) {
    const bool rate = s.unit == metric::items_per_s;
    const quartiles value = scaled(row.value, rate ? 1e-6 : 1.0);
    return fmt::format("  {:<27}{:>8}  {:<11}{:>9.{}f}   {:<20}{:>8}", name_of(row), number(value.median), range(value),
                       row.of_floor.median, rate ? 3 : 2, versus(s, row), row.effective_capacity);
}

/// "107", "9300", "41us", "1.97ms"
std::string duration(double ns) {
    if (ns < 10e3) {
        return number(ns);
    }
    return ns < 1e6 ? number(ns * 1e-3) + "us" : number(ns * 1e-6) + "ms";
}

std::string latency_line(const scenario_summary& s, const summary_row& row) {
    const weir::histogram& all = *row.latencies_ns;
    const auto pooled = [&](double percentile) { return duration(static_cast<double>(all.percentile(percentile))); };
    return fmt::format("  {:<27}{:>7}{:>8}{:>8} |{:>8}{:>8}{:>8}{:>9}{:>8.2f}   {}", name_of(row),
                       duration(row.value.median), duration(row.typical_p99_ns), duration(row.typical_p99_9_ns),
                       pooled(99.9), pooled(99.99), pooled(100), number(row.achieved_per_s * 1e-3), row.of_floor.median,
                       versus(s, row));
}

std::string heading(const scenario_summary& s) {
    if (s.scheduled_per_s > 0.0) {
        return fmt::format("  {:<27}{:>23} |{:>24}\n  {:<27}{:>7}{:>8}{:>8} |{:>8}{:>8}{:>8}{:>9}{:>8}   {}\n", "",
                           "typical round, ns", "all rounds", "", "p50", "p99", "p99.9", "p99.9", "p99.99", "max",
                           "k msg/s", "floors", "vs best rival");
    }
    const bool rate = s.unit == metric::items_per_s;
    return fmt::format("  {:<27}{:>8}  {:<11}{:>9}   {:<20}{:>8}\n", "", rate ? "M/s" : "ns", "quartiles",
                       rate ? "of floor" : "floors", "vs best rival", "holds");
}

std::string blocking_note(const scenario_summary& s) {
    std::string note;
    for (const auto& row : s.rows) {
        if (row.subject && row.vs_best_blocking) {
            const auto& against = *row.vs_best_blocking;
            note +=
                fmt::format("    * cannot refuse, so not counted as best rival; {} against it {:.2f} ({:.2f}-{:.2f})\n",
                            row.queue, against.ratio.median, against.ratio.q1, against.ratio.q3);
        }
    }
    return note;
}

std::string states_note(const scenario_summary& s) {
    std::string note;
    for (const auto& state : s.states) {
        note += fmt::format("    the machine changed: in {} round{} with a line round trip near {} ns", state.rounds,
                            state.rounds == 1 ? "" : "s", number(state.roundtrip_ns));
        if (const auto& against = state.subject_vs_best_rival) {
            note += fmt::format(", {} against {} {:.2f} ({:.2f}-{:.2f})", s.rows.front().queue, against->with,
                                against->ratio.median, against->ratio.q1, against->ratio.q3);
        }
        note += '\n';
    }
    return note;
}

}  // namespace

std::string header_text(const environment& env) {
    std::string text = fmt::format("weir-bench {}   {}   seed {}\n", env.weir_version, env.date, env.seed);
    text += fmt::format("  machine  {}, {}{}, kernel {}, governor {}\n", env.cpu_model, env.topology,
                        env.hypervisor.empty() ? "" : ", virtual (" + env.hypervisor + ")", env.kernel, env.governor);
    if (env.pinned) {
        text += fmt::format("  cores    PU {} and PU {}, pinned and read back ({})\n", env.cores[0], env.cores[1],
                            env.distance);
        if (env.one_core) {
            text += "           BOTH THREADS SHARE ONE PU: they take turns, nothing runs side by side\n";
        }
    } else {
        text += fmt::format("  cores    NOT PINNED: {}\n", env.why_not_pinned);
    }
    text += fmt::format("  build    {}, {}\n", env.compiler, env.compiler_flags);
    if (env.assertions) {
        text += "           NOT A RELEASE BUILD: these figures say nothing about any queue\n";
    }
    return text;
}

std::string table_text(const scenario_summary& s) {
    const bool latency = s.scheduled_per_s > 0.0;
    std::string text = fmt::format("\n{}   {} round{}, {} of {} samples dropped\n", s.name, s.rounds,
                                   s.rounds == 1 ? "" : "s", s.dropped, s.samples);
    text += floors_line(s);
    text += heading(s);
    for (const auto& row : s.rows) {
        if (row.rounds == 0) {
            text += fmt::format("  {:<27}{}", name_of(row), what_is_missing(row));
        } else {
            text += latency ? latency_line(s, row) : rate_line(s, row);
        }
        while (text.ends_with(' ')) {
            text.pop_back();
        }
        text += '\n';
    }
    return text + blocking_note(s) + states_note(s);
}

std::string footer_text() {
    std::string text =
        "\nMedians over the rounds, with quartiles. of floor: share of what the two cores can stream (payload words);\n"
        "floors: multiple of the line's round trip (one way: of half of it). vs best rival: median and quartiles of the\n"
        "ratios of samples of the same round, above 1 is better; the best rival is the one that comes closest to the best of\n"
        "every round. holds: items that fit in the queue as built.\n";
    for (const auto& absent : absent_queues()) {
        text += fmt::format("absent: {} (not found when weir-bench was configured; Debian package {})\n",
                            absent.library, absent.remedy);
    }
    return text;
}

}  // namespace bench
