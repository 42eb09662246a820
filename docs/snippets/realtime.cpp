// SPDX-License-Identifier: MIT
#include <weir/ring.hpp>

#include <sys/mman.h>

#include <cstdio>
#include <thread>

int main() {
    // show
    (void)::mlockall(MCL_CURRENT | MCL_FUTURE);  // no page is taken away later; weir touches every slot's page itself

    weir::spsc_ring<int, weir::storage::huge_pages, weir::wait::sleep> ring(1 << 16);
    if (ring.memory().degraded()) std::fprintf(stderr, "%s\n", ring.memory().to_string().c_str());
    // end
    return ring.try_push(1) && ring.try_pop() == 1 ? 0 : 1;
}
