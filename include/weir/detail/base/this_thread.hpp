// SPDX-License-Identifier: MIT
#pragma once

namespace weir::detail {

/// Who is calling: an address of its own for each thread, for a few instructions. <thread> stays out of the core headers.
inline const void* this_thread() noexcept {
    static thread_local const char identity = 0;
    return &identity;
}

}  // namespace weir::detail
