// SPDX-License-Identifier: MIT
//
// A ring whose slots are in the memory of the consumer's NUMA node. Node 0 exists everywhere; a container may forbid the choice.
#include <weir/node_memory.hpp>
#include <weir/ring.hpp>

#include <cstdio>
#include <stdexcept>

using ring_on_node = weir::spsc_ring<int, weir::storage::on_node>;

int main() {
    try {
        ring_on_node ring(1000, weir::storage::on_node(0));
        if (!ring.try_push(7)) return 1;
        bool right = false;
        ring.consume([&](const int& item) {
            const auto node = weir::numa_node_of(&item);  // read back from the kernel, where it says
            right = item == 7 && (!node || *node == 0);
        });
        return right ? 0 : 1;
    } catch (const std::invalid_argument& error) {
        std::puts(error.what());  // which node there is, or what the container lacks
        return 0;
    }
}
