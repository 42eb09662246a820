// SPDX-License-Identifier: MIT
//
// A log that many threads write to and that holds none of them up. A thread copies a few numbers into a ring of bytes; the logger's
// thread makes the text of them. When that thread is behind, the ring is full, and a record is dropped and counted.
#pragma once

#include <fmt/format.h>
#include <weir/message_ring.hpp>
#include <weir/messages.hpp>

#include <cstddef>
#include <cstdint>

#include "feed_format.hpp"

namespace trading::logging {

struct gap_seen {
    std::uint64_t datagrams;
    std::uint64_t messages;
};
struct datagram_refused {
    std::uint64_t bytes;
    std::uint32_t verdict;
};
struct ticks_lost {
    std::uint64_t before;
    std::uint64_t ticks;
};
struct order_refused {
    std::uint64_t sequence;
    std::uint32_t in_flight;
};
struct order_sent {
    std::uint64_t number;
    std::uint64_t latency_ns;
};

using records = weir::messages<gap_seen, datagram_refused, ticks_lost, order_refused, order_sent>;
using log_ring = weir::mpsc_message_ring<>;

/// A thread's way to the log, with counts of its own, so that writing shares nothing but the ring.
class log_handle {
public:
    explicit log_handle(log_ring& ring) noexcept : ring_(&ring) {}

    /// Never waits.
    template <class Record>
    void write(const Record& record) noexcept {
        ++offered_;
        if (!records::try_push(*ring_, record)) ++dropped_;
    }
    std::uint64_t offered() const noexcept { return offered_; }
    std::uint64_t dropped() const noexcept { return dropped_; }

private:
    log_ring* ring_;
    std::uint64_t offered_ = 0;
    std::uint64_t dropped_ = 0;
};

/// The logger's thread: passes each record to `line` as a line of text, until the ring is closed and drained. Returns how many.
template <class Line>
std::uint64_t write_log(log_ring& ring, Line line) {
    auto written = records::visitor(
        [&](const gap_seen& r) { line(fmt::format("gap: {} datagrams, {} messages\n", r.datagrams, r.messages)); },
        [&](const datagram_refused& r) {
            line(fmt::format("refused a datagram of {} bytes: {}\n", r.bytes,
                             to_string(static_cast<feed::verdict>(r.verdict))));
        },
        [&](const ticks_lost& r) { line(fmt::format("{} ticks lost before message {}\n", r.ticks, r.before)); },
        [&](const order_refused& r) {
            line(fmt::format("no order for message {}: {} in flight\n", r.sequence, r.in_flight));
        },
        [&](const order_sent& r) { line(fmt::format("order {} after {} ns\n", r.number, r.latency_ns)); });
    std::uint64_t count = 0;
    while (const std::size_t more = ring.consume_some(written)) count += more;
    return count;
}

}  // namespace trading::logging
