// SPDX-License-Identifier: MIT
#include <weir/affinity.hpp>

namespace weir {

const pu_set& startup_affinity() {
    static const pu_set mask = [] {
        try {
            return this_thread_affinity();
        } catch (const placement_error&) {
            return pu_set{};
        }
    }();
    return mask;
}

namespace {

// Reads the mask before main() runs; other static initialisers may call startup_affinity() even earlier.
[[maybe_unused]] const pu_set& asked_early = startup_affinity();

}  // namespace
}  // namespace weir
