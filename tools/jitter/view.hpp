// SPDX-License-Identifier: MIT
#pragma once

#include "tools/common/words.hpp"
#include "tools/jitter/data.hpp"

#include <string>

namespace weir::tool {

/// A row for each PU, then for each PU the distribution of its gaps and the interrupts that it handled meanwhile.
[[nodiscard]] std::string jitter_as_text(const jitter_data& jitter);

}  // namespace weir::tool
