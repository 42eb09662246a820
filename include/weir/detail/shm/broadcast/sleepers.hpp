// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/shm/shared_futex.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/detail/wait/spin_budget.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// As bed, for any number of threads that wait for the same side: a word in the segment, whose bit 0 says that some of them sleep or
/// are about to, and whose other bits count the times that they were woken.
///
/// A thread that finds nothing sets the bit, looks once more, and sleeps while the word has the value that it then had. Each wake-up
/// changes the count, and so the value: a thread that misses one does not fall asleep, also when another thread has set the bit again.
struct sleepers {
    static constexpr std::uint32_t asleep = 1;

    /// After a publication in seq_cst order.
    static void wake(futex_word& word) noexcept {
        // (1) seq_cst: pairs with (2): either the last look finds what was published, or this finds the bit
        const std::uint32_t seen = word.load(seq_cst);
        if ((seen & asleep) != 0) [[unlikely]]
            wake_properly(word, seen);
    }

    /// As bed::wait.
    template <class Watch, class Attempt>
    static status wait(futex_word& word, spin_budget& spins, Attempt attempt, status::value in_vain,
                       steady_time deadline) noexcept {
        status answer = in_vain;
        const auto done = [&]() noexcept {
            answer = attempt(false);
            return answer != in_vain;
        };
        if (spins.spin(done)) return answer;
        for (bool first = true;; first = false) {
            const std::uint32_t before = word.fetch_or(asleep, seq_cst);  // (2) seq_cst: pairs with (1)
            answer = attempt(true);
            const bool late = answer == in_vain && has_passed(deadline);
            // The bit stays, since others may sleep: it costs a needless wake, no more.
            if (answer != in_vain || late) {
                if (first && !late) spins.gave_up_too_early();
                return late ? status(status::timeout) : answer;
            }
            shared_futex_wait(word, before | asleep, Watch::next_look(deadline));
        }
    }

private:
    [[gnu::noinline]] static void wake_properly(futex_word& word, std::uint32_t seen) noexcept {
        // Without the bit, and counted. If it fails, another thread has done it in place of this one, and wakes.
        // relaxed, both: the system orders it before the wake
        if (word.compare_exchange_strong(seen, seen + 1, relaxed, relaxed)) shared_futex_wake(word);
    }
};

}  // namespace weir::detail
