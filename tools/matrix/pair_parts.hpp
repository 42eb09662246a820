// SPDX-License-Identifier: MIT
//
// What the two threads of a sample do and record, and how a sample is computed from that. Ring and clock are template
// arguments, so that tests can substitute them.
#pragma once

#include "tools/matrix/pair_meter.hpp"

#include "instruments/spin.hpp"

#include <algorithm>
#include <cmath>

namespace weir::tool::pair_parts {

using bench::word;

constexpr word warm_up = 200;           // round trips that are not recorded
constexpr std::size_t capacity = 1024;  // of the streaming ring

/// An item that carries the time at which it was sent.
struct letter {
    word number;
    std::uint64_t sent;
};

template <class Ring, class T>
[[gnu::always_inline]] inline void put(Ring& ring, const T& item) {
    while (!ring.try_push(item)) bench::relax();
}

template <class T, class Ring>
[[gnu::always_inline]] inline T get(Ring& ring) {
    T item;
    while (!ring.try_pop(item)) bench::relax();
    return item;
}

/// Recorded by the thread that sends letters and waits for each to come back.
struct trips_seen {
    histogram by_half_ns{pair_sample::longest_ns, 2};
    bool in_order = true;
    thread_counts disturbances;
};

// Both threads record on their own stacks while they run: adjacent records would be another cache line that goes back
// and forth.
template <class Clock, class There, class Back>
trips_seen send_letters(const Clock& clock, There& there, Back& back, word trips) {
    trips_seen seen;
    for (word i = 0; i != warm_up + trips; ++i) {
        const auto sent = clock.now();
        put(there, letter{i, sent});
        const auto reply = get<letter>(back);
        const auto trip = clock.now_after_loads() - sent;
        seen.in_order &= reply.number == i;
        if (i >= warm_up) seen.by_half_ns.record(static_cast<word>(clock.to_ns(trip) / 2 + 0.5));
    }
    return seen;
}

/// Recorded by the thread that receives letters and sends them back.
struct arrivals_seen {
    histogram by_clocks_ns{pair_sample::longest_ns, 2};
    bool before_sent = false;  ///< some letter arrived before it was sent, according to the two clocks
    thread_counts disturbances;
};

template <class Clock, class There, class Back>
arrivals_seen return_letters(const Clock& clock, There& there, Back& back, word trips) {
    arrivals_seen seen;
    for (word i = 0; i != warm_up + trips; ++i) {
        const auto got = get<letter>(there);
        const auto arrived = clock.now_after_loads();
        put(back, got);
        const bool early = static_cast<std::int64_t>(arrived - got.sent) < 0;
        seen.before_sent |= early;
        if (i >= warm_up && !early) seen.by_clocks_ns.record(static_cast<word>(clock.to_ns(arrived - got.sent) + 0.5));
    }
    return seen;
}

/// Recorded by the thread that receives the stream.
struct stream_seen {
    double items_per_s = 0;
    bool in_order = true;
    thread_counts disturbances;
};

/// Recorded by the thread that sends the stream.
struct sending_seen {
    thread_counts disturbances;
};

template <class Ring>
sending_seen send_stream(Ring& ring, word items) {
    for (word i = 0; i != capacity + items; ++i) put(ring, i);
    return {};
}

template <class Clock, class Ring>
stream_seen take_stream(const Clock& clock, Ring& ring, word items) {
    word wrong = 0;
    for (word i = 0; i != capacity; ++i) wrong |= get<word>(ring) ^ i;  // touches every slot
    const auto begin = clock.now_after_loads();
    for (word i = capacity; i != capacity + items; ++i) wrong |= get<word>(ring) ^ i;
    const auto ns = clock.to_ns(clock.now_after_loads() - begin);
    return {1e9 * static_cast<double>(items) / std::max(ns, 1.0), wrong == 0, {}};
}

/// The number of operations that fit into `ns`, if one takes `each_ns`.
inline word as_many_as_take(double ns, double each_ns, word least, word most) {
    return static_cast<word>(
        std::clamp(ns / std::max(each_ns, 0.1), static_cast<double>(least), static_cast<double>(most)));
}

/// The number of round trips and of stream items that take about 3 ms, assuming that a ring is a few times slower
/// than the plain buffer.
inline word trips_for(const bench::floor_reading& floor) {
    return as_many_as_take(3e6, 1.5 * floor.roundtrip_ns, 500, 20'000);
}
inline word items_for(const bench::floor_reading& floor) {
    return as_many_as_take(3e6, 3e9 / floor.stream_words_per_s, 10'000, 4'000'000);
}

/// Adds the result of the latency part to the sample. Throws std::runtime_error if the ring returned a different item
/// than was sent.
void add(pair_sample& to, const trips_seen& sender, const arrivals_seen& receiver);
/// Adds the result of the throughput part likewise.
void add(pair_sample& to, const sending_seen& sender, const stream_seen& receiver);
/// Adds the floors measured before and after. The clocks are comparable only if `source` allows it and the offset is
/// within its measurement error.
void judge(pair_sample& of, const bench::floor_reading& before, const bench::floor_reading& after, tick_source source);

}  // namespace weir::tool::pair_parts
