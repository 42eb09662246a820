// SPDX-License-Identifier: MIT
#pragma once

// Memory of all queues from one NUMA node, also of those that cannot be asked for it.

#include <optional>

namespace bench {

/// From now on memory that this thread touches first, and threads that it starts later, comes from this NUMA node
/// alone (set_mempolicy, MPOL_BIND). Returns the node of a fresh page, read back from the kernel (move_pages); empty where it
/// does not say. Throws std::invalid_argument with a sentence if the kernel refuses or the page is elsewhere.
std::optional<unsigned> take_memory_from(unsigned node);

}  // namespace bench
