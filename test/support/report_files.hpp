// SPDX-License-Identifier: MIT
//
// One small result of each kind that a report is made of, all of one made-up machine: figures that no day changes.
#pragma once

#include "tools/common/matrix_data.hpp"
#include "tools/doctor/doctor.hpp"
#include "tools/jitter/data.hpp"
#include "tools/matrix/pair_plan.hpp"
#include "tools/run/data.hpp"
#include "tools/topo/topo.hpp"

#include <weir/plan.hpp>

#include <nlohmann/json.hpp>

#include <map>
#include <string>

namespace weir_test {

/// Names that a page must not take for its own words.
inline constexpr const char* odd_name = "md<b>&'\"`touch told`@style";

inline std::string matrix_of(const weir::topology& machine) {
    using namespace weir::tool;
    const auto plan = plan_pairs(machine, machine.allowed(), false, 1);
    std::vector<pair_cost> costs;
    for (const auto& pair : plan.pairs) {
        const double ns = 20 + 60.0 * static_cast<double>(pair.kind.distance);
        costs.push_back({.from = pair.from,
                         .to = pair.to,
                         .kind = pair.kind,
                         .one_way_ns = {ns, 2 * ns, 9 * ns},
                         .q1_ns = ns - 1,
                         .q3_ns = ns + 1,
                         .items_per_s = 1e10 / ns,
                         .rounds = 21,
                         .dropped = 2,
                         .measured = true,
                         .steady = true,
                         .line_roundtrip_ns = 1.5 * ns,
                         .stream_words_per_s = 1e11 / ns});
    }
    auto matrix = complete(machine, plan, costs);
    matrix.machine = {machine.to_xml(), "Example <CPU>", fingerprint(machine), "", ""};
    return to_json(matrix).dump();
}

inline std::string jitter_of(const weir::topology& machine) {
    weir::tool::jitter_data jitter{weir::tool::machine_identity::of(machine), 2, 1000, false, {}};
    for (const unsigned pu : machine.allowed())
        jitter.pus.push_back({.pu = pu,
                              .gaps_per_s = 250,
                              .worst_gap_ns = 4e6 / (pu + 1),
                              .p50_gap_ns = 1800,
                              .p99_9_gap_ns = 9e5 / (pu + 1),
                              .stolen_ppm = 1234.5,
                              .seconds = 2,
                              .gaps = {{1000, 2000, 400}, {2000, 5000, 99}, {1e6, 4e6, 1}},
                              .by_interrupt = {{"LOC Local <timer> interrupts", 480}}});
    return to_json(jitter).dump();
}

inline std::string doctor_of(const weir::topology& machine) {
    using namespace weir::tool;
    return findings_as_json(
        {{.name = "clock source",
          .level = severity::severe,
          .what = "hpet",
          .why = "each look at it costs a microsecond",
          .change = {"boot with: clocksource=tsc & a command that is much wider than a telephone could ever be"}},
         {.name = "governor", .level = severity::warning, .what = "powersave", .why = "slow", .change = {}},
         {.name = "turbo", .level = severity::unknown, .what = "it cannot be read"},
         {.name = "swap", .level = severity::fine, .what = "none"}},
        machine_identity::of(machine));
}

inline weir::placement_plan plan_of(const weir::topology& machine) {
    weir::plan_request asked;
    asked.roles = {{.name = odd_name}, {.name = "strat", .quiet = true}, {.name = "gw"}};
    asked.edges = {{odd_name, "strat", 1e6}, {"strat", "gw"}};
    return weir::plan(asked, machine);
}

inline std::string run_of(const weir::placement_plan& plan) {
    using namespace weir::tool;
    run_data found;
    found.plan = plan;
    found.file = "plan.json";
    found.sample_s = 0.05;
    found.rounds = 7;
    found.max_p99_ns = 1e4;
    found.remarks = {"a remark with <brackets>"};
    run_layout planned{"planned", {}};
    for (const auto& role : plan.roles) planned.pus.push_back(role.pu);
    for (const auto& layout : {planned, run_layout{"unpinned", {}}, run_layout{"worst", {0, 0, 0}}}) {
        layout_record record(layout);
        for (int round = 0; round != 7; ++round) {
            const double slow = layout.name == "planned" ? 1 : layout.name == "unpinned" ? 3 : 400;
            record.p50_ns.push_back(slow * (200 + 10 * round));
            record.p99_ns.push_back(slow * (900 + 50 * round));
            record.delivered_per_s.push_back(1e6 / slow);
        }
        record.edge_p50_ns = record.edge_p99_ns = {{150, 160, 170}, {}};  // through one of them nothing came
        found.layouts.push_back(record);
    }
    found.floors = {{{100, 104, 110}, {4e9, 4.1e9, 4.2e9}}, {}};
    for (std::size_t other : {1U, 2U})
        for (const auto* figure : {"p50", "p99"})
            found.comparisons.push_back(
                compare(found.layouts[other].layout.name, figure, found.layouts[other].p99_ns, found.planned().p99_ns));
    return run_as_json(found);
}

inline std::string bench_of(const weir::topology& machine) {
    using json = nlohmann::ordered_json;
    const auto row = [](const char* scenario, const char* queue, bool subject, const json& figures) {
        json one{{"scenario", scenario},
                 {"queue", queue},
                 {"subject", subject},
                 {"blocking", false},
                 {"best_rival", "rival <a>"},
                 {"rounds", 9},
                 {"dropped", 1},
                 {"vs_best_rival", subject ? 1.25 : 1.0},
                 {"q1", 1.2},
                 {"q3", 1.3},
                 {"of_floor", 0.4}};
        one.update(figures);
        return one;
    };
    const auto rate = [](double value) {
        return json{{"items_per_s", value}, {"items_per_s_q1", 0.9 * value}, {"items_per_s_q3", 1.1 * value}};
    };
    const auto time = [](double value) {
        return json{{"ns", value},
                    {"ns_q1", 0.9 * value},
                    {"ns_q3", 1.1 * value},
                    {"latency", {{"p99_ns", 4 * value}, {"max_ns", 90 * value}}}};
    };
    const json spread{{"median", 90.5}, {"q1", 90}, {"q3", 91}};
    return json{
        {"schema_version", 1},
        {"environment",
         {{"cpu_model", "Example <CPU>"},
          {"topology", machine.summary()},
          {"kernel", "Linux"},
          {"compiler", "GNU"},
          {"compiler_flags", "-O3"},
          {"date", "2026-01-01"},
          {"weir_version", "0.1.0"},
          {"pinned", true},
          {"assertions", false}}},
        {"floors", {{{"scenario", "throughput/8B"}, {"line_roundtrip_ns", spread}, {"stream_words_per_s", spread}}}},
        {"summary",
         {row("throughput/8B", "weir::spsc_ring", true, rate(9e8)), row("throughput/8B", "rival <a>", false, rate(7e8)),
          row("throughput/8B", "rival b", false,
              {{"items_per_s", nullptr},
               {"vs_best_rival", nullptr},
               {"of_floor", nullptr},
               {"excluded", "it lost an item"}}),
          row("latency/8B", "weir::spsc_ring", true, time(100)), row("latency/8B", "rival <a>", false, time(125))}}}
        .dump();
}

/// By the name of a file: what it has.
inline std::map<std::string, std::string> report_files(const weir::topology& machine) {
    const auto plan = plan_of(machine);
    return {{"topo.json", weir::tool::topo_as_json({machine, std::nullopt, "auto", machine.parse_pair("auto"), {}})},
            {"doctor.json", doctor_of(machine)},
            {"matrix.json", matrix_of(machine)},
            {"jitter.json", jitter_of(machine)},
            {"plan.json", plan.to_json()},
            {"run.json", run_of(plan)},
            {"bench.json", bench_of(machine)}};
}

}  // namespace weir_test
