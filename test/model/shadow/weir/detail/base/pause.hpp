// SPDX-License-Identifier: MIT
//
// Stands before weir's header of this name in the include path of the model programs: who spins lets others run.
#pragma once

#include "model.hpp"

namespace weir::detail {

inline void pause() noexcept { model::yield(); }

}  // namespace weir::detail
