// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include "weir/detail/atomic.hpp"
#include "weir/detail/pause.hpp"
#include "weir/detail/scheduler.hpp"

namespace weir::detail {

/// How long to spin before a sleep, learnt from how it went. What works is done longer, what does not is soon given up:
/// on a CPU that is shared with the peer spinning never works, and costs one short try in 32 waits from then on.
class spin_budget {
public:
    /// Spins until `done` returns true (then returns true) or the budget is spent (false).
    template <class Done>
    bool spin(Done& done) noexcept(noexcept(done())) {
        // relaxed, all: hints that no access depends on
        std::uint32_t budget = spins_.load(relaxed);
        if (budget < least_spins) {
            spins_.store((budget + 1) % 32, relaxed);
            if (budget != 31 || started_on_one_cpu) return false;
            budget = least_spins;
        }
        for (std::uint32_t i = 0; i < budget; ++i) {
            pause();
            if (done()) {
                const std::uint32_t more = std::min(budget + budget / 8, most_spins);
                if (more != budget) spins_.store(more, relaxed);
                return true;
            }
        }
        spins_.store(budget >= 2 * least_spins ? budget / 2 : 0, relaxed);
        return false;
    }

private:
    static constexpr std::uint32_t most_spins = 2048;  // 20 us to 100 us: about what a sleep and a wake-up cost
    static constexpr std::uint32_t least_spins = 64;   // below that, spins_ counts waits until the next try

    atomic<std::uint32_t> spins_{started_on_one_cpu ? 0 : most_spins / 4};
};

}  // namespace weir::detail
