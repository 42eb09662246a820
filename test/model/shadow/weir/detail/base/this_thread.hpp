// SPDX-License-Identifier: MIT
//
// Stands before weir's header of this name in the include path of the model programs: their threads are fibers of one.
#pragma once

#include "model.hpp"

namespace weir::detail {

inline const void* this_thread() noexcept { return model::identity(); }

}  // namespace weir::detail
