// SPDX-License-Identifier: MIT
// A gated reader that holds up the producer for longer than its limit is waited for no longer, and becomes lossy.
#include <weir/broadcast_ring.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

int main() {
    weir::broadcast_ring<int, weir::stats::on> feed(8);
    auto risk = feed.join({.name = "risk", .limit = {2ms, weir::when_late::lossy}});

    // The reader has stopped. The ninth push waits for it for 2 ms, and those after it do not wait.
    for (int tick = 1; tick <= 100; ++tick) (void)feed.push(tick);

    int received = 0;
    while (risk.try_pop()) ++received;
    const bool is_lossy = risk.mode() == weir::reader_mode::lossy;
    std::cout << received << " received, " << risk.missed() << " missed, now " << (is_lossy ? "lossy" : "gated")
              << '\n';
    return is_lossy && received == 8 && risk.missed() == 92 && feed.snapshot().producer.full == 1 ? 0 : 1;
}
