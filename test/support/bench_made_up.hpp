// SPDX-License-Identifier: MIT
//
// An environment and summaries in which no two figures are alike.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "bench/report/summary.hpp"
#include "bench/run/environment.hpp"

inline bench::environment somewhere() {
    bench::environment env;
    env.cpu_model = "a processor";
    env.hypervisor = "KVM";
    env.pus = 3;
    env.topology = "1 package";
    env.fingerprint = "1p-2c";
    env.allowed_pus = "0-2";
    env.smt = "off";
    env.kernel = "6.7";
    env.governor = "performance";
    env.transparent_huge_pages = "madvise";
    env.tick_source = "tsc";
    env.weir_version = "8.9";
    env.compiler = "a compiler";
    env.compiler_flags = "-O9";
    env.build_type = "Release";
    env.date = "a day";
    env.seed = 11;
    env.pinned = true;
    env.why_not_pinned = "";
    env.cores = {"4", "5"};
    env.distance = "same-l3";
    env.pair_reason = "near";
    env.clock_offset_ns = 12.5;
    env.clock_offset_certain_to_ns = 13.5;
    env.work_ns_per_item = 14.5;
    env.work_steps_per_item = 15;
    return env;
}

inline bench::scenario_summary rates() {
    bench::scenario_summary all;
    all.name = "throughput/64B";
    all.kind = {.item_bytes = 64, .capacity = 512};
    all.work_bound_per_s = 99e6;
    all.rounds = 21;
    all.samples = 43;
    all.dropped = 8;
    all.roundtrip_floor_ns = {101, 152, 203};
    all.stream_floor_words_per_s = {1.01e9, 1.52e9, 2.03e9};
    all.round_roundtrips_ns = {151, 153};
    all.best_rival = "theirs";
    all.best_blocking = "waits";
    bench::summary_row mine;
    mine.queue = "mine";
    mine.subject = true;
    mine.effective_capacity = 511;
    mine.value = {21.5e6, 32.5e6, 43.5e6};
    mine.of_floor = {0.125, 0.25, 0.375};
    mine.rounds = 19;
    mine.dropped = 2;
    mine.values = {31e6, std::nullopt, 34e6};
    mine.vs_best_rival = {"theirs", {1.25, 1.5, 1.75}, 17};
    mine.vs_best_blocking = {"waits", {0.5, 0.625, 0.75}, 16};
    mine.vs_sibling = {"other mine", {2.25, 2.5, 2.75}, 15};
    mine.producers_fairness = 0.875;
    mine.consumers_fairness = 0.9375;
    bench::summary_row theirs;
    theirs.queue = "theirs";
    theirs.effective_capacity = 513;
    theirs.value = {11.5e6, 12.5e6, 13.5e6};
    theirs.of_floor = {0.0625, 0.07, 0.08};
    theirs.rounds = 18;
    theirs.dropped = 3;
    theirs.values = {12e6};
    theirs.vs_best_rival = {"theirs", {1, 1, 1}, 18};
    theirs.consumers_fairness = 0.5;
    bench::summary_row waits = theirs;
    waits.queue = "waits";
    waits.blocking = true;
    waits.value = {0.5e6, 5.5e6, 100.5e6};
    waits.vs_best_rival = {"theirs", {3.25, 3.5, 3.75}, 14};
    waits.consumers_fairness.reset();
    bench::summary_row gone;
    gone.queue = "gone";
    gone.dropped = 63;
    bench::summary_row wrong;
    wrong.queue = "wrong";
    wrong.excluded = "wrong in throughput/64B: why";
    all.rows = {mine, theirs, waits, gone, wrong};
    all.states = {{104, 13, "mine", bench::comparison{"theirs", {1.125, 1.375, 1.625}, 12}}, {260, 1, "mine", {}}};
    return all;
}

/// 1000 messages: 500 took 100 ns, 480 took 1 us, 17 took 30 us, two took 400 us, one took 5 ms.
inline std::shared_ptr<weir::histogram> made_up_latencies() {
    auto all = std::make_shared<weir::histogram>(10'000'000U, 3);
    for (const auto& [ns, times] :
         {std::pair(100U, 500U), {1'000U, 480U}, {30'000U, 17U}, {400'000U, 2U}, {5'000'000U, 1U}})
        all->record(ns, times);
    return all;
}

inline bench::scenario_summary latencies(bool scheduled) {
    bench::scenario_summary all;
    all.name = scheduled ? "latency/1Mps" : "wakeup";
    all.unit = bench::metric::ns;
    all.kind = {.item_bytes = 8, .capacity = 1024};
    all.scheduled_per_s = scheduled ? 1e6 : 0;
    all.wakes = !scheduled;
    all.rounds = 1;
    all.samples = 5;
    all.dropped = 4;
    all.roundtrip_floor_ns = {101, 152, 203};
    all.stream_floor_words_per_s = {1.01e9, 1.52e9, 2.03e9};
    all.best_rival = "theirs";
    bench::summary_row mine;
    mine.queue = "mine";
    mine.subject = true;
    mine.effective_capacity = 1023;
    mine.value = {211, 321, 431};
    mine.of_floor = {2.125, 2.25, 2.375};
    mine.rounds = 1;
    mine.vs_best_rival = {"theirs", {1.25, 1.5, 1.75}, 1};
    mine.latencies_ns = made_up_latencies();
    mine.typical_p99_ns = 12'345;
    mine.typical_p99_9_ns = 2'345'678;
    mine.achieved_per_s = 987'654;
    all.rows = {mine};
    return all;
}
