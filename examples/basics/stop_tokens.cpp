// SPDX-License-Identifier: MIT
// Threads of std::jthread that wait at a ring end when they are asked to stop, and nothing is lost.
#include <weir/ring.hpp>
#include <weir/stop.hpp>

#include <atomic>
#include <cstdio>
#include <stop_token>
#include <thread>

int main() {
    weir::spsc_ring<int> ring(16);
    int sent = 0;
    std::atomic<int> received{0};
    {
        std::jthread consumer([&](const std::stop_token& stop) {
            for (int item = 0; weir::pop(ring, item, stop);) ++received;
        });
        std::jthread producer([&](const std::stop_token& stop) {
            while (!stop.stop_requested() && weir::push(ring, sent, stop)) ++sent;
        });
        while (received < 1000) std::this_thread::yield();
    }  // the producer is asked to stop and joined; then the consumer, which first pops what is left

    std::printf("all that was sent was received: %s\n", received == sent ? "true" : "false");
    return received == sent && sent >= 1000 && !ring.is_closed() ? 0 : 1;
}
