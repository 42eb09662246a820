// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/base/rough_clock.hpp"
#include "weir/detail/credit/state.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/cursor/remote_view.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The producer's end of a credit loop: what it knows of its credit. One thread.
///
/// Each function takes the state that the end belongs to, and most of them the producer's position, read once per
/// operation: an item of the counter's type may alias the counter, so a compiler would load it again after each store to a
/// slot.
template <std::unsigned_integral Counter, granting Granting>
class credit_sender {
    static constexpr bool on_request = Granting == granting::on_request;
    using state = credit_state<Counter>;

public:
    explicit credit_sender(const state& shared) noexcept
        : limit_(limit(shared, shared.returned.load(relaxed))) {               // relaxed: no other thread uses it yet
        if constexpr (on_request) demand_.taken = shared.taken.load(relaxed);  // relaxed: as above
    }

    /// Position of the next item to be sent, unless some are claimed.
    static Counter position(const state& shared) noexcept {
        return shared.claimed.load(relaxed);  // relaxed: only this thread writes it
    }

    /// Credits at `position` that are known without a look: a lower bound.
    Counter known_credits(Counter position) const noexcept { return difference(limit_.known(), position); }

    /// Credits at `position`; looks at the consumer's counter only if fewer than `wanted` are known. A result below `wanted` is
    /// exact: the consumer had granted no more at the time of the look.
    Counter credits(state& shared, Counter position, Counter wanted) noexcept {
        const Counter known = known_credits(position);
        return known >= wanted ? known : look_for_credit(shared, position, wanted);
    }

    /// Why the look just made found no credit. `no_credit`: there was room, and no demand.
    status::value shortage(const state& shared) const noexcept {
        if constexpr (on_request) return knows_of_room(shared, position(shared)) ? status::no_credit : status::full;
        return status::full;
    }

    /// Claims `n` credits from `position` on, which are known to be there, before their slots are written. False when
    /// sending was ended: then nothing is claimed. What is claimed can be sent, also after that, and the consumer is not told
    /// `closed` before.
    WEIR_ALWAYS_INLINE static bool claim(state& shared, Counter position, Counter n) noexcept {
        return shared.closing.claim(shared.claimed, position, static_cast<Counter>(position + n));
    }

    /// Gives claimed credits back, all from `position` on.
    static void unclaim(state& shared, Counter position) noexcept { shared.closing.unclaim(shared.claimed, position); }

    /// Hands `n` claimed items from `position` on, whose slots are written, to the consumer.
    static void send(state& shared, Counter position, Counter n) noexcept {
        shared.sent.store(static_cast<Counter>(position + n),
                          release);  // (1) release: pairs with (2), hands the items over
    }

private:
    static constexpr std::uint32_t pauses_between_looks = 8;

    static constexpr Counter difference(Counter a, Counter b) noexcept { return static_cast<Counter>(a - b); }
    static Counter limit(const state& shared, Counter returned) noexcept {
        return static_cast<Counter>(returned + shared.capacity);
    }

    // Out of line: one look serves hundreds of items, and the callers' loops stay small.
    [[gnu::noinline]] Counter look_for_credit(state& shared, Counter position, Counter wanted) noexcept {
        const auto is_own = [&shared]() noexcept { return state::is_signed_by_me(shared.consumer); };
        const auto look = [&]() noexcept {
            Counter found = look_at_limit(shared, position);
            if constexpr (on_request) {
                if (found == 0 && !knows_of_room(shared, position)) found = wait_for_grant(shared, position);
                if (found == 0 && !knows_of_room(shared, position)) found = look_for_room(shared, position);
                demand_.granted_at = found > 0 && !is_own() ? rough_ns() : 0;
            }
            if (found > 0) state::sign(shared.producer);
            return found;
        };
        return limit_.look(sought::room, look_pace_rules::worthwhile(shared.capacity, wanted), look, is_own);
    }

    Counter look_at_limit(state& shared, Counter position) noexcept {
        const Counter returned = shared.returned.load(acquire);  // (4) acquire: pairs with (3), the slots are free
        if constexpr (on_request) know_taken(position, returned);
        limit_.know(limit(shared, returned));
        return known_credits(position);
    }

    // In a stream the next grant is on its way, and cheaper to wait for than to look for room. Once, and no longer than a
    // look waits at most.
    Counter wait_for_grant(state& shared, Counter position) noexcept {
        Counter found = 0;
        const std::uint64_t last = demand_.granted_at;
        if (last == 0 || rough_ns() - last > look_pace_rules::rare_ns) return found;
        for (std::uint32_t i = 0; i < look_pace_rules::most_pauses && found == 0; i += pauses_between_looks) {
            for (std::uint32_t j = 0; j < pauses_between_looks; ++j) pause();
            found = look_at_limit(shared, position);
        }
        return found;
    }

    // There is no credit. Is there no room either? If there is, the limit may have moved with it, hence a second look: so
    // `no_credit` was true when the room was seen. While room is known, the consumer's line is left alone: a producer that
    // waits for credit would take it away at every look.
    [[gnu::noinline]] Counter look_for_room(state& shared, Counter position) noexcept {
        know_taken(position,
                   shared.taken.load(acquire));  // (6) acquire: pairs with (5), the limit that came with it is seen
        return knows_of_room(shared, position) ? look_at_limit(shared, position) : Counter{0};
    }

    bool knows_of_room(const state& shared, Counter position) const noexcept {
        return difference(position, demand_.taken) < shared.capacity;
    }

    // The consumer publishes its position after the limit that goes with it, so either may show more.
    void know_taken(Counter position, Counter taken) noexcept {
        if (difference(position, taken) < difference(position, demand_.taken)) demand_.taken = taken;
    }

    struct known_demand {
        Counter taken = 0;             // how far the consumer is known to be
        std::uint64_t granted_at = 0;  // when the last look found credit; 0 if it did not
    };
    struct no_demand {};

    remote_view<Counter, false> limit_;  // how far the consumer lets this side go
    [[no_unique_address]] std::conditional_t<on_request, known_demand, no_demand> demand_;
};

}  // namespace weir::detail
