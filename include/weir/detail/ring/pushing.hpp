// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/base/user_code.hpp"
#include "weir/detail/ring/ends.hpp"
#include "weir/detail/visit_refusals.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/in_place.hpp"
#include "weir/status.hpp"
#include "weir/wait.hpp"

namespace weir {

/// What try_force_push() did.
template <class T>
struct [[nodiscard]] forced {
    status answer;  ///< success if the item was pushed; otherwise it is untouched
    std::optional<T>
        oldest;  ///< the item that was removed to make room, if any; it is the caller's now, whatever the answer

    constexpr explicit operator bool() const noexcept { return answer == status::success; }
};

namespace detail {

/// The producer's operations of a ring: a base of basic_ring.
template <class Core, class Wait, class Stats>
class ring_pushing {
protected:
    using ends = ring_ends<Core, Wait, Stats>;
    static constexpr bool forces = Core::can_drop_oldest && Core::has_many_consumers && !Core::has_credit_on_request;

public:
    using value_type = typename Core::value_type;
    using T = value_type;
    using time_point = std::chrono::steady_clock::time_point;

    ring_pushing(const ring_pushing&) = delete;
    ring_pushing& operator=(const ring_pushing&) = delete;

    // ---- producer side: try ----------------------------------------------------------------------------------

    /// Appends a copy. Returns success, full, no_credit (on request), busy (see progress) or closed. O(1). If T's copy
    /// constructor throws, nothing has happened.
    WEIR_ALWAYS_INLINE status try_push(const T& value) noexcept(std::is_nothrow_copy_constructible_v<T>)
        requires std::copy_constructible<T>
    {
        return try_emplace(value);
    }

    /// Appends by moving from `value`, which is untouched unless the answer is success. O(1).
    WEIR_ALWAYS_INLINE status try_push(T&& value) noexcept { return try_emplace(std::move(value)); }

    /// Appends an element built in its slot from `args`, which are untouched unless the answer is success. O(1).
    /// With many producers, what may throw is built before its slot is claimed: if another thread then takes the last slot,
    /// rvalues among `args` are used up. Build a T yourself, and push it, to keep it.
    template <class... Args>
        requires std::constructible_from<T, Args...>
    WEIR_ALWAYS_INLINE status try_emplace(Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
        return ends_.try_put(std::forward<Args>(args)...);
    }

    /// Appends copies of the first k values, as many as fit, in one publication; returns k. O(k). If a copy throws,
    /// nothing has happened.
    std::size_t try_push_n(std::span<const T> values)
        requires std::copy_constructible<T>
    {
        return try_push_n(values.data(), values.size());
    }

    /// The same from an iterator, read at most `n` times; with std::make_move_iterator it moves. If an element's
    /// construction throws, those already built are destroyed and nothing is pushed. With many producers, elements that
    /// may throw are pushed singly: an exception ends the batch, and passes on if nothing was pushed before it.
    template <std::input_iterator It>
        requires std::constructible_from<T, std::iter_reference_t<It>>
    std::size_t try_push_n(It from, std::size_t n) {
        const std::size_t pushed = push_some(std::move(from), n);
        if (pushed == 0 && n > 0) ends_.note_no_room();
        return pushed;
    }

    /// Claims up to `n` slots to be filled in place; of size 0 when the ring is full or closed. Until it is dropped,
    /// nothing else may be pushed. O(1).
    [[nodiscard]] reservation<ring_pushing> try_reserve(std::size_t n) noexcept
        requires(Core::has_contiguous_slots)
    {
        const auto slots = core().claim(n);
        if (slots.size() == 0 && n > 0) [[unlikely]] {
            ends_.found_full();
            ends_.note_no_room();
        }
        return {*this, slots};
    }

    // ---- producer side: wait ---------------------------------------------------------------------------------

    /// Appends, and waits for room. Returns success, or closed.
    WEIR_ALWAYS_INLINE status push(const T& value)
        requires std::copy_constructible<T>
    {
        return push_until(value, forever);
    }
    WEIR_ALWAYS_INLINE status push(T&& value) { return push_until(std::move(value), forever); }

    /// The same, but gives up after that time, or at that time of any clock: timeout. A time
    /// is of any unit, also a floating one; a century or more is `forever`.
    template <class Rep, class Period>
    status push_for(const T& value, std::chrono::duration<Rep, Period> time)
        requires std::copy_constructible<T>
    {
        return push_until(value, detail::deadline_after(time));
    }
    template <class Rep, class Period>
    status push_for(T&& value, std::chrono::duration<Rep, Period> time) {
        return push_until(std::move(value), detail::deadline_after(time));
    }
    template <class U, bare_number N>
    status push_for(U&&, N) = delete;  // weir: a time has a unit, as 100ms
    WEIR_ALWAYS_INLINE status push_until(const T& value, detail::any_time_point deadline)
        requires std::copy_constructible<T>
    {
        const status answer = ends_.put(value);
        ends_.note_push(answer);
        if (!ends_.is_to_wait(answer)) [[likely]]
            return answer;
        return wait_to_push<passed<const T&>>(value, deadline);
    }
    WEIR_ALWAYS_INLINE status push_until(T&& value, detail::any_time_point deadline) {
        const status answer = ends_.put(std::move(value));
        ends_.note_push(answer);
        if (!ends_.is_to_wait(answer)) [[likely]]
            return answer;
        return wait_to_push<passed<T&&>>(std::move(value), deadline);
    }

    /// Appends an element built in its slot from `args`, and waits for room. Returns success, or closed: then `args` are
    /// untouched. Where building a T may throw, or on strict_mpmc_ring from anything but a T, it is built once, before the
    /// wait, and moved to its slot: then `args` are used up whatever the answer. For a producer.
    template <class... Args>
        requires std::constructible_from<T, Args...>
    status emplace(Args&&... args) {
        if constexpr (is_built_in_slot<Args...>) {
            const status answer = ends_.put(std::forward<Args>(args)...);
            ends_.note_push(answer);
            if (!ends_.is_to_wait(answer)) [[likely]]
                return answer;
            return ends_.wait_for_room([&] { return ends_.put(std::forward<Args>(args)...); }, never, forever);
        } else {
            return push(T(std::forward<Args>(args)...));
        }
    }

    /// As push, but also gives up when `stop()` says true, with the answer full, no_credit or busy. wake_all() makes waiters
    /// ask again.
    template <class U, std::predicate Stop>
        requires std::constructible_from<T, U>
    status push_unless(U&& value, Stop stop, detail::any_time_point deadline = forever) {
        if constexpr (is_built_in_slot<U>) {
            const status answer = ends_.put(std::forward<U>(value));
            ends_.note_push(answer);
            if (!ends_.is_to_wait(answer) || stop()) return answer;
            return ends_.wait_for_room([&] { return ends_.put(std::forward<U>(value)); }, stop, deadline);
        } else {
            return push_unless(T(std::forward<U>(value)), stop, deadline);  // made once, however often it is tried
        }
    }

    /// Appends copies of all values, in as many portions as there is room for. Returns how many: all, unless the ring was
    /// closed meanwhile. If a copy throws, earlier values stay pushed; with many producers or consumers the copy is tried again,
    /// and its exception passes on if it is the first of a portion. To know how many were pushed, push such values singly.
    std::size_t push_n(std::span<const T> values)
        requires std::copy_constructible<T>
    {
        return push_n_unless(values, never);
    }

    /// As push_n, but also gives up when `stop()` says true, and at that time of any clock. wake_all() makes waiters
    /// ask again.
    template <std::predicate Stop>
    std::size_t push_n_unless(std::span<const T> values, Stop stop, detail::any_time_point deadline = forever)
        requires std::copy_constructible<T>
    {
        std::size_t pushed = push_some(values.data(), values.size());
        if (pushed < values.size()) ends_.note_no_room();
        while (pushed < values.size() && !stop()) {
            ends_.note_waits_for_room();
            const status answer = ends_.wait_for_room(
                [&] {
                    const std::size_t more = push_some(values.data() + pushed, values.size() - pushed);
                    pushed += more;
                    return more > 0 ? status::success : core().is_closed() ? status::closed : status::full;
                },
                stop, deadline);
            if (answer != status::success) break;
        }
        return pushed;
    }

    // ---- producer side: replace the oldest (mpmc_ring and its names) -----------------------------------------

    /// Appends. If the ring is full, removes the oldest item first and returns it in `oldest`: one item at most. Returns
    /// - success; `oldest` is empty if there was room;
    /// - closed;
    /// - full if another producer used the room first, which cannot happen with one producer;
    /// - busy if a thread was suspended in the middle of the slot that is needed (see progress) for some 10 us.
    /// An item in `oldest` belongs to the caller, whatever the answer; a `value` that was not pushed is untouched. So each item
    /// is delivered, handed back or refused, exactly once. An item is removed only while the ring is full.
    ///
    /// For any producer. Never waits: 256 attempts at most. Progress as of try_push().
    forced<T> try_force_push(T&& value) noexcept
        requires forces
    {
        forced<T> done = force_once(value);
        if (done.answer == status::full) [[unlikely]]
            ends_.found_full();
        ends_.note_push(done.answer);
        return done;
    }
    forced<T> try_force_push(const T& value)
        requires(forces && std::copy_constructible<T>)
    {
        return try_force_push(T(value));
    }

    /// Appends. While the ring is full, removes the oldest item and passes it to `displaced(T&&)`. Returns success or closed,
    /// nothing else. After closed `value` is untouched; items may have been displaced before.
    ///
    /// For any producer. With one producer it displaces one item at most; with several, one more each time that another
    /// producer uses the room first, so it is lock-free. It waits for one thing only: a thread suspended in the middle of the
    /// slot that is needed, which it polls for. If `displaced` throws, the exception passes, and its item is gone; `value` was
    /// pushed if it was moved from.
    template <visitor<T&&> F>
    status force_push(T&& value, F&& displaced)
        requires forces
    {
        status answer = status::full;
        const auto done = [&] {
            do {
                forced<T> once = force_once(value);
                answer = once.answer;
                if (once.oldest) displaced(std::move(once.oldest).operator*());
            } while (answer == status::full);
            return answer != status::busy;
        };
        // Polls: the peer that is busy may be a producer, and those do not wake this side.
        if (!done()) (void)wait::sleep::lot(true).wait(done, detail::forever);
        ends_.note_push(answer);
        return answer;
    }
    template <visitor<T&&> F>
    status force_push(const T& value, F&& displaced)
        requires(forces && std::copy_constructible<T>)
    {
        return force_push(T(value), std::forward<F>(displaced));
    }

    /// Waits until `n` pushes would succeed: there are `n` slots free and, on request, credit for them. Takes nothing, so with
    /// several producers another one may be quicker. Returns success, or closed, as soon as the ring is. With many consumers, a
    /// slot counts from the moment that its pop begins: a push may get `busy` for a moment.
    ///
    /// For a producer. Blocks. With wait::park and wait::event it sleeps until there are `n`: fewer do not wake it. Producers
    /// that wait for different numbers are woken together, when the least of them is reached. A producer that waits for s
    /// slots and a consumer that waits for i items may wait for each other for ever if s + i > capacity + 1. Rejects `n`
    /// above the capacity with std::invalid_argument (aborts where exceptions are off).
    status wait_for_slots(std::size_t n) { return wait_for_slots_until(n, forever); }
    /// The same, but gives up after that time, or at that time of any clock: timeout.
    template <class Rep, class Period>
    status wait_for_slots_for(std::size_t n, std::chrono::duration<Rep, Period> time) {
        return wait_for_slots_until(n, detail::deadline_after(time));
    }
    status wait_for_slots_until(std::size_t n, detail::any_time_point deadline) {
        return wait_for_slots_unless(n, never, deadline);
    }
    /// The same, but waits until `stop()`, which must not throw, says true: full. wake_all() makes it ask again.
    template <std::predicate Stop>
    status wait_for_slots_unless(std::size_t n, Stop stop, detail::any_time_point deadline = forever) {
        check_within_capacity(n);
        return ends_.wait_for_several_slots(n, stop, deadline);
    }

protected:
    template <class... Args>
    explicit ring_pushing(const Args&... args) : ends_(args...) {}
    ~ring_pushing() = default;

    static constexpr bool never() noexcept { return false; }

    void check_within_capacity(std::size_t n) const {
        if (n > ends_.core().capacity()) {
            detail::reject_argument("a ring of capacity " + std::to_string(ends_.core().capacity()) + " never has " +
                                    std::to_string(n) + " items or free slots at once; wait for " +
                                    std::to_string(ends_.core().capacity()) + " at most");
        }
    }

    // A small item goes by value where it has to wait, and comes through another variable: a reference that leaves the
    // inlined path would make the caller's loop keep its item in memory, at the price of a store for each push and pop.
    static constexpr bool fits_registers = std::is_trivially_copyable_v<T> && sizeof(T) <= 2 * sizeof(void*);
    template <class Reference>
    using passed = std::conditional_t<fits_registers, T, Reference>;

    Core& core() noexcept { return ends_.core(); }
    const Core& core() const noexcept { return ends_.core(); }

    ends ends_;

private:
    friend reservation<ring_pushing>;
    friend struct select_access;

    // Whether a T is built of these only once there is room, so that they can be tried again.
    template <class... Args>
    static constexpr bool is_built_in_slot =
        (sizeof...(Args) == 1 && (std::same_as<std::remove_cvref_t<Args>, T> && ...)) ||
        (std::is_nothrow_constructible_v<T, Args...> && !ends::builds_before_room);

    // A push that removes one item at most. Tries a bounded number of times while a peer is busy, or makes or uses room.
    forced<T> force_once(T& value) noexcept {
        forced<T> done{status::full, std::nullopt};
        if constexpr (forces) {
            constexpr int most_tries = 256;
            for (int tries = 0; tries < most_tries; ++tries) {
                done.answer = ends_.put(std::move(value));
                if (done.answer == status::success || done.answer == status::closed) break;
                if (done.answer == status::full) {
                    if (done.oldest) break;
                    const status taken = core().try_drop_oldest(detail::emplace_in(done.oldest));
                    if (taken == status::busy) done.answer = status::busy;
                    if (taken == status::success) {
                        ends_.popped(1);
                        continue;
                    }
                }
                detail::pause();
            }
        }
        return done;
    }

    template <class It>
    std::size_t push_some(It from, std::size_t n) {
        if constexpr (Core::has_contiguous_slots) {
            reservation<ring_pushing> slots(*this, core().claim(n));
            if (slots.size() == 0) [[unlikely]]
                ends_.found_full();
            slots.append(std::move(from), slots.size());
            const std::size_t some = slots.size();
            slots.commit(some);
            return some;
        } else {
            const std::size_t some = core().try_push_n(std::move(from), n);
            if (some > 0) {
                ends_.pushed(some);
            } else if (n > 0) {
                ends_.found_full();
            }
            return some;
        }
    }

    // For reservation.
    void publish(std::size_t n, std::size_t left) noexcept
        requires(Core::has_contiguous_slots)
    {
        core().publish(n, left);
        ends_.pushed(n);
    }
    void unclaim(std::size_t left) noexcept
        requires(Core::has_contiguous_slots)
    {
        core().unclaim(left);
    }
    template <class Value>
    [[gnu::noinline]] status wait_to_push(Value value, detail::any_time_point deadline) {
        return ends_.wait_for_room([&] { return ends_.put(std::forward<Value>(value)); }, never, deadline);
    }
};

}  // namespace detail
}  // namespace weir
