// SPDX-License-Identifier: MIT
#include <weir/ring.hpp>

#include <csignal>
#include <optional>

// show
// wait::spin, so that no push makes a system call; fixed, so that nothing is allocated; 8 operations at a time are enough here.
using events = weir::strict_mpmc_ring<int, weir::wait::spin, weir::storage::fixed<64>, weir::max_threads<8>>;
events seen;

extern "C" void on_signal(int number) {
    // Also if it interrupts a push or a pop of the very same ring: that operation delays no other.
    if (!seen.try_push(number)) {
        // full: 64 signals that were not handled yet
    }
}
// end

int main() {
    std::signal(SIGUSR1, on_signal);
    std::raise(SIGUSR1);
    return seen.try_pop() == SIGUSR1 ? 0 : 1;
}
