// SPDX-License-Identifier: MIT
//
// Stands before weir's header of this name in the include path of the model programs: time passes from look to look, so
// that a wait by the clock takes few steps.
#pragma once

#include <cstdint>

#include "model.hpp"

namespace weir::detail {

inline std::uint64_t rough_ns() noexcept { return model::rough_ns(); }

}  // namespace weir::detail
