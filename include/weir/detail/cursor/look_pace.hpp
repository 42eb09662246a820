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

    static constexpr std::uint32_t most_pauses = 64;     // some 1.4 us where a pause takes 22 ns, ...
    static constexpr std::uint64_t most_wait_ns = 2048;  // ... and no longer where it takes 50
    static constexpr std::uint64_t rare_ns = 8192;       // looks further apart than this do not disturb
    static constexpr std::uint64_t slow_ns = 512;  // an item: no slower than this is room in a full ring a stream's
};

/// What a look is for.
enum class sought : bool { items, room };

/// When to look at the other side's cursor again.
///
/// A look takes the cursor's line away from the side that writes it. A side on the heels of a streaming peer would look
/// for each item, and both would wait for that line most of the time. So after a look that found little of a stream,
/// the next one waits for some pauses: additive increase and decrease until a look finds a worthwhile number of items, 1 us or
/// so at most. A look that found nothing never makes the next one wait, so that refusals are quick.
///
/// Do not wait for isolated items, or for items so slow that a wait brings hardly more. A single look cannot tell, since on the
/// heels of a stream most looks find one item, too. The latest looks together can: single items and now and then a handful are
/// a stream, and one that is quick enough brings an item in four pauses at least. Room in a full ring is made item by item even by
/// a stream, so there the time tells: what was found since the last look that found some.
///
/// Do not wait for what this thread made itself: then a look costs nothing, and a wait brings nothing. That shows at the look, so
/// the first one after a stream of another thread may still wait.
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
        found_at_.set(0);
        const std::uint64_t begin = rough_ns();
        for (std::uint32_t i = 1; i <= due; ++i) {
            pause();
            if (i % 8 == 0 && rough_ns() - begin > most_wait_ns) return;
        }
    }

    /// A look found `items` of what was `wanted`, where `worthwhile` are worth one. `own`: the calling thread made them.
    void found(std::uint64_t items, std::uint64_t worthwhile, sought wanted, bool own) noexcept {
        if (items == 0) return;
        if (own) return forget();
        const bool streams = wanted == sought::items ? find_stream(items) : room_streams(items);
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

    // Sets nothing that is set already: the words may lie on a line that other threads read.
    void forget() noexcept {
        if (pauses() != 0) pauses_.set(0);
        if (lately_.get() != 0) lately_.set(0);
    }

    // Whether this room was made quickly enough since the last that was found.
    bool room_streams(std::uint64_t items) noexcept {
        const std::uint64_t now = rough_ns();
        const std::uint64_t since = now - room_at_.get();
        room_at_.set(now);
        return since < items * slow_ns;
    }

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
    hint<std::uint64_t, Shared> room_at_{0};   // when a look last found room
};

}  // namespace weir::detail
