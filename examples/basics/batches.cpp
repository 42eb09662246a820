// SPDX-License-Identifier: MIT
// A writer of whole blocks sleeps once for each, however the samples come, and gets the rest when the source ends.
#include <weir/ring.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <thread>

int main() {
    weir::spsc_ring<float> ring(1024);

    std::jthread source([&] {
        const std::array<float, 100> chunk{};
        for (int i = 0; i < 100; ++i) (void)ring.push_n(chunk);  // waits until all 100 are in; try_push_n never waits
        ring.close();
    });

    std::array<float, 256> block{};
    int blocks = 0;
    while (ring.wait_for_items(block.size())) {               // false once the ring is closed and has fewer
        if (ring.try_pop_n(block) != block.size()) return 1;  // write(file, block)
        ++blocks;
    }
    const std::size_t rest = ring.try_pop_n(block);

    std::printf("%d blocks of %zu, and %zu samples\n", blocks, block.size(), rest);
    return blocks == 39 && rest == 100 * 100 - 39 * block.size() ? 0 : 1;
}
