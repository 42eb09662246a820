// SPDX-License-Identifier: MIT
#include <weir/ring.hpp>

int main() {
    weir::spsc_ring<int> ring(1);
    int out = 0;
    const bool passed = ring.try_push(42) && ring.try_push(43) == weir::status::full && ring.try_pop(out) && out == 42;
    return passed ? 0 : 1;
}
