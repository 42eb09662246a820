// SPDX-License-Identifier: MIT
#include <weir/message_ring.hpp>
#include <weir/messages.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <thread>

std::size_t receive(std::span<std::byte> memory) {
    std::memset(memory.data(), 7, 40);
    return 40;
}

struct quote {
    std::uint64_t id;
    double price;
};
struct trade {
    std::uint64_t id;
    std::uint32_t size;
};

int main() {
    std::size_t bytes_seen = 0;
    // show
    weir::spsc_message_ring<> packets(1 << 16);  // 64 KiB, a power of two

    if (auto packet = packets.try_reserve(1500, 7)) {  // room for the longest packet, of type 7
        packet.commit(receive(packet.bytes()));        // hands over what has come; the rest is free again
    }                                                  // dropped without commit(): no message

    packets.consume([&](std::uint16_t type, std::span<const std::byte> bytes) {
        if (type == 7) bytes_seen += bytes.size();  // in place; free after this call
    });
    // end
    if (bytes_seen != 40) return 1;

    double last = 0;
    std::uint32_t volume = 0;
    // show typed
    using feed = weir::messages<quote, trade>;  // tags 0 and 1: append to the list, never reorder it
    weir::mpsc_message_ring<> ring(4096);       // any number of producers

    (void)feed::push(ring, quote{1, 99.5});
    (void)feed::push(ring, trade{1, 100});
    ring.consume(feed::visitor([&](const quote& q) { last = q.price; },  //
                               [&](const trade& t) { volume += t.size; }));
    // end

    // show stop
    (void)feed::push(ring, quote{2, 99.6});
    (void)feed::push(ring, quote{3, 99.7});
    const auto one_at_a_time = [](std::uint16_t, std::span<const std::byte>) { return weir::visit::stop; };
    const std::size_t visited = ring.consume(one_at_a_time);  // 1: visit::leave would also keep the message
    // end

    const std::array<std::byte, 8> header{};
    const std::array<std::byte, 100> body{};
    // show pieces
    (void)packets.push({header, body}, 7);  // copied one after the other: a message of 108 bytes
    // end
    bytes_seen = 0;
    packets.consume([&](std::uint16_t, std::span<const std::byte> bytes) { bytes_seen += bytes.size(); });
    return last == 99.5 && volume == 100 && visited == 1 && bytes_seen == 108 ? 0 : 1;
}
