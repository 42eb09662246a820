// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/wait/scheduler.hpp"

namespace weir::detail {

/// How long to spin before a sleep, learnt from how it went. What works is done longer, what does not is given up: on a
/// CPU that is shared with the peer spinning never works, and costs one short try in 32 waits from then on. Not at the
/// first failure, since a host that stops the peer's CPU for a moment would turn a stream into 32 sleeps.
///
/// The way to a sleep takes longer than a short spin where cores are far apart: the barrier on every core alone some 90 us
/// if both sides want one. Two sides that each found, once there, what they had been waiting for would keep each other
/// on that way, with a ring's worth of items for each barrier. So that teaches to spin as long as is allowed.
class spin_budget {
public:
    /// Spins until `done` returns true (then returns true) or the budget is spent (false).
    template <class Done>
    bool spin(Done& done) noexcept(noexcept(done())) {
        // relaxed, all: hints that no access depends on
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

    /// What `spin` gave up came before the sleep.
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
