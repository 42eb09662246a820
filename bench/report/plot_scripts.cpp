// SPDX-License-Identifier: MIT
//
// Bars: one panel for each scenario, the same order of queues in all panels of a picture. Colours are Okabe and Ito's,
// which colour-blind people can tell apart; weir's bars also carry their ratio in words.
#include "bench/report/plot_scripts.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "bench/report/results.hpp"

namespace bench {
namespace {

using nlohmann::json;

constexpr int panel_width = 330;
constexpr int names_width = 215;
constexpr int bar_height = 24;
constexpr int panel_extra = 62;  ///< title and axis
constexpr int head = 56;
constexpr int foot = 82;

constexpr unsigned weir_colour = 0x0072B2;
constexpr unsigned best_rival_colour = 0xE69F00;
constexpr unsigned rival_colour = 0xB0B0B0;
constexpr unsigned blocking_colour = 0xDDDDDD;

constexpr const char* rate_axis = "Million items a second, median and quartiles";

constexpr std::array<const char*, 4> waiting_families = {"blocking/", "wakeup/", "idle/", "oversubscribed/"};

struct panel {
    std::string scenario;
    std::string title;
};

struct picture {
    std::string name;
    std::string title;
    std::string axis;
    double scale;  ///< from the JSON's unit to the axis'
    std::size_t columns;
    std::vector<panel> panels;
};

std::vector<std::string> queues_in(const json& summary, const std::vector<panel>& panels) {
    std::vector<std::string> names;
    for (const auto& row : summary) {
        const bool shown =
            std::any_of(panels.begin(), panels.end(), [&](const panel& p) { return row["scenario"] == p.scenario; });
        if (shown && std::find(names.begin(), names.end(), row["queue"]) == names.end()) {
            names.push_back(row["queue"]);
        }
    }
    return names;
}

/// In scenarios about waiting every rival blocks, and none is marked for it.
bool about_waiting(const std::string& scenario) {
    return std::any_of(waiting_families.begin(), waiting_families.end(),
                       [&](const char* family) { return scenario.starts_with(family); });
}

/// Blocks, in a scenario where the others can refuse.
bool set_apart(const json& row) {
    return row.value("blocking", false) && !about_waiting(row["scenario"].get<std::string>());
}

bool any_blocking(const json& summary, const std::vector<panel>& panels) {
    return std::any_of(summary.begin(), summary.end(),
                       [&](const json& row) { return set_apart(row) && row["scenario"] == panels.front().scenario; });
}

std::string footnote(int label, double height, const std::string& words) {
    return fmt::format("set label {} {} at screen 0.01,{:.4f} left font ',11' textcolor rgb '#444444'\n", label,
                       gnuplot_string(words), height);
}

std::string short_number(double value) { return fmt::format("{:.{}f}", value, value < 10 ? 1 : 0); }

/// One line of data: position, value, q1, q3, colour, label.
std::string bar(const json& row, std::size_t position, double scale) {
    const std::string unit = unit_of(row);
    const double value = row[unit].get<double>() * scale;
    const bool subject = row.value("subject", false);
    const bool best = row["queue"] == row["best_rival"];
    const unsigned colour = subject          ? weir_colour
                            : best           ? best_rival_colour
                            : set_apart(row) ? blocking_colour
                                             : rival_colour;
    std::string label = short_number(value);
    if (subject && row["vs_best_rival"].is_number()) {
        label += fmt::format(" ({:.2f}x)", row["vs_best_rival"].get<double>());
    }
    return fmt::format("{} {:.6g} {:.6g} {:.6g} {} {}\n", position, value, row[unit + "_q1"].get<double>() * scale,
                       row[unit + "_q3"].get<double>() * scale, colour, '"' + label + '"');
}

/// The limit to compare the bars with: named in the panel's title, and drawn as a line where it fits.
std::string reference_line(const json& results, const panel& p, double scale, double largest, std::string& title) {
    double at = 0.0;
    std::string what;
    if (p.scenario.starts_with("wakeup") || p.scenario.starts_with("idle")) {
        return {};  // far from the floors
    }
    for (const auto& floor : results["floors"]) {
        if (floor["scenario"] == p.scenario) {
            const bool time = p.scenario.find("roundtrip") != std::string::npos;
            at = floor[time ? "line_roundtrip_ns" : "stream_words_per_s"]["median"].get<double>() * scale;
            what = time ? "line round trip" : "streaming floor";
        }
    }
    for (const auto& row : results["summary"]) {
        if (row["scenario"] == p.scenario && row.contains("work_bound_per_s")) {
            at = row["work_bound_per_s"].get<double>() * scale;
            what = "the work alone";
        } else if (row["scenario"] == p.scenario && row["item_bytes"].get<double>() > 8.0) {
            at = 0.0;  // the streaming floor is in words
        }
    }
    if (at == 0.0) {
        return {};
    }
    title += fmt::format(" ({} {})", what, short_number(at));
    if (at > largest * 1.3) {
        return {};
    }
    return fmt::format("set arrow from {0:.6g},graph 0 to {0:.6g},graph 1 nohead dt 2 lc rgb '#555555' front\n", at);
}

std::string bars_script(const json& results, const picture& shown) {
    const json& summary = results["summary"];
    const auto names = queues_in(summary, shown.panels);
    const std::size_t columns = std::min(shown.columns, shown.panels.size());
    const std::size_t rows = (shown.panels.size() + columns - 1) / columns;
    const int width = names_width + panel_width * static_cast<int>(columns) + 20;
    const int row_height = bar_height * static_cast<int>(names.size()) + panel_extra;
    const int height = head + row_height * static_cast<int>(rows) + foot;

    std::string text = plot_prologue(width, height, shown.title);
    text += "set style fill solid 1.0 noborder\nset grid xtics lc rgb '#E5E5E5'\nset border 1 lc rgb '#888888'\n";
    text += "set tics nomirror scale 0.4 textcolor rgb '#222222'\nset xtics font ',11'\n";
    text += footnote(1, 60.0 / height, shown.axis);
    text += footnote(2, 38.0 / height,
                     std::string{"blue: weir, and its ratio to the best rival (orange)"} +
                         (any_blocking(summary, shown.panels) ? "; palest: cannot refuse" : ""));
    text += footnote(3, 16.0 / height, plot_caption(results["environment"]));
    for (std::size_t i = 0; i != shown.panels.size(); ++i) {
        const panel& p = shown.panels[i];
        text += fmt::format("$panel{} << EOD\n", i);
        double largest = 0.0;
        for (const auto& row : summary) {
            if (row["scenario"] == p.scenario && figure_of(row).is_number()) {
                const auto at = std::find(names.begin(), names.end(), row["queue"]) - names.begin();
                text += bar(row, static_cast<std::size_t>(at) + 1, shown.scale);
                largest = std::max(largest, row[unit_of(row) + "_q3"].get<double>() * shown.scale);
            }
        }
        text += "EOD\n";

        std::string title = p.title;
        const std::string line = reference_line(results, p, shown.scale, largest, title);
        const auto column = static_cast<int>(i % columns);
        const auto row_above = static_cast<int>(i / columns);
        const double left = names_width + column * panel_width;
        const double top = head + row_above * row_height + 26;
        text += fmt::format("set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\n", left / width,
                            (left + panel_width - 24) / width);
        text += fmt::format("set tmargin at screen {:.4f}\nset bmargin at screen {:.4f}\n", 1.0 - top / height,
                            1.0 - (top + row_height - panel_extra) / height);
        text += "unset arrow\n" + line;
        text += fmt::format("set title {} font ',12' offset 0,-0.6\n", gnuplot_string(title));
        text += fmt::format("set xrange [0:{:.6g}]\nset yrange [{}:0.4]\n", std::max(largest, 1e-9) * 1.3,
                            static_cast<double>(names.size()) + 0.6);
        text += "set ytics (";
        for (std::size_t name = 0; name != names.size(); ++name) {
            text +=
                fmt::format("{}{} {}", name == 0 ? "" : ", ", gnuplot_string(column == 0 ? names[name] : ""), name + 1);
        }
        text += ")\n";
        text += fmt::format(
            "plot $panel{0} using ($2/2):1:(0):2:($1-0.36):($1+0.36):5 with boxxyerror lc rgb variable, "
            "$panel{0} using 2:1:3:4 with xerrorbars pt -1 lc rgb '#222222', "
            "$panel{0} using (($4>$2?$4:$2)):1:6 with labels left offset 0.4,0 font ',11'\n",
            i);
        text += "unset label\n";
    }
    return text + "unset multiplot\n";
}

bool has(const json& results, const std::string& scenario) {
    return std::any_of(results["summary"].begin(), results["summary"].end(),
                       [&](const json& row) { return row["scenario"] == scenario; });
}

/// The scenarios of the results, each once, in their order.
std::vector<std::string> scenarios_starting(const json& results, const std::string& start) {
    std::vector<std::string> names;
    for (const auto& row : results["summary"]) {
        const std::string name = row["scenario"];
        if (name.starts_with(start) && (names.empty() || names.back() != name)) {
            names.push_back(name);
        }
    }
    return names;
}

picture throughput_picture(const json& results, const std::string& bytes) {
    picture shown{"throughput-" + bytes,
                  "Throughput, one item of " + bytes.substr(0, bytes.size() - 1) + " bytes at a time",
                  rate_axis,
                  1e-6,
                  3,
                  {}};
    for (const auto& scenario : scenarios_starting(results, "throughput/" + bytes + "/")) {
        const std::string rest = scenario.substr(scenario.find("/cap") + 4);
        const auto slash = rest.find('/');
        shown.panels.push_back({scenario, rest.substr(0, slash) + " slots, " + rest.substr(slash + 1)});
    }
    return shown;
}

picture batch_picture(const json& results) {
    picture shown{"batches", "Batches of 8-byte items: copied, and written and read in place", rate_axis, 1e-6, 2, {}};
    for (const auto& scenario : scenarios_starting(results, "batch")) {
        const auto slash = scenario.find('/');
        shown.panels.push_back(
            {scenario, scenario.substr(0, slash) + ", " + scenario.substr(scenario.find("/cap") + 4) + " slots"});
    }
    return shown;
}

/// One panel for each scenario of these families, titled with its name.
picture family_picture(const json& results, const std::string& name, const std::string& title, const std::string& axis,
                       double scale, const std::vector<std::string>& families, const std::string& ending = "") {
    picture shown{name, title, axis, scale, 3, {}};
    for (const auto& family : families) {
        for (const auto& scenario : scenarios_starting(results, family)) {
            if (scenario.ends_with(ending)) {
                shown.panels.push_back({scenario, scenario});
            }
        }
    }
    return shown;
}

std::vector<picture> pictures_of_waiting(const json& results) {
    return {family_picture(results, "blocking", "push and pop that wait, one producer and one consumer", rate_axis,
                           1e-6, {"blocking/8B/"}),
            family_picture(results, "blocking-roundtrip", "Round trip through two queues, with push and pop that wait",
                           "ns, median and quartiles: shorter is better", 1.0, {"blocking/roundtrip/"}),
            family_picture(results, "wakeup", "From a push to the return of a pop that sleeps",
                           "us, median and quartiles of the rounds' medians: shorter is better", 1e-3, {"wakeup/"}),
            family_picture(results, "idle", "Processor time of a consumer that waits for nothing",
                           "percent of a core: shorter is better", 1.0, {"idle/"}),
            family_picture(results, "oversubscribed", "push and pop that wait, more threads than cores", rate_axis,
                           1e-6, {"oversubscribed/"})};
}

std::vector<picture> pictures_of_crowds(const json& results) {
    const std::vector<std::string> families = {"mpmc/", "mpsc/", "spmc/"};
    return {family_picture(results, "crowd-8B", "Several producers and consumers, items of 8 bytes", rate_axis, 1e-6,
                           families, "/8B"),
            family_picture(results, "crowd-64B", "Several producers and consumers, items of 64 bytes", rate_axis, 1e-6,
                           families, "/64B")};
}

}  // namespace

std::string gnuplot_string(const std::string& text) {
    std::string safe = "'";
    for (const char c : text) {
        safe += c == '\'' ? "''" : std::string(1, c);
    }
    return safe + "'";
}

std::string plot_caption(const json& environment) {
    std::string cores;
    for (const auto& core : environment.value("cores", json::array())) {
        cores += (cores.empty() ? "" : " and ") + core.get<std::string>();
    }
    return fmt::format("{}, PUs {}, {}, {}", environment.value("cpu_model", "?"), cores,
                       environment.value("compiler", "?"), environment.value("date", "?").substr(0, 10)) +
           (environment.value("pinned", false) ? "" : ", NOT PINNED");
}

std::string plot_prologue(int width, int height, const std::string& title) {
    return fmt::format(
        "set terminal svg size {},{} noenhanced font 'Helvetica,13' background '#FFFFFF'\n"
        "set multiplot title {} font ',16' offset 0,0.3\nunset key\n",
        width, height, gnuplot_string(title));
}

std::vector<plot_script> plot_scripts(const json& results) {
    std::vector<plot_script> scripts;
    std::vector<picture> pictures;
    for (const char* bytes : {"8B", "64B", "256B"}) {
        pictures.push_back(throughput_picture(results, bytes));
    }
    pictures.push_back(batch_picture(results));
    if (has(results, "roundtrip/8B")) {
        pictures.push_back({"roundtrip",
                            "Round trip of one item through two queues",
                            "ns, median and quartiles: shorter is better",
                            1.0,
                            1,
                            {{"roundtrip/8B", "8 bytes"}}});
    }
    for (const auto& more : {pictures_of_waiting(results), pictures_of_crowds(results)}) {
        pictures.insert(pictures.end(), more.begin(), more.end());
    }
    for (const auto& shown : pictures) {
        if (!shown.panels.empty()) {
            scripts.push_back({shown.name, bars_script(results, shown)});
        }
    }
    if (const auto rates = scenarios_starting(results, "latency/"); !rates.empty()) {
        scripts.push_back({"latency", latency_script(results, rates)});
    }
    return scripts;
}

}  // namespace bench
