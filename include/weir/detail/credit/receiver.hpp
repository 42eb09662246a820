// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/credit/state.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/cursor/remote_view.hpp"

namespace weir::detail {

/// The consumer's end of a credit loop: what it knows of the items sent, and, with credit on request, what was asked for.
/// One thread. Takes the state and the consumer's position as credit_sender does the producer's.
template <std::unsigned_integral Counter, granting Granting>
class credit_receiver {
    static constexpr bool on_request = Granting == granting::on_request;
    using state = credit_state<Counter>;

public:
    /// `grant_every`: how much credit is worth a publication; with credit on request.
    explicit credit_receiver(const state& shared, Counter grant_every = 1) noexcept
        : sent_(shared.sent.load(relaxed)) {  // relaxed: no other thread uses it yet
        if constexpr (on_request) {
            demand_.granted = sent_.known();
            demand_.grant_every = grant_every;
        }
    }

    /// Position of the next item to be taken.
    static Counter position(const state& shared) noexcept {
        return shared.taken.load(relaxed);  // relaxed: only this thread writes it
    }

    /// Items at `position` that are known without a look: a lower bound.
    Counter known_items(Counter position) const noexcept { return difference(sent_.known(), position); }

    /// Items at `position`; looks at the producer's counter only if fewer than `wanted` are known. A result below `wanted` is
    /// exact: the producer had sent no more at the time of the look.
    Counter items(state& shared, Counter position, Counter wanted) noexcept {
        const Counter known = known_items(position);
        return known >= wanted ? known : look_for_items(shared, position, wanted);
    }

    /// Whether there is an item at `position`, without a pace: for a thread that looks at several rings, and at each of them now and then.
    bool has_items_now(const state& shared, Counter position) const noexcept {
        // relaxed: an answer, no more. To take the item looks by itself, and finds no older counter
        return shared.sent.load(relaxed) != position;
    }

    /// Gives the slots of `n` items from `position` on, which are read and destroyed, back.
    WEIR_ALWAYS_INLINE void consume(state& shared, Counter position, Counter n) noexcept {
        const Counter taken = static_cast<Counter>(position + n);
        if constexpr (on_request) {
            if (demand_.withheld != 0) [[unlikely]]
                grant_freed(shared, taken, n);
            // (5) release: pairs with (6): a producer that sees the room sees the limit that came with it. Hence the limit first
            shared.taken.store(taken, release);
        } else {
            shared.taken.store(taken, relaxed);     // relaxed: for this thread alone
            shared.returned.store(taken, release);  // (3) release: pairs with (4), hands the slots over
        }
    }

    /// Asks for `n` items more. Returns how much credit that grants at once: none if it is held back, or if the capacity
    /// allows no more.
    [[gnu::noinline]] Counter request(state& shared, std::uint64_t n) noexcept
        requires on_request
    {
        const Counter taken = position(shared);
        const bool ends = demand_.withheld != pull::unbounded && n < pull::unbounded - demand_.withheld - unused(taken);
        demand_.withheld = ends ? demand_.withheld + n : pull::unbounded;
        const bool may_wait = due(shared, taken) < demand_.grant_every && known_items(taken) > 0;
        return may_wait ? Counter{0} : grant_rest(shared);
    }

    /// Grants what was held back. Returns how much that was.
    Counter grant_rest(state& shared) noexcept
        requires on_request
    {
        const Counter n = due(shared, position(shared));
        if (n > 0) grant(shared, n);
        return n;
    }

    /// Whether there is credit that the producer had not used a moment ago: it may have used it since.
    bool has_unused_credit(const state& shared) const noexcept
        requires on_request
    {
        return demand_.granted !=
               shared.sent.load(relaxed);  // relaxed: an old value reports credit that is used, no more
    }

    /// Whether sending was ended and everything that was sent is consumed. Once true, it stays so.
    [[gnu::noinline]] bool drained(const state& shared) noexcept {
        if (drained_) return true;
        // Remembered: a claim that is about to be refused shows in the producer's position for a moment.
        drained_ = shared.closing.is_drained(shared.claimed, position(shared));
        return drained_;
    }

private:
    static constexpr Counter difference(Counter a, Counter b) noexcept { return static_cast<Counter>(a - b); }

    [[gnu::noinline]] Counter look_for_items(state& shared, Counter position, Counter wanted) noexcept {
        const auto look = [&]() noexcept {
            sent_.know(shared.sent.load(acquire));  // (2) acquire: pairs with (1), the items are readable
            const Counter found = known_items(position);
            if (found > 0) state::sign(shared.consumer);
            return found;
        };
        return sent_.look(sought::items, look_pace_rules::worthwhile(shared.capacity, wanted), look,
                          [&shared]() noexcept { return state::is_signed_by_me(shared.producer); });
    }

    // Where more was asked for than there was room, an item that is consumed makes room for it. Out of line, for the sake of
    // pops that have none to grant.
    [[gnu::noinline]] void grant_freed(state& shared, Counter taken, Counter n) noexcept {
        const Counter room = difference(shared.capacity, unused(static_cast<Counter>(taken - n)));
        if (demand_.withheld > room) grant(shared, due(shared, taken));
    }

    // What is granted from `taken` on: queued, or not yet sent.
    Counter unused(Counter taken) const noexcept { return difference(demand_.granted, taken); }
    // How far the limit is behind of what was asked for and has room.
    Counter due(const state& shared, Counter taken) const noexcept {
        const Counter room = difference(shared.capacity, unused(taken));
        return static_cast<Counter>(std::min<std::uint64_t>(demand_.withheld, room));
    }
    void grant(state& shared, Counter n) noexcept {
        if (demand_.withheld != pull::unbounded) demand_.withheld -= n;
        demand_.granted = static_cast<Counter>(demand_.granted + n);
        // (3) release: pairs with (4), hands the slots over
        shared.returned.store(static_cast<Counter>(demand_.granted - shared.capacity), release);
    }

    struct own_demand {
        std::uint64_t withheld = 0;  // items asked for and not granted yet; pull::unbounded stays
        Counter granted = 0;         // the limit as it was last published
        Counter grant_every = 1;
    };
    struct no_demand {};

    remote_view<Counter, false> sent_;  // how far the producer has come
    bool drained_ = false;              // all there will ever be is taken
    [[no_unique_address]] std::conditional_t<on_request, own_demand, no_demand> demand_;
};

}  // namespace weir::detail
