// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>
#include <memory>
#include <type_traits>

namespace weir::detail {

/// A header of its own, so that the model checker can end a process in the middle of the copy.
template <class T>
void copy_item(T& to, const T& from) noexcept {
    static_assert(std::is_trivially_copyable_v<T>);
    std::memcpy(static_cast<void*>(std::addressof(to)), static_cast<const void*>(std::addressof(from)), sizeof(T));
}

}  // namespace weir::detail
