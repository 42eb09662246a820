// SPDX-License-Identifier: MIT
#include "bench/queues/work.hpp"

#include <algorithm>
#include <cmath>

namespace bench {

work_calibration calibrate_work(const weir::tick_clock& clock, double ns) {
    // The fastest of several bursts, since others may have been interrupted.
    constexpr unsigned items = 1000;
    constexpr unsigned probe_steps = 64;
    double step_ns = 1e9;
    for (int burst = 0; burst != 20; ++burst) {
        register_work work;
        const auto begin = clock.now();
        for (unsigned i = 0; i != items; ++i) {
            work.run(probe_steps);
        }
        work.finish();
        const auto end = clock.now_after_loads();
        step_ns = std::min(step_ns, clock.to_ns(end - begin) / (items * probe_steps));
    }
    const auto steps = static_cast<unsigned>(std::max(1.0, std::round(ns / step_ns)));
    return {steps, steps * step_ns};
}

}  // namespace bench
