// SPDX-License-Identifier: MIT
//
// A producer whose frames are four items each pushes a frame whole or not at all: it waits for four slots, then pushes.
#include <weir/ring.hpp>

#include <chrono>
#include <cstdio>
#include <thread>

int main() {
    using namespace std::chrono_literals;
    weir::spsc_ring<int> ring(6);
    int frames = 0;
    std::thread producer([&] {
        for (int frame = 0; frame < 100; ++frame) {
            if (ring.wait_for_slots_for(4, 60s) != weir::status::success) return;
            for (int part = 0; part < 4; ++part) (void)ring.try_push(4 * frame + part);
            ++frames;
        }
        ring.close();
    });
    int next = 0;
    bool in_order = true;
    while (ring.consume_some([&](int& part) { in_order = in_order && part == next++; }) > 0) continue;
    producer.join();
    std::printf("%d frames, %d parts\n", frames, next);
    return in_order && frames == 100 && next == 400 ? 0 : 1;
}
