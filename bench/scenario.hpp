// SPDX-License-Identifier: MIT
//
// What is measured: one named kind of transfer, which any queue that has the form can be put through.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <weir/clock.hpp>
#include <weir/histogram.hpp>

#include "floors.hpp"
#include "queues/queue.hpp"
#include "work.hpp"
#include "workers.hpp"

namespace bench {

/// Everything a sample needs, made once per run.
struct rig {
    worker_pair& workers;
    weir::tick_clock clock;
    work_calibration work;
    double clock_offset_ns;  ///< the second thread's clock is ahead of the first's by this
};

enum class metric : unsigned char {
    items_per_s,  ///< more is better
    ns,           ///< less is better
};

/// What one sample showed.
struct measurement {
    double value = 0.0;                             ///< in the scenario's metric
    double elapsed_ns = 0.0;                        ///< of the timed part
    bool correct = false;                           ///< every item arrived, once and in order
    std::shared_ptr<weir::histogram> latencies_ns;  ///< latency scenarios only
    double achieved_per_s = 0.0;                    ///< latency scenarios only
};

/// Which queue is needed for it.
struct channel_kind {
    std::size_t item_bytes = 8;
    std::size_t capacity = 1024;
    form handover = form::single;
};

struct scenario {
    std::string name;  ///< "throughput/8B/cap1024/balanced"
    channel_kind kind;
    metric unit = metric::items_per_s;
    double scheduled_per_s = 0.0;  ///< latency scenarios: messages due per second
    bool works = false;            ///< one side has register work to do for every item

    /// One sample of `count` items (or round trips, or messages) through a fresh queue.
    std::function<measurement(rig&, const queue_entry&, roles, word count)> measure;

    /// The result of a sample as a share of the floor (items_per_s) or a multiple of it (ns).
    double of_floor(double value, const floor_reading& floor) const;

    bool offered_by(const queue_entry& queue) const;
};

struct scenario_choice {
    bool quick = false;
    std::vector<std::size_t> capacities;  ///< empty: the standard ones
};

/// In the order in which they run.
std::vector<scenario> all_scenarios(const scenario_choice& choice);

// The families, each in its own file.
scenario throughput_scenario(std::size_t item_bytes, std::size_t capacity, const std::string& regime);
scenario batch_scenario(std::size_t batch, form handover, std::size_t capacity);
scenario roundtrip_scenario();
scenario latency_scenario(double messages_per_s, const std::string& rate_name);

}  // namespace bench
