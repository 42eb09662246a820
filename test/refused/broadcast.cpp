// SPDX-License-Identifier: MIT
//
// Uses of broadcast rings that are refused with a sentence: the one whose number is USE. Number 0 is fine.
#include <memory>
#include <string>

#include "weir/broadcast_ring.hpp"
#include "weir/message_ring.hpp"

struct defined_elsewhere;

int main() {
#if USE == 0
    weir::broadcast_ring<int, weir::storage::fixed<8>, weir::max_readers<3>> ring;
    (void)ring.try_push(1);
#elif USE == 1
    weir::broadcast_ring<int, weir::one_producer, weir::many_producers> two(8);
#elif USE == 2
    weir::broadcast_ring<int, weir::storage::borrowed> lent(8);
#elif USE == 3
    weir::broadcast_ring<std::unique_ptr<int>> unique(8);
#elif USE == 4
    weir::broadcast_ring<int> without;
#elif USE == 5
    weir::broadcast_ring<int, weir::storage::fixed<4>> twice(4);
#elif USE == 6
    weir::broadcast_ring<int> ring(8);
    (void)ring.snapshot();
#elif USE == 7
    weir::broadcast_ring<int, weir::many_producers> shared(8);
    shared.adopt_producer();
#elif USE == 8
    int value = 0;
    weir::broadcast_ring<int&> ring(8);
    (void)ring.push(value);
#elif USE == 9
    weir::broadcast_ring<int[3]> ring(8);
#elif USE == 10
    weir::broadcast_ring<defined_elsewhere> ring(8);
#elif USE == 11
    weir::broadcast_ring<std::unique_ptr<int>> unique(8);
    auto in = unique.join();
    (void)unique.push(std::make_unique<int>(1));
#elif USE == 12
    weir::broadcast_ring<int> ring(8);
    while (auto item = ring.pop()) (void)*item;
#elif USE == 13
    weir::broadcast_ring<long> ring(8);
    long out = 0;
    if (ring.try_pop(out)) return 1;
#elif USE == 14
    weir::broadcast_ring<char> ring(8);
    ring.consume([](const char&) {});
#elif USE == 15
    weir::broadcast_ring<int> ring(8);
    auto in = ring.join();
    in.consume([](int& item) { ++item; });
#elif USE == 16
    weir::broadcast_ring<int> ring(8);
    auto in = ring.join();
    (void)in.consume_some([](const std::string&) {});
#elif USE == 17
    weir::broadcast_ring<int> ring("eight");
#elif USE == 18
    weir::broadcast_ring<int> ring(8, weir::many_producers{});
#elif USE == 19
    weir::broadcast_ring<int> ring(8);
    (void)ring.push_for(1, 100);
#elif USE == 20
    weir::broadcast_ring<int> ring(8);
    auto in = ring.join();
    (void)in.pop_for(100);
#elif USE == 21
    weir::broadcast_ring<weir::message> ring(8);
#endif
}
