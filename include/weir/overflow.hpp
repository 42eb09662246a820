// SPDX-License-Identifier: MIT
//
// What becomes of an item when the ring is full. A producer that can wait should (`block`); one that can be told should
// be
// (`reject`); and where neither will do, loss is chosen here, bounded, and counted to the item:
//
//     overflow::block        push waits for room: the delay moves to the source
//     overflow::reject       push says `full`, and the item stays with the caller
//     overflow::drop_newest  the arriving item is lost: what is queued is worth more
//     overflow::drop_oldest  the oldest item is lost: what is new is worth more
//     overflow::sample       from a fill level on, one arriving item in n is kept: loss is spread evenly
//     overflow::shed_lowest  the oldest item of the lowest class is lost
//     overflow::codel        items that waited too long, for too long, are lost where they are popped
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/codel.hpp"
#include "weir/detail/contract.hpp"
#include "weir/detail/overflow_entry.hpp"
#include "weir/detail/pause.hpp"
#include "weir/ring.hpp"
#include "weir/status.hpp"

namespace weir {

namespace overflow {

struct block {};
struct reject {};
struct drop_newest {};
struct drop_oldest {};

/// Of the items that arrive while `from` items or more are in the ring (0: half its capacity), each `keep_one_in`-th is
/// kept. One that is to be kept, but meets a full ring, is lost as with drop_newest.
struct sample {
    std::size_t keep_one_in;
    std::size_t from = 0;
};

/// Classes 0, the lowest, to Classes - 1, by `class_of(item)`; a number beyond counts as the highest. Higher classes
/// are popped first, each class in order.
template <std::size_t Classes, class ClassOf>
struct shed_lowest {
    static_assert(Classes >= 2, "weir: shed_lowest needs two classes at least: with one there is no lower one to shed");
    ClassOf class_of;
};

/// Controlled delay (RFC 8289): once items have waited longer than `target` for an `interval`, some are dropped at the
/// pop, ever more of them, until waiting is below `target` again. The interval is to be a worst round trip of the loop
/// that the loss is to slow down; the target 5 to 10 % of it. A full ring loses the arriving item, as with drop_newest.
template <class Clock = std::chrono::steady_clock>
struct codel {
    using clock = Clock;
    std::chrono::nanoseconds target{std::chrono::milliseconds{5}};
    std::chrono::nanoseconds interval{std::chrono::milliseconds{100}};
};

/// How many threads push: the fifth parameter of overflow_ring.
struct one_producer {};
struct many_producers {};

/// What became of every item that was offered. At a quiet moment
///
///     offered  = accepted + refused
///     accepted = delivered + queued + lost()
///
/// to the item. Amid the traffic each number is one that was right a moment ago, but not all at the same one; yet
/// nothing ends before it was accepted: delivered + lost() <= accepted().
struct ledger {
    std::uint64_t offered = 0;
    std::uint64_t refused = 0;  ///< by `full`, `busy`, `closed` or `timeout`: still the caller's
    std::uint64_t delivered = 0;
    std::uint64_t queued = 0;
    std::uint64_t lost_newest = 0;   ///< arrived at a full ring, or at a slot that a peer was stopped in the middle of
    std::uint64_t lost_oldest = 0;   ///< made room for a newer one
    std::uint64_t lost_sampled = 0;  ///< was not the one in n
    std::uint64_t lost_lowest = 0;   ///< made room for one of a higher class, or found no lower one
    std::uint64_t lost_late = 0;     ///< had waited too long (codel)

    constexpr std::uint64_t accepted() const noexcept { return offered - refused; }
    constexpr std::uint64_t lost() const noexcept {
        return lost_newest + lost_oldest + lost_sampled + lost_lowest + lost_late;
    }
    constexpr bool is_exact() const noexcept { return accepted() == delivered + queued + lost(); }
};

}  // namespace overflow

namespace detail {

template <class Policy>
inline constexpr bool is_codel = false;
template <class Clock>
inline constexpr bool is_codel<overflow::codel<Clock>> = true;

template <class Policy>
struct stamp_of {
    using type = no_stamp;
};
template <class Clock>
struct stamp_of<overflow::codel<Clock>> {
    using type = clock_stamp<Clock>;
};

// What a policy has to remember: sample on the producers' side, codel on the consumer's.
template <class Policy, bool Many>
struct state_of {
    explicit state_of(const Policy&) noexcept {}
};
template <bool Many>
struct state_of<overflow::sample, Many> {
    explicit state_of(const overflow::sample&) noexcept {}
    typename producer_tallies<Many>::count arrivals;
};
template <class Clock, bool Many>
struct state_of<overflow::codel<Clock>, Many> {
    explicit state_of(const overflow::codel<Clock>& c) noexcept : law(c.target, c.interval) {}
    codel_law<Clock> law;
};

inline overflow::sample checked(overflow::sample policy, std::size_t capacity) {
    if (policy.keep_one_in == 0) reject_argument("sample keeps one item in n, and n is 0: give 1 or more");
    if (policy.from > capacity) {
        reject_argument("sample begins at " + std::to_string(policy.from) + " queued items, but the capacity is " +
                        std::to_string(capacity) + ": give less, or 0 for half of it");
    }
    if (policy.from == 0) policy.from = std::max<std::size_t>(1, capacity / 2);
    return policy;
}
template <class Clock>
overflow::codel<Clock> checked(overflow::codel<Clock> policy, std::size_t) {
    if (policy.target.count() <= 0 || policy.interval <= policy.target) {
        reject_argument("codel's target is " + std::to_string(policy.target.count()) + " ns and its interval " +
                        std::to_string(policy.interval.count()) +
                        " ns: the target must be above 0 and below the interval, at 5 to 10 % of it");
    }
    return policy;
}
template <class Policy>
Policy checked(Policy policy, std::size_t) {
    return policy;
}

}  // namespace detail

/// A ring with a policy for when it is full: one consumer thread and, unless `Producers` is overflow::many_producers,
/// one producer thread. Every loss is counted where it happens (account()), and the consumer sees where items are
/// missing (gap()).
///
/// T as for a ring. Capacity, storage, waiting and errors as for a ring. push() never waits, unless the policy is
/// `block`. A lost item is destroyed by the thread that loses it.
///
/// With one producer the ring underneath is spsc_ring; with many, and where the producer takes the oldest, mpmc_ring.
/// On that, a thread suspended in the middle of a push or pop holds its slot: a push that comes to it tries for some 10
/// us, and then loses its item as if the ring were full (reject: says `busy`; block: waits).
template <class T, class Policy, class Wait = wait::park, class Storage = storage::heap,
          class Producers = overflow::one_producer>
class overflow_ring {
    static constexpr bool has_many_producers = std::same_as<Producers, overflow::many_producers>;
    static constexpr bool blocks = std::same_as<Policy, overflow::block>;
    static constexpr bool drops_oldest = std::same_as<Policy, overflow::drop_oldest>;

    using made_type = detail::producer_tallies<has_many_producers>;
    using arrival = detail::arrival<T, made_type>;
    using entry = detail::entry<T, made_type, typename detail::stamp_of<Policy>::type>;
    using ring_type = std::conditional_t<has_many_producers || drops_oldest, mpmc_ring<entry, Wait, Storage>,
                                         spsc_ring<entry, Wait, Storage>>;

public:
    using value_type = T;
    using policy_type = Policy;
    using time_point = std::chrono::steady_clock::time_point;

    explicit overflow_ring(std::size_t capacity, Policy policy = {}) requires(detail::fixed_capacity<Storage> == 0)
        : ring_(capacity), policy_(detail::checked(policy, capacity)), state_(policy_) {}

    explicit overflow_ring(Policy policy = {}) requires(detail::fixed_capacity<Storage> != 0)
        : policy_(detail::checked(policy, detail::fixed_capacity<Storage>)), state_(policy_) {}

    // ---- producer --------------------------------------------------------------------------------------------

    /// Offers an item. `success`: accepted, be it at the cost of another item or of this one, as the policy says.
    /// `full`, `busy` (reject), `closed`: refused. A refused item is untouched. O(1), as try_push; but `block` waits.
    status push(T&& item) {
        if constexpr (blocks) {
            return push_until(std::move(item), detail::forever);
        } else {
            const status answer = arrive(item);
            if (!answer) made_.refused.add();
            return answer;
        }
    }
    status push(const T& item) requires std::copy_constructible<T> { return push(T(item)); }

    /// The same, but gives up at that time of the steady clock: timeout.
    status push_until(T&& item, time_point deadline) requires blocks {
        const status answer = ring_.push_unless(arrival{item, made_}, never, deadline);
        if (!answer) made_.refused.add();
        return answer;
    }

    // ---- consumer: one thread ---------------------------------------------------------------------------------

    /// Moves the oldest item to `out`: success, empty, busy (a producer is in the middle of it) or closed. O(1) and,
    /// with codel, the items dropped on the way.
    status try_pop(T& out) {
        return take(assign_to(out), [this](auto visit) { return ring_.try_consume_one(visit); });
    }

    /// The same, but waits for an item: success, or closed when there will be none.
    status pop(T& out) { return pop_until(out, detail::forever); }

    /// The same, but gives up after that time, or at that time of the steady clock: timeout.
    status pop_for(T& out, std::chrono::nanoseconds time) {
        const time_point now = std::chrono::steady_clock::now();
        return pop_until(out, time < detail::forever - now ? now + time : detail::forever);
    }
    status pop_until(T& out, time_point deadline) {
        return take(assign_to(out), [&](auto visit) { return ring_.consume_one_until(visit, deadline); });
    }

    /// The oldest item, or nothing when there is none to be had, or, of pop(), will be.
    [[nodiscard]] std::optional<T> try_pop() {
        std::optional<T> out;
        (void)take(emplace_in(out), [this](auto visit) { return ring_.try_consume_one(visit); });
        return out;
    }
    [[nodiscard]] std::optional<T> pop() {
        std::optional<T> out;
        (void)take(emplace_in(out), [this](auto visit) { return ring_.consume_one_until(visit, detail::forever); });
        return out;
    }

    /// How many items were lost between the last two that were popped, or before the first.
    std::uint64_t gap() const noexcept { return gaps_.gap(); }

    // ---- any thread -------------------------------------------------------------------------------------------

    /// As basic_ring::close(): later pushes are refused, what was accepted is still popped.
    void close() noexcept { ring_.close(); }
    bool is_closed() const noexcept { return ring_.is_closed(); }
    std::size_t capacity() const noexcept { return ring_.capacity(); }
    std::size_t size_approx() const noexcept { return ring_.size_approx(); }

    /// What became of everything so far. Wait-free; disturbs neither end.
    overflow::ledger account() const noexcept {
        overflow::ledger sum;
        // In this order, from the ends to the beginning: see detail::tally.
        sum.delivered = taken_.delivered.read();
        sum.lost_late = taken_.late.read();
        sum.lost_oldest = made_.oldest.read();
        sum.lost_newest = made_.newest.read();
        sum.lost_sampled = made_.sampled.read();
        sum.lost_lowest = made_.lowest.read();
        sum.queued = ring_.size_approx();
        sum.refused = made_.refused.read();
        sum.offered = sum.refused + made_.accepted.read();
        return sum;
    }

private:
    static constexpr bool never() noexcept { return false; }

    static auto assign_to(T& out) noexcept {
        return [&out](T& item) noexcept(std::is_nothrow_move_assignable_v<T>) { out = std::move(item); };
    }
    static auto emplace_in(std::optional<T>& out) noexcept {
        return [&out](T& item) noexcept { out.emplace(std::move(item)); };
    }

    status arrive(T& item) noexcept {
        if constexpr (std::same_as<Policy, overflow::reject>) {
            return try_put(item);
        } else {
            if constexpr (std::same_as<Policy, overflow::sample>) {
                if (ring_.is_closed()) return status::closed;
                if (ring_.size_approx() >= policy_.from && state_.arrivals.add() % policy_.keep_one_in != 0) {
                    return lose(item, made_.sampled);
                }
            }
            for (int tries = 0; tries < most_tries; ++tries) {
                const status answer = try_put(item);
                if (answer == status::success || answer == status::closed) return answer;
                if (answer == status::full) {
                    if constexpr (!drops_oldest) break;
                    if (drop_oldest()) continue;
                }
                detail::pause();
            }
            return lose(item, made_.newest);
        }
    }

    status try_put(T& item) noexcept { return ring_.try_emplace(arrival{item, made_}); }

    // False when a peer has made room meanwhile, or is in the middle of the oldest item.
    bool drop_oldest() noexcept {
        if constexpr (drops_oldest) {
            if (!ring_.try_drop_oldest()) return false;
            made_.oldest.add();
        }
        return true;
    }

    // As if it had been taken in.
    status lose(T& item, typename made_type::count& cause) noexcept {
        [[maybe_unused]] const T gone(std::move(item));
        made_.accepted.add();
        cause.add();
        return status::success;
    }

    template <class Put, class Attempt>
    status take(Put put, Attempt attempt) {
        for (;;) {
            bool is_late = false;
            const status answer = attempt([&](entry& e) noexcept(noexcept(put(e.item))) {
                if constexpr (detail::is_codel<Policy>) {
                    is_late = state_.law.is_to_drop(e.entered.time, Policy::clock::now(), is_alone());
                    if (is_late) {
                        taken_.late.add();
                        return;
                    }
                }
                put(e.item);
                gaps_.took(e.number);
                taken_.delivered.add();
            });
            if (!is_late) return answer;
        }
    }

    // Whether the item that is being taken is the only one: spsc_ring still counts it, mpmc_ring no more.
    bool is_alone() const noexcept { return ring_.size_approx() <= (ring_type::has_many_consumers ? 0U : 1U); }

    static constexpr int most_tries = 256;

    ring_type ring_;
    const Policy policy_;
    detail::state_of<Policy, has_many_producers> state_;
    made_type made_;
    detail::consumer_tallies taken_;
    detail::gap_finder gaps_;
};

}  // namespace weir
