// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/base/rough_clock.hpp"

namespace weir::detail {

/// When to look at the other side's cursor again.
///
/// A look takes the cursor's line away from the side that writes it. A side on the heels of a streaming peer would look
/// for each item, and both would wait for that line most of the time. So after a look that found little of a stream,
/// the next one waits for some pauses: additive increase and decrease until a look brings what is worth one, 1 us or so
/// at most. A look that found nothing never makes the next one wait, so that refusing is quick.
///
/// What is no stream must not be waited for: items that come alone, or so slowly that a wait brings hardly more. A look
/// cannot tell, since on the heels of a stream most looks find one item, too. The latest looks together can: single
/// items and now and then a handful are a stream, and one that is quick enough brings an item in four pauses at least.
///
/// Hints alone: any number of threads may share one, and no access depends on it.
class look_pace {
public:
    /// Waits until the next look is due.
    void wait() noexcept {
        const std::uint32_t due = pauses();
        if (due == 0) return;
        const std::uint64_t last = found_at_.load(relaxed);  // relaxed: see pauses()
        if (last == 0 || rough_ns() - last > rare_ns) return;
        for (std::uint32_t i = 0; i < due; ++i) pause();
        found_at_.store(0, relaxed);  // relaxed: see pauses()
    }

    /// A look found `items`, where `worthwhile` are worth one. `may_be_alone`: as when a consumer finds items in a ring;
    /// room in a full ring is always a stream's.
    void found(std::uint64_t items, std::uint64_t worthwhile, bool may_be_alone) noexcept {
        if (items == 0) return;
        const bool streams = !may_be_alone || find_stream(items);
        const std::uint32_t before = pauses();
        std::uint32_t next = before;
        if (items >= worthwhile) {
            next -= next > 0 ? 1 : 0;
        } else if (streams) {
            next = std::min(next + 2, most_pauses);
        } else {
            next /= 2;
        }
        if (next != before) pauses_.store(next, relaxed);     // relaxed: see pauses()
        if (next != 0) found_at_.store(rough_ns(), relaxed);  // relaxed: see pauses()
    }

    /// A look that waited on its own account found a stream: begin where waits show.
    void expect_stream() noexcept { pauses_.store(std::max(pauses(), 16U), relaxed); }  // relaxed: see pauses()

    /// Pauses before a look that follows at once.
    std::uint32_t pauses() const noexcept {
        return pauses_.load(relaxed);  // relaxed, as everything here: hints that no access depends on
    }

    /// Items that a look at a streaming peer should bring. None in a small ring: waiting would drain or fill it.
    static constexpr std::uint64_t worthwhile(std::uint64_t capacity) noexcept {
        return capacity < 32 ? 0 : std::min<std::uint64_t>(512, capacity / 4);
    }

    static constexpr std::uint32_t most_pauses = 64;  // about 1 us on x86-64
    static constexpr std::uint64_t rare_ns = 8192;    // who looks more rarely disturbs nobody

private:
    static constexpr std::uint32_t latest_looks = 8;
    static constexpr std::uint64_t most_counted = 64;  // of a look, lest one burst count for long

    // Whether the latest looks, with this one, found a stream, and one that is quick enough to be waited for.
    bool find_stream(std::uint64_t items) noexcept {
        const std::uint32_t before = lately_.load(relaxed);  // relaxed: see pauses()
        const auto counted = static_cast<std::uint32_t>(std::min(items, most_counted));
        const std::uint32_t now = before - before / latest_looks + counted;
        lately_.store(now, relaxed);  // relaxed: see pauses()
        return now / latest_looks >= std::max(2U, pauses() / 4);
    }

    atomic<std::uint32_t> pauses_{0};
    atomic<std::uint32_t> lately_{0};    // what the latest looks found, by exponential decay
    atomic<std::uint64_t> found_at_{0};  // when a look last found something; 0 once the wait for it is over
};

}  // namespace weir::detail
