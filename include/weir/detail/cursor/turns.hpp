// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/base/rough_clock.hpp"
#include "weir/detail/base/thread_mark.hpp"

namespace weir::detail {

/// Lets threads that hammer one cursor use it in turns.
///
/// A cursor's line costs 100 ns and more each time it changes cores, and a few ns while it stays. Threads that claim by
/// turns of one item pay the former for each. So a thread that finds that another one used the cursor last, and took it
/// over only just now, waits without touching the line until that one has had it for a while. While such meetings are
/// rare the wait is next to nothing; it grows as they follow each other, to 1 or 2 us at most, and goes when they do.
///
/// A heuristic, not a lock: correctness does not depend on it, and a thread that stops for ever delays no other one. Belongs on the cursor's line.
class turns {
public:
    /// Whether the calling thread was the last to take a turn.
    bool is_mine() const noexcept {
        return owner_.load(relaxed) == thread_mark();  // relaxed: a hint, as everything here
    }

    /// Waits for the turn, for a bounded time, and takes it.
    [[gnu::noinline]] void take() noexcept {
        // relaxed, all: hints that no access depends on
        const std::uint64_t arrived = rough_ns();
        const std::uint64_t since = arrived - taken_at_.load(relaxed);
        const std::uint32_t meetings = meetings_.load(relaxed);
        if (since < turn_ns) {
            const std::uint64_t fair = turn_ns * meetings / most_meetings;
            // Counted as well, where the clock stands still.
            for (int i = 0; i < most_pauses && since + (rough_ns() - arrived) < fair; ++i) pause();
            if (meetings < most_meetings) meetings_.store(meetings + 1, relaxed);
        } else if (since > 4 * turn_ns && meetings > 0) {
            meetings_.store(meetings / 2, relaxed);
        }
        owner_.store(thread_mark(), relaxed);
        taken_at_.store(rough_ns(), relaxed);
    }

private:
    static constexpr std::uint64_t turn_ns = 2048;  // of the rough clock: 1 to 2 us
    static constexpr std::uint32_t most_meetings = 16;
    static constexpr int most_pauses = 256;

    atomic<std::uint32_t> owner_{0};  // the thread_mark() of the thread that took the latest turn
    atomic<std::uint64_t> taken_at_{0};
    atomic<std::uint32_t> meetings_{0};  // how often of late a turn was taken from a thread that had just begun it
};

}  // namespace weir::detail
