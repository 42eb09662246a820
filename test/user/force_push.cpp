// SPDX-License-Identifier: MIT
//
// Keeps the newest 8 readings, whatever the reader does. Displaced readings go to a file or, here, into a sum.
#include <weir/ring.hpp>

#include <cstdio>

int main() {
    weir::mpmc_ring<int> newest(8);
    long displaced = 0;
    for (int reading = 1; reading <= 50; ++reading) {
        const auto done = newest.try_force_push(reading);
        if (done.oldest) displaced += *done.oldest;  // it made room
        if (!done) return 1;                         // closed, busy, or another producer used the room
    }
    // For any number of producers; only close() makes it fail:
    if (!newest.force_push(51, [&](int oldest) { displaced += oldest; })) return 1;

    long kept = 0;
    while (auto reading = newest.try_pop()) kept += *reading;
    std::printf("displaced %ld, kept %ld\n", displaced, kept);
    return displaced + kept == 51 * 52 / 2 ? 0 : 1;
}
