// SPDX-License-Identifier: MIT
//
// A disk writer that wants whole blocks of 4,096 samples: it sleeps once for a block, however singly they come, and writes
// what is left when the source closes the ring.
#include <weir/ring.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <thread>

using samples = weir::spsc_ring<float>;
constexpr std::size_t block = 4096;

int main() {
    samples ring(4 * block);
    std::size_t blocks = 0, rest = 0;
    std::thread writer([&] {
        std::array<float, block> buffer;
        while (ring.wait_for_items(block) == weir::status::success) {
            (void)ring.try_pop_n(buffer);  // all of it is there
            ++blocks;                      // write(file, buffer)
        }
        rest = ring.pop_n(buffer);  // closed: fewer than a block are left
    });
    for (std::size_t i = 0; i < 10 * block + 100; ++i) {
        if (!ring.push(static_cast<float>(i))) return 1;
    }
    ring.close();
    writer.join();
    std::printf("%zu blocks and %zu samples\n", blocks, rest);
    return blocks == 10 && rest == 100 ? 0 : 1;
}
