// SPDX-License-Identifier: MIT
//
// A header and a body are pushed in one call; typed messages wait until a stop is requested; and a visitor is const.
#include <weir/messages.hpp>
#include <weir/stats_text.hpp>
#include <weir/stop.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <span>
#include <thread>

struct order {
    std::uint64_t id;
};
using gateway = weir::messages<order>;

int main() {
    weir::spsc_message_ring<weir::stats::on> ring(256);
    std::size_t bytes = 0, orders = 0;
    const std::array<std::byte, 8> header{};
    const std::array<std::byte, 20> body{};
    if (!ring.push({header, body}, 7) || !ring.try_push({header}, 7)) return 1;
    ring.consume([&](std::uint16_t, std::span<const std::byte> message) { bytes += message.size(); });

    std::jthread producer([&](std::stop_token stop) {
        ring.adopt_producer();  // from the thread that pushed before
        for (std::uint64_t id = 0; gateway::push(ring, order{id}, stop); ++id) continue;
    });
    const auto book = gateway::visitor([&](const order&) { ++orders; });
    while (orders < 1000) (void)ring.consume_some(book);
    producer.request_stop();
    producer.join();
    std::cout << to_text(ring.snapshot()) << to_json(ring.snapshot()) << "\n";
    return bytes == 36 && orders >= 1000 ? 0 : 1;
}
