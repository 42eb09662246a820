// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/wait/scheduler.hpp"

namespace weir::detail {

/// How long to spin before a sleep, adapted to the outcome: success makes the next spin longer, failures in a row end the
/// spinning. On a CPU shared with the peer spinning never succeeds, and then costs one short try in 32 waits. One failure is
/// not enough, since a host that stops the peer's CPU for a moment would turn a stream into 32 sleeps.
///
/// Going to sleep takes longer than a short spin where cores are far apart: the barrier on every core alone takes some 90 us
/// if both sides issue one. Two sides that each found, after the barrier, what they had been waiting for would keep each other
/// busy with barriers, one for each ring's worth of items. So that outcome sets the budget to its maximum.
class spin_budget {
public:
    /// Spins until `done` returns true (then returns true) or the budget is spent (false).
    template <class Done>
    bool spin(Done& done) noexcept(noexcept(done())) {
        // relaxed, all: a heuristic; no access depends on it
        const std::uint32_t known = spins_.load(relaxed);
        const bool in_doubt = known < least_spins - failures_to_doubt;
        if (in_doubt) {
            spins_.store((known + 1) % waits_in_doubt, relaxed);
            if (known != waits_in_doubt - 1 || started_on_one_cpu) return false;
        }
        const std::uint32_t budget = std::max(known, least_spins);
        for (std::uint32_t i = 0; i < budget; ++i) {
            pause();
            if (done()) {
                const std::uint32_t more = std::min(budget + budget / 8, most_spins);
                if (more != known) spins_.store(more, relaxed);
                return true;
            }
        }
        const std::uint32_t fewer = known >= 2 * least_spins ? known / 2 : std::min(known, least_spins) - 1;
        if (!in_doubt) spins_.store(fewer < least_spins - failures_to_doubt ? 0 : fewer, relaxed);
        return false;
    }

    /// The spin failed, but the thing waited for came before the sleep.
    void gave_up_too_early() noexcept {
        if (!started_on_one_cpu) spins_.store(most_spins, relaxed);  // relaxed: a hint
    }

private:
    static constexpr std::uint32_t most_spins = 2048;  // 20 us to 100 us: about what a sleep and a wake-up cost
    static constexpr std::uint32_t least_spins = 64;
    // Below least_spins, spins_ counts: down from there, failures in a row; then, from 0 on, waits until the next try.
    static constexpr std::uint32_t failures_to_doubt = 8;
    static constexpr std::uint32_t waits_in_doubt = 32;

    atomic<std::uint32_t> spins_{started_on_one_cpu ? 0 : most_spins / 4};
};

}  // namespace weir::detail
