// SPDX-License-Identifier: MIT
// A lossy reader of a broadcast_ring is never waited for, and learns exactly how many ticks it missed, and where.
#include <weir/broadcast_ring.hpp>

#include <iostream>

int main() {
    weir::broadcast_ring<int> feed(8);
    auto screen = feed.join({.name = "screen", .mode = weir::reader_mode::lossy});

    int drawn = 0;
    const auto draw = [&] {
        while (auto tick = screen.try_pop()) {
            if (screen.gap() > 0) std::cout << "before tick " << *tick << ", " << screen.gap() << " are missing\n";
            ++drawn;
        }
    };
    for (int tick = 1; tick <= 5; ++tick) (void)feed.try_push(tick);
    draw();                                                             // all five
    for (int tick = 6; tick <= 105; ++tick) (void)feed.try_push(tick);  // succeeds, however slow the screen is
    draw();                                                             // the newest eight

    for (const weir::reader_info& reader : feed.readers()) {
        std::cout << reader.name << ": " << reader.missed << " missed\n";
    }
    return drawn == 13 && screen.missed() == 92 ? 0 : 1;
}
