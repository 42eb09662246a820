// SPDX-License-Identifier: MIT
//
// Code written for a ring, given an overflow_ring: it compiles, and means the same.
#include <array>
#include <chrono>
#include <cstdio>
#include <span>
#include <stop_token>

#include "weir/overflow.hpp"
#include "weir/stop.hpp"

template <class Ring>
int sum_of_what_comes_out(Ring& ring) {
    const std::array<int, 4> values{1, 2, 3, 4};
    if (ring.try_push_n(std::span<const int>(values)) != 4) return -1;
    if (!ring.push_for(5, std::chrono::milliseconds(1)) || !ring.try_emplace(6)) return -2;
    int sum = 0;
    ring.consume([&](int& value) { sum += value; }, 2);
    std::array<int, 2> out{};
    if (ring.pop_n(out) != 2) return -3;
    for (const int value : out) sum += value;
    std::stop_source source;
    for (int value = 0; ring.size_approx() > 0 && weir::pop(ring, value, source.get_token());) sum += value;
    ring.wake_all();
    ring.close();
    return ring.pop() ? -4 : sum;
}

int main() {
    weir::mpmc_ring<int> plain(8);
    weir::overflow_ring<int, weir::overflow::drop_oldest, weir::stats::on> dropping(8);
    if (sum_of_what_comes_out(plain) != 21 || sum_of_what_comes_out(dropping) != 21) return 1;
    const auto sum = dropping.account();
    std::printf("%u delivered, %u popped\n", static_cast<unsigned>(sum.delivered),
                static_cast<unsigned>(dropping.snapshot().consumer.popped));
    return sum.is_exact() && sum.delivered == 6 ? 0 : 2;
}
