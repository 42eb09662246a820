// SPDX-License-Identifier: MIT
// The section on a measured plan: compared with no pinning and the worst layout; each ring compared with its
// prediction and the hardware floor.
#include "tools/common/plot_words.hpp"
#include "tools/common/read_json.hpp"
#include "tools/common/words.hpp"
#include "tools/report/html.hpp"
#include "tools/report/report.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace weir::tool::report {
namespace {

double median(const json& row, const char* key) { return number(object(row, key), "median"); }

std::string with_quartiles(const json& spread) {
    return with_note(ns_in_words(number(spread, "median")),
                     fmt::format("{}–{}", ns_in_words(number(spread, "q1")), ns_in_words(number(spread, "q3"))));
}

std::string_view class_of_verdict(const std::string& verdict) {
    return verdict == "plan is better" ? "met" : verdict == "plan is worse" ? "off" : "";
}

std::vector<fact> run_facts(const part& of) {
    const auto& layouts = array(of.content, "layouts");
    if (layouts.empty()) throw std::runtime_error("\"layouts\" is empty");
    std::vector<fact> all{
        {ns_in_words(median(layouts.front(), "p99_ns")), "p99 of the plan, end to end, in the median round"}};
    for (const auto& one : array(of.content, "comparisons")) {
        if (text(one, "figure") != "p99" || count(one, "rounds") == 0) continue;
        const auto verdict = text(one, "verdict");
        all.push_back({fmt::format("{:.3g}×", median(one, "ratio")),
                       fmt::format("p99 of {} / planned: {}", text(one, "other"), verdict), class_of_verdict(verdict)});
    }
    return all;
}

// A row for each name with one point per series: a median with its quartiles.
struct series {
    const char* ink;
    std::string words;
    std::vector<const json*> spreads;  // null: no value
};

picture spread_picture(std::string id, std::string title, std::string caption, const std::vector<std::string>& names,
                       const std::vector<series>& all) {
    std::string script = plot::time_tics('x') + plot::name_axis(names, 11) + "set rmargin 4\n";
    std::string lines;
    std::vector<swatch> key;
    for (std::size_t s = 0; s != all.size(); ++s) {
        plot::data data(fmt::format("series{}", s));
        const double shift = 0.2 * (static_cast<double>(s) - static_cast<double>(all.size() - 1) / 2);
        for (std::size_t i = 0; i != names.size(); ++i) {
            if (all[s].spreads[i] == nullptr) continue;
            const auto& spread = *all[s].spreads[i];
            const auto ms = [&](const char* which) { return number(spread, which) / 1e6; };
            if (ms("q1") > 0) data.row(ms("median"), static_cast<double>(i + 1) + shift, ms("q1"), ms("q3"));
        }
        if (data.empty()) continue;
        script += data.text();
        lines += fmt::format("{0}{1} using 1:2:3:4 with xerrorbars pt 7 ps 0.7 lw 1.6 lc rgb '{2}'",
                             lines.empty() ? "plot " : ", ", data.name(), ink(all[s].ink));
        key.push_back({all[s].ink, 1, all[s].words});
    }
    if (lines.empty()) lines = "set xrange [1e-5:1]\nplot NaN";
    return {.id = std::move(id),
            .title = std::move(title),
            .caption = std::move(caption),
            .script = script + lines + "\n",
            .key = swatches(key),
            .height = std::max(150, 60 + 44 * static_cast<int>(names.size()))};
}

picture layouts_picture(const json& run) {
    std::vector<std::string> names;
    series p50{"series-2", "median", {}};
    series p99{"series-4", "p99", {}};
    for (const auto& layout : array(run, "layouts")) {
        names.push_back(text(layout, "name"));
        p50.spreads.push_back(&object(layout, "p50_ns"));
        p99.spreads.push_back(&object(layout, "p99_ns"));
    }
    return spread_picture("layouts", "End to end, by layout",
                          "From a message's due time to its last receiver: medians over rounds, with quartiles.", names,
                          {p50, p99});
}

picture rounds_picture(const json& run) {
    constexpr const char* inks[] = {"series-2", "series-1", "series-4", "series-6"};
    std::string script = plot::time_tics('y') + "set xlabel 'round' offset 0,0.5\nset grid\nset lmargin 9\n";
    std::string lines;
    std::vector<swatch> key;
    double most = 1;
    for (std::size_t i = 0; const auto& layout : array(run, "layouts")) {
        plot::data data(fmt::format("rounds{}", i));
        double round = 0;
        for (const auto& ns : array(object(layout, "rounds"), "p99_ns")) {
            ++round;
            if (ns.is_number() && ns.get<double>() > 0) data.row(round, ns.get<double>() / 1e6);
        }
        most = std::max(most, round);
        const auto* const colour = inks[i++ % std::size(inks)];
        if (data.empty()) continue;
        script += data.text();
        lines += fmt::format("{}{} using 1:2 with linespoints pt 7 ps 0.5 {}", lines.empty() ? "plot " : ", ",
                             data.name(), plot::line_style({colour, 1}, 1.4));
        key.push_back({colour, 1, text(layout, "name")});
    }
    if (lines.empty()) lines = "set yrange [1e-5:1]\nplot NaN";
    return {.id = "rounds",
            .title = "p99 of each round",
            .caption =
                "Each round runs every layout once, in shuffled order; ratios compare layouts within the same round.",
            .script = script + fmt::format("set xrange [0.5:{:g}]\n", most + 0.5) + lines + "\n",
            .key = swatches(key)};
}

const json* floor_of(const json& edge) {
    const auto found = edge.find("floor");
    return found == edge.end() || !found->is_object() ? nullptr : &*found;
}

// Half a cache line's round trip: a lower bound for passing a message between these PUs.
json half(const json& spread) {
    return {
        {"median", number(spread, "median") / 2}, {"q1", number(spread, "q1") / 2}, {"q3", number(spread, "q3") / 2}};
}

picture edges_picture(const json& run) {
    const auto& edges = array(run, "edges");
    std::vector<std::string> names;
    std::vector<json> made(2 * edges.size());  // spreads computed from the file
    series planned{"series-3", "median as planned", {}};
    series measured{"series-2", "median as measured", {}};
    series floor{"series-5", "floor: half a line's round trip", {}};
    for (std::size_t i = 0; i != edges.size(); ++i) {
        names.push_back(text(edges[i], "from") + "->" + text(edges[i], "to"));
        const auto ns = number(object(edges[i], "planned_ns"), "p50");
        made[2 * i] = {{"median", ns}, {"q1", ns}, {"q3", ns}};
        planned.spreads.push_back(&made[2 * i]);
        measured.spreads.push_back(&object(edges[i], "p50_ns"));
        const auto* const found = floor_of(edges[i]);
        if (found != nullptr) made[2 * i + 1] = half(object(*found, "line_roundtrip_ns"));
        floor.spreads.push_back(found == nullptr ? nullptr : &made[2 * i + 1]);
    }
    return spread_picture("edges", "Each ring: planned, measured, and the floor",
                          "From push (at a source: due time) to pop, including the time that a message waits behind "
                          "others.",
                          names, {planned, measured, floor});
}

std::string layouts_table(const json& run) {
    html_table table({"layout", ">median", ">p99", ">delivered", ">refused", ">switched out", ">moved", "PUs"});
    for (const auto& layout : array(run, "layouts")) {
        std::string pus;
        for (const auto& pu : array(layout, "pus"))
            pus += fmt::format("{}{}", pus.empty() ? "" : ", ", whole_itself(pu, "pus"));
        table.row({escaped(text(layout, "name")), with_quartiles(object(layout, "p50_ns")),
                   with_quartiles(object(layout, "p99_ns")), rate_in_words(median(layout, "delivered_per_s")),
                   fmt::format("{}", count(layout, "refused")), fmt::format("{}", count(layout, "involuntary_switches")),
                   fmt::format("{}", count(layout, "migrations")), pus.empty() ? "not pinned" : pus});
    }
    return table.str();
}

std::string comparisons_table(const json& run) {
    html_table table({"", "", ">ratio", ">slower in", ">p", ""});
    for (const auto& one : array(run, "comparisons")) {
        const auto verdict = text(one, "verdict");
        const auto& ratio = object(one, "ratio");
        table.row({escaped(text(one, "other")) + " / planned", escaped(text(one, "figure")),
                   with_note(fmt::format("{:.3g}", number(ratio, "median")),
                             fmt::format("{:.3g}–{:.3g}", number(ratio, "q1"), number(ratio, "q3"))),
                   fmt::format("{} of {} rounds", count(one, "slower_in"), count(one, "rounds")),
                   fmt::format("{:.2g}", number(one, "sign_test_p")),
                   fmt::format("<span class=\"{}\">{}</span>", class_of_verdict(verdict), escaped(verdict))});
    }
    return table.empty() ? "" : table.str();
}

std::string floors_table(const json& run) {
    html_table table({"ring", "over", ">planned median", "figures", ">median", ">p99", ">half a line trip",
                      ">streaming floor", "slots"});
    for (const auto& edge : array(run, "edges")) {
        const auto* const found = floor_of(edge);
        table.row({escaped(text(edge, "from") + " → " + text(edge, "to")), escaped(text(edge, "distance")),
                   ns_in_words(number(object(edge, "planned_ns"), "p50")), escaped(text(edge, "source")),
                   with_quartiles(object(edge, "p50_ns")), with_quartiles(object(edge, "p99_ns")),
                   found == nullptr ? "–" : with_quartiles(half(object(*found, "line_roundtrip_ns"))),
                   found == nullptr ? "–" : fmt::format("{:.3g} M words/s", median(*found, "stream_words_per_s") / 1e6),
                   node_in_words(edge)});
    }
    return table.empty() ? "" : table.str();
}

void add_run(html_page& page, const contents&, const part& of) {
    const auto& run = of.content;
    page.paragraph(fmt::format(
        "{} rounds of {:g} ms for each layout, in shuffled order. Each verdict is a two-sided paired sign test of "
        "the ratios within the same round, at 5 %.",
        count(run, "rounds"), number(run, "sample_ms")));
    if (const auto gate = run.find("gate"); gate != run.end() && gate->is_object())
        page.add(fmt::format("<p>The limit, p99 of at most {}: <span class=\"{}\">{}</span>.</p>\n",
                             ns_in_words(number(*gate, "max_p99_ns")), flag_or(*gate, "passed", false) ? "met" : "off",
                             flag_or(*gate, "passed", false) ? "passed" : "failed"));
    page.pictures({layouts_picture(run), rounds_picture(run), edges_picture(run)});
    page.add(comparisons_table(run) + layouts_table(run) + floors_table(run));
    for (const auto& remark : array_or_none(run, "remarks"))
        if (remark.is_string()) page.paragraph("Note: " + remark.get<std::string>() + ".");
}

}  // namespace

const section run_section{run_facts, add_run};

}  // namespace weir::tool::report
