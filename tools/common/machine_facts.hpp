// SPDX-License-Identifier: MIT
#pragma once

#include "tools/common/matrix_data.hpp"

namespace weir::tool {

/// What a measurement carries of the machine it was made on.
[[nodiscard]] measured_machine describe(const topology& machine);

}  // namespace weir::tool
