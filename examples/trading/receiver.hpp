// SPDX-License-Identifier: MIT
//
// Receives datagrams right into a ring of bytes: the kernel copies each one to where the feed handler reads it.
#pragma once

#include <weir/clock.hpp>
#include <weir/message_ring.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>

#include "feed_format.hpp"
#include "udp_socket.hpp"

namespace trading {

// With a core for each thread, wait::spin in place of wait::park, here and at the other rings, saves the time that a sleeping
// thread takes to wake.
using wire_ring = weir::spsc_message_ring<weir::wait::park>;

/// A message of the wire ring: when the datagram had come, in ticks of a weir::tick_clock, and the datagram.
struct received {
    static constexpr std::size_t stamp_bytes = sizeof(std::uint64_t);

    explicit received(std::span<const std::byte> record) noexcept : datagram(record.subspan(stamp_bytes)) {
        std::memcpy(&at, record.data(), stamp_bytes);
    }
    std::uint64_t at = 0;
    std::span<const std::byte> datagram;
};

/// Receives until the ring is closed, and returns how many datagrams came. While the ring is full, no datagram is received: the
/// kernel keeps some, drops the rest, and the feed handler sees the gap. Throws std::runtime_error if, after the first, none comes
/// for `patience`.
template <class Ring>
std::uint64_t receive_feed(const udp_socket& socket, Ring& wire, const weir::tick_clock& clock,
                           std::chrono::milliseconds patience) {
    using namespace std::chrono;
    constexpr milliseconds look_again{20};
    // A byte more than the longest datagram, so that one that is too long does not look whole.
    constexpr std::size_t room = received::stamp_bytes + feed::most_bytes + 1;
    socket.give_up_after(look_again);
    std::uint64_t datagrams = 0;
    for (steady_clock::time_point silent_since; !wire.is_closed();) {
        auto record = wire.reserve(room);
        if (!record) break;  // closed
        const auto bytes = socket.receive(record.bytes().subspan(received::stamp_bytes));
        if (bytes) {
            const std::uint64_t now = clock.now();
            std::memcpy(record.bytes().data(), &now, received::stamp_bytes);
            record.commit(received::stamp_bytes + *bytes);
            ++datagrams;
            silent_since = {};
        } else if (datagrams > 0) {
            const auto now = steady_clock::now();
            if (silent_since == steady_clock::time_point{}) silent_since = now;
            if (now - silent_since >= patience)
                throw std::runtime_error("the feed was silent for " + std::to_string(patience.count()) +
                                         " ms before its end; look at the replayer, or give a longer --patience-ms");
        }
    }
    return datagrams;
}

}  // namespace trading
