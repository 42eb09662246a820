// SPDX-License-Identifier: MIT
#include "scenario.hpp"

namespace bench {

double scenario::of_floor(double value, const floor_reading& floor) const {
    if (unit == metric::items_per_s) {
        return value * static_cast<double>(kind.item_bytes) / sizeof(word) / floor.stream_words_per_s;
    }
    // A round trip is compared with the line's round trip, one way with half of it.
    return scheduled_per_s > 0.0 ? value / (floor.roundtrip_ns / 2.0) : value / floor.roundtrip_ns;
}

bool scenario::offered_by(const queue_entry& queue) const {
    if (spinning.one_core && queue.blocking) {
        return false;  // it spins inside, on the only core there is
    }
    const auto probe = queue.make(kind.item_bytes, kind.capacity);
    return probe != nullptr && probe->offers(kind.handover);
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
    all.push_back(roundtrip_scenario());
    all.push_back(latency_scenario(1e5, "100kps"));
    all.push_back(latency_scenario(1e6, "1Mps"));
    all.push_back(latency_scenario(5e6, "5Mps"));
    return all;
}

}  // namespace bench
