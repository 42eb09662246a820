// SPDX-License-Identifier: MIT
// Structs of several types share one ring, and each reaches the function for its type, without a cast.
#include <weir/messages.hpp>

#include <cstdio>
#include <thread>

struct quote {
    int instrument;
    double bid, ask;
};
struct trade {
    int instrument;
    double price;
    int size;
};
struct heartbeat {};

using market = weir::messages<quote, trade, heartbeat>;

int main() {
    weir::spsc_message_ring<> feed(4096);  // bytes: each message takes as many as it needs

    std::jthread exchange([&] {
        for (int i = 0; i < 1000; ++i) {
            (void)market::push(feed, quote{i, 99.5, 100.5});
            if (i % 10 == 0) (void)market::push(feed, trade{i, 100.0, 5});
        }
        (void)market::push(feed, heartbeat{});
        feed.close();
    });

    int quotes = 0, traded = 0, others = 0;
    auto handle = market::visitor([&](const quote&) { ++quotes; }, [&](const trade& t) { traded += t.size; },
                                  [&](const auto&) { ++others; });
    while (feed.consume_some(handle) > 0) continue;

    std::printf("%d quotes, %d traded, %d other\n", quotes, traded, others);
    return quotes == 1000 && traded == 500 && others == 1 ? 0 : 1;
}
