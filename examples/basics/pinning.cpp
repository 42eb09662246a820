// SPDX-License-Identifier: MIT
// The two threads of a ring run on the best pair of cores of this machine, pinned and verified.
#include <weir/ring.hpp>
#include <weir/topology.hpp>

#include <iostream>
#include <thread>

int main() {
    const auto machine = weir::topology::this_machine();
    std::cout << machine.summary() << '\n';
    if (machine.allowed_cores() < 2) {
        std::cout << "this process may use one core only, so there is no pair to choose\n";
        return 0;
    }
    // What cannot be done is a weir::placement_error, which says why.
    const weir::pu_pair pair = machine.choose_pair(weir::pair_policy::automatic);
    std::cout << "PU " << pair.producer << " and PU " << pair.consumer << ": " << pair.reason << '\n';

    weir::spsc_ring<int, weir::wait::spin> ring(1024);  // spins: each thread has a core
    std::jthread producer([&] {
        machine.bind_this_thread(pair.producer);
        for (int i = 0; i < 1000; ++i) (void)ring.push(i);
        ring.close();
    });
    machine.bind_this_thread(pair.consumer);
    int received = 0;
    while (ring.pop()) ++received;
    return received == 1000 && weir::current_pu() == pair.consumer ? 0 : 1;
}
