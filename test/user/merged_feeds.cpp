// SPDX-License-Identifier: MIT
//
// A thread that serves three feeds by priority, a timer beside them, and a stop.
#include <weir/ring.hpp>
#include <weir/select.hpp>

#include <chrono>
#include <cstdio>
#include <stop_token>
#include <thread>

using namespace std::chrono_literals;
using feed = weir::spsc_ring<int>;

struct counts {
    int ticks = 0, items = 0;
};

counts serve(feed& urgent, feed& orders, feed& prices, std::stop_token stop) {
    counts of;
    const auto take = [&of](int) { ++of.items; };
    auto tick = std::chrono::steady_clock::now();
    for (;;) {
        const auto ready =
            weir::select_until(tick, stop, weir::by_priority, weir::on(weir::items_of(urgent), take),
                               weir::on(weir::items_of(orders), take), weir::on(weir::items_of(prices), take));
        if (std::chrono::steady_clock::now() >= tick) ++of.ticks, tick += 1ms;
        if (!ready && ready.answer() != weir::status::timeout) return of;  // a stop, or all are closed
    }
}

int main() {
    feed urgent(4), orders(4), prices(4);
    std::jthread market([&](std::stop_token stop) {
        for (int i = 0; !stop.stop_requested(); ++i) (void)(i % 8 == 0 ? orders : prices).try_push(i);
    });
    std::stop_source stop;
    std::jthread later([&] { std::this_thread::sleep_for(20ms), (void)urgent.push(1), stop.request_stop(); });
    const counts of = serve(urgent, orders, prices, stop.get_token());
    std::printf("%d items, and the timer beside them: %s\n", of.items, of.ticks > 0 ? "yes" : "no");
    return of.items > 0 && of.ticks > 0 ? 0 : 1;
}
