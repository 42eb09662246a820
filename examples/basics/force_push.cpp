// SPDX-License-Identifier: MIT
// force_push() always finds room: the oldest item of a full mpmc_ring makes it, and is handed to the producer.
#include <weir/ring.hpp>

#include <cstdio>
#include <vector>

int main() {
    weir::mpmc_ring<int> newest(8);
    std::vector<int> displaced;
    for (int reading = 1; reading <= 20; ++reading) {
        // Fails only if the ring is closed. try_force_push() returns the displaced item instead, and never waits.
        if (!newest.force_push(reading, [&](int oldest) { displaced.push_back(oldest); })) return 1;
    }
    std::vector<int> kept;
    while (auto reading = newest.try_pop()) kept.push_back(*reading);

    std::printf("displaced %d to %d, kept %d to %d\n", displaced.front(), displaced.back(), kept.front(), kept.back());
    return displaced.size() == 12 && displaced.back() == 12 && kept.size() == 8 && kept.front() == 13 ? 0 : 1;
}
