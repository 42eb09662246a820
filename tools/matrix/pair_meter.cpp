// SPDX-License-Identifier: MIT
#include "tools/matrix/pair_meter.hpp"

#include "tools/matrix/pair_parts.hpp"

#include <weir/node_memory.hpp>
#include <weir/ring.hpp>

#include <fmt/format.h>
#include <cmath>
#include <memory>
#include <stdexcept>

namespace weir::tool {
namespace pair_parts {

void add(pair_sample& to, const trips_seen& sender, const arrivals_seen& receiver) {
    if (!sender.in_order)
        throw std::runtime_error(
            "a ring returned a different item than was sent: this is a bug in weir, please report it");
    to.by_half_ns = sender.by_half_ns;
    to.by_clocks_ns = receiver.by_clocks_ns;
    to.clocks_agree = !receiver.before_sent;
    to.disturbances += sender.disturbances;
    to.disturbances += receiver.disturbances;
}

void add(pair_sample& to, const sending_seen& sender, const stream_seen& receiver) {
    if (!receiver.in_order)
        throw std::runtime_error("a ring lost an item or changed the order: this is a bug in weir, please report it");
    to.items_per_s = receiver.items_per_s;
    to.disturbances += sender.disturbances;
    to.disturbances += receiver.disturbances;
}

void judge(pair_sample& of, const bench::floor_reading& before, const bench::floor_reading& after, tick_source source) {
    of.floor = bench::floor_reading::between(before, after);
    of.steady = bench::floor_reading::steady(before, after);
    of.clocks_agree &=
        source != tick_source::steady_clock && std::abs(of.clock_offset.ns) <= of.clock_offset.roundtrip_ns / 2;
}

}  // namespace pair_parts

namespace {

using namespace pair_parts;

/// Shared by the two threads of a part; it lives as long as one of them runs.
template <class... Storage>
struct shared_part {
    bench::starting_line start;
    std::unique_ptr<spsc_ring<letter, Storage...>> there;
    std::unique_ptr<spsc_ring<letter, Storage...>> back;
    std::unique_ptr<spsc_ring<word, Storage...>> stream;
    trips_seen trips;
    arrivals_seen arrivals;
    sending_seen sent;
    stream_seen streamed;
};

/// A ring whose slots are where the thread that makes it touches them first.
struct by_first_touch {
    using part = shared_part<>;
    template <class Ring>
    void make(std::unique_ptr<Ring>& ring, std::size_t slots) const {
        ring = std::make_unique<Ring>(slots);
    }
};

/// A ring whose slots are on a NUMA node, read back.
struct on_one_node {
    using part = shared_part<storage::on_node>;
    unsigned node;
    template <class Ring>
    void make(std::unique_ptr<Ring>& ring, std::size_t slots) const {
        ring = std::make_unique<Ring>(slots, storage::on_node(node));
        const auto all = ring->try_reserve(slots);
        const auto found = all.empty() ? std::nullopt : numa_node_of(all.first().data());
        if (found && *found != node)
            throw placement_error(fmt::format("slots were bound to NUMA node {}, but are on node {}", node, *found));
    }
};

/// Starts a thread pinned to `pu` that runs a part, and stores its result and its disturbances.
template <class Seen, class Part>
auto watched(unsigned pu, Seen& seen, Part part) {
    return [pu, &seen, part] {
        const auto before = count_this_thread();
        seen = part();
        seen.disturbances = count_this_thread() - before;
        check_seat(pu);
    };
}

// Latency: one item at a time travels there and back.
template <class Where>
void exchange(bench::worker_pair& workers, const directed_pair& pair, const tick_clock& clock, word trips,
              const Where& where, pair_sample& out) {
    const auto both = std::make_shared<typename Where::part>();
    workers.run(watched(pair.from, both->trips,
                        [both, clock, trips, where] {
                            where.make(both->back, 64);
                            both->start.wait();
                            both->there->adopt_producer();  // its maker looked at the slots
                            return send_letters(clock, *both->there, *both->back, trips);
                        }),
                watched(pair.to, both->arrivals, [both, clock, trips, where] {
                    where.make(both->there, 64);
                    both->start.wait();
                    both->back->adopt_producer();
                    return return_letters(clock, *both->there, *both->back, trips);
                }));
    add(out, both->trips, both->arrivals);
}

// Throughput: as many items as the ring accepts.
template <class Where>
void stream(bench::worker_pair& workers, const directed_pair& pair, const tick_clock& clock, word items,
            const Where& where, pair_sample& out) {
    const auto both = std::make_shared<typename Where::part>();
    workers.run(watched(pair.from, both->sent,
                        [both, items] {
                            both->start.wait();
                            both->stream->adopt_producer();
                            return send_stream(*both->stream, items);
                        }),
                watched(pair.to, both->streamed, [both, clock, items, where] {
                    where.make(both->stream, capacity);
                    both->start.wait();
                    return take_stream(clock, *both->stream, items);
                }));
    add(out, both->sent, both->streamed);
}

}  // namespace

pair_sample sample_pair(const topology& machine, const directed_pair& pair, const tick_clock& clock,
                        std::optional<unsigned> node) {
    pair_sample sample;
    bench::worker_pair workers(machine, fmt::format("{},{}", pair.from, pair.to));
    workers.set_limit(std::chrono::seconds{5});
    bench::floor_meter floors(workers, clock);

    sample.clock_offset = floors.offset();  // this also wakes the PUs
    const auto before = floors.take(bench::roles::as_placed);
    const auto measure = [&](const auto& where) {
        exchange(workers, pair, clock, trips_for(before), where, sample);
        stream(workers, pair, clock, items_for(before), where, sample);
    };
    if (node)
        measure(on_one_node{*node});
    else
        measure(by_first_touch{});
    const auto after = floors.take(bench::roles::as_placed);
    judge(sample, before, after, clock.source());
    return sample;
}

}  // namespace weir::tool
