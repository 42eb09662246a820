// SPDX-License-Identifier: MIT
// The feed: pushes ticks until there are TICKS in all, one every MICROSECONDS, then closes. Killed and started again, it goes on with
// the tick after the last one that it had published.
#include "rings.hpp"

#include <chrono>
#include <thread>

int main(int argc, char** argv) {
    return run(argc, argv, "SESSION TICKS MICROSECONDS", 3, [&] {
        const std::uint64_t all = number_of(argv[2], "TICKS");
        const std::chrono::microseconds pace(number_of(argv[3], "MICROSECONDS"));
        auto feed = ticks_of(argv[1]).attach_producer();  // refused, with a sentence, while another feed runs
        if (feed.pushed() > 0) std::printf("goes on with tick %lu\n", static_cast<unsigned long>(feed.pushed()));
        while (feed.pushed() < all) {
            const std::uint64_t number = feed.pushed();
            // Waits for the strategy, if there is one: a gated reader. One that was killed is waited for 1 ms.
            const weir::status answer = feed.push({number, 100.0 + static_cast<double>(number % 7)});
            if (answer == weir::status::closed) break;
            if (!answer) return 1;
            std::this_thread::sleep_for(pace);
        }
        feed.close();
        std::printf("pushed %lu ticks; %lu readers died and had held it up\n",
                    static_cast<unsigned long>(feed.pushed()), static_cast<unsigned long>(feed.readers_lost()));
        return 0;
    });
}
