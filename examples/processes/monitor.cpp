// SPDX-License-Identifier: MIT
// The monitor: counts ticks and orders, and deaths of the others. The feed does not wait for it. Killed and started again, it goes on
// with the order after the last one that it had taken.
#include "rings.hpp"

#include <chrono>

int main(int argc, char** argv) {
    return run(argc, argv, "SESSION", 1, [&] {
        const tick_ring all = ticks_of(argv[1]);
        auto ticks = all.join({.name = "monitor", .mode = weir::reader_mode::lossy});
        auto orders = orders_of(argv[1]).attach_consumer();  // refused, with a sentence, while another monitor runs
        unsigned long seen = 0, feeds = 0, strategies = 0;
        const std::uint64_t first = ticks.position();
        bool ticks_end = false, orders_end = false;
        while (!ticks_end || !orders_end) {
            tick t{};
            order o{};
            weir::status answer = weir::status::success;
            for (; (answer = ticks.try_pop(t)) == weir::status::success; ++seen)
                if (t.number + 1 != ticks.position()) return 1;  // what is missed is counted
            if (answer == weir::status::peer_died) std::printf("feed %lu died\n", ++feeds);
            if (answer == weir::status::corrupted) return 1;
            ticks_end = answer == weir::status::closed;
            answer = orders.pop_for(o, std::chrono::milliseconds(1));
            if (answer == weir::status::success && o.tick % 10 != 0) return 1;
            if (answer == weir::status::peer_died) std::printf("strategy %lu died\n", ++strategies);
            if (answer == weir::status::corrupted) return 1;
            orders_end = answer == weir::status::closed;
            std::fflush(stdout);
        }
        const bool adds_up = first + seen + ticks.missed() == ticks.position();
        std::printf("saw %lu ticks and missed %lu, up to %lu; %lu orders\n", seen,
                    static_cast<unsigned long>(ticks.missed()), static_cast<unsigned long>(ticks.position()),
                    static_cast<unsigned long>(orders.popped()));
        return adds_up ? 0 : 1;
    });
}
