// SPDX-License-Identifier: MIT
//
// Between two processes, pinned as the two threads of other scenarios are: the thread on the second core starts a child there, and
// waits for it.
#include "bench/scenarios/scenario.hpp"

#include "instruments/other_process.hpp"

namespace bench {
namespace {

constexpr std::size_t crossing_capacity = 1024;

/// What the two threads of a sample share, and, but for the results, the child has a copy of.
struct crossing {
    starting_line made;                                               // of the threads: the queues are there
    std::shared_ptr<starting_line> start = line_between_processes();  // of the two sides
    std::unique_ptr<channel> there;
    std::unique_ptr<channel> back;
    receipt lap_got;
    receipt got;
    double elapsed_ns = 0.0;
    weir::histogram ignored{static_cast<std::uint64_t>(latency_range_ns)};
    weir::histogram trips_ns{static_cast<std::uint64_t>(latency_range_ns)};
};

void on_the_other_side(const queue_entry& queue, const std::function<void()>& job) {
    queue.one_process ? job() : in_other_process(job);
}

/// The producer is a process of its own.
measurement pass_across(rig& on, const queue_entry& queue, const channel_kind& kind, roles placed, word count) {
    const stream lap{.count = kind.capacity + 1024};
    const stream items{.first = 1, .count = count};
    const auto both = std::make_shared<crossing>();
    run_roles(
        on.workers, placed,
        [=, &queue] {
            both->made.wait();
            on_the_other_side(queue, [&] {
                both->start->wait();
                both->there->produce(form::single, lap);
                both->start->wait();
                both->there->produce(form::single, items);
            });
        },
        [=, &on, &queue] {
            both->there = queue.make(kind.item_bytes, kind.capacity);
            both->made.wait();
            both->start->wait();
            both->lap_got = both->there->consume(form::single, lap);
            both->start->wait();
            const auto begin = on.clock.now_after_loads();
            both->got = both->there->consume(form::single, items);
            both->elapsed_ns = on.clock.to_ns(on.clock.now_after_loads() - begin);
        });
    measurement result;
    result.elapsed_ns = both->elapsed_ns;
    result.value = 1e9 * static_cast<double>(count) / both->elapsed_ns;
    result.correct = both->lap_got.correct_for(lap.first, lap.count) && both->got.correct_for(items.first, items.count);
    return result;
}

/// The process that answers is one of its own.
measurement across_and_back(rig& on, const queue_entry& queue, roles placed, word count) {
    const stream lap{.count = std::min<word>(crossing_capacity + 1, count)};
    const stream trips{.first = 1 + lap.count, .count = count};
    const auto both = std::make_shared<crossing>();
    run_roles(
        on.workers, placed,
        [=, &on, &queue] {
            both->there = queue.make(sizeof(word), crossing_capacity);
            both->back = queue.make(sizeof(word), crossing_capacity);
            both->made.wait();
            both->start->wait();
            both->lap_got = both->there->ping_timed(*both->back, lap, on.clock, both->ignored);
            const auto begin = on.clock.now_after_loads();
            both->got = both->there->ping_timed(*both->back, trips, on.clock, both->trips_ns);
            both->elapsed_ns = on.clock.to_ns(on.clock.now_after_loads() - begin);
        },
        [=, &queue] {
            both->made.wait();
            on_the_other_side(queue, [&] {
                both->start->wait();
                both->there->pong(*both->back, {.count = lap.count + trips.count});
            });
        });
    measurement result;
    result.elapsed_ns = both->elapsed_ns;
    result.latencies_ns = std::shared_ptr<weir::histogram>(both, &both->trips_ns);
    result.value = static_cast<double>(both->trips_ns.percentile(50.0));
    result.achieved_per_s = 1e9 * static_cast<double>(count) / both->elapsed_ns;
    result.correct = both->lap_got.correct_for(lap.first, lap.count) && both->got.correct_for(trips.first, trips.count);
    return result;
}

}  // namespace

scenario crossing_roundtrip_scenario() {
    return {.name = "shm/roundtrip/8B",
            .kind = {.item_bytes = sizeof(word), .capacity = crossing_capacity},
            .unit = metric::ns,
            .plays = league::processes,
            .check_count = 2'000,
            .measure = across_and_back};
}

scenario crossing_throughput_scenario(std::size_t item_bytes) {
    const channel_kind kind{.item_bytes = item_bytes, .capacity = crossing_capacity};
    return {.name = "shm/throughput/" + std::to_string(item_bytes) + "B/cap" + std::to_string(crossing_capacity),
            .kind = kind,
            .plays = league::processes,
            .check_count = 20'000,
            .measure = [=](rig& on, const queue_entry& queue, roles placed, word count) {
                return pass_across(on, queue, kind, placed, count);
            }};
}

}  // namespace bench
