// SPDX-License-Identifier: MIT
// overflow::shed_lowest: a full ring loses the oldest item of its lowest class, and higher classes are popped first.
#include <weir/overflow.hpp>
#include <weir/stats_text.hpp>

#include <cstddef>
#include <iostream>
#include <vector>

enum class urgency { bulk, normal, urgent };

struct message {
    int id;
    urgency level;
};

struct class_of_message {
    std::size_t operator()(const message& m) const { return static_cast<std::size_t>(m.level); }
};

int main() {
    weir::overflow_ring<message, weir::overflow::shed_lowest<3, class_of_message>> ring(4);
    for (int id = 1; id <= 3; ++id) (void)ring.push({id, urgency::bulk});
    (void)ring.push({4, urgency::normal});  // full from here on
    (void)ring.push({5, urgency::urgent});  // takes the place of 1
    (void)ring.push({6, urgency::urgent});  // takes the place of 2
    (void)ring.push({7, urgency::bulk});    // takes no place: no class is lower than its own

    std::vector<int> order;
    while (auto next = ring.try_pop()) order.push_back(next->id);

    const weir::overflow::ledger sum = ring.account();
    std::cout << weir::to_text(sum);
    return order == std::vector{5, 6, 4, 3} && sum.lost_lowest == 3 && sum.is_exact() ? 0 : 1;
}
