// SPDX-License-Identifier: MIT
// Every waiting operation has forms that give up after a time, or at a time of any clock.
#include <weir/ring.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

int main() {
    weir::spsc_ring<int> ring(1);

    const bool nothing = !ring.pop_for(2ms);  // an empty optional: nothing came, or the ring is closed

    int item = 0;
    const weir::status late = ring.pop_for(item, 2ms);  // this form tells the two apart

    (void)ring.push(1);
    const weir::status stuck = ring.push_for(2, 2ms);  // no room in time: nothing has changed

    const auto deadline = std::chrono::system_clock::now() + 5ms;  // one for several operations
    int popped = 0;
    while (ring.pop_until(item, deadline)) ++popped;

    ring.close();
    const weir::status end = ring.pop_for(item, 1h);  // at once: nothing will ever come

    std::cout << "pop: " << to_string(late) << ", push: " << to_string(stuck) << ", at the end: " << to_string(end)
              << '\n';
    const bool timed_out = late == weir::status::timeout && stuck == weir::status::timeout;
    return nothing && timed_out && popped == 1 && item == 1 && end == weir::status::closed ? 0 : 1;
}
