// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/wait/asymmetric_fence.hpp"

namespace weir::detail {

/// How sending ends where one producer claims by a plain store. No claim may slip in between the close and the consumer's finding
/// that all is drained: that item would be accepted and never delivered. So the producer claims, then looks for the close; the
/// closing thread marks the close, then the claims are looked at: a store and a load on either side, with a fence in between.
template <std::unsigned_integral Counter>
class closing {
public:
    /// `asymmetric`: ending may use heavy_fence().
    explicit closing(bool asymmetric) noexcept : state_(asymmetric ? open : ask_properly) {}

    /// Moves the producer's position from `from` to `to`. False when sending was ended: then the position is `from` again.
    WEIR_ALWAYS_INLINE bool claim(atomic<Counter>& position, Counter from, Counter to) noexcept {
        // relaxed: ordered before the next load by the light fence here and the heavy one in end()
        position.store(to, relaxed);
        light_fence();
        return state_.load(relaxed) == open || claim_properly(position, from, to);  // relaxed: as above
    }

    /// Gives claimed credits back, all from `from` on.
    void unclaim(atomic<Counter>& position, Counter from) noexcept {
        position.store(from, relaxed);  // relaxed: a number to compare, see is_drained()
    }

    /// Whether sending was ended and `taken` is all that was ever claimed. May be false for a moment after it was true: a
    /// claim that is about to be refused shows in the position.
    bool is_drained(const atomic<Counter>& position, Counter taken) const noexcept {
        if ((state_.load(acquire) & settled) == 0) return false;  // (2) acquire: pairs with (1)
        // seq_cst: sees every claim whose producer did not see the end, see end()
        return position.load(seq_cst) == taken;
    }

    /// No claim succeeds from now on; what was claimed before may still be sent. Idempotent.
    void end() noexcept {
        // seq_cst: with the claim's exchange and load, either the claim sees the end or is_drained() sees the claim
        const unsigned char before = state_.fetch_or(ended, seq_cst);
        if ((before & ask_properly) == 0) heavy_fence();
        state_.fetch_or(settled, release);  // (1) release: pairs with (2), claims are settled from here on
    }

    bool is_ended() const noexcept {
        return (state_.load(acquire) & ended) != 0;  // acquire: what the closing thread did is visible
    }

private:
    enum state : unsigned char {
        open = 0,
        ask_properly = 1,  // no asymmetric fence: each claim pays for its own
        ended = 2,
        settled = 4,  // ended, and every claim from before is visible
    };

    [[gnu::noinline]] bool claim_properly(atomic<Counter>& position, Counter from, Counter to) noexcept {
        // seq_cst, both: see end()
        position.exchange(to, seq_cst);
        if ((state_.load(seq_cst) & ended) == 0) return true;
        unclaim(position, from);
        return false;
    }

    atomic<unsigned char> state_;
};

}  // namespace weir::detail
