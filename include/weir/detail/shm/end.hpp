// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/rough_clock.hpp"
#include "weir/detail/shm/owner.hpp"
#include "weir/detail/wait/spin_budget.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// What an end of a ring between processes keeps: what has gone wrong for good, what is in doubt, when to ask the system again.
class shm_end_base {
public:
    explicit shm_end_base(std::optional<std::uint64_t> in_doubt) noexcept : in_doubt_(in_doubt) {}

    std::optional<std::uint64_t> in_doubt() const noexcept { return in_doubt_; }
    bool is_over() const noexcept { return over_ != status::success; }
    bool is_corrupted() const noexcept { return over_ == status::corrupted; }

protected:
    /// For ever, on this side: `corrupted`, or for the consumer `closed`.
    status ends_with(status::value answer) noexcept {
        over_ = answer;
        return answer;
    }
    status over() const noexcept { return over_; }

    /// Whether a try-operation is to ask the system again: a call costs more than what it does otherwise.
    bool is_due() noexcept {
        const std::uint64_t now = rough_ns();
        if (now - asked_at_ < between_looks_ns && (now != asked_at_ || ++unasked_ < looks_without_clock)) return false;
        asked_at_ = now;
        unasked_ = 0;
        return true;
    }

    // Learns anew when it has moved with the handle.
    struct movable_budget : spin_budget {
        movable_budget() noexcept = default;
        movable_budget(movable_budget&&) noexcept {}
        movable_budget& operator=(movable_budget&&) noexcept { return *this; }
    };
    movable_budget spins_;
    std::optional<std::uint64_t> in_doubt_;

private:
    static constexpr std::uint64_t between_looks_ns = 250'000;  // of a clock that is right within a factor of two
    static constexpr unsigned looks_without_clock = 64;

    std::uint64_t asked_at_ = 0;
    unsigned unasked_ = 0;
    status::value over_ = status::success;
};

/// An end whose peer is one process.
template <class Watch>
class shm_end : public shm_end_base {
public:
    shm_end(const atomic<std::uint64_t>& peer_word, Watch watch, std::optional<std::uint64_t> in_doubt) noexcept
        : shm_end_base(in_doubt), peer_(peer_word, static_cast<Watch&&>(watch)) {}

protected:
    /// An operation found nothing to do. Whether to tell of a death now: true once for each holder of the other end that died. The
    /// caller looks again, since the peer may have done something between that look and its death, and calls told() or keeps it.
    [[gnu::noinline]] bool knows_of_death(const atomic<std::uint64_t>& peer_word, bool asks) noexcept {
        if (!untold_death_ && (asks || is_due())) untold_death_ = peer_.has_died(peer_word);
        return untold_death_;
    }
    /// `in_doubt` is what the words of the other end say, read in acquire order. It is nothing if those may be of a follower.
    status told(const atomic<std::uint64_t>& peer_word, std::optional<std::uint64_t> in_doubt) noexcept {
        untold_death_ = false;
        in_doubt_ = peer_.is_unfollowed(peer_word) ? in_doubt : std::nullopt;
        return status::peer_died;
    }
    peer<Watch>& other() noexcept { return peer_; }

private:
    peer<Watch> peer_;
    bool untold_death_ = false;
};

}  // namespace weir::detail
