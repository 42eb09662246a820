// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/overflow/class_rings.hpp"
#include "weir/detail/overflow/codel.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/overflow/entry.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/overflow_policy.hpp"
#include "weir/ring.hpp"
#include "weir/status.hpp"

namespace weir {

namespace detail {

template <class Policy>
inline constexpr bool is_codel = false;
template <class Clock>
inline constexpr bool is_codel<overflow::codel<Clock>> = true;

// How many queues a policy takes.
template <class Policy>
inline constexpr std::size_t classes_of = 1;
template <std::size_t Classes, class ClassOf>
inline constexpr std::size_t classes_of<overflow::shed_lowest<Classes, ClassOf>> = Classes;

template <class Policy, class... Known>
concept one_of = (std::same_as<Policy, Known> || ...);
template <class Policy>
concept overflow_policy = is_codel<Policy> || classes_of<Policy>
!= 1 ||
    one_of<Policy, overflow::block, overflow::reject, overflow::drop_newest, overflow::drop_oldest, overflow::sample>;

template <class Policy>
struct stamp_of {
    using type = no_stamp;
};
template <class Clock>
struct stamp_of<overflow::codel<Clock>> {
    using type = clock_stamp<Clock>;
};

// What a policy has to remember: codel on the consumer's side, the others on the producers'.
template <class Policy, bool Many>
struct state_of {
    explicit state_of(const Policy&) noexcept {}
};
template <bool Many>
struct state_of<overflow::sample, Many> {
    explicit state_of(const overflow::sample&) noexcept {}
    typename producer_tallies<Many>::count arrivals;  // while samples are taken
};
template <std::size_t Classes, class ClassOf, bool Many>
struct state_of<overflow::shed_lowest<Classes, ClassOf>, Many> {
    explicit state_of(const overflow::shed_lowest<Classes, ClassOf>&) noexcept {}
    std::array<std::uint64_t, Classes> accepted{};  // of each class
};
template <class Clock, bool Many>
struct state_of<overflow::codel<Clock>, Many> {
    explicit state_of(const overflow::codel<Clock>& c) noexcept : law(c.target, c.interval) {}
    codel_law<Clock> law;
};

// The ring underneath: one where the producer may take the oldest item, one for many producers, or the fastest.
template <class Entry, class Policy, bool Many, class Wait, class Storage>
struct ring_under {
    using type =
        std::conditional_t<Many || std::same_as<Policy, overflow::drop_oldest>,
                           mpmc_ring<Entry, Wait, stats::off, Storage>, spsc_ring<Entry, Wait, stats::off, Storage>>;
};
template <class Entry, std::size_t Classes, class ClassOf, bool Many, class Wait, class Storage>
struct ring_under<Entry, overflow::shed_lowest<Classes, ClassOf>, Many, Wait, Storage> {
    using type = class_rings<Entry, Classes, Wait, Storage>;
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

/// A ring with a policy for when it is full (overflow_policy.hpp): one consumer thread and, unless `Producers` is
/// overflow::many_producers, one producer thread. Every loss is counted where it happens (account()), and the consumer
/// sees where items are missing (gap()).
///
/// T, capacity, storage, waiting and errors as for a ring. push() never waits, unless the policy is `block`. A lost
/// item is destroyed by the thread that loses it.
///
/// With one producer the ring underneath is spsc_ring; with many, and where the producer takes the oldest, mpmc_ring.
/// On that, a thread suspended in the middle of a push or pop holds its slot: a push that comes to it tries for some 10
/// us and then loses its item, as if the ring were full (reject: says `busy`; block: waits). shed_lowest has a queue
/// for each class, each with slots for the whole capacity, and is never held up so.
template <class T, class Policy, class Wait = wait::park, class Storage = storage::heap,
          class Producers = overflow::one_producer>
class overflow_ring {
public:
    static constexpr bool has_many_producers = std::same_as<Producers, overflow::many_producers>;
    static constexpr bool has_many_consumers = false;

private:
    static constexpr bool blocks = std::same_as<Policy, overflow::block>;
    static constexpr bool drops_oldest = std::same_as<Policy, overflow::drop_oldest>;
    static constexpr std::size_t classes = detail::classes_of<Policy>;

    static_assert(
        detail::overflow_policy<Policy>,
        "weir: the policy of an overflow_ring is block, reject, drop_newest, drop_oldest, sample, shed_lowest or "
        "codel, of weir::overflow");
    static_assert(detail::one_of<Producers, overflow::one_producer, overflow::many_producers>,
                  "weir: the producers of an overflow_ring are overflow::one_producer or overflow::many_producers");
    static_assert(
        classes == 1 || !has_many_producers,
        "weir: shed_lowest is for one producer: with many, the room that one makes could be taken by another, for "
        "an item of a lower class; give each producer a ring of its own");
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                  "weir: T must be nothrow-move-constructible and nothrow-destructible, else an item could be lost "
                  "uncounted");

    using made_type = detail::producer_tallies<has_many_producers>;
    using arrival = detail::arrival<T, made_type>;
    using entry = detail::entry<T, made_type, typename detail::stamp_of<Policy>::type>;
    using ring_type = typename detail::ring_under<entry, Policy, has_many_producers, Wait, Storage>::type;

public:
    using value_type = T;
    using policy_type = Policy;
    using time_point = std::chrono::steady_clock::time_point;

    /// As basic_ring's.
    using memory_source = typename ring_type::memory_source;
    static constexpr std::size_t bytes_for(std::size_t capacity) noexcept { return ring_type::bytes_for(capacity); }
    static constexpr std::size_t memory_alignment = ring_type::memory_alignment;
    static constexpr std::size_t most_capacity = ring_type::most_capacity;

    explicit overflow_ring(std::size_t capacity, Policy policy = {})
        requires(detail::fixed_capacity<Storage> == 0 && !detail::borrows_memory<ring_type>)
        : ring_(capacity), policy_(detail::checked(policy, capacity)), state_(policy_) {}

    explicit overflow_ring(Policy policy = {}) requires(detail::fixed_capacity<Storage> != 0)
        : policy_(detail::checked(policy, detail::fixed_capacity<Storage>)), state_(policy_) {}

    /// Slots in a span (storage::borrowed) or from an allocator (storage::allocated), as with basic_ring.
    overflow_ring(std::size_t capacity, const memory_source& from, Policy policy = {})
        requires(detail::borrows_memory<ring_type> || detail::takes_allocator<ring_type>)
        : ring_(capacity, from), policy_(detail::checked(policy, capacity)), state_(policy_) {}
    explicit overflow_ring(std::span<std::byte> memory, Policy policy = {})
        requires detail::borrows_memory<ring_type>
        : overflow_ring(detail::capacity_within<ring_type>(memory), memory, policy) {}

    // ---- producer --------------------------------------------------------------------------------------------

    /// Offers an item. `success`: accepted, be it at the cost of another item or of this one, as the policy says.
    /// `full`, `busy` (reject) and `closed`: refused. A refused item is untouched. O(1), as try_push; but `block`
    /// waits. Throws nothing but what T's copy constructor or class_of throws, and then nothing has happened.
    status push(T&& item) {
        if constexpr (blocks) {
            return push_until(std::move(item), detail::forever);
        } else {
            check_producer();
            const status answer = arrive(item);
            if (!answer) made_.refused.add();
            return answer;
        }
    }
    status push(const T& item) requires std::copy_constructible<T> { return push(T(item)); }

    /// The same, but gives up at that time of the steady clock: timeout, refused.
    status push_until(T&& item, time_point deadline) requires blocks {
        check_producer();
        const status answer = ring_.push_unless(arrival{item, made_}, never, deadline);
        if (!answer) made_.refused.add();
        return answer;
    }

    // ---- consumer: one thread ---------------------------------------------------------------------------------

    /// Moves the oldest item to `out`: success, empty, busy (a producer is in the middle of it) or closed. O(1) and,
    /// with codel, the items dropped on the way. If the assignment throws, the item stays; on mpmc_ring it must not
    /// throw.
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

    /// The oldest item, or nothing: when there is none to be had, or, of pop(), when there will be none.
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

    /// How many items were lost between the last two that were popped, or before the first; with shed_lowest, of the
    /// class of the last one. The gaps add up to all that was lost before the last item; with many producers, at the
    /// latest when an item has come that was pushed after the loss.
    std::uint64_t gap() const noexcept { return gap_; }

    /// Whether codel is at work: items have waited too long for an interval, and none has waited less since.
    bool is_dropping() const noexcept
        requires detail::is_codel<Policy>
    {
        return state_.law.is_dropping();
    }

    // ---- any thread -------------------------------------------------------------------------------------------

    /// As basic_ring::close(): later pushes are refused, what was accepted is still popped.
    void close() noexcept { ring_.close(); }
    bool is_closed() const noexcept { return ring_.is_closed(); }
    std::size_t capacity() const noexcept { return ring_.capacity(); }
    std::size_t size_approx() const noexcept { return ring_.size_approx(); }

    /// With wait::event: readable while there may be items. To be waited on, nothing else.
    int items_fd() const noexcept requires requires(const ring_type& ring) { ring.items_fd(); }
    { return ring_.items_fd(); }

    /// What became of everything so far. Wait-free; disturbs neither end.
    overflow::ledger account() const noexcept {
        overflow::ledger sum;
        // From the ends to the beginning, so that nothing is seen to end that was not accepted: see detail::tally.
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

    // ---- handing a role on: as basic_ring's -------------------------------------------------------------------

    void adopt_producer() noexcept requires(!has_many_producers) {
        producer_.adopt();
        if constexpr (requires { ring_.adopt_producer(); }) ring_.adopt_producer();
    }
    void adopt_consumer() noexcept {
        consumer_.adopt();
        if constexpr (requires { ring_.adopt_consumer(); }) ring_.adopt_consumer();
    }

private:
    static constexpr bool never() noexcept { return false; }

    static auto assign_to(T& out) noexcept {
        return [&out](T& item) noexcept(std::is_nothrow_move_assignable_v<T>) { out = std::move(item); };
    }
    static auto emplace_in(std::optional<T>& out) noexcept {
        return [&out](T& item) noexcept { out.emplace(std::move(item)); };
    }

    status arrive(T& item) {
        if constexpr (std::same_as<Policy, overflow::reject>) {
            return try_put(item);
        } else if constexpr (classes > 1) {
            const std::size_t its = policy_.class_of(std::as_const(item));
            return arrive_in(std::min(its, classes - 1), item);
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

    status arrive_in(std::size_t its, T& item) noexcept {
        if (!ring_.accept()) return status::closed;
        const std::uint64_t number = ++state_.accepted[its];
        const auto room = ring_.make_room(its);
        if (room == ring_type::room::none) {
            const status answer = lose(item, made_.lowest);
            ring_.give_up();
            return answer;
        }
        if (room == ring_type::room::made) made_.lowest.add();
        ring_.push(its, detail::numbered_arrival<T, made_type>{item, made_, number});
        return status::success;
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
        consumer_.check(
            "a second thread pops from an overflow_ring, which has one consumer; call adopt_consumer() when the "
            "role is handed on");
        for (;;) {
            bool is_late = false;
            const status answer = attempt([&](entry& e, std::size_t its = 0) noexcept(noexcept(put(e.item))) {
                if constexpr (detail::is_codel<Policy>) {
                    is_late = state_.law.is_to_drop(e.entered.time, Policy::clock::now(), is_alone());
                    if (is_late) {
                        taken_.late.add();
                        return;
                    }
                }
                put(e.item);
                gap_ = gaps_[its].took(e.number);
                taken_.delivered.add();
            });
            if (!is_late) return answer;
        }
    }

    // Whether the item that is being taken is the only one: spsc_ring still counts it, mpmc_ring no more.
    bool is_alone() const noexcept { return ring_.size_approx() <= (ring_type::has_many_consumers ? 0U : 1U); }

    void check_producer() noexcept {
        if constexpr (!has_many_producers) {
            producer_.check(
                "a second thread pushes to an overflow_ring of one producer; give it overflow::many_producers, "
                "or call adopt_producer() when the role is handed on");
        }
    }

    static constexpr int most_tries = 256;

    ring_type ring_;
    const Policy policy_;
    detail::state_of<Policy, has_many_producers> state_;
    made_type made_;
    detail::role_checker producer_;
    detail::consumer_tallies taken_;
    detail::role_checker consumer_;
    std::array<detail::gap_finder, classes> gaps_;
    std::uint64_t gap_ = 0;
};

}  // namespace weir
