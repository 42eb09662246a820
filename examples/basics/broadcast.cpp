// SPDX-License-Identifier: MIT
// Every reader of a broadcast_ring sees every tick, and the log sees a tick only when the book has finished it.
#include <weir/broadcast_ring.hpp>

#include <atomic>
#include <cstdio>
#include <thread>
#include <utility>

int main() {
    weir::broadcast_ring<int> feed(64);
    auto book = feed.join({.name = "book"});                  // gated: the producer waits for it, so it misses nothing
    auto log = feed.join({.name = "log", .after = {&book}});  // gated too, and behind the book

    std::atomic<int> booked{0};
    std::jthread booking([&, reader = std::move(book)]() mutable {
        while (reader.consume_some([&](const int& tick) { booked = tick; }) > 0) continue;
    });
    int logged = 0;
    bool in_order = true, after_book = true;
    std::jthread logging([&, reader = std::move(log)]() mutable {
        while (auto tick = reader.pop()) {
            ++logged;
            in_order = in_order && *tick == logged;
            after_book = after_book && *tick <= booked;
        }
    });

    for (int tick = 1; tick <= 1000; ++tick) (void)feed.push(tick);  // waits for the slowest gated reader
    feed.close();                                                    // the readers see the rest, and end
    booking.join();
    logging.join();
    std::printf("%d booked, %d logged\n", booked.load(), logged);
    return booked == 1000 && logged == 1000 && in_order && after_book ? 0 : 1;
}
