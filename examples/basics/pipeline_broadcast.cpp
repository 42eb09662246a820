// SPDX-License-Identifier: MIT
// One stage's ticks go to three others through one ring: two see every tick, and a screen is never waited for.
#include <weir/pipeline.hpp>

#include <chrono>
#include <iostream>
#include <optional>
#include <thread>

struct tick {
    long sequence;
    double price;
};

int main() {
    constexpr long ticks = 5000;
    long booked = 0, risky = 0, drawn = 0;

    weir::pipeline flow;
    auto feed = flow.source<tick>("feed", [sequence = 0L]() mutable -> std::optional<tick> {
        if (sequence == ticks) return std::nullopt;
        return tick{++sequence, 99.5};
    });
    auto book = flow.sink<tick>("book", [&](const tick& t) { booked += t.sequence == booked + 1; });  // in place
    auto risk = flow.sink<tick>("risk", [&](tick t) { risky += t.price > 99; });
    auto screen = flow.sink<tick>("screen", [&](const tick&) {
        ++drawn;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });

    auto all = flow.broadcast(feed, 256);  // the slowest of its gated readers holds up the feed
    flow.connect(all, book);
    flow.connect(all, risk);
    flow.connect(all, screen, weir::reader_mode::lossy);
    flow.run();
    const auto outcome = flow.join();

    bool is_exact = true;
    for (const weir::edge_ledger& edge : flow.edges()) {
        std::cout << edge.to << ": " << edge.delivered << " delivered, " << edge.lost << " lost\n";
        is_exact = is_exact && edge.delivered + edge.lost == ticks;
    }
    const bool all_seen = booked == ticks && risky == ticks && drawn > 0;
    return outcome == weir::pipeline::outcome::drained && all_seen && is_exact ? 0 : 1;
}
