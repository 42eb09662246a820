// SPDX-License-Identifier: MIT
//
// Several producers, several consumers, or more threads than cores: all on the same two cores.
#include <algorithm>
#include <deque>

#include "bench/queues/crowd.hpp"
#include "bench/scenarios/scenario.hpp"

namespace bench {
namespace {

/// The state that the threads of a sample share. Each owns it, so it outlives a thread that is stuck in a queue.
struct gathering {
    gathering(crowd_size size, word lap, word count)
        : start(size.producers + size.consumers),
          lap_to_send(lap),
          lap_to_take(lap),
          to_send(count),
          to_take(count),
          begins(size.producers + size.consumers),
          ends(size.producers + size.consumers) {
        for (unsigned i = 0; i != size.producers; ++i) {
            senders.emplace_back(i);
        }
        for (unsigned i = 0; i != size.consumers; ++i) {
            takers.emplace_back(size.producers);
        }
    }

    starting_line start;
    std::unique_ptr<channel> ring;
    quota lap_to_send;
    quota lap_to_take;
    quota to_send;
    quota to_take;
    std::deque<sender> senders;
    std::deque<taker> takers;
    std::vector<std::uint64_t> begins;
    std::vector<std::uint64_t> ends;
    std::vector<word> lap_share;
};

bool all_arrived(const gathering& all, word count, bool in_order) {
    word sent = 0;
    word sum_sent = 0;
    for (const sender& one : all.senders) {
        sent += one.sent();
        sum_sent += one.sum();
    }
    word taken = 0;
    word sum_taken = 0;
    bool wrong = false;
    for (const taker& one : all.takers) {
        taken += one.taken();
        sum_taken += one.sum();
        wrong = wrong || one.wrong() || (in_order && one.disordered());
    }
    return !wrong && sent == count && taken == count && sum_taken == sum_sent;
}

std::optional<double> least_of_most(const std::vector<word>& shares) {
    const auto [least, most] = std::minmax_element(shares.begin(), shares.end());
    if (shares.size() < 2 || *most == 0) {
        return std::nullopt;
    }
    return static_cast<double>(*least) / static_cast<double>(*most);
}

measurement gather(rig& on, const queue_entry& queue, const channel_kind& kind, crowd_size size,
                   worker_pair::spread over, word count) {
    const word lap = kind.capacity + 1024;
    const std::size_t threads = size.producers + size.consumers;
    const auto all = std::make_shared<gathering>(size, lap, count);
    all->ring = queue.make(kind.item_bytes, kind.capacity);
    all->lap_share.resize(threads);

    std::vector<crew::job> jobs;
    for (std::size_t i = 0; i != threads; ++i) {
        jobs.emplace_back([=, &on] {
            const bool sends = i < size.producers;
            const auto work = [&](quota& sending, quota& taking) {
                if (sends) {
                    all->ring->send_share(all->senders[i], sending);
                } else {
                    all->ring->take_share(all->takers[i - size.producers], taking);
                }
            };
            all->start.wait();
            work(all->lap_to_send, all->lap_to_take);
            all->lap_share[i] = sends ? all->senders[i].sent() : all->takers[i - size.producers].taken();
            all->start.wait();
            all->begins[i] = on.clock.now_after_loads();
            work(all->to_send, all->to_take);
            all->ends[i] = on.clock.now_after_loads();
        });
    }
    on.workers.crowd(threads, over).run(std::move(jobs));

    std::vector<word> sent;
    std::vector<word> taken;
    for (std::size_t i = 0; i != threads; ++i) {
        if (i < size.producers) {
            sent.push_back(all->senders[i].sent() - all->lap_share[i]);
        } else {
            taken.push_back(all->takers[i - size.producers].taken() - all->lap_share[i]);
        }
    }
    measurement result;
    result.elapsed_ns = on.clock.to_ns(*std::max_element(all->ends.begin(), all->ends.end()) -
                                       *std::min_element(all->begins.begin(), all->begins.end()));
    result.value = 1e9 * static_cast<double>(count) / result.elapsed_ns;
    result.correct = all_arrived(*all, lap + count, queue.keeps_order);
    result.producers_fairness = least_of_most(sent);
    result.consumers_fairness = least_of_most(taken);
    return result;
}

std::string name_of(crowd_size size) { return std::to_string(size.producers) + "+" + std::to_string(size.consumers); }

scenario among(crowd_size size, const channel_kind& kind) {
    scenario what;
    what.kind = kind;
    what.many_producers = size.producers > 1;
    what.many_consumers = size.consumers > 1;
    what.measure = [=](rig& on, const queue_entry& queue, roles placed, word count) {
        const auto over =
            placed == roles::as_placed ? worker_pair::spread::first_core_first : worker_pair::spread::second_core_first;
        return gather(on, queue, kind, size, over, count);
    };
    return what;
}

}  // namespace

scenario crowd_scenario(crowd_size size, std::size_t item_bytes) {
    scenario what = among(size, {.item_bytes = item_bytes});
    const std::string family = size.producers == size.consumers ? "mpmc" : size.consumers == 1 ? "mpsc" : "spmc";
    what.name = family + "/" + name_of(size) + "/" + std::to_string(item_bytes) + "B";
    what.plays = league::crowd;
    what.check_count = 20'000;
    what.crowded = size.producers + size.consumers > 2;
    what.length = what.crowded ? 2.0 : 1.0;
    return what;
}

scenario oversubscribed_scenario(crowd_size size) {
    scenario what = among(size, {});
    what.name = "oversubscribed/" + name_of(size);
    what.plays = league::waiting;
    what.crowded = true;
    what.check_count = 5'000;
    what.length = 4.0;
    return what;
}

scenario one_core_scenario() {
    scenario what;
    what.name = "oversubscribed/1+1-on-one-core";
    what.plays = league::waiting;
    what.crowded = true;
    what.check_count = 5'000;
    what.length = 4.0;  // to cover many turns of the scheduler
    what.measure = [](rig& on, const queue_entry& queue, roles, word count) {
        return gather(on, queue, {}, {1, 1}, worker_pair::spread::one_core, count);
    };
    return what;
}

}  // namespace bench
