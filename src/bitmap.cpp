// SPDX-License-Identifier: MIT
#include "bitmap.hpp"

#include <new>
#include <utility>

namespace weir {

bitmap_handle make_bitmap() {
    bitmap_handle bitmap(hwloc_bitmap_alloc());
    if (!bitmap) throw std::bad_alloc();
    return bitmap;
}

topology_handle make_topology_handle() {
    hwloc_topology* fresh = nullptr;
    if (hwloc_topology_init(&fresh) != 0) throw std::bad_alloc();
    return topology_handle(fresh);
}

bitmap_handle to_bitmap(const pu_set& pus) {
    auto bitmap = make_bitmap();
    for (const unsigned pu : pus)
        if (hwloc_bitmap_set(bitmap.get(), pu) != 0) throw std::bad_alloc();
    return bitmap;
}

pu_set to_pu_set(const hwloc_bitmap_s* bitmap) {
    std::vector<unsigned> pus;
    for (int pu = hwloc_bitmap_first(bitmap); pu != -1 && pu <= static_cast<int>(pu_set::max_pu);
         pu = hwloc_bitmap_next(bitmap, pu))
        pus.push_back(static_cast<unsigned>(pu));
    return pu_set(std::move(pus));
}

}  // namespace weir
