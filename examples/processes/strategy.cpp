// SPDX-License-Identifier: MIT
// The strategy: sees every tick from when it starts, and answers each tenth one with an order. Killed and started again, it begins with
// the newest tick: one that was pushed while no strategy ran is old by then.
#include "rings.hpp"

int main(int argc, char** argv) {
    return run(argc, argv, "SESSION", 1, [&] {
        const tick_ring all = ticks_of(argv[1]);
        auto orders = orders_of(argv[1]).attach_producer();  // refused, with a sentence, while another strategy runs
        auto ticks = all.join({.name = "strategy"});
        unsigned long seen = 0;
        for (tick next{};;) {
            const std::uint64_t number = ticks.position();
            const weir::status answer = ticks.pop(next);
            if (answer == weir::status::peer_died) continue;  // the feed; the next one goes on where it was
            if (answer == weir::status::closed) break;
            if (!answer || next.number != number) return 1;  // a gated reader misses nothing
            ++seen;
            if (number % 10 != 0) continue;
            weir::status sent = orders.push({number, next.price});
            while (sent == weir::status::peer_died) sent = orders.push({number, next.price});  // the monitor
            if (!sent) return 1;
        }
        orders.close();
        std::printf("saw %lu ticks\n", seen);
        return 0;
    });
}
