// SPDX-License-Identifier: MIT
//
// Throughput: as many items as the two threads can pass, one by one or in batches.
#include "bench/scenarios/scenario.hpp"

namespace bench {
namespace {

/// The state that the two threads of a sample share. Each owns it, so it outlives a thread that is stuck in a queue.
struct passing {
    starting_line start;
    std::unique_ptr<channel> ring;
    receipt lap_got;
    receipt got;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

}  // namespace

measurement pass_through(rig& on, const queue_entry& queue, const channel_kind& kind, roles placed,
                         const stream& produced, const stream& consumed) {
    const stream lap{.count = kind.capacity + 1024, .batch = produced.batch};
    const auto both = std::make_shared<passing>();

    run_roles(
        on.workers, placed,
        [=] {
            both->start.wait();
            both->ring->produce(kind.handover, lap);
            both->start.wait();
            both->ring->produce(kind.handover, produced);
        },
        [=, &on, &queue] {
            both->ring = queue.make(kind.item_bytes, kind.capacity);
            both->start.wait();
            both->lap_got = both->ring->consume(kind.handover, lap);
            both->start.wait();
            both->begin = on.clock.now_after_loads();
            both->got = both->ring->consume(kind.handover, consumed);
            both->end = on.clock.now_after_loads();
        });

    measurement result;
    result.elapsed_ns = on.clock.to_ns(both->end - both->begin);
    result.value = 1e9 * static_cast<double>(consumed.count) / result.elapsed_ns;
    result.correct =
        both->lap_got.correct_for(lap.first, lap.count) && both->got.correct_for(consumed.first, consumed.count);
    return result;
}

scenario throughput_scenario(std::size_t item_bytes, std::size_t capacity, const std::string& regime) {
    const channel_kind kind{.item_bytes = item_bytes, .capacity = capacity};
    const bool producer_works = regime == "producer-slower";
    const bool consumer_works = regime == "consumer-slower";
    return {.name = "throughput/" + std::to_string(item_bytes) + "B/cap" + std::to_string(capacity) + "/" + regime,
            .kind = kind,
            .works = producer_works || consumer_works,
            .measure = [=](rig& on, const queue_entry& queue, roles placed, word count) {
                const stream produced{.count = count, .work_steps = producer_works ? on.work.steps : 0};
                const stream consumed{.count = count, .work_steps = consumer_works ? on.work.steps : 0};
                return pass_through(on, queue, kind, placed, produced, consumed);
            }};
}

scenario credit_scenario(std::size_t capacity) {
    scenario what = throughput_scenario(sizeof(word), capacity, "balanced");
    what.name = "credit/8B/cap" + std::to_string(capacity) + "/balanced";
    what.plays = league::credit;
    return what;
}

scenario batch_scenario(std::size_t batch, form handover, std::size_t capacity) {
    const channel_kind kind{.capacity = capacity, .handover = handover};
    return {.name = "batch" + std::to_string(batch) + (handover == form::copy ? "-copy" : "-zero-copy") + "/8B/cap" +
                    std::to_string(capacity),
            .kind = kind,
            .measure = [=](rig& on, const queue_entry& queue, roles placed, word count) {
                const stream both{.count = count, .batch = batch};
                return pass_through(on, queue, kind, placed, both, both);
            }};
}

}  // namespace bench
