// SPDX-License-Identifier: MIT
#pragma once

#include "weir/wait.hpp"

namespace weir_test {

/// wait::event where there is one, for lists of strategies.
#if defined(__linux__)
using event_if_any = weir::wait::event;
#else
using event_if_any = weir::wait::park;
#endif

}  // namespace weir_test
