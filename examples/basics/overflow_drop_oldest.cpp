// SPDX-License-Identifier: MIT
// overflow::drop_oldest: the oldest item of a full ring makes room, since what is new is worth more.
#include <weir/overflow.hpp>
#include <weir/stats_text.hpp>

#include <iostream>
#include <vector>

int main() {
    weir::overflow_ring<int, weir::overflow::drop_oldest> ticks(4);
    for (int i = 1; i <= 10; ++i) (void)ticks.push(i);  // never waits, and always succeeds

    std::vector<int> kept;
    while (auto tick = ticks.try_pop()) {
        if (ticks.gap() > 0) std::cout << "before tick " << *tick << ", " << ticks.gap() << " are missing\n";
        kept.push_back(*tick);
    }
    const weir::overflow::ledger sum = ticks.account();
    std::cout << weir::to_text(sum);
    return kept == std::vector{7, 8, 9, 10} && sum.lost_oldest == 6 && sum.is_exact() ? 0 : 1;
}
