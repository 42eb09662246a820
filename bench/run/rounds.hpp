// SPDX-License-Identifier: MIT
//
// The rounds of a scenario: in each, every queue runs once, with a floor measurement between any two.
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

/// The samples of one queue in a scenario, by round.
struct track {
    const queue_entry* queue = nullptr;
    std::size_t effective_capacity = 0;
    std::string excluded;   ///< a sentence if the queue lost, repeated or reordered items, or did not finish
    bool too_slow = false;  ///< it did not finish, and need not: a rival with more threads than cores

    // One entry per round, empty where every sample of that round was dropped.
    std::vector<std::optional<double>> values;
    std::vector<std::optional<double>> of_floor;
    unsigned dropped = 0;  ///< samples whose floors before and after differed; up to `attempts` per round

    // Latency and wake-up scenarios only: of the samples that were kept.
    std::shared_ptr<weir::histogram> latencies_ns;  ///< of all rounds together
    std::vector<double> p99_ns;                     ///< round by round
    std::vector<double> p99_9_ns;
    std::vector<double> achieved_per_s;

    // Scenarios with many threads only: of the samples that were kept.
    std::vector<double> producers_fairness;
    std::vector<double> consumers_fairness;

    word next_count = 0;  ///< items in the next sample, so that it takes the requested time
};

/// The samples of all queues so far.
struct contest_record {
    scenario what;
    std::vector<track> tracks;
    std::vector<floor_reading> floors;
    std::vector<double>
        round_roundtrips_ns;  ///< by round: its median line round trip, which tells the machine's states apart
    std::size_t rounds = 0;
};

/// The runner of one scenario: construct it, then call run_round() once per round.
class contest {
public:
    static constexpr unsigned attempts = 3;

    /// Sends 100,000 items (10,000 round trips, 20 ms of scheduled messages, or the scenario's own number) through every queue
    /// that offers the form, and checks sum and order. A queue that fails is excluded from the rounds.
    contest(rig& on, floor_meter& floors, const scenario& what, const std::vector<queue_entry>& queues,
            const round_settings& settings);

    /// Runs every queue once, in shuffled order; the threads' roles swap from round to round. Returns the seconds it took.
    double run_round(const std::function<void(const queue_entry&)>& on_sample);

    const scenario& what() const { return what_; }
    const std::vector<track>& tracks() const { return tracks_; }
    std::size_t rounds() const { return rounds_; }
    contest_record record() const { return {what_, tracks_, floor_readings_, round_roundtrips_ns_, rounds_}; }

private:
    void check(track& queue);
    /// Empty if this sample has excluded the queue.
    std::optional<measurement> measure(track& queue, roles placed, word count);
    /// Sets the number of items of the next sample from the last one, changing it by at most the factor `most`.
    void aim(track& queue, const measurement& last, double most);
    void sample(track& queue, roles placed, floor_reading& before);
    floor_reading take_floors(roles placed);

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
