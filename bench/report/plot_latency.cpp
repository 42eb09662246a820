// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bench/report/plot_scripts.hpp"

namespace bench {
namespace {

using nlohmann::json;

constexpr int curve_width = 760;
constexpr int curve_height = 400;
constexpr int key_width = 220;
constexpr int curve_head = 50;

// Okabe and Ito's colours; after the last one, they repeat with the next dash pattern.
constexpr std::array<const char*, 7> colours = {"#E69F00", "#56B4E9", "#009E73", "#CC79A7",
                                                "#D55E00", "#999999", "#000000"};

std::string line_style(bool subject, std::size_t rival) {
    if (subject) {
        return "lw 3.5 dt 1 lc rgb '#0072B2'";
    }
    return fmt::format("lw 1.5 dt {} lc rgb '{}'", rival / colours.size() == 0 ? "1" : "(8,4)",
                       colours[rival % colours.size()]);
}

/// 1 / (1 - share) and ns, up to the last message but one.
std::string curve_data(const json& curve) {
    std::string text;
    for (const auto& point : curve) {
        const double share = point[0].get<double>() / 100.0;
        if (share < 1.0) {
            text += fmt::format("{:.6g} {}\n", 1.0 / (1.0 - share), std::max(1.0, point[1].get<double>()));
        }
    }
    return text;
}

}  // namespace

std::string latency_script(const json& results, const std::vector<std::string>& scenarios) {
    const int height = curve_head + curve_height * static_cast<int>(scenarios.size());
    const int width = curve_width + key_width;
    std::string text = plot_prologue(width, height, "One-way latency on a fixed schedule, from the intended send time");
    text +=
        "set logscale xy\nset grid lc rgb '#E5E5E5'\nset border 3 lc rgb '#888888'\nset tics nomirror scale 0.4 textcolor rgb '#222222'\n";
    text += "set key outside right top samplen 2.5 font ',11'\n";
    text +=
        "set xtics ('0' 1, '50%%' 2, '90%%' 10, '99%%' 100, '99.9%%' 1000, '99.99%%' 1e4, '99.999%%' 1e5, '99.9999%%' 1e6)\n";
    text +=
        "set ytics ('10 ns' 10, '100 ns' 100, '1 us' 1e3, '10 us' 1e4, '100 us' 1e5, '1 ms' 1e6, '10 ms' 1e7, '100 ms' 1e8)\n";
    text += fmt::format("set label 1 {} at screen 0.01,{:.4f} left font ',11' textcolor rgb '#444444'\n",
                        gnuplot_string(plot_caption(results["environment"])), 12.0 / height);
    text += fmt::format("set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\n", 90.0 / width,
                        (curve_width - 10.0) / width);
    for (std::size_t panel = 0; panel != scenarios.size(); ++panel) {
        std::string plots;
        std::size_t curves = 0;
        std::size_t rivals = 0;
        for (const auto& row : results["summary"]) {
            if (row["scenario"] != scenarios[panel] || !row.contains("latency")) {
                continue;
            }
            const bool subject = row.value("subject", false);
            const std::string block = fmt::format("$curve{}_{}", panel, curves++);
            text += fmt::format("{} << EOD\n{}EOD\n", block, curve_data(row["latency"]["curve"]));
            plots += fmt::format("{}{} using 1:2 with lines {} title {}", plots.empty() ? "plot " : ", ", block,
                                 line_style(subject, rivals), gnuplot_string(row["queue"].get<std::string>()));
            rivals += subject ? 0 : 1;
        }
        const double top = curve_head + static_cast<double>(panel) * curve_height + 30;
        text += fmt::format("set tmargin at screen {:.4f}\nset bmargin at screen {:.4f}\n", 1.0 - top / height,
                            1.0 - (top + curve_height - 90) / height);
        text += fmt::format("set title {} font ',12' offset 0,-0.6\n",
                            gnuplot_string(scenarios[panel] + ", all rounds together"));
        text += "set xlabel 'share of messages that took no longer' font ',11'\n" + plots + "\nunset label\n";
    }
    return text + "unset multiplot\n";
}

}  // namespace bench
