// SPDX-License-Identifier: MIT
//
// The time of single items: there and back, and one way on a fixed schedule.
#include <algorithm>

#include "scenario.hpp"

namespace bench {
namespace {

constexpr channel_kind short_ring{.item_bytes = 8, .capacity = 1024};
constexpr double latency_range_ns = 60e9;

}  // namespace

scenario roundtrip_scenario() {
    return {.name = "roundtrip/8B",
            .kind = short_ring,
            .unit = metric::ns,
            .measure = [](rig& on, const queue_entry& queue, roles who, word count) {
                const stream lap{.count = std::min<word>(short_ring.capacity + 1, count)};
                const stream trips{.first = 1 + lap.count, .count = count};
                std::unique_ptr<channel> there;
                std::unique_ptr<channel> back;
                starting_line start;
                receipt lap_got;
                receipt got;
                double elapsed_ns = 0.0;
                run_roles(
                    on.workers, who,
                    [&] {
                        back = queue.make(short_ring.item_bytes, short_ring.capacity);
                        start.wait();
                        lap_got = there->ping(*back, lap);
                        const auto begin = on.clock.now_after_loads();
                        got = there->ping(*back, trips);
                        elapsed_ns = on.clock.to_ns(on.clock.now_after_loads() - begin);
                    },
                    [&] {
                        there = queue.make(short_ring.item_bytes, short_ring.capacity);
                        start.wait();
                        there->pong(*back, {.count = lap.count + trips.count});
                    });
                measurement result;
                result.elapsed_ns = elapsed_ns;
                result.value = elapsed_ns / static_cast<double>(count);
                result.correct = lap_got.correct_for(lap.first, lap.count) && got.correct_for(trips.first, trips.count);
                return result;
            }};
}

scenario latency_scenario(double messages_per_s, const std::string& rate_name) {
    const auto measure = [=](rig& on, const queue_entry& queue, roles who, word count) {
        std::unique_ptr<channel> ring;
        starting_line start;
        schedule lap{};
        schedule due{};
        receipt lap_got;
        receipt got;
        std::uint64_t end = 0;
        weir::histogram ignored{static_cast<std::uint64_t>(latency_range_ns)};
        auto latencies = std::make_shared<weir::histogram>(static_cast<std::uint64_t>(latency_range_ns));
        const double ahead_ns = who == roles::as_placed ? on.clock_offset_ns : -on.clock_offset_ns;
        const double ahead = ahead_ns / on.clock.ns_per_tick();

        run_roles(
            on.workers, who,
            [&] {
                start.wait();
                const double interval = 1e9 / messages_per_s / on.clock.ns_per_tick();
                const auto warm_up = static_cast<word>(std::max(16.0, messages_per_s * 0.5e-3));
                lap = {on.clock.now() + on.clock.to_ticks(20e3), interval, warm_up};
                due = {lap.start + static_cast<word>(static_cast<double>(warm_up) * interval), interval, count};
                start.wait();
                ring->send(on.clock, lap);
                ring->send(on.clock, due);
            },
            [&] {
                ring = queue.make(short_ring.item_bytes, short_ring.capacity);
                start.wait();  // the ring is there
                start.wait();  // the schedule is there
                lap_got = ring->receive(on.clock, lap, ahead, ignored);
                got = ring->receive(on.clock, due, ahead, *latencies);
                end = on.clock.now_after_loads();
            });

        measurement result;
        result.elapsed_ns = on.clock.to_ns(end - due.start) - ahead_ns;
        result.value = static_cast<double>(latencies->percentile(50.0));
        result.correct = lap_got.wrong == 0 && got.wrong == 0 && latencies->count() == count;
        result.latencies_ns = latencies;
        result.achieved_per_s = 1e9 * static_cast<double>(count) / result.elapsed_ns;
        return result;
    };
    return {.name = "latency/8B/" + rate_name,
            .kind = short_ring,
            .unit = metric::ns,
            .scheduled_per_s = messages_per_s,
            .measure = measure};
}

}  // namespace bench
