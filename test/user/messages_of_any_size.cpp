// SPDX-License-Identifier: MIT
//
// Packets of any size from a network thread to a decoder, written and read in place.
#include <weir/message_ring.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <thread>

// As recv() would: writes a packet into the memory, and says how long it is.
std::size_t receive(std::span<std::byte> memory, std::size_t n) {
    const std::size_t length = 20 + n * 37 % 1480;
    std::memset(memory.data(), static_cast<int>(n & 0xff), length);
    return length;
}

int main() {
    weir::spsc_message_ring<> packets(1 << 16);
    constexpr std::size_t count = 10000;

    std::thread network([&] {
        for (std::size_t n = 0; n < count; ++n) {
            auto packet =
                packets.reserve(1500, static_cast<std::uint16_t>(n % 4));  // waits for room: the longest packet
            if (!packet) return;                                           // closed
            packet.commit(receive(packet.bytes(), n));                     // the rest is free again
        }
        packets.close();
    });

    std::size_t seen = 0, wrong = 0;
    const auto decode = [&](std::uint16_t channel, std::span<const std::byte> packet) {
        wrong +=
            channel != seen % 4 || packet.size() != 20 + seen * 37 % 1480 || packet.back() != std::byte(seen & 0xff);
        ++seen;
    };
    while (packets.consume_some(decode) > 0) {
    }
    network.join();
    return seen == count && wrong == 0 ? 0 : 1;
}
