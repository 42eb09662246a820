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

// Asks before main() does anything; other static initialisers may ask even earlier.
[[maybe_unused]] const pu_set& asked_early = startup_affinity();

}  // namespace
}  // namespace weir
