// SPDX-License-Identifier: MIT
//
// A few nanoseconds of register work per item, to make one side slower on purpose.
#pragma once

#include <weir/clock.hpp>

#include "instruments/item.hpp"

namespace bench {

/// A chain of dependent multiply-adds: its time does not depend on what else the core executes, it touches no memory, and the
/// work of consecutive items cannot overlap.
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
    double ns_per_item;  ///< their time when calibrated
};

/// The number of steps whose time is nearest to `ns`. Runs on the calling thread, for about a millisecond.
work_calibration calibrate_work(const weir::tick_clock& clock, double ns);

}  // namespace bench
