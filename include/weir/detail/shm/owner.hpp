// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "weir/detail/base/atomic.hpp"

namespace weir::detail {

/// Which process holds an end of a ring, in one word, so that it changes in one step:
///
///     bit  63 .. 52          51 .. 22                          21 .. 0
///        +-----------------+---------------------------------+--------------------+
///        | deaths, mod 4096 | start time of the process, ticks | its id; 0: no holder |
///        +-----------------+---------------------------------+--------------------+
///
/// The start time tells the process from a later one of the same id. `deaths` counts the holders that died and were replaced.
struct owner {
    static constexpr unsigned pid_bits = 22;  // Linux has no larger ids
    static constexpr unsigned start_bits = 30;
    static constexpr std::uint64_t one_death = std::uint64_t{1} << (pid_bits + start_bits);

    static constexpr owner of(std::uint64_t pid, std::uint64_t start) noexcept {
        const std::uint64_t ticks = start % (std::uint64_t{1} << start_bits);
        return {(ticks << pid_bits) | (pid % (std::uint64_t{1} << pid_bits))};
    }

    constexpr std::uint64_t deaths() const noexcept { return word / one_death; }
    constexpr std::uint64_t holder() const noexcept { return word % one_death; }  // id and start time
    constexpr std::uint64_t pid() const noexcept { return word % (std::uint64_t{1} << pid_bits); }
    constexpr std::uint64_t start() const noexcept { return holder() >> pid_bits; }
    constexpr bool is_held() const noexcept { return pid() != 0; }

    /// `next` holds the end after this holder, which died, or after none.
    constexpr owner followed_by(owner next) const noexcept {
        return {(is_held() ? word - holder() + one_death : word - holder()) | next.holder()};
    }
    constexpr owner left() const noexcept { return {word - holder()}; }

    std::uint64_t word = 0;
};

/// How taking an end went.
struct taken_end {
    owner mine{};            // if it succeeded
    bool succeeded = false;  // else `before` holds it, and lives
    owner before{};
    bool recovered() const noexcept { return before.is_held(); }
};

/// Takes the end for `me` if no living process holds it. `watch.is_dead(owner)` asks the system. Lock-free.
template <class Watch>
taken_end take_end(atomic<std::uint64_t>& word, owner me, Watch& watch) noexcept {
    // A peer that is not trusted could change the word each time.
    constexpr int most_tries = 1000;
    std::uint64_t seen = word.load(relaxed);  // relaxed: the exchange decides
    for (int i = 0; i < most_tries; ++i) {
        const owner before{seen};
        if (before.is_held() && !watch.is_dead(before)) return {{}, false, before};
        const owner mine = before.followed_by(me);
        // (1) acq_rel: pairs with (2) and (3): takes on, and passes on, all that the last holder did. relaxed, of a failure: as above
        if (word.compare_exchange_strong(seen, mine.word, acq_rel, relaxed)) return {mine, true, before};
    }
    return {{}, false, owner{seen}};
}

/// Gives the end back; no longer this holder's if another process wrote over the word.
inline void leave_end(atomic<std::uint64_t>& word, owner mine) noexcept {
    std::uint64_t expected = mine.word;
    // (2) release: pairs with (1): the next holder sees all that we did. relaxed, of a failure: nothing to do
    word.compare_exchange_strong(expected, mine.left().word, release, relaxed);
}

/// What one side knows of the process on the other side.
template <class Watch>
class peer {
public:
    /// Deaths before this are not reported.
    peer(const atomic<std::uint64_t>& word, Watch watch) noexcept
        : watch_(static_cast<Watch&&>(watch)), told_(owner{word.load(relaxed)}.deaths()) {}  // relaxed: a number

    /// Whether a holder of the other end has died since the last time that this was true. Calls the system.
    bool has_died(const atomic<std::uint64_t>& word) noexcept {
        // (3) acquire: pairs with (1): the follower of a process that died saw all that it did, and so do we
        const owner now{word.load(acquire)};
        const std::uint64_t ahead = (now.deaths() - told_) % most_deaths;
        if (ahead == most_deaths - 1) return false;  // reported for this holder, and no other one has followed
        if (ahead == 0) {
            if (!now.is_held() || !watch_.is_dead(now)) return false;
            // A holder may leave in order, and end after that: before we asked. relaxed: the system answers after its last store
            if (word.load(relaxed) != now.word) return false;
        }
        told_ = ahead == 0 ? (told_ + 1) % most_deaths : now.deaths();
        dead_ = ahead == 0 ? now.word : 0;
        return true;
    }

    /// Whether no other process has taken the end over from the holder whose death was reported last: then what the end's words hold,
    /// read in acquire order before this, is of that holder.
    bool is_unfollowed(const atomic<std::uint64_t>& word) const noexcept {
        return dead_ != 0 && word.load(relaxed) == dead_;  // relaxed: after those loads
    }

    Watch& watch() noexcept { return watch_; }

private:
    static constexpr std::uint64_t most_deaths = std::uint64_t{1} << (64 - owner::pid_bits - owner::start_bits);

    Watch watch_;
    std::uint64_t told_;
    std::uint64_t dead_ = 0;  // the word of the holder whose death was reported last, while it held the end
};

}  // namespace weir::detail
