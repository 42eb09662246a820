// SPDX-License-Identifier: MIT
//
// A few nanoseconds of register work: what makes one side the slower one, on purpose.
#pragma once

#include <weir/clock.hpp>

#include "instruments/item.hpp"

namespace bench {

/// A chain of multiply-adds, each of which needs the one before: its time is the same whatever else the core has in
/// flight, it touches no memory, and consecutive items cannot overlap in it.
class register_work {
public:
    void run(unsigned steps) noexcept {
        for (unsigned i = 0; i != steps; ++i) {
            state_ = state_ * 6364136223846793005U + 1442695040888963407U;  // Knuth's MMIX generator
        }
    }

    /// Keeps the compiler from dropping the chain.
    void finish() const noexcept { asm volatile("" : : "r"(state_)); }

private:
    word state_ = 1;
};

struct work_calibration {
    unsigned steps;      ///< of register_work per item
    double ns_per_item;  ///< what they took when calibrated
};

/// The number of steps that comes nearest to `ns`, measured on the calling thread in about a millisecond.
work_calibration calibrate_work(const weir::tick_clock& clock, double ns);

}  // namespace bench
