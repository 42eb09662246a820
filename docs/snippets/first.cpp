// SPDX-License-Identifier: MIT
#include <cstdio>
// show
#include <weir/ring.hpp>

#include <thread>

int main() {
    weir::spsc_ring<int> ring(1000);  // exactly 1000 slots, allocated here and never again
    long sum = 0;
    std::thread consumer([&] {
        while (auto item = ring.pop()) sum += *item;  // sleeps while it is empty; ends when it is closed
    });
    for (int i = 1; i <= 100'000; ++i) {
        if (!ring.push(i)) break;  // waits for room; try_push(i) would answer `full`
    }
    ring.close();  // what was accepted is still delivered
    consumer.join();
    std::printf("%ld\n", sum);
    return sum == 5'000'050'000 ? 0 : 1;
}
// end
