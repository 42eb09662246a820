// SPDX-License-Identifier: MIT
// A sender and a receiver own the ring together, and the last one of a side closes it.
#include <weir/handles.hpp>
#include <weir/ring.hpp>

#include <cstdio>
#include <string>
#include <thread>
#include <utility>

using lines = weir::mpmc_ring<std::string>;

void work(weir::sender<lines> out, int number) {
    for (int i = 0; i < 100; ++i) {
        if (!out.push("worker " + std::to_string(number))) return;  // the receiver is gone
    }
}  // the sender ends here

int main() {
    auto [tx, rx] = weir::channel<lines>(16);
    std::jthread one(work, tx.clone(), 1);  // many producers: one more sender
    std::jthread two(work, std::move(tx), 2);

    int received = 0;
    while (auto line = rx.pop()) ++received;  // ends when both senders are gone and all is popped
    std::printf("%d lines\n", received);
    return received == 200 ? 0 : 1;
}
