// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "weir/detail/base/always_inline.hpp"

namespace weir::detail {

/// A static_cast between numbers whose types are the same on some machines: there GCC's -Wuseless-cast warns of the cast itself, also
/// in the code of users.
template <class To, class From>
WEIR_ALWAYS_INLINE constexpr To as(From number) noexcept {
    if constexpr (std::is_same_v<To, From>) {
        return number;
    } else {
        return static_cast<To>(number);
    }
}

}  // namespace weir::detail
