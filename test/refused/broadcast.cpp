// SPDX-License-Identifier: MIT
//
// Uses of broadcast rings that are refused with a sentence: the one whose number is USE. Number 0 is fine.
#include <memory>

#include "weir/broadcast_ring.hpp"

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
#endif
}
