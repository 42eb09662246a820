// SPDX-License-Identifier: MIT
//
// A ring with a policy for when it is full. It has the operations of a ring, so that code written for one compiles with the other; it
// lacks try_reserve, try_peek, request, try_drop_oldest and force_push:
//
//     weir::overflow_ring<tick, weir::overflow::drop_oldest> ticks(1000);
//     (void)ticks.try_push(t);                                        // never `full`: the oldest one makes room
//     ...
//     while (auto tick = ticks.pop()) {
//         if (ticks.gap() > 0) resynchronise();                       // items are missing before this one
//         handle(*tick);
//     }
//     const auto sum = ticks.account();                               // accepted = delivered + queued + lost, exactly
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "weir/detail/base/element.hpp"
#include "weir/detail/base/user_code.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/detail/options.hpp"
#include "weir/detail/overflow/policy.hpp"
#include "weir/detail/overflow_ends.hpp"
#include "weir/detail/overflow_forms.hpp"
#include "weir/detail/refusals.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/overflow_policy.hpp"
#include "weir/ring.hpp"
#include "weir/stats.hpp"
#include "weir/status.hpp"

namespace weir {

/// A ring with a policy for when it is full (overflow_policy.hpp): one consumer thread and, unless the option
/// many_producers (or overflow::many_producers, the same) is given, one producer thread. Every loss is counted where it happens
/// (account()), and the consumer sees where items are missing (gap()).
///
/// T, capacity, waiting, errors and the other options as for a ring. With `block` a push waits for room; with the other
/// policies none ever waits, and push_for, push_until and push_unless are push. `success` says that the item was accepted, be
/// it at the cost of another item or, as the policy says, of this one. A lost item is destroyed by the thread that loses it.
///
/// With one producer the ring underneath is spsc_ring; with many, and where the producer takes the oldest, mpmc_ring.
/// On that, a thread suspended in the middle of a push or pop holds its slot: a push that comes to it tries for some 10
/// us and then loses its item, as if the ring were full (reject: says `busy`; block: waits). shed_lowest has a queue
/// for each class, each with slots for the whole capacity, and is never held up so.
///
/// On mpmc_ring and with shed_lowest an item that is being popped cannot go back. Popping it into a variable needs a nothrow
/// move assignment, try_consume_one and consume_one_until a visit that is noexcept; and an item whose visit throws in
/// consume() is gone, and counts as delivered.
template <class T, class Policy, class... Options>
class overflow_ring : public detail::refusals<overflow_ring<T, Policy, Options...>, T>,
                      public detail::overflow_forms<overflow_ring<T, Policy, Options...>, T> {
    using given = detail::options<detail::ring_family::overflow, T, Options...>;
    using refused = detail::refusals<overflow_ring, T>;
    using forms = detail::overflow_forms<overflow_ring, T>;

public:
    /// What the ring can do, as of basic_ring. Ask these values, not whether a call compiles.
    static constexpr bool has_many_producers = std::same_as<typename given::producers, overflow::many_producers>;
    static constexpr bool has_many_consumers = false;
    static constexpr bool has_contiguous_slots = false;
    static constexpr bool has_credit_on_request = false;
    static constexpr bool has_drop_oldest = false;  // by hand: with the policy drop_oldest a push does it
    static constexpr bool has_force_push = false;   // likewise
    static constexpr bool keeps_statistics = std::same_as<typename given::statistics, stats::on>;

private:
    static_assert(
        detail::overflow_policy<Policy>,
        "weir: the policy of an overflow_ring is block, reject, drop_newest, drop_oldest, sample, shed_lowest or "
        "codel, of weir::overflow");
    static_assert(
        detail::classes_of<Policy> == 1 || !has_many_producers,
        "weir: shed_lowest is for one producer: with many, the room that one makes could be taken by another, for "
        "an item of a lower class; give each producer a ring of its own");
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                  "weir: T must be nothrow-move-constructible and nothrow-destructible, else an item could be lost "
                  "uncounted");

    using ends = detail::overflow_ends<T, Policy, given>;
    using ring_type = typename ends::ring_type;
    static constexpr std::size_t fixed_capacity = ends::fixed_capacity;
    static constexpr std::size_t classes = ends::classes;
    static constexpr bool blocks = ends::blocks;

    struct shape : detail::core_of_capacity<fixed_capacity, typename ring_type::memory_source> {
        using policy_type = Policy;
    };

public:
    using value_type = T;
    using policy_type = Policy;
    using time_point = std::chrono::steady_clock::time_point;

    /// Whether there are descriptors to wait on: items_fd() and, but for shed_lowest, space_fd().
    static constexpr bool has_descriptors = ring_type::has_descriptors;

    /// How far try_push and try_pop, and their bulk and in-place forms, can be held up by other threads.
    static constexpr progress try_push_progress = ring_type::try_push_progress;
    static constexpr progress try_pop_progress = ring_type::try_pop_progress;

    /// As of basic_ring.
    using memory_source = typename ring_type::memory_source;
    static constexpr std::size_t bytes_for(std::size_t capacity) noexcept { return ring_type::bytes_for(capacity); }
    static constexpr std::size_t memory_alignment = ring_type::memory_alignment;
    static constexpr std::size_t most_capacity = ring_type::most_capacity;

    explicit overflow_ring(std::size_t capacity, Policy policy = {}, start_at start = {})
        requires(fixed_capacity == 0 && !detail::borrows_memory<ring_type>)
        : ends_(capacity, policy, start) {}
    overflow_ring(std::size_t capacity, start_at start)
        requires(fixed_capacity == 0 && !detail::borrows_memory<ring_type>)
        : overflow_ring(capacity, Policy{}, start) {}

    /// Slots in a span (storage::borrowed) or from an allocator (storage::allocated), as with basic_ring.
    overflow_ring(std::size_t capacity, const memory_source& from, Policy policy = {}, start_at start = {})
        requires(detail::borrows_memory<ring_type> || detail::takes_allocator<ring_type>)
        : ends_(capacity, policy, start, from) {}
    explicit overflow_ring(std::span<std::byte> memory, Policy policy = {}, start_at start = {})
        requires detail::borrows_memory<ring_type>
        : overflow_ring(detail::capacity_within<ring_type>(memory), memory, policy, start) {}
    overflow_ring()
        requires(fixed_capacity != 0)
        : overflow_ring(Policy{}) {}
    explicit overflow_ring(Policy policy, start_at start = {})
        requires(fixed_capacity != 0)
        : ends_(fixed_capacity, policy, start) {}

    // What it cannot be built from, refused with a sentence.
    template <class... Args>
        requires(!detail::borrows_memory<ring_type> && detail::is_misbuilt<shape, Args...>)
    explicit overflow_ring(const Args&...) : ends_(fixed_capacity, Policy{}, start_at{}) {
        detail::refuse_to_build<shape, Args...>();
    }
    template <class... Args>
        requires(detail::borrows_memory<ring_type> && detail::is_without_memory<shape, Args...>)
    explicit overflow_ring(const Args&...) : overflow_ring(std::size_t{1}, memory_source{}) {
        detail::refuse_without_memory<Args...>();
    }

    // ---- producer side ---------------------------------------------------------------------------------------

    /// Offers an item without waiting. `success`: accepted, be it at the cost of another item or of this one, as the policy
    /// says. `full` (block, reject), `busy` (block, reject) and `closed`: refused. A refused item is untouched. O(1), as
    /// try_push of a ring. Throws nothing but what T's copy constructor or class_of throws, and then nothing has happened.
    status try_push(T&& item) { return try_emplace(std::move(item)); }
    status try_push(const T& item)
        requires std::copy_constructible<T>
    {
        return try_emplace(item);
    }

    /// The same for an item made of `args`. A refused T is untouched; others may be used up, by a close or a producer at that moment.
    template <class... Args>
        requires std::constructible_from<T, Args...>
    status try_emplace(Args&&... args) {
        return ends_.try_emplace(std::forward<Args>(args)...);
    }

    /// The same for `n` items from an iterator, each as try_push: offered in order until one is refused. Returns how many
    /// were accepted; the rest count as refused. An exception ends the batch, and passes on if nothing was accepted before it;
    /// what comes after it was not offered. O(k).
    template <std::input_iterator It>
        requires std::constructible_from<T, std::iter_reference_t<It>>
    std::size_t try_push_n(It from, std::size_t n) {
        return ends_.try_push_n(std::move(from), n);
    }
    /// The same with copies of all values: those that find room are published at once if T's copy constructor is noexcept.
    std::size_t try_push_n(std::span<const T> values)
        requires std::copy_constructible<T>
    {
        const std::size_t accepted = ends_.push_at_once(values);
        if (accepted == values.size()) return accepted;
        return accepted + ends_.try_push_n(values.data() + accepted, values.size() - accepted);
    }

    /// As try_push, but with `block` it waits for room. Returns success, full or busy (reject), or closed.
    status push(T&& item) { return push_until(std::move(item), detail::forever); }
    status push(const T& item)
        requires std::copy_constructible<T>
    {
        return push_until(item, detail::forever);
    }
    /// The same, but gives up at that time of any clock: timeout, refused.
    status push_until(T&& item, detail::any_time_point deadline) {
        return push_unless(std::move(item), detail::never, deadline);
    }
    status push_until(const T& item, detail::any_time_point deadline)
        requires std::copy_constructible<T>
    {
        return push_unless(item, detail::never, deadline);
    }
    /// As push, but also gives up when `stop()` says true: full or busy, refused. wake_all() makes waiters ask again.
    template <class U, std::predicate Stop>
        requires std::constructible_from<T, U>
    status push_unless(U&& value, Stop stop, detail::any_time_point deadline = detail::forever) {
        if constexpr (blocks) {
            return ends_.push_unless(std::forward<U>(value), stop, deadline);
        } else {
            return try_emplace(std::forward<U>(value));
        }
    }
    /// As try_push_n, but with `block` it waits for room for all. Returns how many were accepted: with `block` all, unless the
    /// ring was closed meanwhile. With `block` an exception of a copy passes on; what was accepted before it stays so.
    std::size_t push_n(std::span<const T> values)
        requires std::copy_constructible<T>
    {
        if constexpr (blocks) {
            return ends_.push_n(values);
        } else {
            return try_push_n(values);
        }
    }

    // ---- consumer side: one thread ----------------------------------------------------------------------------

    /// Moves the oldest item to `out`: success, empty, busy (a producer is in the middle of it) or closed. O(1) and, with
    /// codel, the items dropped on the way. If the assignment throws, the item stays. On mpmc_ring and with
    /// shed_lowest it could not, so there the assignment must be noexcept.
    status try_pop(T& out)
        requires std::is_move_assignable_v<T>
    {
        return try_consume_one(detail::assign_to(out));
    }
    /// The same, but waits for an item: success, or closed when there will be none.
    status pop(T& out)
        requires std::is_move_assignable_v<T>
    {
        return pop_until(out, detail::forever);
    }
    /// The same, but gives up after that time, or at that time of any clock: timeout.
    template <class Rep, class Period>
    status pop_for(T& out, std::chrono::duration<Rep, Period> time)
        requires std::is_move_assignable_v<T>
    {
        return pop_until(out, detail::deadline_after(time));
    }
    status pop_until(T& out, detail::any_time_point deadline)
        requires std::is_move_assignable_v<T>
    {
        return consume_one_until(detail::assign_to(out), deadline);
    }
    /// As pop, but also gives up when `stop()` says true, with the answer empty or busy. wake_all() makes waiters ask again.
    template <std::predicate Stop>
    status pop_unless(T& out, Stop stop, detail::any_time_point deadline = detail::forever)
        requires std::is_move_assignable_v<T>
    {
        return consume_one_unless(detail::assign_to(out), stop, deadline);
    }

    /// The oldest item, or nothing: when there is none to be had, or, if it waits, when there will be none or time is up.
    [[nodiscard]] std::optional<T> try_pop() {
        std::optional<T> out;
        (void)try_consume_one(detail::emplace_in(out));
        return out;
    }
    [[nodiscard]] std::optional<T> pop() { return pop_until(detail::forever); }
    template <class Rep, class Period>
    [[nodiscard]] std::optional<T> pop_for(std::chrono::duration<Rep, Period> time) {
        return pop_until(detail::deadline_after(time));
    }
    [[nodiscard]] std::optional<T> pop_until(detail::any_time_point deadline) {
        std::optional<T> out;
        (void)consume_one_until(detail::emplace_in(out), deadline);
        return out;
    }

    /// Moves the oldest k items to `out`, as many as there are and as fit; returns k. O(k). If an assignment throws, the items
    /// before it are delivered, and those from it on stay; on mpmc_ring and with shed_lowest the assignment must be noexcept.
    std::size_t try_pop_n(std::span<T> out)
        requires std::is_move_assignable_v<T>
    {
        static_assert(!ring_type::has_many_consumers || std::is_nothrow_move_assignable_v<T>,
                      "weir: with this policy, or with many producers, a popped item cannot go back: T must be "
                      "nothrow-move-assignable to be popped into an array; use the pop that returns std::optional<T>");
        auto to = out.begin();
        return consume([&to](T& item) noexcept(std::is_nothrow_move_assignable_v<T>) { *to++ = std::move(item); },
                       out.size());
    }
    /// Fills `out` with the oldest items as they come. Returns how many: all, unless the ring was closed and drained meanwhile.
    std::size_t pop_n(std::span<T> out)
        requires std::is_move_assignable_v<T>
    {
        const auto gaps = sum_gaps();
        std::size_t popped = try_pop_n(out);
        while (popped < out.size() && pop(out[popped])) {
            ++popped;
            if (ends_.ring().size_approx() > 0) popped += try_pop_n(out.subspan(popped));
        }
        return popped;
    }

    /// Calls `visit(T&)` on the items there are, oldest first and at most `most` of them, each in its slot, then frees them.
    /// Returns how many. O(k). During a visit gap() is what is missing before that item. If `visit` throws, that item and those
    /// after it stay; where it could not, it is gone, and those after it stay.
    template <detail::visitor<T&> F>
    std::size_t consume(F&& visit, std::size_t most = static_cast<std::size_t>(-1)) {
        return ends_.consume(visit, most);
    }
    /// Calls `visit(T&)` on the oldest item in its slot, then frees it: success, empty, busy or closed. O(1). If `visit` throws,
    /// the item stays; where it could not, it must be noexcept.
    template <detail::visitor<T&> F>
    status try_consume_one(F visit) {
        return ends_.take(visit, [this](auto hand) { return ends_.ring().try_consume_one(hand); });
    }
    /// The same, but waits for an item until that time of any clock: success, closed or timeout.
    template <detail::visitor<T&> F>
    status consume_one_until(F visit, detail::any_time_point deadline) {
        return ends_.take(visit, [&](auto hand) { return ends_.ring().consume_one_until(hand, deadline); });
    }
    /// The same, but also gives up when `stop()` says true, with the answer empty or busy.
    template <detail::visitor<T&> F, std::predicate Stop>
    status consume_one_unless(F visit, Stop stop, detail::any_time_point deadline = detail::forever) {
        return ends_.take(visit, [&](auto hand) { return ends_.ring().consume_one_unless(hand, stop, deadline); });
    }

    /// How many items were lost between the last one that was popped and the one before, or before the first; with shed_lowest, of the
    /// class of the last one. After an operation on several: before and between all of these. The gaps add up to all that was lost before
    /// the last item; with many producers, at the latest when an item has come that was pushed after the loss.
    std::uint64_t gap() const noexcept { return ends_.gap(); }

    /// Whether codel is at work: items have waited too long for an interval, and none has waited less since.
    bool is_dropping() const noexcept
        requires ends::drops_late
    {
        return ends_.is_dropping();
    }

    // ---- any thread: as of basic_ring -------------------------------------------------------------------------

    void close() noexcept { ends_.ring().close(); }
    bool is_closed() const noexcept { return ends_.ring().is_closed(); }
    void wake_all() noexcept { ends_.ring().wake_all(); }
    std::size_t capacity() const noexcept { return ends_.ring().capacity(); }
    std::size_t size_approx() const noexcept { return ends_.ring().size_approx(); }
    /// Free slots: for a lone producer a lower bound, for others a recent value. `sample` may lose some of what comes meanwhile.
    std::size_t credits() const noexcept { return capacity() - size_approx(); }
    memory_report memory() const noexcept { return ends_.ring().memory(); }

    /// What went into the slots and came out, also where no consumer took it: an item that is dropped from its slot counts as
    /// popped. What became of items is account(). A push that meets a busy slot counts each of its tries.
    stats::snapshot snapshot() const noexcept
        requires keeps_statistics
    {
        return ends_.ring().snapshot();
    }

    int items_fd() const noexcept
        requires has_descriptors
    {
        return ends_.ring().items_fd();
    }
    int space_fd() const noexcept
        requires(has_descriptors && classes == 1)
    {
        return ends_.ring().space_fd();
    }

    /// What became of everything so far. Wait-free; disturbs neither end.
    overflow::ledger account() const noexcept { return ends_.account(); }

    void adopt_producer() noexcept
        requires(!has_many_producers)
    {
        ends_.adopt_producer();
    }
    void adopt_consumer() noexcept { ends_.adopt_consumer(); }

    using forms::space_fd, forms::pop_for, forms::consume, forms::try_consume_one, forms::consume_one_until,
        forms::consume_one_unless, forms::force_push, forms::try_force_push;
    using refused::adopt_producer, refused::items_fd, refused::snapshot, refused::space_fd, refused::push,
        refused::push_n, refused::pop, refused::pop_n;

private:
    friend detail::overflow_forms<overflow_ring, T>;
    auto sum_gaps() noexcept { return typename ends::summed_gap(ends_); }
    ring_type& underneath() noexcept { return ends_.ring(); }
    void count_left_of_batch(std::size_t n) noexcept { ends_.count_left_of_batch(n); }

    ends ends_;
};

/// Of what is no element: refused with a sentence, by its options.
template <class T, class Policy, class... Options>
    requires(!detail::is_element<T>)
class overflow_ring<T, Policy, Options...> : public overflow_ring<detail::instead_of<T>, Policy, Options...> {
    using base = overflow_ring<detail::instead_of<T>, Policy, Options...>;
    using refusal = typename detail::options<detail::ring_family::overflow, T, Options...>::waiting;
    using base::base;
};

}  // namespace weir
