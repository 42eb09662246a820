// SPDX-License-Identifier: MIT
#include "bench/scenarios/scenario.hpp"

#include "bench/queues/letter.hpp"

namespace bench {

double scenario::of_floor(double value, const floor_reading& floor) const {
    if (unit == metric::cpu_percent) {
        return value / 100.0;  // a thread can use at most one core
    }
    if (unit == metric::items_per_s) {
        return value * static_cast<double>(kind.item_bytes) / sizeof(word) / floor.stream_words_per_s;
    }
    // A round trip is compared with the line's round trip, one way with half of it.
    return one_way ? value / (floor.roundtrip_ns / 2.0) : value / floor.roundtrip_ns;
}

bool scenario::offered_by(const queue_entry& queue) const {
    if ((static_cast<unsigned>(queue.plays) & static_cast<unsigned>(plays)) == 0 ||
        (many_producers && !queue.many_producers) || (many_consumers && !queue.many_consumers) ||
        (only_waiting && !queue.blocking) || (only_sleepers && !queue.sleeps)) {
        return false;
    }
    if (spinning.one_core && queue.blocking && plays != league::waiting) {
        return false;  // it would spin inside the queue, on the only core
    }
    if (shape) {
        return queue.make_fan && queue.make_fan(*shape, kind.capacity) != nullptr;
    }
    const auto probe = queue.make(kind.item_bytes, kind.capacity);
    return probe != nullptr && probe->offers(kind.handover);
}

std::size_t scenario::capacity_of(const queue_entry& queue) const {
    return shape ? kind.capacity : queue.make(kind.item_bytes, kind.capacity)->effective_capacity();
}

std::vector<scenario> all_scenarios(const scenario_choice& choice) {
    std::vector<scenario> all;
    const auto chosen = [&](const std::vector<std::size_t>& standard) {
        return choice.capacities.empty() ? standard : choice.capacities;
    };
    if (choice.quick) {
        for (const std::size_t capacity : chosen({1024, 65536})) {
            for (const char* regime : {"balanced", "producer-slower", "consumer-slower"}) {
                all.push_back(throughput_scenario(8, capacity, regime));
            }
        }
        for (const std::size_t capacity : chosen({1024})) {
            all.push_back(throughput_scenario(64, capacity, "balanced"));
        }
        for (const std::size_t capacity : chosen({65536})) {
            all.push_back(batch_scenario(256, form::copy, capacity));
            all.push_back(batch_scenario(256, form::zero_copy, capacity));
        }
        all.push_back(roundtrip_scenario());
        all.push_back(latency_scenario(1e6, "1Mps"));
        const std::size_t longer_ones = all.size();
        all.push_back(hovering_scenario("full", 1000, "1us"));
        all.push_back(hovering_scenario("empty", 1000, "1us"));
        for (const std::size_t capacity : chosen({1024})) {
            all.push_back(alternating_scenario(capacity, "full"));
        }
        all.push_back(burst_scenario(64));
        for (const std::size_t capacity : chosen({1024})) {
            all.push_back(blocking_scenario(capacity));
        }
        for (const std::size_t capacity : chosen({1024})) {
            all.push_back(credit_scenario(capacity));
        }
        all.push_back(blocking_roundtrip_scenario());
        all.push_back(wakeup_scenario());
        all.push_back(idle_scenario(1));
        all.push_back(await_ready_scenario(1024));
        all.push_back(await_stream_scenario(1024));
        all.push_back(await_wakeup_scenario());
        all.push_back(select_scenario());
        all.push_back(one_core_scenario());
        all.push_back(oversubscribed_scenario({4, 4}));
        all.push_back(crowd_scenario({1, 1}, 8));
        all.push_back(crowd_scenario({2, 2}, 8));
        all.push_back(message_scenario(64, form::single));
        all.push_back(message_scenario(256, form::zero_copy));
        all.push_back(message_latency_scenario(1e6, "1Mps"));
        all.push_back(broadcast_scenario({.readers = 3}));
#if defined(__linux__)
        all.push_back(crossing_roundtrip_scenario());
        all.push_back(crossing_throughput_scenario(sizeof(word)));
#endif
        for (auto shorter = all.begin() + static_cast<std::ptrdiff_t>(longer_ones); shorter != all.end(); ++shorter) {
            if (!choice.rounds_given && shorter->most_rounds == 0) {
                shorter->most_rounds = 7;
            }
        }
        return all;
    }
    for (const std::size_t bytes : {std::size_t{8}, std::size_t{64}, std::size_t{256}}) {
        for (const std::size_t capacity : chosen({64, 1024, 65536})) {
            for (const char* regime : {"balanced", "producer-slower", "consumer-slower"}) {
                all.push_back(throughput_scenario(bytes, capacity, regime));
            }
        }
    }
    for (const form handover : {form::copy, form::zero_copy}) {
        for (const std::size_t batch : {std::size_t{8}, std::size_t{64}, std::size_t{256}}) {
            for (const std::size_t capacity : chosen({1024, 65536})) {
                all.push_back(batch_scenario(batch, handover, capacity));
            }
        }
    }
    for (const std::size_t capacity : chosen({1024, 65536})) {
        all.push_back(credit_scenario(capacity));
    }
    all.push_back(roundtrip_scenario());
    all.push_back(latency_scenario(1e5, "100kps"));
    all.push_back(latency_scenario(1e6, "1Mps"));
    all.push_back(latency_scenario(5e6, "5Mps"));
    for (const char* level : {"full", "empty"}) {
        all.push_back(hovering_scenario(level, 100, "100ns"));
        all.push_back(hovering_scenario(level, 1000, "1us"));
        all.push_back(hovering_scenario(level, 10000, "10us"));
    }
    for (const std::size_t capacity : chosen({64, 1024, 65536})) {
        for (const char* level : {"empty", "half", "full"}) {
            all.push_back(alternating_scenario(capacity, level));
        }
    }
    all.push_back(burst_scenario(64));
    for (const std::size_t capacity : chosen({1024, 65536})) {
        all.push_back(blocking_scenario(capacity));
    }
    all.push_back(blocking_roundtrip_scenario());
    all.push_back(wakeup_scenario());
    all.push_back(idle_scenario(10));
    all.push_back(await_ready_scenario(1024));
    all.push_back(await_stream_scenario(1024));
    all.push_back(await_wakeup_scenario());
    all.push_back(select_scenario());
    all.push_back(one_core_scenario());
    for (const unsigned side : {2U, 4U, 8U}) {
        all.push_back(oversubscribed_scenario({side, side}));
    }
    for (const crowd_size size : {crowd_size{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 4}, {8, 8}}) {
        all.push_back(crowd_scenario(size, 8));
    }
    all.push_back(crowd_scenario({1, 1}, 64));
    all.push_back(crowd_scenario({2, 2}, 64));
    for (const std::size_t bytes :
         {std::size_t{16}, std::size_t{64}, std::size_t{256}, std::size_t{1500}, feed_mean_bytes}) {
        all.push_back(message_scenario(bytes, form::single));
    }
    for (const std::size_t bytes : {std::size_t{16}, std::size_t{64}, std::size_t{256}}) {
        all.push_back(message_scenario(bytes, form::zero_copy));
    }
    all.push_back(message_latency_scenario(1e5, "100kps"));
    all.push_back(message_latency_scenario(1e6, "1Mps"));
    for (const fan_shape& shape :
         {fan_shape{}, fan_shape{.readers = 3}, fan_shape{.readers = 3, .diamond = true}, fan_shape{.producers = 3}}) {
        all.push_back(broadcast_scenario(shape));
    }
    for (const unsigned producers : {1U, 2U, 4U}) {
        all.push_back(message_crowd_scenario({producers, 1}));
    }
#if defined(__linux__)
    all.push_back(crossing_roundtrip_scenario());
    for (const std::size_t bytes : {std::size_t{8}, std::size_t{64}}) {
        all.push_back(crossing_throughput_scenario(bytes));
    }
#endif
    return all;
}

}  // namespace bench
