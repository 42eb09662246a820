// SPDX-License-Identifier: MIT
#include "core_kinds.hpp"

#include <weir/plan.hpp>

#include "plain_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace weir {
namespace {

// What hwloc may say of a kind's speed, the best measure first. The kernel's capacity counts instructions and clock; the base
// frequency can be sustained, and the highest one cannot.
struct measure {
    const char* info;
    std::string_view name;
    bool compares_designs;
};
constexpr std::array measures{measure{"LinuxCapacity", "cpu_capacity", true},
                              measure{"FrequencyBaseMHz", "base frequency", false},
                              measure{"FrequencyMaxMHz", "maximum frequency", false}};
using figures = std::array<std::optional<unsigned>, measures.size()>;  // of one kind

std::optional<unsigned> read_figure(std::string_view text) {
    constexpr unsigned most = 1'000'000;
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_whole = error == std::errc{} && end == text.data() + text.size();
    return is_whole && value != 0 && value <= most ? std::optional(value) : std::nullopt;
}

// Whether a kind that hwloc ranks higher has a lower figure. A slower clock may be that of the faster design.
bool contradicts_ranks(const std::vector<core_kind_info>& kinds, const std::vector<figures>& found, std::size_t which) {
    for (std::size_t a = 0; a != kinds.size(); ++a)
        for (std::size_t b = 0; b != kinds.size(); ++b)
            if (kinds[a].performance && kinds[b].performance && *kinds[a].performance > *kinds[b].performance &&
                *found[a][which] < *found[b][which])
                return true;
    return false;
}

void set_capacities(std::vector<core_kind_info>& kinds, const std::vector<figures>& found) {
    for (std::size_t which = 0; which != measures.size(); ++which) {
        if (!std::all_of(found.begin(), found.end(), [&](const figures& of) { return of[which].has_value(); }))
            continue;
        if (!measures[which].compares_designs && contradicts_ranks(kinds, found, which)) continue;
        unsigned most = 1;
        for (const auto& of : found) most = std::max(most, *of[which]);
        for (std::size_t kind = 0; kind != kinds.size(); ++kind) {
            kinds[kind].capacity = static_cast<double>(*found[kind][which]) / most;
            kinds[kind].capacity_from = measures[which].name;
        }
        return;
    }
}

}  // namespace

std::vector<core_kind_info> read_core_kinds(hwloc_topology* tree) {
    std::vector<core_kind_info> kinds;
    std::vector<figures> found;
    const int count = hwloc_cpukinds_get_nr(tree, 0);
    const auto pus = make_bitmap();
    for (unsigned kind = 0; std::cmp_less(kind, count); ++kind) {
        int rank = -1;
        unsigned info_count = 0;
        hwloc_info_s* infos = nullptr;
        if (hwloc_cpukinds_get_info(tree, kind, pus.get(), &rank, &info_count, &infos, 0) != 0) continue;
        std::string name;
        figures known;
        for (unsigned i = 0; i < info_count; ++i) {
            const std::string_view key(infos[i].name);
            if (key == "CoreType") name = printable(infos[i].value);
            for (std::size_t which = 0; which != measures.size(); ++which)
                if (key == measures[which].info) known[which] = read_figure(infos[i].value);
        }
        const auto performance = rank < 0 ? std::nullopt : std::optional(static_cast<unsigned>(rank));
        kinds.push_back({kind, performance, std::move(name), to_pu_set(pus.get()), {}, {}});
        found.push_back(known);
    }
    set_capacities(kinds, found);
    return kinds;
}

double slowness_ns(const topology& machine, unsigned core) {
    const auto& kinds = machine.core_kinds();
    const auto row = std::lower_bound(machine.cores().begin(), machine.cores().end(), core,
                                      [](const core_info& one, unsigned index) { return one.index < index; });
    if (!row->kind) return 0;
    const auto& own = kinds[*row->kind];
    if (own.capacity) return assumed::work_ns * (1 / *own.capacity - 1);
    unsigned fastest = 0;
    for (const auto& kind : kinds) {
        if (!kind.performance) return 0;
        fastest = std::max(fastest, *kind.performance);
    }
    return assumed::slow_core_ns * (fastest - *own.performance);
}

double far_memory_ns(const topology& machine, unsigned pu) {
    return assumed::memory_ns * (machine.memory_remoteness(pu) - 1);
}

}  // namespace weir
