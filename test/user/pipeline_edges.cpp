// SPDX-License-Identifier: MIT
//
// Packets become ticks, which two stages and a screen see; the packets lie in a ring of bytes, the ticks in one ring for all.
#include <weir/pipeline.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

int main() {
    constexpr int packets = 10'000;
    std::atomic<int> booked{0}, stored{0}, drawn{0};
    weir::pipeline p;
    auto wire = p.source<weir::message>(
        "wire",
        [n = 0](auto& emit) mutable {
            std::array<std::byte, 64> packet{};
            std::memcpy(packet.data(), &n, sizeof n);
            if (n == packets) return false;
            emit(weir::message{1, std::span(packet).first(4 + static_cast<std::size_t>(n++ % 60))});
            return true;
        },
        {.most_bytes = 64});
    auto parse = p.stage<weir::message, int>("parse", [](std::uint16_t, std::span<const std::byte> bytes) {
        int n = 0;
        std::memcpy(&n, bytes.data(), sizeof n);
        return n % 2 == 0 ? std::optional(n) : std::nullopt;  // every other one
    });
    p.connect(wire, parse, 1024);
    auto ticks = p.broadcast(parse, 64);
    p.connect(ticks, p.sink<int>("book", [&](const int&) { ++booked; }));
    p.connect(ticks, p.sink<int>("store", [&](int) { ++stored; }));
    p.connect(ticks, p.sink<int>("screen", [&](int) { ++drawn; }), weir::reader_mode::lossy);
    p.run();
    return p.join() == weir::pipeline::outcome::drained && booked == packets / 2 && stored == packets / 2 ? 0 : 1;
}
