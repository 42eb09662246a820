// SPDX-License-Identifier: MIT
// A credit_gate bounds the bytes in flight, however many messages they are, and each message carries its own permit.
#include <weir/credit_gate.hpp>
#include <weir/ring.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <thread>
#include <utility>
#include <vector>

struct message {
    std::vector<char> body;
    weir::credit_permit permit;  // gives its bytes back when the message is destroyed
};

int main() {
    weir::credit_gate budget(10'000);  // bytes; outlives its permits
    weir::spsc_ring<message> queue(1024);

    std::jthread sender([&] {
        for (std::size_t i = 0; i < 1000; ++i) {
            std::vector<char> body(1 + i * 7 % 2000);
            auto permit = budget.acquire(body.size());  // waits until so many bytes are free
            if (!permit || !queue.push({std::move(body), std::move(*permit)})) return;  // closed
        }
        queue.close();
    });

    int received = 0;
    std::size_t most = 0;
    while (auto next = queue.pop()) {
        most = std::max(most, budget.in_use());
        ++received;
    }
    std::printf("%d messages, never more than 10000 bytes: %s\n", received, most <= 10'000 ? "true" : "false");
    return received == 1000 && most <= 10'000 && budget.in_use() == 0 ? 0 : 1;
}
