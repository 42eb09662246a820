// SPDX-License-Identifier: MIT
//
// Messages of bytes: throughput by copy and in place, one way on a schedule, and several producers.
#include "bench/scenarios/scenario.hpp"

#include "bench/queues/letter.hpp"

namespace bench {

scenario message_scenario(std::size_t bytes, form handover) {
    const channel_kind kind{.item_bytes = bytes, .capacity = 1024, .handover = handover};
    const std::string size = bytes == feed_mean_bytes ? "feed" : std::to_string(bytes) + "B";
    return {.name = "message/" + size + (handover == form::zero_copy ? "/in-place" : "/copy"),
            .kind = kind,
            .plays = league::message,
            .measure = [=](rig& on, const queue_entry& queue, roles placed, word count) {
                const stream both{.count = count, .batch = 16};
                return pass_through(on, queue, kind, placed, both, both);
            }};
}

scenario message_latency_scenario(double messages_per_s, const std::string& rate_name) {
    scenario what = latency_scenario(messages_per_s, rate_name, 64);
    what.name = "message/64B/latency/" + rate_name;
    what.plays = league::message | league::transfer;
    return what;
}

scenario message_crowd_scenario(crowd_size size) {
    scenario what = crowd_scenario(size, 64);
    what.name = "message/64B/" + std::to_string(size.producers) + "+" + std::to_string(size.consumers);
    what.plays = league::gathering;
    return what;
}

}  // namespace bench
