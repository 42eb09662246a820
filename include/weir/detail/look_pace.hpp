// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include "weir/detail/atomic.hpp"
#include "weir/detail/pause.hpp"
#include "weir/detail/rough_clock.hpp"

namespace weir::detail {

/// When to look at the other side's cursor again.
///
/// A look takes the cursor's line away from the side that writes it. A side on the heels of a streaming peer would look
/// for each item, and both would wait for that line most of the time. So after a look that found little of a stream, the
/// next one waits for some pauses: additive increase and decrease until a look brings what is worth one, 1 us or so at
/// most. A look that found nothing never makes the next one wait, so that refusing is quick.
///
/// Hints alone: any number of threads may share one, and no access depends on it.
class look_pace {
public:
    /// Waits until the next look is due.
    void wait() noexcept {
        // relaxed, all in this class: hints that no access depends on
        const std::uint32_t pauses = pauses_.load(relaxed);
        if (pauses == 0) return;
        const std::uint64_t last = found_at_.load(relaxed);
        if (last == 0 || rough_ns() - last > rare_ns) return;
        for (std::uint32_t i = 0; i < pauses; ++i) pause();
        found_at_.store(0, relaxed);
    }

    /// A look found `items`, where `worthwhile` are worth one. `may_be_alone`: a single item is no sign of a stream, as
    /// when a consumer finds one in a ring; room for one in a full ring is.
    void found(std::uint64_t items, std::uint64_t worthwhile, bool may_be_alone) noexcept {
        if (items == 0) return;
        const std::uint32_t pauses = pauses_.load(relaxed);  // relaxed: see wait()
        std::uint32_t next = pauses;
        if (items >= worthwhile) {
            next -= next > 0 ? 1 : 0;
        } else if (items == 1 && may_be_alone) {
            next /= 2;
        } else {
            next = std::min(pauses + 2, most_pauses);
        }
        if (next != pauses) pauses_.store(next, relaxed);   // relaxed: see wait()
        if (next != 0) found_at_.store(rough_ns(), relaxed);  // relaxed: see wait()
    }

    /// A look that waited on its own account found a stream: begin where waits show.
    void expect_stream() noexcept { pauses_.store(std::max(pauses_.load(relaxed), 16U), relaxed); }  // relaxed: see wait()

    /// Items that a look at a streaming peer should bring. None in a small ring: waiting would drain or fill it.
    static constexpr std::uint64_t worthwhile(std::uint64_t capacity) noexcept {
        return capacity < 32 ? 0 : std::min<std::uint64_t>(512, capacity / 4);
    }

private:
    static constexpr std::uint32_t most_pauses = 64;  // about 1 us on x86-64
    static constexpr std::uint64_t rare_ns = 8192;    // who looks more rarely disturbs nobody

    atomic<std::uint32_t> pauses_{0};
    atomic<std::uint64_t> found_at_{0};  // when a look last found something; 0 once the wait for it is over
};

}  // namespace weir::detail
