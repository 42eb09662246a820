// SPDX-License-Identifier: MIT
// overflow::block: a push to a full ring waits, so that nothing is lost and the source slows down.
#include <weir/overflow.hpp>
#include <weir/stats_text.hpp>

#include <iostream>
#include <thread>

int main() {
    weir::overflow_ring<int, weir::overflow::block> ring(4);

    std::jthread source([&] {
        for (int i = 1; i <= 1000; ++i) (void)ring.push(i);  // waits for room
        ring.close();
    });
    int next = 0;
    bool gapless = true;
    while (auto item = ring.pop()) gapless = gapless && *item == ++next && ring.gap() == 0;
    source.join();

    const weir::overflow::ledger sum = ring.account();
    std::cout << weir::to_text(sum);
    return gapless && sum.delivered == 1000 && sum.lost() == 0 && sum.is_exact() ? 0 : 1;
}
