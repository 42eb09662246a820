// SPDX-License-Identifier: MIT
// The lowest latency: an spsc_ring of small items, whose two threads spin and never sleep.
#include <weir/ring.hpp>

#include <cstdio>
#include <thread>

struct order {
    int id;
    int price;
};

// Spinning is for threads that have a core each: see pinning.cpp. The slots are inside the ring, and nothing is counted.
using fast_ring = weir::spsc_ring<order, weir::wait::spin, weir::storage::fixed<256>>;

fast_ring orders;
fast_ring acknowledgements;

int main() {
    std::jthread gateway([] {
        const auto acknowledge = [](order& o) { (void)acknowledgements.push(o); };
        while (orders.consume_some(acknowledge) > 0) continue;  // spins, then visits all that came, in their slots
        acknowledgements.close();
    });

    int round_trips = 0;
    for (int id = 1; id <= 200; ++id) {
        if (!orders.push({id, 100})) return 1;
        const auto answer = acknowledgements.pop();
        if (answer && answer->id == id) ++round_trips;
    }
    orders.close();
    std::printf("%d round trips\n", round_trips);
    return round_trips == 200 ? 0 : 1;
}
