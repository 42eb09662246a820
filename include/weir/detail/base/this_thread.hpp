// SPDX-License-Identifier: MIT
#pragma once

namespace weir::detail {

/// An address that identifies the calling thread within the process. A few instructions; <thread> stays out of the core
/// headers.
inline const void* this_thread() noexcept {
    static thread_local const char identity = 0;
    return &identity;
}

}  // namespace weir::detail
