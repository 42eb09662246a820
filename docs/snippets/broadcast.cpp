// SPDX-License-Identifier: MIT
#include <weir/broadcast_ring.hpp>

#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>

struct tick {
    std::uint64_t sequence;
    double price;
};

int main() {
    using namespace std::chrono_literals;
    std::uint64_t booked = 0, drawn = 0, missed = 0;
    // show
    weir::broadcast_ring<tick> feed(1024);
    auto book = feed.join({.name = "book"});                                        // gated: misses nothing
    auto risk = feed.join({.name = "risk", .after = {&book}});                      // sees what the book has finished
    auto screen = feed.join({.name = "screen", .mode = weir::reader_mode::lossy});  // never waited for

    std::thread booking([&, r = std::move(book)]() mutable {
        while (r.consume_some([&](const tick&) { ++booked; }) > 0) {
        }
    });
    std::thread watching([r = std::move(risk)]() mutable {
        while (auto t = r.pop()) {
        }
    });
    std::thread drawing([&, r = std::move(screen)]() mutable {
        while (auto t = r.pop()) ++drawn;
        missed = r.missed();  // exactly: drawn + missed = pushed
    });
    for (std::uint64_t i = 0; i < 10'000; ++i) (void)feed.push({i, 99.5});  // waits for the slowest gated reader
    feed.close();
    // end
    booking.join(), watching.join(), drawing.join();

    // show limit
    weir::broadcast_ring<tick, weir::many_producers> shared(1024);
    auto audit =
        shared.join({.name = "audit", .limit = {5ms, weir::when_late::lossy}});  // waited for, but not for ever
    // end
    return booked == 10'000 && drawn + missed == 10'000 && shared.readers().size() == 1 && audit.lag() == 0 ? 0 : 1;
}
