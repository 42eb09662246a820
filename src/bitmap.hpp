// SPDX-License-Identifier: MIT
#pragma once

// RAII handles for hwloc, and conversion between its bitmaps and pu_set.

#include <weir/affinity.hpp>

#include <hwloc.h>
#include <memory>

namespace weir {

struct hwloc_deleter {
    void operator()(hwloc_bitmap_s* bitmap) const noexcept { hwloc_bitmap_free(bitmap); }
    void operator()(hwloc_topology* topology) const noexcept { hwloc_topology_destroy(topology); }
};

using bitmap_handle = std::unique_ptr<hwloc_bitmap_s, hwloc_deleter>;
using topology_handle = std::unique_ptr<hwloc_topology, hwloc_deleter>;

[[nodiscard]] bitmap_handle make_bitmap();             // empty; std::bad_alloc
[[nodiscard]] topology_handle make_topology_handle();  // initialised, not loaded; std::bad_alloc

[[nodiscard]] bitmap_handle to_bitmap(const pu_set& pus);
[[nodiscard]] pu_set to_pu_set(const hwloc_bitmap_s* bitmap);  // ignores PUs above max_pu

}  // namespace weir
