// SPDX-License-Identifier: MIT
//
// The cost of blocking push and pop: in a stream, when the consumer sleeps, and while no item comes at all.
#include <time.h>

#include <algorithm>
#include <atomic>

#include "bench/scenarios/scenario.hpp"

namespace bench {
namespace {

struct waking {
    starting_line start;
    std::unique_ptr<channel> ring;
    handshake steps;
    receipt got;
    weir::histogram latencies_ns{static_cast<std::uint64_t>(latency_range_ns)};
};

measurement wake_up(rig& on, const queue_entry& queue, roles placed, word count) {
    const auto both = std::make_shared<waking>();
    const double ahead_ns = placed == roles::as_placed ? on.clock_offset_ns : -on.clock_offset_ns;
    const auto begin = on.clock.now();
    run_roles(
        on.workers, placed,
        [=, &on] {
            both->start.wait();
            both->ring->wake(on.clock, both->steps, count);
        },
        [=, &on, &queue] {
            both->ring = queue.make(short_ring.item_bytes, short_ring.capacity);
            both->start.wait();
            both->got = both->ring->be_woken(on.clock, both->steps, count, ahead_ns / on.clock.ns_per_tick(),
                                             both->latencies_ns);
        });
    measurement result;
    result.elapsed_ns = on.clock.to_ns(on.clock.now() - begin);
    result.latencies_ns = std::shared_ptr<weir::histogram>(both, &both->latencies_ns);
    result.value = static_cast<double>(both->latencies_ns.percentile(50.0));
    result.correct = both->got.wrong == 0 && both->latencies_ns.count() == count;
    return result;
}

struct idling {
    starting_line start;
    std::atomic<bool> begun = false;  // the consumer has read its clocks
    std::unique_ptr<channel> ring;
    receipt got;
    double wall_ns = 0.0;
    double cpu_ns = 0.0;
};

double now_ns(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

measurement stand_idle(rig& on, const queue_entry& queue, roles placed, word ms) {
    const auto both = std::make_shared<idling>();
    run_roles(
        on.workers, placed,
        [=] {
            both->start.wait();
            while (!both->begun.load(std::memory_order_acquire)) relax();
            const timespec a_while{static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000) * 1'000'000};
            ::nanosleep(&a_while, nullptr);
            both->ring->produce(form::single, {.count = 1});
        },
        [=, &queue] {
            both->ring = queue.make(short_ring.item_bytes, short_ring.capacity);
            both->start.wait();
            const double wall_begin = now_ns(CLOCK_MONOTONIC);
            const double cpu_begin = now_ns(CLOCK_THREAD_CPUTIME_ID);
            both->begun.store(true, std::memory_order_release);
            both->got = both->ring->consume(form::single, {.count = 1});
            both->cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_begin;
            both->wall_ns = now_ns(CLOCK_MONOTONIC) - wall_begin;
        });
    measurement result;
    result.elapsed_ns = both->wall_ns;
    result.value = 100.0 * both->cpu_ns / both->wall_ns;
    result.correct = both->got.correct_for(1, 1);
    return result;
}

}  // namespace

scenario blocking_scenario(std::size_t capacity) {
    const channel_kind kind{.capacity = capacity};
    return {
        .name = "blocking/8B/cap" + std::to_string(capacity) + "/balanced",
        .kind = kind,
        .plays = league::waiting,
        // A consumer that sleeps for fixed times, or yields beside busy threads, may need milliseconds for each filling.
        .check_count = std::min<word>(5'000, 100 * capacity),
        .measure = [=](rig& on, const queue_entry& queue, roles placed, word count) {
            return pass_through(on, queue, kind, placed, {.count = count}, {.count = count});
        }};
}

scenario wakeup_scenario() {
    return {.name = "wakeup/8B",
            .kind = short_ring,
            .unit = metric::ns,
            .one_way = true,
            .plays = league::waiting,
            .only_sleepers = true,
            .check_count = 3,
            .measure = wake_up};
}

scenario idle_scenario(unsigned seconds) {
    return {.name = "idle/" + std::to_string(seconds) + "s",
            .kind = short_ring,
            .unit = metric::cpu_percent,
            .plays = league::waiting,
            .only_waiting = true,
            .drops_unsteady = false,  // the floors are seconds apart, and CPU time does not depend on them
            .check_count = 1,
            .sample_count = word{1000} * seconds,
            .most_rounds = 1,
            .measure = stand_idle};
}

}  // namespace bench
