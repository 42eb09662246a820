// SPDX-License-Identifier: MIT
// overflow::reject: a push to a full ring returns `full`, and the caller keeps the item and decides what to do with it.
#include <weir/overflow.hpp>
#include <weir/stats_text.hpp>

#include <iostream>
#include <memory>
#include <utility>
#include <vector>

int main() {
    weir::overflow_ring<std::unique_ptr<int>, weir::overflow::reject> requests(4);

    std::vector<std::unique_ptr<int>> refused;
    for (int i = 1; i <= 10; ++i) {
        auto request = std::make_unique<int>(i);
        if (requests.push(std::move(request)) == weir::status::full) {  // never waits
            refused.push_back(std::move(request));                      // untouched: answer it with "429, try later"
        }
    }
    int served = 0;
    while (requests.try_pop()) ++served;

    const weir::overflow::ledger sum = requests.account();
    std::cout << weir::to_text(sum);
    const bool right = served == 4 && refused.size() == 6 && *refused.front() == 5;
    return right && sum.refused == 6 && sum.lost() == 0 && sum.is_exact() ? 0 : 1;
}
