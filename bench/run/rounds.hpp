// SPDX-License-Identifier: MIT
//
// A scenario's rounds: all queues in turn, floors between them.
#pragma once

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "bench/scenarios/scenario.hpp"
#include "instruments/floors.hpp"

namespace bench {

struct round_settings {
    double sample_ms = 50.0;
    std::uint64_t seed = 0;
};

/// What one queue has shown in a scenario, round by round.
struct track {
    const queue_entry* queue = nullptr;
    std::size_t effective_capacity = 0;
    std::string excluded;  ///< a sentence, when the queue did not deliver what it was given
    bool too_slow = false;  ///< and that may be, for a rival among more threads than cores

    // One entry per round, empty where every sample of that round was dropped.
    std::vector<std::optional<double>> values;
    std::vector<std::optional<double>> of_floor;
    unsigned dropped = 0;  ///< samples whose floors before and after differed; at most `attempts` in a round

    // Latency and wake-up scenarios only, of the samples that were kept.
    std::shared_ptr<weir::histogram> latencies_ns;  ///< of all rounds together
    std::vector<double> p99_ns;                     ///< round by round
    std::vector<double> p99_9_ns;
    std::vector<double> achieved_per_s;

    // Crowds only, likewise.
    std::vector<double> producers_fairness;
    std::vector<double> consumers_fairness;

    word next_count = 0;  ///< items for the next sample to last as long as it should
};

/// What all queues have shown so far.
struct contest_record {
    scenario what;
    std::vector<track> tracks;
    std::vector<floor_reading> floors;
    std::vector<double> round_roundtrips_ns;  ///< by round: the median of its line round trips, which tells states apart
    std::size_t rounds = 0;
};

/// One scenario on its way: construct, then run_round() as often as wanted.
class contest {
public:
    static constexpr unsigned attempts = 3;

    /// Sends 100,000 items (10,000 round trips, 20 ms of scheduled messages, or what the scenario says) through every queue that has the form, and
    /// checks sum and order. A queue that fails is excluded from the rounds.
    contest(rig& on, floor_meter& floors, const scenario& what, const std::vector<queue_entry>& queues,
            const round_settings& settings);

    /// Every queue once, in shuffled order, the threads' roles swapped against the round before. Returns its seconds.
    double run_round(const std::function<void(const queue_entry&)>& on_sample);

    const scenario& what() const { return what_; }
    const std::vector<track>& tracks() const { return tracks_; }
    std::size_t rounds() const { return rounds_; }
    contest_record record() const { return {what_, tracks_, floor_readings_, round_roundtrips_ns_, rounds_}; }

private:
    void check(track& queue);
    /// Empty when the queue has just excluded itself.
    std::optional<measurement> measure(track& queue, roles who, word count);
    /// Sets the length of the next sample by the last one, changing it by no more than the factor `most`.
    void aim(track& queue, const measurement& last, double most);
    void sample(track& queue, roles who, floor_reading& before);
    floor_reading take_floors(roles who);

    rig& on_;
    floor_meter& meter_;
    scenario what_;
    round_settings settings_;
    std::mt19937_64 shuffler_;
    std::vector<track> tracks_;
    std::vector<floor_reading> floor_readings_;
    std::vector<double> round_roundtrips_ns_;
    std::size_t rounds_ = 0;
};

}  // namespace bench
