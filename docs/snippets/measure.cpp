// SPDX-License-Identifier: MIT
#include <weir/clock.hpp>
#include <weir/histogram.hpp>
#include <weir/histogram_text.hpp>
#include <weir/ring.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>

// show
struct tick {
    std::uint64_t born;  // of the clock below, which reads a register
    double price;
};

weir::histogram measure(int count) {
    const weir::tick_clock clock;
    weir::histogram latency_ns(1'000'000'000);  // up to a second, three digits; nothing is allocated after this
    weir::spsc_ring<tick> ticks(1024);
    std::jthread strategy([&] {
        while (const auto t = ticks.pop()) {
            latency_ns.record(static_cast<std::uint64_t>(clock.to_ns(clock.now_after_loads() - t->born)));
        }
    });
    for (int i = 0; i < count; ++i) (void)ticks.push({clock.now(), 99.5});
    ticks.close();
    strategy.join();
    return latency_ns;
}
// end

int main() {
    const weir::histogram latency_ns = measure(10'000);
    // show text
    std::printf("%s\n", to_text(latency_ns, "ns").c_str());  // 10000 values: p50 ... ns, p90 ...
    const std::string page = weir::to_prometheus({.name = "tick_to_strategy_seconds", .help = "From feed to strategy."},
                                                 {weir::labelled_histogram{{{"venue", "X"}}, &latency_ns}});
    // end
    return latency_ns.count() == 10'000 && page.ends_with("tick_to_strategy_seconds_count{venue=\"X\"} 10000\n") ? 0
                                                                                                                 : 1;
}
