// SPDX-License-Identifier: MIT
//
// Structs of several types from many threads to one, without a cast.
#include <weir/messages.hpp>

#include <cstdint>
#include <thread>
#include <vector>

struct order {
    std::uint64_t id;
    double price;
};
struct cancel {
    std::uint64_t id;
};
using gateway = weir::messages<order, cancel>;

int main() {
    weir::mpsc_message_ring<weir::stats::on> ring(4096);
    constexpr std::uint64_t each = 5000;

    std::vector<std::jthread> strategies;
    for (std::uint64_t s = 0; s < 2; ++s) {
        strategies.emplace_back([&ring, s] {
            for (std::uint64_t i = 0; i < each; ++i) {
                (void)gateway::push(ring, order{s * each + i, 100.25});
                (void)gateway::push(ring, cancel{s * each + i});
            }
        });
    }

    std::uint64_t orders = 0, cancels = 0, sum = 0;
    auto send = gateway::visitor([&](const order& o) { ++orders, sum += o.id; },
                                 [&](const cancel& c) { ++cancels, sum -= c.id; });
    while (orders + cancels < 4 * each) (void)ring.consume_some(send);

    const auto counts = ring.snapshot();
    const bool right = orders == 2 * each && cancels == 2 * each && sum == 0;
    return right && counts.producer.pushed == 4 * each && counts.popped_bytes == 2 * each * (16 + 8) ? 0 : 1;
}
