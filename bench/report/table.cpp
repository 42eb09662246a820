// SPDX-License-Identifier: MIT
#include "bench/report/table.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bench/queues/queue.hpp"

namespace bench {
namespace {

/// With three or four significant digits.
std::string number(double value) {
    if (value > 0.0 && value < 0.1) {
        return fmt::format("{:.4f}", value);
    }
    return fmt::format("{:.{}f}", value, value < 10 ? 2 : value < 100 ? 1 : 0);
}

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

/// "1.52  1.40-1.61", "best rival", or empty.
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

std::string name_of(const scenario_summary& s, const summary_row& row) {
    return fmt::format("{} {}{}", row.subject ? '>' : ' ', row.queue, row.blocking && !s.waiting ? " *" : "");
}

/// Of the column of names.
std::size_t width_of(const scenario_summary& s) {
    std::size_t width = 27;
    for (const auto& row : s.rows) {
        width = std::max(width, name_of(s, row).size() + 1);
    }
    return width;
}

bool any(const scenario_summary& s, bool (*holds)(const summary_row&)) {
    return std::any_of(s.rows.begin(), s.rows.end(), holds);
}
bool has_sibling(const summary_row& row) { return row.vs_sibling.has_value(); }
bool has_fairness(const summary_row& row) {
    return row.producers_fairness.has_value() || row.consumers_fairness.has_value();
}
bool has_latencies(const summary_row& row) { return row.latencies_ns != nullptr; }

/// Whether single items are timed: on a schedule, or there and back.
bool is_timed(const scenario_summary& s) { return s.scheduled_per_s > 0.0 || (any(s, has_latencies) && !s.wakes); }

std::string share(const std::optional<double>& value) { return value ? fmt::format("{:.2f}", *value) : "-"; }

/// Columns that only some scenarios have; empty in rows without a value.
std::string further_columns(const scenario_summary& s, const summary_row& row) {
    std::string text;
    if (any(s, has_sibling)) {
        text +=
            fmt::format("{:<20}", row.vs_sibling ? fmt::format("{:>6.2f}  {:.2f}-{:.2f}", row.vs_sibling->ratio.median,
                                                               row.vs_sibling->ratio.q1, row.vs_sibling->ratio.q3)
                                                 : "");
    }
    if (any(s, has_fairness)) {
        text += fmt::format("{:>5} {:>5}", share(row.producers_fairness), share(row.consumers_fairness));
    }
    return text.empty() ? text : "   " + text;
}

std::string further_headings(const scenario_summary& s) {
    std::string text;
    if (any(s, has_sibling)) {
        text += fmt::format("{:<20}", "vs sibling");
    }
    if (any(s, has_fairness)) {
        text += fmt::format("{:>11}", "least/most");
    }
    return text.empty() ? text : "   " + text;
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
    const std::string floors =
        s.unit == metric::cpu_percent ? "" : fmt::format("{:.{}f}", row.of_floor.median, rate ? 3 : 2);
    return fmt::format("  {:<{}}{:>8}  {:<13}{:>9}   {:<20}{:>8}{}", name_of(s, row), width_of(s), number(value.median),
                       range(value), floors, versus(s, row), row.effective_capacity, further_columns(s, row));
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
    return fmt::format("  {:<{}}{:>7}{:>8}{:>8} |{:>8}{:>8}{:>8}{:>9}{:>8.2f}   {}", name_of(s, row), width_of(s),
                       duration(row.value.median), duration(row.typical_p99_ns), duration(row.typical_p99_9_ns),
                       pooled(99.9), pooled(99.99), pooled(100), number(row.achieved_per_s * 1e-3), row.of_floor.median,
                       versus(s, row));
}

/// A round has only some dozens of wake-ups, a run some hundreds: no p99.9.
std::string wakeup_line(const scenario_summary& s, const summary_row& row) {
    const weir::histogram& all = *row.latencies_ns;
    const auto pooled = [&](double percentile) { return duration(static_cast<double>(all.percentile(percentile))); };
    return fmt::format("  {:<{}}{:>8} |{:>8}{:>8}{:>8}{:>9}   {}", name_of(s, row), width_of(s),
                       duration(row.value.median), pooled(50), pooled(99), pooled(100), all.count(), versus(s, row));
}

std::string heading(const scenario_summary& s) {
    const std::size_t width = width_of(s);
    if (is_timed(s)) {
        return fmt::format("  {:<{}}{:>23} |{:>24}\n  {:<{}}{:>7}{:>8}{:>8} |{:>8}{:>8}{:>8}{:>9}{:>8}   {}\n", "",
                           width, "typical round, ns", "all rounds", "", width, "p50", "p99", "p99.9", "p99.9",
                           "p99.99", "max", "k msg/s", "floors", "vs best rival");
    }
    if (any(s, has_latencies)) {
        return fmt::format("  {:<{}}{:>8} |{:>24}\n  {:<{}}{:>8} |{:>8}{:>8}{:>8}{:>9}   {}\n", "", width, "round, ns",
                           "all rounds", "", width, "p50", "p50", "p99", "max", "wake-ups", "vs best rival");
    }
    const char* const unit = s.unit == metric::items_per_s ? "M/s" : s.unit == metric::ns ? "ns" : "% CPU";
    const char* const floors = s.unit == metric::items_per_s ? "of floor" : s.unit == metric::ns ? "floors" : "";
    return fmt::format("  {:<{}}{:>8}  {:<13}{:>9}   {:<20}{:>8}{}\n", "", width, unit, "quartiles", floors,
                       "vs best rival", "holds", further_headings(s));
}

std::string blocking_note(const scenario_summary& s) {
    std::string note;
    for (const auto& row : s.rows) {
        if (row.subject && row.vs_best_blocking) {
            const auto& against = *row.vs_best_blocking;
            note += fmt::format(
                "    * blocks and cannot refuse, so it is never the best rival; {} against it {:.2f} ({:.2f}-{:.2f})\n",
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
            note += fmt::format(", {} against {} {:.2f} ({:.2f}-{:.2f})", state.subject, against->with,
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
            text += "           BOTH THREADS SHARE ONE PU: they take turns and never run in parallel\n";
        }
    } else {
        text += fmt::format("  cores    NOT PINNED: {}\n", env.why_not_pinned);
    }
    if (env.memory_node) {
        text += fmt::format("  memory   of all queues on NUMA node {}, as planned and read back\n", *env.memory_node);
    }
    text += fmt::format("  build    {}, {}\n", env.compiler, env.compiler_flags);
    if (env.assertions) {
        text += "           NOT A RELEASE BUILD: do not use these figures\n";
    }
    return text;
}

std::string table_text(const scenario_summary& s) {
    std::string text = fmt::format("\n{}   {} round{}, {} of {} samples dropped\n", s.name, s.rounds,
                                   s.rounds == 1 ? "" : "s", s.dropped, s.samples);
    text += floors_line(s);
    text += heading(s);
    for (const auto& row : s.rows) {
        if (row.rounds == 0) {
            text += fmt::format("  {:<{}}{}", name_of(s, row), width_of(s), what_is_missing(row));
        } else if (has_latencies(row)) {
            text += is_timed(s) ? latency_line(s, row) : wakeup_line(s, row);
        } else {
            text += rate_line(s, row);
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
        "floors: multiple of the line round trip (one way: of half of it). vs best rival: median and quartiles of the ratios of\n"
        "samples of the same round, above 1 this queue is better; the best rival is the one closest to the best rival of each\n"
        "round. holds: items that fit in the queue as built. vs sibling: the same ratio against another of weir's queues: its\n"
        "try-form where it blocks, mpmc_ring where many threads share it. least/most: items of the thread that got least, of those\n"
        "of the thread that got most: producers, consumers.\n";
    for (const auto& absent : absent_queues()) {
        text += fmt::format("absent: {} (not found when weir-bench was configured; Debian package {})\n",
                            absent.library, absent.remedy);
    }
    return text;
}

}  // namespace bench
