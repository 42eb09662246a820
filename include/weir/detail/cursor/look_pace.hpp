// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include "weir/detail/base/pause.hpp"
#include "weir/detail/base/rough_clock.hpp"
#include "weir/detail/cursor/hint.hpp"

namespace weir::detail {

/// The constants of look_pace.
struct look_pace_rules {
    /// Items that a look at a streaming peer should bring. None in a small ring: waiting would drain or fill it. A batch that
    /// gets the `wanted` items has spread the price of its look already.
    static constexpr std::uint64_t worthwhile(std::uint64_t capacity, std::uint64_t wanted = 1) noexcept {
        const std::uint64_t of_stream = capacity < 32 ? 0 : std::min<std::uint64_t>(512, capacity / 4);
        return wanted > 1 ? std::min(wanted, of_stream) : of_stream;
    }

    static constexpr std::uint32_t most_pauses = 64;  // about 1 us on x86-64
    static constexpr std::uint64_t rare_ns = 8192;    // looks further apart than this do not disturb
};

/// When to look at the other side's cursor again.
///
/// A look takes the cursor's line away from the side that writes it. A side on the heels of a streaming peer would look
/// for each item, and both would wait for that line most of the time. So after a look that found little of a stream,
/// the next one waits for some pauses: additive increase and decrease until a look finds a worthwhile number of items, 1 us or
/// so at most. A look that found nothing never makes the next one wait, so that refusals are quick.
///
/// Do not wait for isolated items, or for items so slow that a wait brings hardly more. A single look cannot tell, since on the
/// heels of a stream most looks find one item, too. The latest looks together can: single items and now and then a handful are
/// a stream, and one that is quick enough brings an item in four pauses at least.
///
/// A heuristic; correctness does not depend on it. One thread, or, where it is Shared, any number.
template <bool Shared>
class look_pace : public look_pace_rules {
public:
    /// Waits until the next look is due.
    void wait() noexcept {
        const std::uint32_t due = pauses();
        if (due == 0) return;
        const std::uint64_t last = found_at_.get();
        if (last == 0 || rough_ns() - last > rare_ns) return;
        for (std::uint32_t i = 0; i < due; ++i) pause();
        found_at_.set(0);
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
        if (next != before) pauses_.set(next);
        if (next != 0) found_at_.set(rough_ns());
    }

    /// A look that waited on its own account found a stream: begin where waits show.
    void expect_stream() noexcept { pauses_.set(std::max(pauses(), 16U)); }

    /// Pauses before a look that follows at once.
    std::uint32_t pauses() const noexcept { return pauses_.get(); }

private:
    static constexpr std::uint32_t latest_looks = 8;
    static constexpr std::uint64_t most_counted = 64;  // of a look, lest one burst count for long

    // Whether the latest looks, with this one, found a stream, and one that is quick enough to be waited for.
    bool find_stream(std::uint64_t items) noexcept {
        const std::uint32_t before = lately_.get();
        const auto counted = static_cast<std::uint32_t>(std::min(items, most_counted));
        const std::uint32_t now = before - before / latest_looks + counted;
        lately_.set(now);
        return now / latest_looks >= std::max(2U, pauses() / 4);
    }

    hint<std::uint32_t, Shared> pauses_{0};
    hint<std::uint32_t, Shared> lately_{0};    // what the latest looks found, by exponential decay
    hint<std::uint64_t, Shared> found_at_{0};  // when a look last found something; 0 once the wait for it is over
};

}  // namespace weir::detail
