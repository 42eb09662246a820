// SPDX-License-Identifier: MIT
#include "tools/pressure/plot.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace weir::tool::pressure {

look look_of(const std::string& policy) {
    static const std::vector<std::pair<std::string_view, look>> looks{
        {"unbounded", {"series-1", 1}},   {"block", {"series-2", 1}},       {"reject", {"series-3", 1}},
        {"drop_newest", {"series-4", 2}}, {"drop_oldest", {"series-5", 1}}, {"sample", {"series-6", 2}},
        {"shed_lowest", {"series-7", 3}}, {"codel", {"series-8", 1}}};
    for (const auto& [name, how] : looks)
        if (name == policy) return how;
    return {"text", 1};
}

look look_of_cause(std::size_t cause) {
    constexpr std::string_view inks[] = {"series-3", "series-4", "series-5", "series-6", "series-7", "series-8"};
    return {inks[cause % std::size(inks)], 1};
}

const std::vector<cause>& causes() {
    static const std::vector<cause> all{{"refused", "refused"},       {"lost_newest", "newest"},
                                        {"lost_oldest", "oldest"},    {"lost_sampled", "sampled out"},
                                        {"lost_lowest", "low class"}, {"lost_late", "waited too long"}};
    return all;
}

namespace plot {
namespace {

constexpr std::size_t most_points = 200;
constexpr double shortest_lot_s = 0.2;  // over a shorter time, a rate is mostly noise

}  // namespace

curve largest(const nlohmann::json& policy, const char* column) {
    const auto at = policy.at("series").at("at_s").get<std::vector<double>>();
    const auto values = policy.at("series").at(column).get<std::vector<double>>();
    const std::size_t size = std::min(at.size(), values.size()), lots = std::min(size, most_points);
    curve all;
    for (std::size_t lot = 0; lot != lots; ++lot) {
        const auto from = size * lot / lots, to = size * (lot + 1) / lots;
        const auto highest = std::max_element(values.begin() + static_cast<std::ptrdiff_t>(from),
                                              values.begin() + static_cast<std::ptrdiff_t>(to));
        all.at_s.push_back(at[static_cast<std::size_t>(highest - values.begin())]);
        all.value.push_back(*highest);
    }
    return all;
}

curve growth_per_s(const nlohmann::json& policy, const char* column) {
    const auto at = policy.at("series").at("at_s").get<std::vector<double>>();
    const auto values = policy.at("series").at(column).get<std::vector<double>>();
    const std::size_t size = std::min(at.size(), values.size());
    curve all;
    if (size == 0) return all;
    const double lot_s = std::min(shortest_lot_s, (at[size - 1] - at[0]) / 50);
    for (std::size_t from = 0, to = 1; to < size; ++to) {
        if (at[to] - at[from] < std::max(lot_s, (at[size - 1] - at[0]) / most_points)) continue;
        all.at_s.push_back((at[from] + at[to]) / 2);
        all.value.push_back((values[to] - values[from]) / (at[to] - at[from]));
        from = to;
    }
    return all;
}

std::string time_axis(const nlohmann::json& run, double to_s) {
    const double from_s = run.at("conditions").at("calm_s"), burst_s = run.at("conditions").at("burst_s");
    return fmt::format(
        "set xrange [0:{:.6g}]\nset xlabel 'seconds; the burst is shaded' offset 0,0.5\n"
        "set object 1 rectangle from {:.6g},graph 0 to {:.6g},graph 1 behind fc rgb '{}' fs solid 0.55 noborder\n",
        std::max(to_s, 1e-3), from_s, std::min(from_s + burst_s, to_s), ink("grid"));
}

double last_of(const nlohmann::json& policy, const char* column) {
    const auto& values = policy.at("series").at(column);
    return values.empty() ? 0.0 : values.back().get<double>();
}

std::optional<double> figure(const nlohmann::json& policy, const char* key) {
    const auto& measured = policy.at("measured");
    const auto found = measured.find(key);
    if (found == measured.end() || !found->is_number()) return std::nullopt;
    return found->get<double>();
}

}  // namespace plot
}  // namespace weir::tool::pressure
