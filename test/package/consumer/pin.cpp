// SPDX-License-Identifier: MIT
#include <weir/affinity.hpp>
#include <weir/topology.hpp>

int main() {
    const auto allowed = weir::topology::this_machine().allowed();
    const auto pinned = weir::pin_this_thread(*allowed.begin());
    return pinned.size() == 1 && *pinned.begin() == *allowed.begin() ? 0 : 1;
}
