// SPDX-License-Identifier: MIT
#include <weir/ring.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <thread>

// show
// The producer fills slots in place: at most two spans, since a run may pass the end of the storage.
void produce(weir::spsc_ring<float>& ring, float value) {
    auto slots = ring.try_reserve(64);  // up to 64 free slots; of size 0 when the ring is full or closed
    std::ranges::fill(slots.first(), value);
    std::ranges::fill(slots.second(), value);
    slots.commit(slots.size());  // one publication for all of them
}

// The consumer reads in place, and gives back what it has finished.
float consume(weir::spsc_ring<float>& ring) {
    auto items = ring.try_peek(64);
    float sum = std::accumulate(items.first().begin(), items.first().end(), 0.0F);
    sum = std::accumulate(items.second().begin(), items.second().end(), sum);
    items.release(items.size());
    return sum;
}
// end

int main() {
    weir::spsc_ring<float> ring(100);
    float sum = 0;
    for (int i = 0; i < 3; ++i) {
        produce(ring, 0.5F);
        sum += consume(ring);
    }
    if (sum != 96.0F) return 1;

    // show full
    weir::spsc_ring<int> small(2);
    (void)small.try_push(1);
    (void)small.try_push(2);
    const weir::status refused = small.try_push(3);  // full: 3 was not taken
    if (refused == weir::status::full) {
        // the consumer is behind: wait (push), drop, or refuse upstream
    }
    // end
    return refused == weir::status::full && small.try_pop() == 1 && small.try_push(3) ? 0 : 1;
}
