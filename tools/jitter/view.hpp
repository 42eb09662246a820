// SPDX-License-Identifier: MIT
#pragma once

#include "tools/common/words.hpp"
#include "tools/jitter/data.hpp"

#include <string>

namespace weir::tool {

/// A row for each PU, then for each how long its gaps were and which interrupts it handled meanwhile.
[[nodiscard]] std::string jitter_as_text(const jitter_data& jitter);

}  // namespace weir::tool
