// SPDX-License-Identifier: MIT
#include <weir/measurements.hpp>

#include "json_input.hpp"
#include "pair_words.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace weir {
namespace {

constexpr double most_ns = 1e10;  // ten seconds
constexpr double most_ppm = 1e6;
constexpr double most_remoteness = 1e4;

std::optional<one_way> read_one_way(const json_input& file, const json_input::json& row, const std::string& place) {
    const auto found = row.find("one_way_ns");
    if (found == row.end() || found->is_null()) return std::nullopt;
    const auto inside = place + ".one_way_ns";
    const double p50 = file.amount(*found, "p50", inside, most_ns);
    // p50 is a median over rounds and p99 is over all items, so p99 may be slightly below p50.
    return one_way{p50, std::max(p50, file.amount(*found, "p99", inside, most_ns))};
}

unsigned read_pu(const json_input& file, const json_input::json& row, const char* key, const std::string& place,
                 const topology& machine) {
    const auto pu = file.number(row, key, place);
    if (std::none_of(machine.pus().begin(), machine.pus().end(), [&](const pu_info& p) { return p.os_index == pu; }))
        file.fail("'" + place + "." + key + "' is PU " + std::to_string(pu) + ", which does not exist " +
                  (machine.is_this_machine() ? "here" : "in '" + machine.source() + "'"));
    return pu;
}

bool was_measured(const json_input::json& row) {
    const auto said = row.find("measured");
    return said == row.end() || !said->is_boolean() || said->get<bool>();
}

}  // namespace

std::string_view to_string(cost_source source) noexcept {
    switch (source) {
    case cost_source::measured: return "measured";
    case cost_source::measured_class: return "measured at this distance";
    case cost_source::assumed: return "assumed";
    }
    return "unknown";
}

one_way assumed_one_way(const topology& machine, unsigned from, unsigned to) {
    const auto [p50, p99] = assumed_one_way(machine.distance_between(from, to));
    const double times = machine.remoteness(from, to);
    return {p50 * times, p99 * times};
}

one_way assumed_one_way(distance d) noexcept {
    switch (d) {
    case distance::same_pu: return {5'000, 50'000};  // two context switches, or the rest of a time slice
    case distance::smt: return {20, 60};
    case distance::same_l2: return {30, 90};
    case distance::same_l3: return {50, 150};
    case distance::same_package: return {100, 300};
    case distance::cross_package: return {200, 600};
    }
    return {0, 0};
}

std::pair<distance, unsigned> measurements::part_of(const topology& machine, unsigned from, unsigned to) {
    return {machine.distance_between(from, to), static_cast<unsigned>(std::lround(100 * machine.remoteness(from, to)))};
}

std::optional<unsigned> measurements::slots_node(const topology& machine, unsigned from, unsigned to) const {
    const bool is_at_producer = !slots_at_producer.empty() && slots_at_producer.contains(part_of(machine, from, to));
    return machine.memory_node(is_at_producer ? from : to);
}

measurements::cost_and_source measurements::cost(const topology& machine, unsigned from, unsigned to) const {
    for (const auto& pair : {std::pair(from, to), std::pair(to, from)})
        if (const auto found = pairs.find(pair); found != pairs.end()) return {found->second, cost_source::measured};
    if (const auto found = pairs_by_class.find({from, to}); found != pairs_by_class.end())
        return {found->second, cost_source::measured_class};
    if (!parts.empty())
        if (const auto found = parts.find(part_of(machine, from, to)); found != parts.end())
            return {found->second, cost_source::measured_class};
    const auto far = machine.distance_between(from, to);
    if (const auto found = classes.find(far); found != classes.end())
        return {found->second, cost_source::measured_class};
    return {assumed_one_way(machine, from, to), cost_source::assumed};
}

std::optional<double> measurements::median_noise_ns() const {
    if (noise_ns.empty()) return std::nullopt;
    std::vector<double> all;
    for (const auto& [pu, noise] : noise_ns) all.push_back(noise);
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>((all.size() - 1) / 2);
    std::nth_element(all.begin(), middle, all.end());
    return *middle;
}

void measurements::load_matrix(const std::string& path, const topology& machine) {
    const json_input file("matrix file", path, "make it again with 'weir matrix --json' on the target machine");
    file.expect_kind("weir matrix");
    file.expect_machine(machine, true);
    for (std::size_t i = 0; const auto& row : file.array(file.root(), "pairs")) {
        const auto place = "pairs[" + std::to_string(i++) + "]";
        const auto pair =
            std::pair(read_pu(file, row, "from", place, machine), read_pu(file, row, "to", place, machine));
        if (const auto cost = read_one_way(file, row, place))
            (was_measured(row) ? pairs : pairs_by_class)[pair] = *cost;
        if (const auto rate = file.maybe_amount(row, "items_per_s", place); rate && *rate > 0)
            items_per_s[pair] = *rate;
    }
    if (file.root().contains("memory"))
        for (std::size_t i = 0; const auto& row : file.array(file.root(), "memory")) {
            const auto place = "memory[" + std::to_string(i++) + "]";
            const auto from = read_pu(file, row, "from", place, machine);
            const auto to = read_pu(file, row, "to", place, machine);
            if (file.text(row, "better_at", place) == "producer") slots_at_producer.insert(part_of(machine, from, to));
        }
    if (!file.root().contains("classes")) return;
    for (std::size_t i = 0; const auto& row : file.array(file.root(), "classes")) {
        const auto place = "classes[" + std::to_string(i++) + "]";
        const auto name = file.text(row, "distance", place);
        const auto* const known =
            std::find_if(distances.begin(), distances.end(), [&](distance d) { return to_string(d) == name; });
        if (known == distances.end()) file.fail("'" + place + ".distance' is '" + name + "', which is not a distance");
        // Several classes may have the same distance, for different core kinds or NUMA nodes: use the most expensive.
        const auto cost = read_one_way(file, row, place);
        if (!cost) continue;
        const auto keep_worst = [&](auto& all, const auto& key) {
            if (auto& worst = all.try_emplace(key, *cost).first->second; worst.p50_ns < cost->p50_ns) worst = *cost;
        };
        keep_worst(classes, *known);
        if (const auto remoteness = file.maybe_amount(row, "remoteness", place, most_remoteness))
            keep_worst(parts, std::pair(*known, static_cast<unsigned>(std::lround(100 * *remoteness))));
    }
}

void measurements::load_jitter(const std::string& path, const topology& machine) {
    const json_input file("jitter file", path, "make it again with 'weir jitter --json' on the target machine");
    file.expect_kind("weir jitter");
    file.expect_machine(machine, false);
    for (std::size_t i = 0; const auto& row : file.array(file.root(), "pus")) {
        const auto place = "pus[" + std::to_string(i++) + "]";
        const auto pu = read_pu(file, row, "pu", place, machine);
        constexpr double hundredth_ppm = 10'000;
        noise_ns[pu] = std::min(1.0, file.amount(row, "stolen_ppm", place, most_ppm) / hundredth_ppm) *
                       file.amount(row, "p99_9_gap_ns", place, most_ns);
    }
}

}  // namespace weir
