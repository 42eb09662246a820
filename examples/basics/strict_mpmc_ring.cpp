// SPDX-License-Identifier: MIT
// A thread that is stopped in the middle of a pop holds up an mpmc_ring, but not a strict_mpmc_ring.
#include <weir/ring.hpp>

#include <iostream>
#include <latch>
#include <thread>

struct outcome {
    int pushed = 0;
    weir::status refusal = weir::status::success;
};

// Pushes as much as the ring takes while another thread is stopped in the middle of a pop.
template <class Ring>
outcome push_meanwhile(Ring& ring) {
    (void)ring.try_push(0);
    std::latch stopped(1), resumed(1);
    std::jthread consumer([&] {
        (void)ring.try_consume_one([&](int&) noexcept {
            stopped.count_down();
            resumed.wait();  // in real life: preempted, or at a breakpoint
        });
    });
    stopped.wait();
    outcome seen;
    while ((seen.refusal = ring.try_push(1))) ++seen.pushed;
    resumed.count_down();
    return seen;
}

int main() {
    weir::mpmc_ring<int> plain_ring(8);
    weir::strict_mpmc_ring<int> strict_ring(8);
    const outcome plain = push_meanwhile(plain_ring);
    const outcome strict = push_meanwhile(strict_ring);

    std::cout << "mpmc_ring: " << plain.pushed << " pushed, then " << to_string(plain.refusal) << '\n'
              << "strict_mpmc_ring: " << strict.pushed << " pushed, then " << to_string(strict.refusal) << '\n';
    return plain.refusal == weir::status::busy && strict.refusal == weir::status::full && strict.pushed == 8 ? 0 : 1;
}
