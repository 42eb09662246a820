// SPDX-License-Identifier: MIT
// One thread serves three feeds by priority, sleeps once for all of them, wakes up for a timer, and ends when it is asked to stop.
#include <weir/ring.hpp>
#include <weir/select.hpp>

#include <chrono>
#include <cstdio>
#include <stop_token>
#include <thread>

using namespace std::chrono_literals;

int main() {
    weir::spsc_ring<int> risk(8), orders(8);
    weir::mpmc_ring<double> ticks(64);  // from several threads, say
    int limits = 0, filled = 0, seen = 0, timers = 0;

    std::jthread desk([&](const std::stop_token& stop) {
        const auto on_limit = weir::on(weir::items_of(risk), [&](int) { ++limits; });
        const auto on_order = weir::on(weir::items_of(orders), [&](int lots) { filled += lots; });
        const auto on_tick = weir::on(weir::items_of(ticks), [&](double) { ++seen; });
        auto timer = std::chrono::steady_clock::now() + 2ms;
        for (;;) {
            // Takes one item of the first feed that has one, and runs its handler.
            const auto served = weir::select_until(timer, stop, weir::by_priority, on_limit, on_order, on_tick);
            if (served) continue;
            if (served.answer() != weir::status::timeout) break;  // stopped, or all are closed
            ++timers;
            timer += 2ms;
        }
    });

    for (int i = 1; i <= 100; ++i) {
        (void)ticks.push(99.5);
        if (i % 10 == 0) (void)orders.push(i);
        if (i % 50 == 0) (void)risk.push(i);
        if (i % 25 == 0) std::this_thread::sleep_for(5ms);
    }
    desk.request_stop();  // wakes the thread; what is ready by now is served first
    desk.join();

    std::printf("%d limits, %d lots filled, %d ticks, %s\n", limits, filled, seen, timers > 0 ? "some timers" : "none");
    return limits == 2 && filled == 550 && seen == 100 && timers > 0 ? 0 : 1;
}
