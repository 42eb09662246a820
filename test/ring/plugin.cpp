// SPDX-License-Identifier: MIT
//
// A plug-in whose code is its own: nothing of weir's that is inlined here is shared with the program that loads it.
#define WEIR_CHECK_ROLES 1
#include "weir/ring.hpp"

extern "C" __attribute__((visibility("default"))) bool push_from_plugin(weir::spsc_ring<int>* ring, int item) {
    return ring->try_push(item) == weir::status::success;
}
extern "C" __attribute__((visibility("default"))) int pop_in_plugin(weir::spsc_ring<int>* ring) {
    return ring->try_pop().value_or(-1);
}
extern "C" __attribute__((visibility("default"))) const void* thread_in_plugin() { return weir::detail::this_thread(); }
