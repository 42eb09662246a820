// SPDX-License-Identifier: MIT
//
// What no stream shows: a ring that hovers at full or at empty, one thread that pops and pushes by turns, and bursts.
#include <algorithm>
#include <cmath>

#include "bench/scenarios/scenario.hpp"

namespace bench {
namespace {

/// Steps of register work that take about so long.
unsigned steps_of(const work_calibration& work, double ns) {
    return static_cast<unsigned>(std::max(1.0, std::round(ns * work.steps / work.ns_per_item)));
}

struct bursts {
    starting_line start;
    std::unique_ptr<channel> ring;
    receipt got;
    word ticks = 0;
};

measurement send_bursts(rig& on, const queue_entry& queue, const channel_kind& kind, roles placed,
                        const stream& items) {
    const auto both = std::make_shared<bursts>();
    const auto begin = on.clock.now();
    run_roles(
        on.workers, placed,
        [=, &on] {
            both->start.wait();
            both->ticks = both->ring->produce_in_bursts(on.clock, items);
        },
        [=, &queue] {
            both->ring = queue.make(kind.item_bytes, kind.capacity);
            both->start.wait();
            both->got = both->ring->consume(form::single, {.count = items.count});
        });
    measurement result;
    result.elapsed_ns = on.clock.to_ns(on.clock.now() - begin);
    result.value = on.clock.to_ns(both->ticks) / static_cast<double>(items.count);
    result.correct = both->got.correct_for(1, items.count);
    return result;
}

struct alternation {
    std::unique_ptr<channel> ring;
    receipt got;
    word ticks = 0;
};

measurement alternate(rig& on, const queue_entry& queue, const channel_kind& kind, roles placed, std::size_t filled,
                      word count) {
    const auto both = std::make_shared<alternation>();
    run_roles(
        on.workers, placed,
        [=, &on, &queue] {
            both->ring = queue.make(kind.item_bytes, kind.capacity);
            word ignored = 0;
            (void)both->ring->alternate(on.clock, 0, kind.capacity + 1024, ignored);  // touches every slot
            both->ring = queue.make(kind.item_bytes, kind.capacity);
            both->got = both->ring->alternate(on.clock, filled, count, both->ticks);
        },
        [] {});
    measurement result;
    result.elapsed_ns = on.clock.to_ns(both->ticks);
    result.value = result.elapsed_ns / static_cast<double>(count);
    result.correct = both->got.wrong == 0;
    return result;
}

}  // namespace

scenario hovering_scenario(const std::string& level, double slow_ns, const std::string& slowness) {
    const channel_kind kind{};
    const bool full = level == "full";
    return {.name = "hovering/" + level + "/" + slowness,
            .kind = kind,
            .works = true,
            .plays = league::transfer | league::crowd | league::lossless,
            .measure = [=](rig& on, const queue_entry& queue, roles placed, word count) {
                // The quicker side is nine tenths as slow: what its operations cost beyond that shows.
                const unsigned slow = steps_of(on.work, slow_ns);
                const unsigned quick = steps_of(on.work, 0.9 * slow_ns);
                return pass_through(on, queue, kind, placed, {.count = count, .work_steps = full ? quick : slow},
                                    {.count = count, .work_steps = full ? slow : quick});
            }};
}

scenario alternating_scenario(std::size_t capacity, const std::string& level) {
    const channel_kind kind{.capacity = capacity};
    const std::size_t filled = level == "empty" ? 0 : level == "half" ? capacity / 2 : capacity;
    return {.name = "alternating/one-thread/cap" + std::to_string(capacity) + "/" + level,
            .kind = kind,
            .unit = metric::ns,
            .plays = league::transfer | league::crowd | league::lossless | league::lossy,
            .measure = [=](rig& on, const queue_entry& queue, roles placed, word count) {
                return alternate(on, queue, kind, placed, filled, count);
            }};
}

scenario burst_scenario(std::size_t items) {
    const channel_kind kind{};
    return {.name = "burst/" + std::to_string(items),
            .kind = kind,
            .unit = metric::ns,
            .works = true,
            .plays = league::transfer | league::crowd | league::lossless,
            .measure = [=](rig& on, const queue_entry& queue, roles placed, word count) {
                constexpr double between_ns = 10'000;
                return send_bursts(on, queue, kind, placed,
                                   {.count = count, .batch = items, .work_steps = steps_of(on.work, between_ns)});
            }};
}

}  // namespace bench
