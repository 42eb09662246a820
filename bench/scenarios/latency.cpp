// SPDX-License-Identifier: MIT
//
// The latency of single items: round trip, and one way on a fixed schedule.
#include <algorithm>

#include "bench/scenarios/scenario.hpp"

namespace bench {
namespace {

/// The state that the two threads of a round-trip sample share.
struct rally {
    starting_line start;
    std::unique_ptr<channel> there;
    std::unique_ptr<channel> back;
    receipt lap_got;
    receipt got;
    double elapsed_ns = 0.0;
};

/// The state that the two threads of a latency sample share.
struct mail {
    starting_line start;
    std::unique_ptr<channel> ring;
    schedule lap{};
    schedule due{};
    receipt lap_got;
    receipt got;
    std::uint64_t end = 0;
    weir::histogram ignored{static_cast<std::uint64_t>(latency_range_ns)};
    weir::histogram latencies_ns{static_cast<std::uint64_t>(latency_range_ns)};
};

measurement there_and_back(rig& on, const queue_entry& queue, roles placed, word count) {
    const stream lap{.count = std::min<word>(short_ring.capacity + 1, count)};
    const stream trips{.first = 1 + lap.count, .count = count};
    const auto both = std::make_shared<rally>();
    run_roles(
        on.workers, placed,
        [=, &on, &queue] {
            both->back = queue.make(short_ring.item_bytes, short_ring.capacity);
            both->start.wait();
            both->lap_got = both->there->ping(*both->back, lap);
            const auto begin = on.clock.now_after_loads();
            both->got = both->there->ping(*both->back, trips);
            both->elapsed_ns = on.clock.to_ns(on.clock.now_after_loads() - begin);
        },
        [=, &queue] {
            both->there = queue.make(short_ring.item_bytes, short_ring.capacity);
            both->start.wait();
            both->there->pong(*both->back, {.count = lap.count + trips.count});
        });
    measurement result;
    result.elapsed_ns = both->elapsed_ns;
    result.value = both->elapsed_ns / static_cast<double>(count);
    result.correct = both->lap_got.correct_for(lap.first, lap.count) && both->got.correct_for(trips.first, trips.count);
    return result;
}

}  // namespace

scenario roundtrip_scenario() {
    return {.name = "roundtrip/8B", .kind = short_ring, .unit = metric::ns, .measure = there_and_back};
}

scenario blocking_roundtrip_scenario() {
    return {.name = "blocking/roundtrip/8B",
            .kind = short_ring,
            .unit = metric::ns,
            .plays = league::waiting,
            .check_count = 200,  // beside busy threads a consumer that yields may need 20 ms for each
            .measure = there_and_back};
}

scenario latency_scenario(double messages_per_s, const std::string& rate_name, std::size_t item_bytes) {
    const channel_kind kind{.item_bytes = item_bytes, .capacity = short_ring.capacity};
    const auto measure = [=](rig& on, const queue_entry& queue, roles placed, word count) {
        const auto both = std::make_shared<mail>();
        const double ahead_ns = placed == roles::as_placed ? on.clock_offset_ns : -on.clock_offset_ns;
        const double ahead = ahead_ns / on.clock.ns_per_tick();

        run_roles(
            on.workers, placed,
            [=, &on] {
                both->start.wait();
                const double interval = 1e9 / messages_per_s / on.clock.ns_per_tick();
                const auto warm_up = static_cast<word>(std::max(16.0, messages_per_s * 0.5e-3));
                both->lap = {on.clock.now() + on.clock.to_ticks(20e3), interval, warm_up};
                both->due = {both->lap.start + static_cast<word>(static_cast<double>(warm_up) * interval), interval,
                             count};
                both->start.wait();
                both->ring->send(on.clock, both->lap);
                both->ring->send(on.clock, both->due);
            },
            [=, &on, &queue] {
                both->ring = queue.make(kind.item_bytes, kind.capacity);
                both->start.wait();  // the ring is there
                both->start.wait();  // the schedule is there
                both->lap_got = both->ring->receive(on.clock, both->lap, ahead, both->ignored);
                both->got = both->ring->receive(on.clock, both->due, ahead, both->latencies_ns);
                both->end = on.clock.now_after_loads();
            });

        measurement result;
        result.elapsed_ns = on.clock.to_ns(both->end - both->due.start) - ahead_ns;
        result.latencies_ns = std::shared_ptr<weir::histogram>(both, &both->latencies_ns);
        result.value = static_cast<double>(result.latencies_ns->percentile(50.0));
        result.correct = both->lap_got.wrong == 0 && both->got.wrong == 0 && result.latencies_ns->count() == count;
        result.achieved_per_s = 1e9 * static_cast<double>(count) / result.elapsed_ns;
        return result;
    };
    return {.name = "latency/" + std::to_string(item_bytes) + "B/" + rate_name,
            .kind = kind,
            .unit = metric::ns,
            .scheduled_per_s = messages_per_s,
            .one_way = true,
            .measure = measure};
}

}  // namespace bench
