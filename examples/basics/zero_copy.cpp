// SPDX-License-Identifier: MIT
// Samples are written and read in the slots of the ring, as at most two contiguous spans, without a copy.
#include <weir/ring.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <numeric>
#include <span>

// Stand for a device and for a filter, which know nothing of rings.
void record(std::span<float> samples) { std::fill(samples.begin(), samples.end(), 0.5F); }
float energy(std::span<const float> samples) { return std::accumulate(samples.begin(), samples.end(), 0.0F); }

int main() {
    weir::spsc_ring<float> ring(1000);
    float total = 0;
    for (int block = 0; block < 100; ++block) {
        // The producer: first(), and second() where the storage ends in between.
        auto slots = ring.try_reserve(64);
        record(slots.first());
        record(slots.second());
        slots.commit(slots.size());  // publishes them in one step; without it nothing happens

        // The consumer: takes a block only when it is whole.
        auto samples = ring.try_peek(64);
        if (samples.size() < 64) continue;
        total += energy(samples.first()) + energy(samples.second());
        samples.release(64);  // gives the slots back
    }

    // One item at a time needs no spans: every ring can show an item where it lies.
    (void)ring.try_push(1.0F);
    const std::size_t visited = ring.consume([&](float& sample) { total += sample; });

    std::printf("energy %.1f\n", static_cast<double>(total));
    return total == 100 * 64 * 0.5F + 1.0F && visited == 1 ? 0 : 1;
}
