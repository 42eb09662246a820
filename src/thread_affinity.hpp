// SPDX-License-Identifier: MIT
#pragma once

// The affinity of any thread of the system, by its id. Linux alone; elsewhere set_thread_affinity() returns ENOSYS.

#include <weir/affinity.hpp>

#include <optional>

namespace weir {

/// Returns 0, or the errno with which the kernel refuses. The kernel silently leaves out PUs that it does not grant: read it back.
[[nodiscard]] int set_thread_affinity(long thread, const pu_set& pus);

/// Nothing if the kernel does not report it, as for a thread that has ended.
[[nodiscard]] std::optional<pu_set> thread_affinity(long thread);

}  // namespace weir
