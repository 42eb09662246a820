// SPDX-License-Identifier: MIT
//
// Uses of rings, and of credit alone, that are refused with a sentence: the one whose number is USE. Number 0 is fine.
#include <array>
#include <optional>

#include "weir/credit_gate.hpp"
#include "weir/ring.hpp"

struct defined_elsewhere;
struct throws_when_moved {
    throws_when_moved() = default;
    throws_when_moved(throws_when_moved&&) noexcept(false) {}
};
struct throws_when_destroyed {
    ~throws_when_destroyed() noexcept(false) {}
};
struct throws_when_assigned {
    throws_when_assigned() = default;
    throws_when_assigned(throws_when_assigned&&) noexcept = default;
    throws_when_assigned& operator=(throws_when_assigned&&) noexcept(false) { return *this; }
};

int main() {
    weir::mpmc_ring<throws_when_assigned> many(2);
    weir::spsc_ring<throws_when_assigned> one(2);
    throws_when_assigned out;
    std::array<throws_when_assigned, 2> outs;
#if USE == 0
    (void)many.try_pop();
    (void)many.pop();
    (void)one.try_pop(out);
    (void)one.try_pop_n(outs);
#elif USE == 1
    weir::mpmc_ring<throws_when_moved> ring(2);
#elif USE == 2
    weir::mpsc_ring<throws_when_destroyed> ring(2);
#elif USE == 3
    weir::spmc_ring<const long> ring(2);
#elif USE == 4
    (void)many.try_pop(out);
#elif USE == 5
    (void)many.try_pop_n(outs);
#elif USE == 6
    weir::credit_gate gate(1);
    weir::credit_permit permit;
    (void)gate.acquire_unless(permit, 1, [] { return true; });
#elif USE == 7
    weir::strict_mpmc_ring<int&> ring(2);
#elif USE == 8
    weir::spsc_ring<long&> ring(2);
#elif USE == 9
    weir::spsc_ring<const int> ring(2);
    (void)ring.push(1);
    return *ring.pop();
#elif USE == 10
    weir::spsc_ring<void> ring(2);
#elif USE == 11
    weir::mpmc_ring<int[3]> ring(2);
#elif USE == 12
    weir::spsc_ring<defined_elsewhere>* ring = nullptr;
#elif USE == 13
    weir::spsc_ring<defined_elsewhere*> pointers(2);
    weir::strict_mpmc_ring<volatile int> ring(2);
#endif
}
