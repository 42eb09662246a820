// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstring>

namespace weir::detail {

/// A header of its own, so that the model checker can watch the copy.
inline void copy_bytes(std::byte* to, const std::byte* from, std::size_t n) noexcept {
    if (n > 0) std::memcpy(to, from, n);
}

}  // namespace weir::detail
