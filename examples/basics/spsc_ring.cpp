// SPDX-License-Identifier: MIT
// One thread hands ticks to another, in order, through a ring of exactly 1000 slots.
#include <weir/ring.hpp>

#include <cstdio>
#include <thread>

struct tick {
    int sequence;
    double price;
};

int main() {
    weir::spsc_ring<tick> ring(1000);  // allocates here, and never again

    std::jthread feed([&] {
        for (int i = 1; i <= 10'000; ++i) {
            if (!ring.push({i, 99.5})) return;  // waits for room; fails only if the ring is closed
        }
        ring.close();  // the ticks that were accepted are still delivered
    });

    int received = 0;
    bool in_order = true;
    while (auto tick = ring.pop()) {  // waits for a tick; empty once the ring is closed and drained
        ++received;
        in_order = in_order && tick->sequence == received;
    }
    std::printf("%d ticks received, %s\n", received, in_order ? "in order" : "out of order");
    return received == 10'000 && in_order ? 0 : 1;
}
