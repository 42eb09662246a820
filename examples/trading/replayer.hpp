// SPDX-License-Identifier: MIT
//
// Sends a feed_script over UDP, at its pace.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>

#include "../edges/pace.hpp"
#include "feed_format.hpp"
#include "feed_script.hpp"
#include "udp_socket.hpp"

namespace trading {

struct replayed {
    std::uint64_t datagrams = 0;  ///< made, those that were withheld included
    std::uint64_t messages = 0;   ///< made
    feed::withheld_counts withheld;
};

/// Sends the whole feed to 127.0.0.1:`port`, and then its end, every 10 ms, until the receiver is gone or `patience` is over: the
/// end may be lost like any datagram. Ends early when `stop()` says true. Throws std::runtime_error if there is no receiver.
template <class Stop>
replayed replay(const feed_settings& chosen, std::uint16_t port, std::chrono::milliseconds patience, Stop stop) {
    const udp_socket out = udp_socket::connected_to(port);
    feed_script script(chosen);
    example::pace pace(chosen.rate);
    while (const auto step = script.next()) {
        if (stop()) break;
        if (step->is_paced) pace.wait();
        if (!step->is_withheld && !out.send(step->datagram))
            throw std::runtime_error("no program receives at 127.0.0.1:" + std::to_string(port) +
                                     "; start tick_to_order --listen " + std::to_string(port) + " first");
    }
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (!stop() && out.send(script.end()) && std::chrono::steady_clock::now() < give_up)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return {script.datagrams(), script.messages(), script.withheld()};
}

}  // namespace trading
