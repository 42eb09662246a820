// SPDX-License-Identifier: MIT
// overflow::drop_newest: an item that meets a full ring is lost, since what is queued is worth more.
#include <weir/overflow.hpp>
#include <weir/stats_text.hpp>

#include <iostream>
#include <vector>

int main() {
    weir::overflow_ring<int, weir::overflow::drop_newest> ring(4);
    for (int i = 1; i <= 10; ++i) (void)ring.push(i);  // never waits, and always succeeds

    std::vector<int> kept;
    while (auto item = ring.try_pop()) kept.push_back(*item);

    (void)ring.push(11);
    (void)ring.try_pop();
    std::cout << "before item 11, " << ring.gap() << " are missing\n";

    const weir::overflow::ledger sum = ring.account();
    std::cout << weir::to_text(sum);
    return kept == std::vector{1, 2, 3, 4} && ring.gap() == 6 && sum.lost_newest == 6 && sum.is_exact() ? 0 : 1;
}
