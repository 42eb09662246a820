// SPDX-License-Identifier: MIT
// Messages of any size, each with a type tag, are written and read in place in a ring of 64 KiB.
#include <weir/message_ring.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string_view>
#include <thread>

constexpr std::uint16_t packet_type = 7, text_type = 8;

// As recv() does: writes to the memory, and returns how many bytes.
std::size_t receive(std::span<std::byte> memory, int n) {
    const int length = std::snprintf(reinterpret_cast<char*>(memory.data()), memory.size(), "packet %d", n);
    return static_cast<std::size_t>(length);
}

int main() {
    weir::spsc_message_ring<> feed(1 << 16);

    std::jthread network([&] {
        for (int n = 1; n <= 1000; ++n) {
            auto packet = feed.reserve(1500, packet_type);  // waits for room for the longest packet
            if (!packet) return;                            // closed
            packet.commit(receive(packet.bytes(), n));      // hands over what has come; the rest is free again
        }
        const std::string_view farewell = "end of feed";
        (void)feed.push(std::as_bytes(std::span(farewell)), text_type);  // or copies
        feed.close();
    });

    int packets = 0, texts = 0;
    const auto handle = [&](std::uint16_t type, std::span<const std::byte> message) {
        if (type == packet_type && message.size() >= std::string_view("packet 1").size()) ++packets;
        if (type == text_type && message.size() == std::string_view("end of feed").size()) ++texts;
    };
    while (feed.consume_some(handle) > 0) continue;  // waits; 0 once the feed is closed and drained

    std::printf("%d packets and %d text\n", packets, texts);
    return packets == 1000 && texts == 1 ? 0 : 1;
}
