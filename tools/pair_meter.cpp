// SPDX-License-Identifier: MIT
#include "pair_meter.hpp"

#include <weir/ring.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <memory>

namespace weir::tool {
namespace {

using bench::word;

constexpr auto longest_ns = pair_sample::longest_ns;
constexpr double latency_ns = 3e6;  // of each part, about
constexpr double stream_ns = 3e6;

/// An item says when it was sent.
struct letter {
    word number;
    std::uint64_t sent;
};

/// What the two threads of a part share; theirs as long as one of them runs.
struct shared_part {
    bench::starting_line start;
    std::unique_ptr<spsc_ring<letter>> there;
    std::unique_ptr<spsc_ring<letter>> back;
    std::unique_ptr<spsc_ring<word>> stream;
    histogram by_clocks_ns{longest_ns, 2};
    histogram by_half_ns{longest_ns, 2};
    bool before_sent = false;
    bool in_order = true;
    double items_per_s = 0;
    thread_counts disturbances[2];
};

template <class T>
[[gnu::always_inline]] inline void put(spsc_ring<T>& ring, const T& item) {
    while (!ring.try_push(item)) bench::relax();
}

template <class T>
[[gnu::always_inline]] inline T get(spsc_ring<T>& ring) {
    T item;
    while (!ring.try_pop(item)) bench::relax();
    return item;
}

/// Runs a part on a thread that is to be on `pu`, and counts what disturbed it.
template <class Part>
auto watched(unsigned pu, thread_counts& disturbances, Part part) {
    return [pu, &disturbances, part] {
        const auto before = count_this_thread();
        part();
        disturbances = count_this_thread() - before;
        check_seat(pu);
    };
}

constexpr word warm_up = 200;
constexpr std::size_t capacity = 1024;  // of the streaming ring

// One item at a time goes there and comes back.
void exchange(bench::worker_pair& workers, const directed_pair& pair, const tick_clock& clock, word trips,
              pair_sample& out) {
    const auto both = std::make_shared<shared_part>();
    workers.run(watched(pair.from, both->disturbances[0],
                        [both, clock, trips] {
                            both->back = std::make_unique<spsc_ring<letter>>(64);
                            both->start.wait();
                            for (word i = 0; i != warm_up + trips; ++i) {
                                const auto sent = clock.now();
                                put(*both->there, {i, sent});
                                const auto reply = get(*both->back);
                                const auto trip = clock.now_after_loads() - sent;
                                both->in_order &= reply.number == i;
                                if (i >= warm_up)
                                    both->by_half_ns.record(static_cast<word>(clock.to_ns(trip) / 2 + 0.5));
                            }
                        }),
                watched(pair.to, both->disturbances[1], [both, clock, trips] {
                    both->there = std::make_unique<spsc_ring<letter>>(64);  // memory of the consumer's NUMA node
                    both->start.wait();
                    for (word i = 0; i != warm_up + trips; ++i) {
                        const auto got = get(*both->there);
                        const auto arrived = clock.now_after_loads();
                        put(*both->back, got);
                        const bool early = static_cast<std::int64_t>(arrived - got.sent) < 0;
                        both->before_sent |= early;
                        if (i >= warm_up && !early)
                            both->by_clocks_ns.record(static_cast<word>(clock.to_ns(arrived - got.sent) + 0.5));
                    }
                }));
    if (!both->in_order) throw std::runtime_error("a ring returned another item than was sent: this is a bug in weir");
    out.by_clocks_ns = both->by_clocks_ns;
    out.by_half_ns = both->by_half_ns;
    out.clocks_agree = !both->before_sent;
    for (const auto& of : both->disturbances) out.disturbances += of;
}

// As many items as the ring takes.
void stream(bench::worker_pair& workers, const directed_pair& pair, const tick_clock& clock, word items,
            pair_sample& out) {
    const auto both = std::make_shared<shared_part>();
    workers.run(watched(pair.from, both->disturbances[0],
                        [both, items] {
                            both->start.wait();
                            auto& ring = *both->stream;
                            for (word i = 0; i != capacity + items; ++i) put(ring, i);
                        }),
                watched(pair.to, both->disturbances[1], [both, clock, items] {
                    both->stream = std::make_unique<spsc_ring<word>>(capacity);
                    both->start.wait();
                    auto& ring = *both->stream;
                    word wrong = 0;
                    for (word i = 0; i != capacity; ++i) wrong |= get(ring) ^ i;  // touches every slot
                    const auto begin = clock.now_after_loads();
                    for (word i = capacity; i != capacity + items; ++i) wrong |= get(ring) ^ i;
                    const auto ns = clock.to_ns(clock.now_after_loads() - begin);
                    both->items_per_s = 1e9 * static_cast<double>(items) / std::max(ns, 1.0);
                    both->in_order = wrong == 0;
                }));
    if (!both->in_order) throw std::runtime_error("a ring lost an item or changed the order: this is a bug in weir");
    out.items_per_s = both->items_per_s;
    for (const auto& of : both->disturbances) out.disturbances += of;
}

// As many as take `ns`, if one takes `each_ns`.
word as_many_as_take(double ns, double each_ns, word least, word most) {
    return static_cast<word>(
        std::clamp(ns / std::max(each_ns, 0.1), static_cast<double>(least), static_cast<double>(most)));
}

}  // namespace

pair_sample sample_pair(const topology& machine, const directed_pair& pair, const tick_clock& clock) {
    pair_sample sample;
    bench::worker_pair workers(machine, fmt::format("{},{}", pair.from, pair.to));
    workers.set_limit(std::chrono::seconds{10});
    bench::floor_meter floors(workers, clock);

    sample.clock_offset = floors.offset();  // and wakes the PUs
    const auto before = floors.take(bench::roles::as_placed);
    exchange(workers, pair, clock, as_many_as_take(latency_ns, 1.5 * before.roundtrip_ns, 500, 20'000), sample);
    // A ring is a few times slower than the plain buffer.
    stream(workers, pair, clock, as_many_as_take(stream_ns, 3e9 / before.stream_words_per_s, 10'000, 4'000'000),
           sample);
    const auto after = floors.take(bench::roles::as_placed);

    sample.floor = bench::floor_reading::between(before, after);
    sample.steady = bench::floor_reading::steady(before, after);
    sample.clocks_agree &= clock.source() != tick_source::steady_clock &&
                           std::abs(sample.clock_offset.ns) <= sample.clock_offset.roundtrip_ns / 2;
    return sample;
}

}  // namespace weir::tool
