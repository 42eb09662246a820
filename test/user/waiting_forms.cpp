// SPDX-License-Identifier: MIT
//
// A worker that builds jobs in their slots, and one that takes them with a time limit and does housekeeping in between.
#include <weir/ring.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>

struct job {
    job(int n, std::string what) noexcept : number(n), text(std::move(what)) {}
    int number;
    std::string text;
};

int main() {
    using namespace std::chrono_literals;
    weir::mpmc_ring<job> ring(4);
    std::thread producer([&] {
        for (int i = 1; i <= 50; ++i) {
            if (!ring.emplace(i, "job " + std::to_string(i))) return;
            if (i % 25 == 0) std::this_thread::sleep_for(5ms);
        }
        ring.close();
    });
    int sum = 0, idle = 0;
    while (!ring.is_closed() || ring.size_approx() > 0) {
        if (auto next = ring.pop_for(1.5ms))
            sum += next->number;
        else
            ++idle;  // nothing came: housekeeping
    }
    while (ring.consume_one([&](job& last) noexcept { sum += last.number; })) continue;
    producer.join();
    std::printf("sum %d, idle %s\n", sum, idle > 0 ? "at times" : "never");
    return sum == 50 * 51 / 2 && !ring.pop_until(weir::forever) ? 0 : 1;
}
