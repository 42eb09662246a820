// SPDX-License-Identifier: MIT
// The slots of a ring are on the heap, inside the ring, in huge pages, or in memory that the program owns.
#include <weir/ring.hpp>

#include <cstddef>
#include <iostream>

using weir::storage::borrowed;
using weir::storage::fixed;
using weir::storage::huge_pages;

weir::spsc_ring<int, fixed<64>> inside;  // no allocation at all; the capacity is part of the type

using given = weir::mpmc_ring<int, borrowed>;
alignas(given::memory_alignment) std::byte arena[given::bytes_for(100)];

int main() {
    weir::spsc_ring<int> heap(1000);                    // the default: allocated by the constructor, never again
    weir::spsc_ring<int, huge_pages> large(1'000'000);  // fewer TLB misses; ordinary pages where the kernel has none
    given in_arena(100, arena);                         // must outlive the ring

    std::cout << large.memory().to_string() << '\n';
    const bool right = heap.capacity() == 1000 && inside.capacity() == 64 && large.capacity() == 1'000'000 &&
                       in_arena.capacity() == 100;
    return right && inside.try_push(1) && large.try_push(2) && in_arena.try_push(3) ? 0 : 1;
}
