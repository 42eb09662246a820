// SPDX-License-Identifier: MIT
// Schema 1 of `weir jitter --json`, written and read.
#include "tools/jitter/data.hpp"

#include "tools/common/read_json.hpp"

#include <weir/version.hpp>

#include <nlohmann/json.hpp>

namespace weir::tool {
namespace {

using json = nlohmann::ordered_json;

json one(const pu_jitter& pu) {
    json gaps = json::array();
    for (const auto& gap : pu.gaps)
        gaps.push_back({{"from_ns", gap.from_ns}, {"to_ns", gap.to_ns}, {"count", gap.count}});
    json names = json::array();
    for (const auto& of : pu.by_interrupt) names.push_back({{"name", of.name}, {"count", of.count}});
    return {
        {"pu", pu.pu},
        {"gaps_per_s", pu.gaps_per_s},
        {"worst_gap_ns", pu.worst_gap_ns},
        {"p50_gap_ns", pu.p50_gap_ns},
        {"p99_9_gap_ns", pu.p99_9_gap_ns},
        {"stolen_ppm", pu.stolen_ppm},
        {"steal_ms", pu.steal_ms},
        {"interrupts", pu.interrupts},
        {"involuntary_switches", pu.involuntary_switches},
        {"migrations", pu.migrations},
        {"seconds", pu.seconds},
        {"gaps", gaps},
        {"by_interrupt", names},
    };
}

pu_jitter read_pu(const json& from) {
    pu_jitter pu{.pu = whole(from, "pu"),
                 .gaps_per_s = number(from, "gaps_per_s"),
                 .worst_gap_ns = number(from, "worst_gap_ns"),
                 .p50_gap_ns = number(from, "p50_gap_ns"),
                 .p99_9_gap_ns = number(from, "p99_9_gap_ns"),
                 .stolen_ppm = number(from, "stolen_ppm"),
                 .steal_ms = number(from, "steal_ms"),
                 .interrupts = count(from, "interrupts"),
                 .involuntary_switches = count(from, "involuntary_switches"),
                 .migrations = count(from, "migrations"),
                 .seconds = number_or(from, "seconds", 0),
                 .gaps = {},
                 .by_interrupt = {}};
    for (const auto& gap : array_or_none(from, "gaps"))
        pu.gaps.push_back({number(gap, "from_ns"), number(gap, "to_ns"), count(gap, "count")});
    for (const auto& of : array_or_none(from, "by_interrupt"))
        pu.by_interrupt.push_back({text(of, "name"), count(of, "count")});
    return pu;
}

}  // namespace

json to_json(const jitter_data& jitter) {
    json pus = json::array();
    for (const auto& pu : jitter.pus) pus.push_back(one(pu));
    return {
        {"schema_version", 1},
        {"kind", "weir jitter"},
        {"weir_version", WEIR_VERSION_STRING},
        {"machine", to_json(jitter.machine)},
        {"seconds", jitter.seconds},
        {"threshold_ns", jitter.threshold_ns},
        {"together", jitter.together},
        {"pus", pus},
    };
}

jitter_data jitter_from_json(const json& from) {
    expect_schema(from, "weir jitter", 1);
    jitter_data jitter{.machine = identity_from_json(from),
                       .seconds = number(from, "seconds"),
                       .threshold_ns = number_or(from, "threshold_ns", 0),
                       .together = flag_or(from, "together", false),
                       .pus = {}};
    for (const auto& pu : array(from, "pus")) jitter.pus.push_back(read_pu(pu));
    return jitter;
}

jitter_data read_jitter(const std::string& text, const std::string& name) {
    return read_named(text, name, "save one with 'weir jitter --json'", jitter_from_json);
}

}  // namespace weir::tool
