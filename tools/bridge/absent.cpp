// SPDX-License-Identifier: MIT
// Compiled in place of run.cpp where weir::jetstream is not built.
#include "tools/bridge/bridge.hpp"
#include "tools/common/command.hpp"

namespace weir::tool {

void run_bridge(const bridge_request&, const bridge_place&, const bridge_place&, bool (*)()) {
    throw stop(
        not_here,
        "this program was built without weir::jetstream: build it with -DWEIR_BUILD_JETSTREAM=ON, which needs libnats "
        "(Debian: apt-get install libnats-dev)");
}

}  // namespace weir::tool
