// SPDX-License-Identifier: MIT
//
// Stands before weir's header of this name in the include path of the model programs: fences of the model.
#pragma once

#include <type_traits>

#include "model.hpp"

namespace weir {

namespace fence {
struct asymmetric {};
struct seq_cst {};
}  // namespace fence

namespace detail {

inline void light_fence(model::place at = model::place::current()) noexcept { model::light_fence(at); }
inline bool has_heavy_fence() noexcept { return true; }
inline void heavy_fence(model::place at = model::place::current()) noexcept { model::heavy_fence(at); }

template <class Fence>
bool is_asymmetric() noexcept {
    return std::is_same_v<Fence, fence::asymmetric>;
}

}  // namespace detail
}  // namespace weir
