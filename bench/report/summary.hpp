// SPDX-License-Identifier: MIT
//
// From the samples of all rounds to the figures that are quoted.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/run/rounds.hpp"
#include "instruments/statistics.hpp"

namespace bench {

/// Paired ratios: this queue against the other, for each round in which both samples were kept. Above 1, this queue is
/// better, for rates and for times.
struct comparison {
    std::string with;
    quartiles ratio;
    std::size_t rounds = 0;
};

struct summary_row {
    std::string queue;
    bool subject = false;
    bool blocking = false;  ///< push and pop block inside the queue
    std::size_t effective_capacity = 0;
    std::string excluded;
    quartiles value;  ///< items/s, ns or percent, over the rounds that were kept
    quartiles of_floor;
    std::size_t rounds = 0;
    unsigned dropped = 0;
    std::vector<std::optional<double>> values;   ///< round by round; empty where every sample was dropped
    std::optional<comparison> vs_best_rival;     ///< of rivals that can refuse; in scenarios about waiting, that cannot
    std::optional<comparison> vs_best_blocking;  ///< among rivals that cannot refuse; not in scenarios about waiting
    std::optional<comparison> vs_sibling;        ///< with the sibling

    // Scenarios with many threads only: medians of least/most, the items of the thread that got least, divided by those of the
    // thread that got most.
    std::optional<double> producers_fairness;
    std::optional<double> consumers_fairness;

    // Latency and wake-up scenarios only.
    std::shared_ptr<weir::histogram>
        latencies_ns;             ///< of all rounds together: a single stall of the host shows in its tail
    double typical_p99_ns = 0.0;  ///< median over the rounds: a typical round
    double typical_p99_9_ns = 0.0;
    double achieved_per_s = 0.0;  ///< median
};

/// Rounds in which the machine was in the same state, as its floors show: the host moves the cores of a virtual machine.
struct machine_state {
    double roundtrip_ns = 0.0;  ///< median
    std::size_t rounds = 0;
    std::string subject;                              ///< the first of weir's queues
    std::optional<comparison> subject_vs_best_rival;  ///< rival and ratio of these rounds only
};

struct scenario_summary {
    std::string name;
    metric unit = metric::items_per_s;
    channel_kind kind;
    double scheduled_per_s = 0.0;
    bool waiting = false;                    ///< a scenario about waiting
    bool wakes = false;                      ///< each item finds its consumer asleep
    std::optional<double> work_bound_per_s;  ///< the rate that the register work alone allows
    std::size_t rounds = 0;
    std::size_t samples = 0;  ///< taken, dropped ones included
    unsigned dropped = 0;
    quartiles roundtrip_floor_ns;
    quartiles stream_floor_words_per_s;
    std::vector<double> round_roundtrips_ns;
    std::vector<machine_state> states;  ///< two if the line's round trip more than doubled between rounds, else none
    std::string best_rival;     ///< in vs_best_rival: the one closest to the best rival of each round; empty if none
    std::string best_blocking;  ///< in vs_best_blocking, likewise
    std::vector<summary_row> rows;  ///< subjects first, then rivals, best first
};

/// A pure function.
scenario_summary summarize(const contest_record& done, const work_calibration& work);

}  // namespace bench
