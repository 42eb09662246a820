// SPDX-License-Identifier: MIT
//
// A feed that a book and a logger must see whole, and a screen as far as it keeps up.
#include <weir/broadcast_ring.hpp>

#include <cstdint>
#include <cstdio>
#include <thread>
#include <utility>

struct tick {
    std::uint64_t sequence;
    double price;
};
using feed = weir::broadcast_ring<tick>;

int main() {
    constexpr std::uint64_t ticks = 100000;
    feed ring(1024);
    auto book = ring.join({.name = "book"});
    auto log = ring.join({.name = "log", .after = {&book}});  // logs what the book has taken
    auto screen = ring.join({.name = "screen", .mode = weir::reader_mode::lossy});

    std::uint64_t booked = 0, logged = 0, drawn = 0, missed = 0;
    std::thread a([&, r = std::move(book)]() mutable {
        while (r.consume_some([&](const tick& t) { booked += t.sequence; }) > 0) {
        }
    });
    std::thread b([&, r = std::move(log)]() mutable {
        while (r.pop()) ++logged;
    });
    std::thread c([&, r = std::move(screen)]() mutable {
        while (r.pop()) missed += r.gap(), ++drawn;
    });
    for (std::uint64_t i = 1; i <= ticks; ++i) {
        if (!ring.push({i, 100.0})) return 1;
    }
    ring.close();
    a.join(), b.join(), c.join();
    std::printf("logged %ju, drawn %ju, missed %ju\n", std::uintmax_t{logged}, std::uintmax_t{drawn},
                std::uintmax_t{missed});
    return booked == ticks * (ticks + 1) / 2 && logged == ticks && drawn + missed == ticks ? 0 : 1;
}
