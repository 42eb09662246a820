// SPDX-License-Identifier: MIT
//
// Stands before weir's header of this name in the include path of the model programs: their threads are fibers of one.
#pragma once

#include <cstdint>

#include "model.hpp"

namespace weir::detail {

inline std::uint32_t thread_mark() noexcept {
    return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(model::identity()));
}

}  // namespace weir::detail
