// SPDX-License-Identifier: MIT
#include <weir/broadcast_ring.hpp>
#include <weir/overflow.hpp>
#include <weir/ring.hpp>

#include <cstdint>
#include <thread>
#include <utility>

struct tick {
    std::uint64_t sequence;
    double price;
};
struct order {
    std::uint64_t id;
    double price;
};

int main() {
    std::uint64_t resynchronised = 0, sent = 0;
    // show
    // A stale price is worth less than a new one: the feed is never blocked, and the gap is seen.
    weir::overflow_ring<tick, weir::overflow::drop_oldest, weir::wait::spin> ticks(1024);
    // An order must not be lost: when the gateway is behind, the strategy gets `full`, and decides.
    weir::spsc_ring<order, weir::wait::spin> orders(64);

    std::jthread strategy([&] {
        for (tick t{}; ticks.pop(t);) {
            if (ticks.gap() > 0) ++resynchronised;                  // the book is incomplete: ask for a snapshot
            if (!orders.try_push({t.sequence, t.price})) continue;  // full: do not quote what cannot be sent
        }
        orders.close();
    });
    std::jthread gateway([&] {
        while (orders.consume_some([&](order&) { ++sent; }) > 0) {
        }
    });
    for (std::uint64_t i = 0; i < 10'000; ++i) (void)ticks.try_push({i, 99.5});
    ticks.close();
    // end
    strategy.join(), gateway.join();
    return sent > 0 && ticks.account().is_exact() ? 0 : 1;
}
