// SPDX-License-Identifier: MIT
//
// One feed, several readers, each of which sees every item: on the two cores, as far as they go.
#include <algorithm>
#include <deque>

#include "bench/scenarios/scenario.hpp"

namespace bench {
namespace {

/// The state that the threads of a sample share. Each owns it, so it outlives a thread that is stuck in a queue.
struct showing {
    showing(const fan_shape& shape, word count)
        : start(shape.producers + shape.readers),
          ends(shape.producers + shape.readers),
          begins(ends.size()),
          share(count / shape.producers) {
        for (unsigned i = 0; i != shape.producers; ++i) {
            senders.emplace_back(i);
        }
        for (unsigned i = 0; i != shape.readers; ++i) {
            takers.emplace_back(shape.producers);
        }
    }

    starting_line start;
    std::unique_ptr<fan> feed;
    std::deque<sender> senders;
    std::deque<taker> takers;
    std::vector<std::uint64_t> ends;
    std::vector<std::uint64_t> begins;
    word share;  // of each producer
};

measurement show(rig& on, const queue_entry& queue, const fan_shape& shape, std::size_t capacity,
                 worker_pair::spread over, word count) {
    const auto all = std::make_shared<showing>(shape, std::max<word>(count, shape.producers));
    all->feed = queue.make_fan(shape, capacity);
    const word lap = capacity + 1024;

    std::vector<crew::job> jobs;
    for (unsigned i = 0; i != shape.producers + shape.readers; ++i) {
        jobs.emplace_back([=, &on] {
            const auto pass = [&](word of_each_producer) {
                if (i < shape.producers) {
                    all->feed->produce(i, all->senders[i], of_each_producer);
                } else {
                    all->feed->consume(i - shape.producers, all->takers[i - shape.producers],
                                       of_each_producer * shape.producers);
                }
            };
            all->start.wait();
            pass(lap);
            all->start.wait();
            all->begins[i] = on.clock.now_after_loads();
            pass(all->share);
            all->ends[i] = on.clock.now_after_loads();
        });
    }
    on.workers.crowd(jobs.size(), over).run(std::move(jobs));

    word sent = 0;
    word sum = 0;
    for (const sender& one : all->senders) {
        sent += one.sent();
        sum += one.sum();
    }
    measurement result;
    result.elapsed_ns = on.clock.to_ns(*std::max_element(all->ends.begin(), all->ends.end()) -
                                       *std::min_element(all->begins.begin(), all->begins.end()));
    result.value = 1e9 * static_cast<double>(all->share * shape.producers) / result.elapsed_ns;
    result.correct = std::all_of(all->takers.begin(), all->takers.end(), [&](const taker& one) {
        return !one.wrong() && !one.disordered() && one.taken() == sent && one.sum() == sum;
    });
    return result;
}

}  // namespace

scenario broadcast_scenario(const fan_shape& shape) {
    scenario what;
    what.name = "broadcast/" + shape.name();
    what.kind = {.capacity = 65536};
    what.plays = league::broadcast;
    what.shape = shape;
    what.check_count = 20'000;
    what.crowded = shape.producers + shape.readers > 2;
    what.length = what.crowded ? 4.0 : 1.0;
    what.measure = [=, capacity = what.kind.capacity](rig& on, const queue_entry& queue, roles placed, word count) {
        const auto over =
            placed == roles::as_placed ? worker_pair::spread::first_core_first : worker_pair::spread::second_core_first;
        return show(on, queue, shape, capacity, over, count);
    };
    return what;
}

}  // namespace bench
