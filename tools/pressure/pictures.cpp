// SPDX-License-Identifier: MIT
//
// The pictures of a run. A picture without data is an empty frame, so that every page has the same layout.
#include "tools/pressure/pictures.hpp"

#include "tools/pressure/plot.hpp"
#include "tools/pressure/pressure.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace weir::tool::pressure {
namespace {

using nlohmann::json;
using plot::data;

std::string name_of(const json& policy) { return policy.at("name"); }

std::vector<std::string> names_of(const json& run) {
    std::vector<std::string> names;
    for (const auto& policy : run.at("policies")) names.push_back(name_of(policy));
    return names;
}

double longest_s(const json& run) {
    double longest = 0;
    for (const auto& policy : run.at("policies")) longest = std::max(longest, plot::last_of(policy, "at_s"));
    return longest;
}

constexpr const char* in_queue = "in the queue";
constexpr const char* in_all = "from the due time";

std::string key_of_two(const char* one, const char* other, int dash) {
    return swatches({{"series-2", dash, one}, {"series-4", 1, other}});
}

// gnuplot refuses to plot nothing.
std::string plotted(const std::vector<std::string>& parts) {
    return parts.empty() ? "set yrange [0:1]\nplot -1 notitle\n" : fmt::format("plot {}\n", fmt::join(parts, ", "));
}

// One curve per policy; values below `least` are drawn at `least`.
std::string curves(const json& run, const char* column, double scale, double least) {
    std::string text;
    std::vector<std::string> parts;
    for (const auto& policy : run.at("policies")) {
        data points(fmt::format("p{}", parts.size()));
        const auto all = plot::largest(policy, column);
        for (std::size_t i = 0; i != all.value.size(); ++i)
            points.row(all.at_s[i], std::max(all.value[i] * scale, least));
        if (all.value.empty()) continue;
        text += points.text();
        parts.push_back(points.name() + " using 1:2 with lines " + plot::line_style(look_of(name_of(policy))));
    }
    return text + plotted(parts);
}

picture depth_picture(const json& run) {
    return {"depth", "Depth over time",
            "Items queued, on a logarithmic scale. Rings stop at their capacity, on one line where several do.",
            plot::time_axis(run, longest_s(run)) + "set logscale y\nset yrange [0.8:*]\nset format y '%.0s%c'\n" +
                curves(run, "depth", 1, 0.8)};
}

picture memory_picture(const json& run) {
    return {"memory", "Memory over time", "Resident memory of the process that runs one policy.",
            plot::time_axis(run, longest_s(run)) + "set yrange [0:*]\nset ylabel 'MiB' offset 1.5,0\n" +
                curves(run, "rss_bytes", 1.0 / (1 << 20), 0)};
}

// Two figures per policy on one line, joined by a segment. The second is drawn in front, and smaller, so that it does
// not hide the first.
std::string pairs(const json& run, const std::string& axis, double least, const std::array<const char*, 2>& keys) {
    data rows("pairs");
    int row = 0;
    bool any = false;
    for (const auto& policy : run.at("policies")) {
        ++row;
        const auto one = plot::figure(policy, keys[0]), other = plot::figure(policy, keys[1]);
        if (!one || !other) continue;
        any = true;
        rows.row(std::max(*one, least), static_cast<double>(row), std::max(*other, least));
    }
    std::string text = plot::name_axis(names_of(run)) + axis + rows.text();
    if (!any) return text + plotted({});
    const auto dots = [&](int column, double size, const char* colour) {
        return fmt::format("{} using {}:2 with points pt 7 ps {:g} lc rgb '{}'", rows.name(), column, size,
                           ink(colour));
    };
    return text + plotted({fmt::format("{} using 1:2:($3-$1):(0) with vectors nohead lw 2 lc rgb '{}'", rows.name(),
                                       ink("grid")),
                           dots(1, 1.1, "series-2"), dots(3, 0.7, "series-4")});
}

picture waiting_picture(const json& run) {
    return {
        "waiting", "Where items wait",
        "Medians during the burst. 'block' moves the delay to the source: a clock that starts when the item enters the "
        "queue misses it.",
        pairs(run, plot::time_tics('x'), 1e-3, {"sojourn_p50_ms", "delay_p50_ms"}), key_of_two(in_queue, in_all, 1)};
}

picture rates_picture(const json& run) {
    const double burst_per_s = run.at("conditions").at("burst_per_s");
    return {"rates", "Source rate and sink rate",
            "Items per second during the burst: sent by the source, and taken by the sink.",
            pairs(run, fmt::format("set xrange [0:{:.6g}]\nset format x '%.0s%c'\n", burst_per_s * 1.1), 0,
                  {"source_per_s", "sink_per_s"}),
            key_of_two("source", "sink", 1)};
}

picture sojourn_picture(const json& run) {
    std::string text =
        "set logscale x\nset xtics ('50 %%' 2, '90 %%' 10, '99 %%' 100, '99.9 %%' 1e3, '99.99 %%' 1e4)\nset xrange [2:3e4]\n"
        "set xlabel 'share of items that waited at most this long' offset 0,0.5\n" +
        plot::time_tics('y');
    std::vector<std::string> parts;
    for (const auto& policy : run.at("policies")) {
        data points(fmt::format("p{}", parts.size()));
        bool any = false;
        for (const auto& p : policy.at("percentiles")) {
            const double share = p.at("percentile").get<double>() / 100;
            if (share >= 1) continue;
            points.row(1 / (1 - share), std::max(p.at("sojourn_ms").get<double>(), 1e-3));
            any = true;
        }
        if (!any) continue;
        text += points.text();
        parts.push_back(points.name() + " using 1:2 with lines " + plot::line_style(look_of(name_of(policy))));
    }
    return {"sojourn", "Sojourn in the queue, by percentile",
            "Items delivered during the burst, after the queue has settled.", text + plotted(parts)};
}

picture goodput_picture(const json& run) {
    std::string text =
        "set format xy '%.0s%c'\nset xrange [0:*]\nset yrange [0:*]\nset xlabel 'offered per second' offset 0,0.5\n";
    std::vector<std::string> parts;
    for (const auto& policy : run.at("policies")) {
        if (policy.at("goodput").empty()) continue;
        data points(fmt::format("p{}", parts.size()));
        for (const auto& g : policy.at("goodput"))
            points.row(g.at("offered_per_s").get<double>(), g.at("goodput_per_s").get<double>());
        text += points.text();
        const auto how = look_of(name_of(policy));
        parts.push_back(points.name() + " using 1:2 with linespoints pt 7 ps 0.5 " + plot::line_style(how));
    }
    const double sink_per_s = run.at("conditions").at("sink_per_s");
    text +=
        fmt::format("set arrow 1 from graph 0,first {0:.6g} to graph 1,first {0:.6g} nohead dt (3,4) lc rgb '{1}'\n",
                    sink_per_s, ink("faint"));
    return {"goodput", "Goodput against offered load",
            fmt::format("Items per second delivered within {:g} ms of their due time. The "
                        "dotted line is the sink's rate.",
                        run.at("conditions").at("deadline_ms").get<double>()),
            text + plotted(parts)};
}

picture loss_picture(const json& run) {
    std::string text =
        plot::name_axis(names_of(run)) + "set xrange [0:100]\nset xlabel 'per cent of offered items' offset 0,0.5\n";
    data bars("bars"), totals("totals");
    int row = 0;
    for (const auto& policy : run.at("policies")) {
        ++row;
        const auto& ledger = policy.at("ledger");
        const double offered = std::max(1.0, ledger.at("offered").get<double>());
        double from = 0;
        for (std::size_t i = 0; i != causes().size(); ++i) {
            const double share = ledger.at(std::string(causes()[i].key)).get<double>() / offered * 100;
            if (share > 0) {
                const auto colour = std::stoul(ink(look_of_cause(i).ink).substr(1), nullptr, 16);
                bars.row(from, from + share, row - 0.34, row + 0.34, static_cast<double>(colour));
            }
            from += share;
        }
        totals.row(from, static_cast<double>(row), from > 0 ? fmt::format("{:.3g} %", from) : std::string("0"));
    }
    bars.row(0, 0, -9, -9, 0);  // keeps the block from being empty
    std::vector<swatch> key;
    for (std::size_t i = 0; i != causes().size(); ++i)
        key.push_back({look_of_cause(i).ink, 1, std::string(causes()[i].words)});
    return {"loss", "Loss by cause", "",
            text + bars.text() + totals.text() +
                plotted({fmt::format("{} using 1:3:1:2:3:4:5 with boxxyerror lc rgb variable", bars.name()),
                         fmt::format("{} using 1:2:3 with labels left offset 0.6,0 tc rgb '{}'", totals.name(),
                                     ink("text"))}),
            swatches(key)};
}

picture recovery_picture(const json& run) {
    std::string text = plot::name_axis(names_of(run)) + plot::time_tics('x');
    data bars("bars"), expected("expected"), words("words");
    int row = 0;
    double most_ms = 10;
    for (const auto& policy : run.at("policies")) {
        ++row;
        const auto took = plot::figure(policy, "recovery_s");
        const double ms = std::max(took.value_or(0) * 1e3, 1e-2);
        most_ms = std::max(most_ms, ms);
        if (took) bars.row(ms, row - 0.3, row + 0.3);
        words.row(took ? ms : 1.0, static_cast<double>(row),
                  took ? with_unit("_s", *took) : std::string("not recovered"));
        if (const auto p = policy.at("predicted").find("recovery_s"); p != policy.at("predicted").end())
            expected.row(p->get<double>() * 1e3, row - 0.42, row + 0.42);
    }
    bars.row(1e-9, -9, -9);  // keeps the block from being empty
    expected.row(1e-9, -9, -9);
    text += fmt::format("set xrange [1:{:.6g}]\n", most_ms * 8) + bars.text() + expected.text() + words.text();
    return {
        "recovery", "Recovery after the burst",
        "Time until the queue is empty and items are on time again. The vertical line is the prediction.",
        text + plotted(
                   {fmt::format("{0} using (1):2:(1):1:2:3 with boxxyerror lc rgb '{1}'", bars.name(), ink("series-2")),
                    fmt::format("{0} using 1:2:(0):($3-$2) with vectors nohead lw 2.5 lc rgb '{1}'", expected.name(),
                                ink("text")),
                    fmt::format("{} using 1:2:3 with labels left offset 1,0 tc rgb '{}'", words.name(), ink("text"))})};
}

// Two curves of one policy over time. Values below `least` mean that nothing was delivered, and are left out.
std::string two_curves(const plot::curve& one, const plot::curve& other, double least) {
    data first("first"), second("second");
    const auto fill = [&](const plot::curve& from, data& to) {
        for (std::size_t i = 0; i != from.value.size(); ++i)
            if (from.value[i] >= least) to.row(from.at_s[i], from.value[i]);
    };
    fill(one, first);
    fill(other, second);
    std::vector<std::string> parts;
    if (!second.empty()) parts.push_back(second.name() + " using 1:2 with lines " + plot::line_style({"series-4", 1}));
    if (!first.empty()) parts.push_back(first.name() + " using 1:2 with lines " + plot::line_style({"series-2", 2}));
    return first.text() + second.text() + plotted(parts);
}

}  // namespace

std::vector<picture> pictures_of_all(const json& run) {
    return {depth_picture(run),   waiting_picture(run), sojourn_picture(run), loss_picture(run),
            goodput_picture(run), rates_picture(run),   memory_picture(run),  recovery_picture(run)};
}

std::vector<picture> pictures_of(const json& run, const json& policy) {
    const auto name = name_of(policy);
    const auto axis = plot::time_axis(run, plot::last_of(policy, "at_s"));
    data depth("depth");
    const auto depths = plot::largest(policy, "depth");
    for (std::size_t i = 0; i != depths.value.size(); ++i) depth.row(depths.at_s[i], depths.value[i]);
    const auto filled =
        depth.name() + fmt::format(" using 1:2 with filledcurves y1=0 lc rgb '{}'", ink(look_of(name).ink));
    return {{name + "-depth", "Depth", "Items queued.",
             axis + "set yrange [0:*]\nset format y '%.0s%c'\n" + depth.text() +
                 plotted(depths.value.empty() ? std::vector<std::string>{} : std::vector{filled})},
            {name + "-delay", "Delay", "p99 of delivered items.",
             axis + plot::time_tics('y') + "set yrange [1e-3:*]\n" +
                 two_curves(plot::largest(policy, "sojourn_p99_ms"), plot::largest(policy, "delay_p99_ms"), 1e-3),
             key_of_two(in_queue, in_all, 2)},
            {name + "-rates", "Rates", "Items per second.",
             axis + "set yrange [0:*]\nset format y '%.0s%c'\n" +
                 two_curves(plot::growth_per_s(policy, "offered"), plot::growth_per_s(policy, "delivered"), 0),
             key_of_two("source", "sink", 2)}};
}

}  // namespace weir::tool::pressure
