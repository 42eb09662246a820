// SPDX-License-Identifier: MIT
//
// Results of the subcommands in which no two figures are alike.
#pragma once

#include "tools/common/matrix_data.hpp"
#include "tools/jitter/data.hpp"
#include "tools/run/data.hpp"

#include <weir/plan.hpp>

#include <cstdint>
#include <utility>

namespace weir_test {

using namespace weir::tool;

/// Three PUs on two kinds of cores and two NUMA nodes; a pair that was not measured, and one that never was steady.
inline matrix_data made_up_matrix() {
    matrix_data matrix;
    matrix.machine = {"<topology/>", "a processor", "1p-2c-3t-00", "KVM", "2"};
    matrix.pus = {0, 2, 5};
    const pair_class near{weir::distance::smt, true, 0, 1};
    const pair_class far{weir::distance::cross_package, false, 1, 0};
    double figure = 100;
    const auto next = [&] { return figure += 7; };
    const auto whole = [&] { return static_cast<unsigned>(next()); };
    for (const auto& [from, to] : {std::pair(0U, 2U), {2U, 0U}, {0U, 5U}, {5U, 0U}, {2U, 5U}})
        matrix.pairs.push_back({.from = from,
                                .to = to,
                                .kind = from + to == 2 ? near : far,
                                .one_way_ns = {next(), 10 * next(), 100 * next()},
                                .q1_ns = next(),
                                .q3_ns = next(),
                                .items_per_s = 1e6 * next(),
                                .rounds = whole(),
                                .dropped = whole(),
                                .measured = true,
                                .steady = true,
                                .from_clocks = true,
                                .clock_offset_ns = next(),
                                .line_roundtrip_ns = next(),
                                .stream_words_per_s = 1e7 * next(),
                                .involuntary_switches = whole(),
                                .migrations = whole()});
    matrix.pairs[3].measured = false;
    matrix.pairs[4].steady = matrix.pairs[4].from_clocks = false;
    matrix.classes = {{near, {next(), 10 * next(), 100 * next()}, 1e6 * next(), 2},
                      {far, {next(), 10 * next(), 100 * next()}, 1e6 * next(), 3}};
    return matrix;
}

inline jitter_data made_up_jitter() {
    jitter_data jitter{{"2p-2c-2t-00", "2 cores"}, 2.5, 1000, true, {}};
    jitter.pus.push_back({.pu = 3,
                          .gaps_per_s = 250.5,
                          .worst_gap_ns = 4e6,
                          .p50_gap_ns = 1800,
                          .p99_9_gap_ns = 9e5,
                          .stolen_ppm = 1234.5,
                          .steal_ms = 20,
                          .interrupts = 625,
                          .involuntary_switches = 4,
                          .migrations = 1,
                          .seconds = 2.501,
                          .gaps = {{1000, 2000, 600}, {2000, 5000, 25}, {5000, 10000, 0}, {10000, 20000, 1}},
                          .by_interrupt = {{"LOC Local timer interrupts", 620}, {"24 disk", 5}}});
    jitter.pus.push_back({.pu = 7,
                          .gaps_per_s = 0.75,
                          .worst_gap_ns = 3500,
                          .p50_gap_ns = 1100,
                          .p99_9_gap_ns = 3400,
                          .stolen_ppm = 1.25,
                          .steal_ms = 30,
                          .interrupts = 7,
                          .involuntary_switches = 8,
                          .migrations = 9,
                          .seconds = 2.502,
                          .gaps = {},
                          .by_interrupt = {}});
    return jitter;
}

inline weir::placement_plan made_up_plan() {
    weir::placement_plan made;
    made.fingerprint = "2p-8c-8t-00";
    made.machine = "2 packages";
    made.roles = {{{.name = "md"}, 3, false, 17.5, true},
                  {{.name = "strat", .quiet = true, .pinned = 5U}, 5, true, 1023.25, false},
                  {{.name = "gw", .smt_ok = true, .package = 1U}, 6, true, 23.25, false}};
    made.edges = {
        {{"md", "strat", 2e6}, weir::distance::cross_package, {131, 247}, weir::cost_source::measured, 0.5, true},
        {{"strat", "gw"}, weir::distance::same_l3, {37, 5300}, weir::cost_source::assumed, 1, true},
        {{"gw", "md", 3e4}, weir::distance::cross_package, {41, 59}, weir::cost_source::measured_class, 0.25, false}};
    made.cost = {101, 202, 304, 408, 516, 632};
    made.lower_bound_ns = 2059;
    made.alternatives = {{{2, 7, 1}, 61, "one reason"}, {{0, 1, 4}, 6700, "another"}};
    made.remarks = {"first remark", "second remark"};
    return made;
}

inline run_data made_up_run() {
    run_data found;
    found.plan = made_up_plan();
    found.file = "plan.json";
    found.sample_s = 0.055;
    found.rounds = 7;
    found.seed = 77;
    found.max_p99_ns = 1310;
    found.remarks = {"a remark", "another remark"};
    double figure = 200;
    for (const auto& layout :
         {run_layout{"planned", {3, 5, 6}}, run_layout{"unpinned", {}}, run_layout{"worst", {1, 1, 1}}}) {
        layout_record record(layout);
        figure *= 3;
        for (int round = 0; round != 7; ++round) {
            record.p50_ns.push_back(figure + 10 * round * round);
            record.p99_ns.push_back(2 * figure + 11 * round * round);
            record.delivered_per_s.push_back(1e9 / figure + round * round);
        }
        record.refused = static_cast<std::uint64_t>(figure) + 1;
        record.disturbances = {.involuntary_switches = static_cast<std::uint64_t>(figure) + 2,
                               .voluntary_switches = static_cast<std::uint64_t>(figure) + 3,
                               .migrations = static_cast<std::uint64_t>(figure) + 4};
        record.edge_p50_ns = {{150, 160, 180}, {}, {270, 290, 320}};
        record.edge_p99_ns = {{1150, 1260, 1380}, {}, {2270, 2290, 2320}};
        found.layouts.push_back(record);
    }
    found.floors = {{{100, 104, 110}, {4e9, 4.1e9, 4.3e9}}, {}, {{200, 220, 250}, {5e9, 5.2e9, 5.5e9}}};
    found.comparisons = {compare("unpinned", "p50", found.layouts[1].p50_ns, found.layouts[0].p50_ns),
                         compare("worst", "p99", found.layouts[0].p99_ns, found.layouts[2].p99_ns),
                         compare("worst", "p50", {1, 5}, {2, 4}), compare("unpinned", "p99", {0, 1}, {1, 0})};
    return found;
}

}  // namespace weir_test
