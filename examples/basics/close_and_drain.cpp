// SPDX-License-Identifier: MIT
// close() ends the pushing and loses nothing: what was accepted is still popped, and waiting threads wake.
#include <weir/ring.hpp>

#include <iostream>
#include <thread>

int main() {
    weir::spsc_ring<int> ring(4);

    int pushed = 0;
    weir::status refusal = weir::status::success;
    std::jthread producer([&] {
        while ((refusal = ring.push(pushed))) ++pushed;  // the fifth push waits for room
    });
    while (ring.size_approx() < ring.capacity()) std::this_thread::yield();

    ring.close();  // by any thread, as often as you like; wakes the producer
    producer.join();

    int popped = 0, item = 0;
    weir::status end = weir::status::success;
    while ((end = ring.pop(item))) ++popped;

    std::cout << pushed << " pushed, then " << to_string(refusal) << "; " << popped << " popped, then "
              << to_string(end) << '\n';
    const bool both_closed = refusal == weir::status::closed && end == weir::status::closed;
    return pushed == 4 && popped == 4 && both_closed ? 0 : 1;
}
