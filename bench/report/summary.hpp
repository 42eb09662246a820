// SPDX-License-Identifier: MIT
//
// From rounds to the figures that are quoted.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/run/rounds.hpp"
#include "instruments/statistics.hpp"

namespace bench {

/// Paired ratios: of each round in which both samples were kept, this queue against the other. Above 1 means that this
/// queue is better, whether the metric is a rate or a time.
struct comparison {
    std::string with;
    quartiles ratio;
    std::size_t rounds = 0;
};

struct summary_row {
    std::string queue;
    bool subject = false;
    bool blocking = false;   ///< push and pop wait inside the queue
    std::size_t effective_capacity = 0;
    std::string excluded;
    quartiles value;  ///< items/s, ns or percent, over the rounds that were kept
    quartiles of_floor;
    std::size_t rounds = 0;
    unsigned dropped = 0;
    std::vector<std::optional<double>> values;   ///< round by round; empty where every sample was dropped
    std::optional<comparison> vs_best_rival;     ///< among the rivals that can refuse, or in the league of waiting cannot
    std::optional<comparison> vs_best_blocking;  ///< among the rivals that cannot; not in the league of waiting
    std::optional<comparison> vs_sibling;            ///< with the sibling

    // Crowds only: medians of the shares of who was served least, as fractions of who was served most.
    std::optional<double> producers_fairness;
    std::optional<double> consumers_fairness;

    // Latency and wake-up scenarios only.
    std::shared_ptr<weir::histogram>
        latencies_ns;             ///< of all rounds together: one stall of the host is in all of its tail
    double typical_p99_ns = 0.0;  ///< median over the rounds: of a round in which the host behaved
    double typical_p99_9_ns = 0.0;
    double achieved_per_s = 0.0;  ///< median
};

/// Rounds in which the machine was in one state, as its floors show: the host moves a virtual machine's cores about.
struct machine_state {
    double roundtrip_ns = 0.0;  ///< median
    std::size_t rounds = 0;
    std::string subject;  ///< the first one
    std::optional<comparison> subject_vs_best_rival;  ///< both found in these rounds alone
};

struct scenario_summary {
    std::string name;
    metric unit = metric::items_per_s;
    channel_kind kind;
    double scheduled_per_s = 0.0;
    bool waiting = false;  ///< of the league in which queues wait
    std::optional<double> work_bound_per_s;  ///< the register work alone would allow no more
    std::size_t rounds = 0;
    std::size_t samples = 0;  ///< taken, dropped ones included
    unsigned dropped = 0;
    quartiles roundtrip_floor_ns;
    quartiles stream_floor_words_per_s;
    std::vector<double> round_roundtrips_ns;
    std::vector<machine_state> states;  ///< two if the line's round trip more than doubled between rounds, else none
    std::string best_rival;     ///< of those that vs_best_rival is about, the one closest to the best of every round; empty if none
    std::string best_blocking;  ///< of those that vs_best_blocking is about
    std::vector<summary_row> rows;  ///< subjects first, then rivals, best first
};

/// A pure function.
scenario_summary summarize(const contest_record& done, const work_calibration& work);

}  // namespace bench
