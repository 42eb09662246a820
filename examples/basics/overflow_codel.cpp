// SPDX-License-Identifier: MIT
// overflow::codel: a queue that stands for too long is shortened, so that requests are answered in time or not at all.
#include <weir/overflow.hpp>
#include <weir/stats_text.hpp>

#include <chrono>
#include <iostream>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

int main() {
    // Waiting for longer than 2 ms is too long, if it lasts for 20 ms.
    weir::overflow_ring<int, weir::overflow::codel<>> requests(100, {.target = 2ms, .interval = 20ms});
    for (int i = 1; i <= 10; ++i) (void)requests.push(i);

    std::vector<int> served;
    std::this_thread::sleep_for(5ms);
    if (auto request = requests.try_pop()) served.push_back(*request);  // late, but a burst may be: it is served
    std::this_thread::sleep_for(20ms);
    while (auto request = requests.try_pop()) served.push_back(*request);  // late for 20 ms: all but the last are lost

    const weir::overflow::ledger sum = requests.account();
    std::cout << weir::to_text(sum);
    return served == std::vector{1, 10} && requests.gap() == 8 && sum.lost_late == 8 && sum.is_exact() ? 0 : 1;
}
