// SPDX-License-Identifier: MIT
// The section on weir-bench: queues compared with each other and with the hardware floors, by scenario.
#include "tools/common/plot_words.hpp"
#include "tools/common/read_json.hpp"
#include "tools/report/html.hpp"
#include "tools/report/report.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace weir::tool::report {
namespace {

struct unit {
    const char* key;
    const char* words;
    double scale;
};
constexpr unit units[] = {{"items_per_s", "M items/s", 1e-6}, {"ns", "ns", 1}, {"cpu_percent", "% CPU", 1}};

struct scenario {
    std::string name;
    const unit* of = nullptr;
    std::vector<const json*> rows;  // weir's first, then the rivals, best first
};

const unit& unit_of(const json& row) {
    for (const auto& one : units)
        if (row.contains(one.key)) return one;
    throw std::runtime_error("\"items_per_s\", \"ns\" or \"cpu_percent\" is missing in \"summary\"");
}

std::vector<scenario> scenarios_of(const json& results) {
    std::vector<scenario> all;
    for (const auto& row : array(results, "summary")) {
        const auto name = text(row, "scenario");
        if (all.empty() || all.back().name != name) all.push_back({name, &unit_of(row), {}});
        if (&unit_of(row) != all.back().of) throw std::runtime_error("\"" + name + "\" has figures of several units");
        all.back().rows.push_back(&row);
    }
    return all;
}

std::optional<double> number_or_none(const json& row, const std::string& key) {
    const auto found = row.find(key);
    return found == row.end() || !found->is_number() ? std::nullopt : std::optional(found->get<double>());
}

std::string short_number(double value) {
    return value > 0 && value < 0.1 ? fmt::format("{:.3f}", value)
                                    : fmt::format("{:.{}f}", value,
                                                  value < 10    ? 2
                                                  : value < 100 ? 1
                                                                : 0);
}

enum class standing : unsigned char { behind, level, ahead };

// The standing of weir's best queue in this scenario, by the quartiles of its ratio to the best rival.
std::optional<standing> standing_of(const scenario& one) {
    std::optional<standing> best;
    for (const auto* row : one.rows) {
        if (!flag_or(*row, "subject", false) || !number_or_none(*row, "vs_best_rival")) continue;
        const auto q1 = number_or_none(*row, "q1").value_or(0);
        const auto q3 = number_or_none(*row, "q3").value_or(0);
        const auto found = q1 > 1 ? standing::ahead : q3 < 1 ? standing::behind : standing::level;
        best = best ? std::max(*best, found) : found;
    }
    return best;
}

std::vector<fact> bench_facts(const part& of) {
    std::map<standing, int> counts;
    int all = 0;
    for (const auto& one : scenarios_of(of.content))
        if (const auto found = standing_of(one)) {
            ++counts[*found];
            ++all;
        }
    if (all == 0) return {};
    return {
        {fmt::format("{} ahead, {} level, {} behind", counts[standing::ahead], counts[standing::level],
                     counts[standing::behind]),
         fmt::format("weir's best ring compared with the best rival in {} scenarios, by the quartiles of their ratio",
                     all)}};
}

std::string id_of(const std::string& name) {
    std::string id = "bench-";
    for (const char c : name)
        id += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '-';
    return id;
}

const json* floor_of(const json& results, const std::string& name) {
    for (const auto& floor : array_or_none(results, "floors"))
        if (text_or(floor, "scenario", "") == name) return &floor;
    return nullptr;
}

std::string floor_sentence(const json& results, const std::string& name) {
    const auto* const floor = floor_of(results, name);
    if (floor == nullptr) return {};
    return fmt::format(" Floors: line round trip {} ns, streaming {} M words/s.",
                       short_number(number(object(*floor, "line_roundtrip_ns"), "median")),
                       short_number(number(object(*floor, "stream_words_per_s"), "median") / 1e6));
}

// Two to four tics between 0 and the largest value.
double tic_step(double largest) {
    const double power = std::pow(10, std::floor(std::log10(std::max(largest, 1e-9))));
    const double leading = largest / power;
    return power * (leading > 5 ? 5 : leading > 2 ? 2 : leading > 1.5 ? 1 : 0.5);
}

picture bars(const json& results, const scenario& one) {
    const auto scale = one.of->scale;
    const std::string key = one.of->key;
    std::vector<std::string> names;
    plot::data data("bars"), labels("labels");
    double largest = 0;
    std::map<std::string, plot::data> by_ink;
    for (const auto* row : one.rows) {
        const auto value = number_or_none(*row, key);
        if (!value) continue;
        names.push_back(text(*row, "queue"));
        const bool subject = flag_or(*row, "subject", false);
        const bool best = text_or(*row, "queue", "") == row->value("best_rival", json(nullptr));
        const auto at = static_cast<double>(names.size());
        const auto q1 = number_or_none(*row, key + "_q1").value_or(*value),
                   q3 = number_or_none(*row, key + "_q3").value_or(*value);
        const std::string colour = subject ? "series-2" : best ? "series-3" : "faint";
        by_ink.try_emplace(colour, "of_" + std::string(subject ? "weir"
                                                       : best  ? "best"
                                                               : "others"))
            .first->second.row(*value * scale, at);
        data.row(*value * scale, at, q1 * scale, q3 * scale);
        std::string label = short_number(*value * scale);
        if (const auto ratio = number_or_none(*row, "vs_best_rival"); subject && ratio)
            label += fmt::format(" ({:.2f}×)", *ratio);
        labels.row(std::max(*value, q3) * scale, at, label);
        largest = std::max(largest, std::max(*value, q3) * scale);
    }
    std::string script = plot::name_axis(names, 24) + data.text() + labels.text();
    std::string lines;
    for (const auto& [colour, bar] : by_ink) {
        script += bar.text();
        lines += fmt::format(
            "{} using ($1/2):2:(0):1:($2-0.34):($2+0.34) with boxxyerror fs solid {} noborder lc rgb '{}', ",
            bar.name(), colour == "faint" ? "0.45" : "0.9", ink(colour));
    }
    script += fmt::format("set xrange [0:{:.6g}]\nset xtics {:.6g} font ',11'\nset ytics font ',11'\n",
                          std::max(largest, 1e-9) * 1.55, tic_step(largest));
    if (names.empty()) lines = "NaN, ";
    return {.id = id_of(one.name),
            .title = one.name,
            .caption = fmt::format("{}, medians over rounds with quartiles.{}", one.of->words,
                                   floor_sentence(results, one.name)),
            .script =
                script + "plot " + lines +
                (names.empty() ? "NaN\n"
                               : fmt::format("{} using 1:2:3:4 with xerrorbars pt -1 lc rgb '{}', {} using 1:2:3 with "
                                             "labels left offset 0.5,0 font ',11' textcolor rgb '{}'\n",
                                             data.name(), ink("text"), labels.name(), ink("text"))),
            .height = std::max(150, 50 + 20 * static_cast<int>(names.size()))};
}

std::string table_of(const scenario& one) {
    const std::string key = one.of->key;
    html_table table({"queue", fmt::format(">{}", one.of->words), key == "ns" ? ">floors" : ">of the floor",
                      ">against the best rival", ">rounds kept", ">p99, all rounds", ">max"});
    for (const auto* row : one.rows) {
        const auto value = number_or_none(*row, key);
        const auto words = [&](const std::string& of, double scale) {
            const auto found = number_or_none(*row, of);
            return found ? short_number(*found * scale) : std::string("–");
        };
        const auto excluded = text_or(*row, "excluded", "");
        const auto ratio = number_or_none(*row, "vs_best_rival");
        const auto latency = row->find("latency");
        const bool has_latency = latency != row->end() && latency->is_object();
        table.row({with_note(text(*row, "queue"), !excluded.empty() ? "excluded: " + excluded
                                                  : !value          ? "no sample was kept"
                                                                    : ""),
                   value ? with_note(words(key, one.of->scale),
                                     words(key + "_q1", one.of->scale) + "–" + words(key + "_q3", one.of->scale))
                         : "–",
                   words("of_floor", 1),
                   ratio ? with_note(fmt::format("{:.2f}", *ratio), words("q1", 1) + "–" + words("q3", 1)) : "–",
                   fmt::format("{} of {}", count(*row, "rounds"), count(*row, "rounds") + count(*row, "dropped")),
                   has_latency ? fmt::format("{:.0f} ns", number(*latency, "p99_ns")) : "–",
                   has_latency ? fmt::format("{:.0f} ns", number(*latency, "max_ns")) : "–"});
    }
    return folded("Figures of " + one.name, table.str());
}

void add_bench(html_page& page, const contents&, const part& of) {
    const auto& results = of.content;
    const auto& where = object(results, "environment");
    const auto all = scenarios_of(results);
    if (flag_or(where, "assertions", false))
        page.add("<p class=\"warning\">Not a release build: do not compare these figures.</p>\n");
    if (!flag_or(where, "pinned", true))
        page.add(fmt::format("<p class=\"warning\">The threads were not pinned: {}.</p>\n",
                             escaped(text_or(where, "why_not_pinned", ""))));
    page.paragraph(fmt::format(
        "{}, {}; {}, {}; {}.{} Numbers in brackets are ratios to the best rival within the same round; above 1 "
        "is better, whether the figure is a rate or a time.",
        text_or(where, "cpu_model", ""), text_or(where, "kernel", ""), text_or(where, "compiler", ""),
        text_or(where, "compiler_flags", ""), text_or(where, "date", ""),
        where.contains("memory_node")
            ? fmt::format(" The memory of all queues was on NUMA node {}.", whole(where, "memory_node"))
            : ""));
    page.add(swatches({{"series-2", 1, "weir"}, {"series-3", 1, "the best rival"}, {"faint", 1, "other rivals"}}));
    std::vector<picture> pictures;
    std::string tables;
    for (const auto& one : all) {
        pictures.push_back(bars(results, one));
        tables += table_of(one);
    }
    page.pictures(std::move(pictures));
    page.add(tables);
}

}  // namespace

const section bench_section{bench_facts, add_bench};

}  // namespace weir::tool::report
