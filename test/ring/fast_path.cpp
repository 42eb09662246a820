// SPDX-License-Identifier: MIT
//
// What the compiler makes of a push and a pop: fast_path_test reads the machine code of these functions. Compiled with
// optimisation, and without the debug checks.
#include <atomic>
#include <cstdint>

#include "weir/ring.hpp"

using parking = weir::spsc_ring<std::uint64_t, weir::wait::park>;

extern "C" {
bool fast_push(parking& ring, std::uint64_t item) { return ring.push(item) == weir::status::success; }
bool fast_try_push(parking& ring, std::uint64_t item) { return ring.try_push(item) == weir::status::success; }
bool fast_pop(parking& ring, std::uint64_t& item) { return ring.pop(item) == weir::status::success; }
bool fast_try_pop(parking& ring, std::uint64_t& item) { return ring.try_pop(item) == weir::status::success; }

#if defined(__linux__)
using eventing = weir::spsc_ring<std::uint64_t, weir::wait::event>;
bool fast_event_try_push(eventing& ring, std::uint64_t item) { return ring.try_push(item) == weir::status::success; }
bool fast_event_try_pop(eventing& ring, std::uint64_t& item) { return ring.try_pop(item) == weir::status::success; }
#endif

// What must be found out, so that finding nothing means something.
void control_seq_cst_store(std::atomic<std::uint64_t>& word) { word.store(1, std::memory_order_seq_cst); }
std::uint64_t control_exchange(std::atomic<std::uint64_t>& word) { return word.exchange(1, std::memory_order_relaxed); }
void control_addition(std::atomic<std::uint64_t>& word) { word.fetch_add(1, std::memory_order_relaxed); }
void control_fence() { std::atomic_thread_fence(std::memory_order_seq_cst); }
#if defined(__x86_64__)
void control_mfence() { asm volatile("mfence" ::: "memory"); }
void control_syscall() {
    long number = 39;  // getpid
    asm volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
}
#endif
void not_known_to_the_test();
int control_call() {
    not_known_to_the_test();
    return 1;
}
int control_nothing(int* word) { return ++*word; }
}
