// SPDX-License-Identifier: MIT
#pragma once

#include "tools/common/matrix_data.hpp"

namespace weir::tool {

/// The machine properties that every measurement records.
[[nodiscard]] measured_machine describe(const topology& machine);

}  // namespace weir::tool
