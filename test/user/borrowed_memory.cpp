// SPDX-License-Identifier: MIT
//
// Rings whose slots are in memory of the program's own: an array, as much of it as a capacity takes, or a pmr resource.
#include <weir/ring.hpp>

#include <cstddef>
#include <cstdio>
#include <memory_resource>
#include <span>

using ring_in_memory = weir::spsc_ring<int, weir::wait::park, weir::stats::off, weir::storage::borrowed>;
using ring_of_resource =
    weir::mpmc_ring<int, weir::wait::park, weir::stats::off, weir::storage::allocated<std::pmr::polymorphic_allocator<>>>;

alignas(ring_in_memory::memory_alignment) std::byte bytes[ring_in_memory::bytes_for(100)];

int main() {
    ring_in_memory exact(100, bytes);  // 100 slots, and an error if the span is too small
    if (exact.capacity() != 100 || !exact.try_push(1) || exact.try_pop() != 1) return 1;

    alignas(ring_in_memory::memory_alignment) std::byte other[4096];
    ring_in_memory whole{std::span<std::byte>(other)};  // as many as it holds
    std::printf("%zu slots\n", whole.capacity());
    if (whole.capacity() != 4096 / sizeof(int)) return 1;

    std::pmr::monotonic_buffer_resource resource;
    ring_of_resource shared(1000, &resource);
    return shared.try_push(7) && shared.try_pop() == 7 ? 0 : 1;
}
