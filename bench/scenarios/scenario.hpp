// SPDX-License-Identifier: MIT
//
// A scenario: one named kind of transfer that any queue with the needed form can run.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/clock.hpp>
#include <weir/histogram.hpp>

#include "bench/queues/queue.hpp"
#include "bench/queues/work.hpp"
#include "instruments/floors.hpp"
#include "instruments/workers.hpp"

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
    cpu_percent,  ///< of one core; less is better
};

/// The result of one sample.
struct measurement {
    double value = 0.0;                             ///< in the scenario's metric
    double elapsed_ns = 0.0;                        ///< of the timed part
    bool correct = false;                           ///< every item arrived, once and in order
    std::shared_ptr<weir::histogram> latencies_ns;  ///< latency and wake-up scenarios only
    double achieved_per_s = 0.0;                    ///< latency scenarios only

    // Scenarios with many threads only: the items of the thread that got least, divided by those of the thread that got most.
    std::optional<double> producers_fairness;
    std::optional<double> consumers_fairness;
};

/// The queue that a scenario needs.
struct channel_kind {
    std::size_t item_bytes = 8;
    std::size_t capacity = 1024;
    form handover = form::single;
};

/// The ring through which latencies are measured, and the longest latency that is kept apart from longer ones.
inline constexpr channel_kind short_ring{.item_bytes = 8, .capacity = 1024};
inline constexpr double latency_range_ns = 60e9;

struct scenario {
    std::string name;  ///< "throughput/8B/cap1024/balanced"
    channel_kind kind;
    metric unit = metric::items_per_s;
    double scheduled_per_s = 0.0;  ///< latency scenarios: messages due per second
    bool works = false;            ///< one side does register work for every item
    bool one_way = false;          ///< a time is to be compared with half a line round trip

    league plays = league::transfer;
    std::optional<fan_shape> shape = {};  ///< in the league of broadcast
    bool many_producers = false;
    bool many_consumers = false;
    bool only_waiting = false;   ///< only queues that block inside, in the scenarios about waiting
    bool only_sleepers = false;  ///< only queues whose pop sleeps
    bool crowded = false;        ///< more threads than cores: a rival that does not finish is slow, not wrong

    bool drops_unsteady = true;   ///< a sample is dropped when the floors around it differ
    double length = 1.0;          ///< of a sample, relative to the usual length
    word check_count = 0;         ///< items in the check before the rounds; 0: the usual number
    word sample_count = 0;        ///< items in a sample; 0: as many as take the sample's time
    std::size_t most_rounds = 0;  ///< even if more are requested; 0: no limit

    /// One sample of `count` items (or round trips, or messages) through a fresh queue.
    std::function<measurement(rig&, const queue_entry&, roles, word count)> measure;

    /// The result of a sample as a share of the floor (items_per_s) or a multiple of it (ns).
    double of_floor(double value, const floor_reading& floor) const;

    bool offered_by(const queue_entry& queue) const;

    /// The items that fit into the queue of a sample.
    std::size_t capacity_of(const queue_entry& queue) const;
};

struct scenario_choice {
    bool quick = false;
    bool rounds_given = false;            ///< --rounds was given: --quick does not reduce rounds then
    std::vector<std::size_t> capacities;  ///< empty: the standard ones
};

/// In the order in which they run.
std::vector<scenario> all_scenarios(const scenario_choice& choice);

/// One lap around a fresh ring, then the timed part: from when both sides are ready until the last item has been checked. The
/// lap touches every slot, so that no page is touched for the first time in the timed part.
measurement pass_through(rig& on, const queue_entry& queue, const channel_kind& kind, roles placed,
                         const stream& produced, const stream& consumed);

// Defined in stream.cpp, latency.cpp, regimes.cpp, waiting.cpp, awaiting.cpp, crowd.cpp, message.cpp, broadcast.cpp and
// processes.cpp.
scenario throughput_scenario(std::size_t item_bytes, std::size_t capacity, const std::string& regime);
scenario batch_scenario(std::size_t batch, form handover, std::size_t capacity);
scenario credit_scenario(std::size_t capacity);
scenario roundtrip_scenario();
scenario latency_scenario(double messages_per_s, const std::string& rate_name, std::size_t item_bytes = 8);

/// A ring that is nearly always `full` or `empty`, since one side takes so long for each item and the other nine tenths of that.
scenario hovering_scenario(const std::string& level, double slow_ns, const std::string& slowness);
/// One thread that pops and pushes by turns, with the ring `empty`, `half` full or `full`: ns for the two.
scenario alternating_scenario(std::size_t capacity, const std::string& level);
/// So many pushes at once, every 10 us: ns for each push.
scenario burst_scenario(std::size_t items);

scenario blocking_scenario(std::size_t capacity);
scenario blocking_roundtrip_scenario();
scenario wakeup_scenario();
scenario idle_scenario(unsigned seconds);

/// One coroutine, or thread, that pops and pushes by turns on a ring that is half full: ns for the two.
scenario await_ready_scenario(std::size_t capacity);
scenario await_stream_scenario(std::size_t capacity);
scenario await_wakeup_scenario();
/// A thread, or coroutine, that finds the one of eight rings that is ready: ns for that, and a push and a pop.
scenario select_scenario();

struct crowd_size {
    unsigned producers;
    unsigned consumers;
};
scenario crowd_scenario(crowd_size size, std::size_t item_bytes);
scenario oversubscribed_scenario(crowd_size size);
scenario one_core_scenario();

/// Messages of `bytes`, or, if that is feed_mean_bytes, of the sizes of a feed.
scenario message_scenario(std::size_t bytes, form handover);
/// One way, beside the rings of items of 64 bytes.
scenario message_latency_scenario(double messages_per_s, const std::string& rate_name);
scenario message_crowd_scenario(crowd_size size);

scenario broadcast_scenario(const fan_shape& shape);

/// Between two processes.
scenario crossing_roundtrip_scenario();
scenario crossing_throughput_scenario(std::size_t item_bytes);

}  // namespace bench
