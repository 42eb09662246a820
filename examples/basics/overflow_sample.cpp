// SPDX-License-Identifier: MIT
// overflow::sample: from a fill level on, one arriving item in n is kept, so that loss is spread evenly.
#include <weir/overflow.hpp>
#include <weir/stats_text.hpp>

#include <iostream>
#include <vector>

int main() {
    // Of the readings that arrive while four or more are queued, one in five is kept.
    weir::overflow_ring<int, weir::overflow::sample> readings(8, {.keep_one_in = 5, .from = 4});
    for (int i = 1; i <= 20; ++i) (void)readings.push(i);  // never waits, and always succeeds

    std::vector<int> kept;
    while (auto reading = readings.try_pop()) {
        if (readings.gap() > 0) std::cout << "before " << *reading << ", " << readings.gap() << " are missing\n";
        kept.push_back(*reading);
    }
    const weir::overflow::ledger sum = readings.account();
    std::cout << weir::to_text(sum);
    return kept.size() + sum.lost_sampled == 20 && sum.lost_newest == 0 && sum.is_exact() ? 0 : 1;
}
