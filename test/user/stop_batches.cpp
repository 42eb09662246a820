// SPDX-License-Identifier: MIT
//
// Threads of std::jthread that move batches until they are asked to stop.
#include <weir/ring.hpp>
#include <weir/stop.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <stop_token>
#include <thread>

int main() {
    weir::spsc_ring<int> ring(64);
    std::atomic<std::size_t> received{0};
    std::size_t sent = 0;
    {
        std::jthread consumer([&](std::stop_token stop) {
            while (weir::consume_some(
                       ring, [&](int&) { ++received; }, stop) > 0)
                continue;
        });
        std::jthread producer([&](std::stop_token stop) {
            const std::array<int, 10> batch{};
            while (!stop.stop_requested()) sent += weir::push_n(ring, batch, stop);
        });
        while (received < 1000) std::this_thread::yield();
        producer.request_stop();
        producer.join();
    }                       // the consumer is asked to stop, and leaves what it has not seen
    ring.adopt_consumer();  // from here on this thread is
    std::array<int, 64> rest{};
    const std::size_t left = ring.try_pop_n(rest);
    std::printf("%zu sent = %zu received + %zu left\n", sent, received.load(), left);
    return sent == received + left ? 0 : 1;
}
