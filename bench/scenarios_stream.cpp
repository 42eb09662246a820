// SPDX-License-Identifier: MIT
//
// Throughput: as many items as the two threads can pass, one by one or in batches.
#include "scenario.hpp"

namespace bench {
namespace {

/// One lap around a fresh ring, then the timed part: from the moment both sides are ready to the moment the last item
/// was checked. The lap touches every slot, so that no page is touched for the first time while the clock runs.
measurement pass_through(rig& on, const queue_entry& queue, const channel_kind& kind, roles who, const stream& produced,
                         const stream& consumed) {
    const stream lap{.count = kind.capacity + 1024, .batch = produced.batch};
    std::unique_ptr<channel> ring;
    starting_line start;
    receipt lap_got;
    receipt got;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;

    run_roles(
        on.workers, who,
        [&] {
            start.wait();
            ring->produce(kind.handover, lap);
            start.wait();
            ring->produce(kind.handover, produced);
        },
        [&] {
            ring = queue.make(kind.item_bytes, kind.capacity);
            start.wait();
            lap_got = ring->consume(kind.handover, lap);
            start.wait();
            begin = on.clock.now_after_loads();
            got = ring->consume(kind.handover, consumed);
            end = on.clock.now_after_loads();
        });

    measurement result;
    result.elapsed_ns = on.clock.to_ns(end - begin);
    result.value = 1e9 * static_cast<double>(consumed.count) / result.elapsed_ns;
    result.correct = lap_got.correct_for(lap.first, lap.count) && got.correct_for(consumed.first, consumed.count);
    return result;
}

}  // namespace

scenario throughput_scenario(std::size_t item_bytes, std::size_t capacity, const std::string& regime) {
    const channel_kind kind{.item_bytes = item_bytes, .capacity = capacity};
    const bool producer_works = regime == "producer-slower";
    const bool consumer_works = regime == "consumer-slower";
    return {.name = "throughput/" + std::to_string(item_bytes) + "B/cap" + std::to_string(capacity) + "/" + regime,
            .kind = kind,
            .works = producer_works || consumer_works,
            .measure = [=](rig& on, const queue_entry& queue, roles who, word count) {
                const stream produced{.count = count, .work_steps = producer_works ? on.work.steps : 0};
                const stream consumed{.count = count, .work_steps = consumer_works ? on.work.steps : 0};
                return pass_through(on, queue, kind, who, produced, consumed);
            }};
}

scenario batch_scenario(std::size_t batch, form handover, std::size_t capacity) {
    const channel_kind kind{.capacity = capacity, .handover = handover};
    return {.name = "batch" + std::to_string(batch) + (handover == form::copy ? "-copy" : "-zero-copy") + "/8B/cap" +
                    std::to_string(capacity),
            .kind = kind,
            .measure = [=](rig& on, const queue_entry& queue, roles who, word count) {
                const stream both{.count = count, .batch = batch};
                return pass_through(on, queue, kind, who, both, both);
            }};
}

}  // namespace bench
