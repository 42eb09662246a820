// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/concepts.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/mpmc/core.hpp"
#include "weir/detail/ring_ends.hpp"
#include "weir/detail/spsc/core.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/detail/options.hpp"
#include "weir/detail/refusals.hpp"
#include "weir/detail/strict/core.hpp"
#include "weir/in_place.hpp"
#include "weir/stats.hpp"
#include "weir/status.hpp"
#include "weir/wait.hpp"

namespace weir {

/// Where the counters of a ring begin. Any start is as good as another; one just below the counter's wrap makes a test
/// pass through it.
struct start_at {
    std::uint64_t position = 0;
};

/// What try_force_push() did.
template <class T>
struct [[nodiscard]] forced {
    status answer;            ///< success if the item was pushed; otherwise it is untouched
    std::optional<T> oldest;  ///< the item that was removed to make room, if any; it is the caller's now, whatever the answer

    constexpr explicit operator bool() const noexcept { return answer == status::success; }
};

/// A bounded ring of T: the one public class, over a core that decides how many producers and consumers there may be,
/// a strategy of waiting (wait.hpp) and whether it keeps statistics (stats.hpp). Use it through its aliases, such as
/// spsc_ring.
///
/// - The capacity is exactly what was asked for, and a full ring is a signal: a try-operation refuses and says why, a
///   waiting one waits.
/// - A push that fails leaves its argument untouched, also an rvalue.
/// - Every value of T can be stored. T may be move-only and over-aligned. Live elements are destroyed exactly once: when
///   they are taken, or by the ring's destructor.
/// - close() ends the pushing: what was accepted is still popped, in order, and only then do pops say `closed`.
/// - Errors: the constructor rejects an impossible capacity with std::invalid_argument (aborts where exceptions are
///   off) and lets std::bad_alloc of the storage pass. Nothing else throws but T's own copy constructor or assignment.
/// - Nothing allocates after construction. A try-operation makes no syscall, apart from one that wakes a sleeping peer
///   (wait::park), and those that keep a descriptor up to date at the edges of empty and full (wait::event).
/// - Construct and destroy while no other thread uses the ring.
/// - A ring joins threads of one process. In memory that processes share it is of no use: waking and closing do not reach
///   beyond. A forked child may go on with its own copy of a ring that no other thread was using at the time, except that
///   copies with wait::event share their descriptors, so that only one of the two processes may go on.
template <detail::ring_core Core, detail::waiting_strategy Wait, class Stats>
class basic_ring : public detail::refusals<basic_ring<Core, Wait, Stats>, typename Core::value_type> {
    using ends = detail::ring_ends<Core, Wait, Stats>;
    static constexpr bool is_told_where = detail::borrows_memory<Core> || detail::takes_allocator<Core>;
    using refused = detail::refusals<basic_ring, typename Core::value_type>;

public:
    using value_type = typename Core::value_type;
    using T = value_type;
    using time_point = std::chrono::steady_clock::time_point;

    static_assert(std::is_object_v<T> && !std::is_array_v<T> && !std::is_const_v<T>,
                  "weir: a ring holds objects: not references, arrays or const types");
    static_assert(std::is_nothrow_destructible_v<T>,
                  "weir: T must be nothrow-destructible, since slots are emptied inside noexcept operations");
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "weir: T must be nothrow-move-constructible, else an item could be lost on its way out of the ring");

    // Ask these values what a ring can do. A requires-expression does not tell: what a ring cannot do is refused inside the
    // function, with a sentence.

    /// Which sides may be used by many threads at a time.
    static constexpr bool has_many_producers = ends::has_many_producers;
    static constexpr bool has_many_consumers = ends::has_many_consumers;
    /// Whether the slots are elements side by side, which try_reserve() and try_peek() can show.
    static constexpr bool has_contiguous_slots = ends::has_contiguous_slots;

    static constexpr bool keeps_statistics = ends::keeps_statistics;
    /// Whether a push takes, besides room, a consumer that has asked for the item: see pull.hpp.
    static constexpr bool has_credit_on_request = Core::has_credit_on_request;
    /// Whether a producer may drop the oldest item: try_drop_oldest().
    static constexpr bool has_drop_oldest = Core::can_drop_oldest;
    /// Whether there are descriptors to wait on: items_fd() and space_fd().
    static constexpr bool has_descriptors = requires(typename Wait::lot& lot) { lot.fd(); };

    /// How far try_push and try_pop, and their bulk and in-place forms, can be held up by other threads.
    static constexpr progress try_push_progress = Core::try_push_progress;
    static constexpr progress try_pop_progress = Core::try_pop_progress;

    /// What the constructor takes beside a capacity: a std::span<std::byte> with storage::borrowed, an A with
    /// storage::allocated<A>.
    using memory_source = typename Core::memory_source;
    /// The bytes that a ring of this capacity needs for its slots. They start at a multiple of memory_alignment. `capacity` is
    /// 1 to most_capacity. The number of slots is a power of two:
    /// - spsc: bit_ceil(capacity) * sizeof(T);
    /// - mpmc: max(2, bit_ceil(capacity)) slots, each a T and a Counter, padded;
    /// - strict: bit_ceil(capacity) slots, rounded up to whole multiples of memory_alignment, and `Threads` slots more, each a
    ///   T, a Counter and a byte, padded.
    static constexpr std::size_t bytes_for(std::size_t capacity) noexcept { return Core::bytes_for(capacity); }
    static constexpr std::size_t memory_alignment = Core::memory_alignment;
    static constexpr std::size_t most_capacity = Core::most_capacity;

    /// A ring of exactly `capacity` slots, 1 at least.
    explicit basic_ring(std::size_t capacity, start_at start = {})
        requires(Core::fixed_capacity == 0 && !has_credit_on_request && !detail::borrows_memory<Core>)
        : ends_(capacity, static_cast<typename Core::counter_type>(start.position), asymmetric()) {}

    /// A ring whose storage fixes the capacity.
    explicit basic_ring(start_at start = {})
        requires(Core::fixed_capacity != 0 && !has_credit_on_request)
        : ends_(Core::fixed_capacity, static_cast<typename Core::counter_type>(start.position), asymmetric()) {}

    /// The same with credit on request: nothing can be pushed before something is requested.
    explicit basic_ring(std::size_t capacity, start_at start = {})
        requires(Core::fixed_capacity == 0 && has_credit_on_request && !detail::borrows_memory<Core>)
        : basic_ring(capacity, pull::grant_every{}, start) {}
    explicit basic_ring(start_at start = {})
        requires(Core::fixed_capacity != 0 && has_credit_on_request)
        : basic_ring(pull::grant_every{}, start) {}
    /// ... and granted by `every` items at least, 1 to the capacity.
    basic_ring(std::size_t capacity, std::same_as<pull::grant_every> auto every, start_at start = {})
        requires(Core::fixed_capacity == 0 && has_credit_on_request && !detail::borrows_memory<Core>)
        : ends_(capacity, static_cast<typename Core::counter_type>(start.position), asymmetric(), every) {}
    explicit basic_ring(std::same_as<pull::grant_every> auto every, start_at start = {})
        requires(Core::fixed_capacity != 0 && has_credit_on_request)
        : ends_(Core::fixed_capacity, static_cast<typename Core::counter_type>(start.position), asymmetric(), every) {}

    /// A ring of exactly `capacity` slots, in the span or from the allocator. Rejects a span smaller than bytes_for(capacity)
    /// or not aligned to memory_alignment. O(capacity).
    basic_ring(std::size_t capacity, const memory_source& from, start_at start = {})
        requires(is_told_where && !has_credit_on_request)
        : ends_(capacity, static_cast<typename Core::counter_type>(start.position), asymmetric(),
                detail::checked_source<Core>(capacity, from)) {}
    basic_ring(std::size_t capacity, const memory_source& from, start_at start = {})
        requires(is_told_where && has_credit_on_request)
        : basic_ring(capacity, from, pull::grant_every{}, start) {}
    basic_ring(std::size_t capacity, const memory_source& from, std::same_as<pull::grant_every> auto every, start_at start = {})
        requires(is_told_where && has_credit_on_request)
        : ends_(capacity, static_cast<typename Core::counter_type>(start.position), asymmetric(), every,
                detail::checked_source<Core>(capacity, from)) {}

    /// A ring of the largest capacity whose bytes_for() fits into the span. It is a power of two, or most_capacity.
    explicit basic_ring(std::span<std::byte> memory, start_at start = {})
        requires detail::borrows_memory<Core>
        : basic_ring(detail::capacity_within<Core>(memory), memory, start) {}
    basic_ring(std::span<std::byte> memory, std::same_as<pull::grant_every> auto every, start_at start = {})
        requires(detail::borrows_memory<Core> && has_credit_on_request)
        : basic_ring(detail::capacity_within<Core>(memory), memory, every, start) {}

    // What a ring cannot be built from, refused with a sentence.
    template <class... Args>
        requires(Core::fixed_capacity == 0 && !detail::borrows_memory<Core> && detail::is_misbuilt<Core, Args...>)
    explicit basic_ring(const Args&...) : basic_ring(std::size_t{1}) { detail::refuse_to_build<Core, Args...>(); }
    template <class... Args>
        requires(Core::fixed_capacity != 0 && detail::is_misbuilt<Core, Args...>)
    explicit basic_ring(const Args&...) : basic_ring() { detail::refuse_to_build<Core, Args...>(); }
    template <class... Args>
        requires(detail::borrows_memory<Core> && detail::is_without_memory<Core, Args...>)
    explicit basic_ring(const Args&...) : basic_ring(std::size_t{1}, memory_source{}) { detail::refuse_without_memory<Args...>(); }

    basic_ring(const basic_ring&) = delete;
    basic_ring& operator=(const basic_ring&) = delete;

    // ---- producer side: try ----------------------------------------------------------------------------------

    /// Appends a copy. Returns success, full, no_credit (on request), busy (see progress) or closed. O(1). If T's copy
    /// constructor throws, nothing has happened.
    [[gnu::always_inline]] status try_push(const T& value) noexcept(std::is_nothrow_copy_constructible_v<T>)
        requires std::copy_constructible<T>
    {
        return try_emplace(value);
    }

    /// Appends by moving from `value`, which is untouched unless the answer is success. O(1).
    [[gnu::always_inline]] status try_push(T&& value) noexcept { return try_emplace(std::move(value)); }

    /// Appends an element built in its slot from `args`, which are untouched unless the answer is success. O(1).
    /// With many producers, what may throw is built before its slot is claimed: if another thread then takes the last slot,
    /// rvalues among `args` are used up. Build a T yourself, and push it, to keep it.
    template <class... Args>
        requires std::constructible_from<T, Args...>
    [[gnu::always_inline]] status try_emplace(Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
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
    [[nodiscard]] reservation<basic_ring> try_reserve(std::size_t n) noexcept
        requires has_contiguous_slots
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
    [[gnu::always_inline]] status push(const T& value)
        requires std::copy_constructible<T>
    {
        return push_until(value, forever);
    }
    [[gnu::always_inline]] status push(T&& value) { return push_until(std::move(value), forever); }

    /// The same, but gives up after that time, or at that time of the steady clock, which nobody can set: timeout. A time
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
    [[gnu::always_inline]] status push_until(const T& value, time_point deadline)
        requires std::copy_constructible<T>
    {
        const status answer = ends_.put(value);
        ends_.note_push(answer);
        if (!ends_.is_to_wait(answer)) [[likely]] return answer;
        return wait_to_push<passed<const T&>>(value, deadline);
    }
    [[gnu::always_inline]] status push_until(T&& value, time_point deadline) {
        const status answer = ends_.put(std::move(value));
        ends_.note_push(answer);
        if (!ends_.is_to_wait(answer)) [[likely]] return answer;
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
            if (!ends_.is_to_wait(answer)) [[likely]] return answer;
            return ends_.wait_for_room([&] { return ends_.put(std::forward<Args>(args)...); }, never, forever);
        } else {
            return push(T(std::forward<Args>(args)...));
        }
    }

    /// As push, but also gives up when `stop()` says true, with the answer full, no_credit or busy. wake_all() makes waiters
    /// ask again.
    template <class U, std::predicate Stop>
        requires std::constructible_from<T, U>
    status push_unless(U&& value, Stop stop, time_point deadline = forever) {
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
    /// closed meanwhile.
    std::size_t push_n(std::span<const T> values)
        requires std::copy_constructible<T>
    {
        return push_n_unless(values, never);
    }

    /// As push_n, but also gives up when `stop()` says true, and at that time of the steady clock. wake_all() makes waiters
    /// ask again.
    template <std::predicate Stop>
    std::size_t push_n_unless(std::span<const T> values, Stop stop, time_point deadline = forever)
        requires std::copy_constructible<T>
    {
        std::size_t pushed = try_push_n(values);
        while (pushed < values.size() && !stop()) {
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
    forced<T> try_force_push(T&& value) noexcept {
        forced<T> done = force_once(value);
        if (done.answer == status::full) [[unlikely]] ends_.found_full();
        ends_.note_push(done.answer);
        return done;
    }
    forced<T> try_force_push(const T& value)
        requires std::copy_constructible<T>
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
    template <std::invocable<T&&> F>
    status force_push(T&& value, F&& displaced) {
        status answer = status::full;
        const auto done = [&] {
            do {
                forced<T> once = force_once(value);
                answer = once.answer;
                if (once.oldest) displaced(*std::move(once.oldest));
            } while (answer == status::full);
            return answer != status::busy;
        };
        // Polls: the peer that is busy may be a producer, and those do not wake this side.
        if (!done()) (void)wait::sleep::lot(true).wait(done, detail::forever);
        ends_.note_push(answer);
        return answer;
    }
    template <std::invocable<T&&> F>
    status force_push(const T& value, F&& displaced)
        requires std::copy_constructible<T>
    {
        return force_push(T(value), std::forward<F>(displaced));
    }

    /// Waits until `n` pushes would succeed: there are `n` slots free and, on request, credit for them. Takes nothing, so with
    /// several producers another one may be quicker. Returns success, or closed, as soon as the ring is. With many
    /// consumers, a slot counts from the moment that its pop begins: a push may be told `busy` for a moment.
    ///
    /// For a producer. Blocks. With wait::park and wait::event it sleeps until there are `n`: fewer do not wake it. Producers
    /// that wait for different numbers are woken together, when the least of them is reached. A producer that waits for s
    /// slots and a consumer that waits for i items may wait for each other for ever if s + i > capacity + 1. Rejects `n`
    /// above the capacity with std::invalid_argument (aborts where exceptions are off).
    status wait_for_slots(std::size_t n) { return wait_for_slots_until(n, forever); }
    /// The same, but gives up after that time, or at that time of the steady clock: timeout.
    template <class Rep, class Period>
    status wait_for_slots_for(std::size_t n, std::chrono::duration<Rep, Period> time) {
        return wait_for_slots_until(n, detail::deadline_after(time));
    }
    status wait_for_slots_until(std::size_t n, time_point deadline) {
        check_within_capacity(n);
        return ends_.wait_for_several_slots(n, deadline);
    }

    // ---- consumer side: try ----------------------------------------------------------------------------------

    /// Moves the oldest element to `out`. Returns success, empty, busy (see progress) or closed. O(1). If the assignment
    /// throws, the element stays; with many consumers it must not throw.
    [[gnu::always_inline]] status try_pop(T& out) noexcept(std::is_nothrow_move_assignable_v<T>)
        requires std::is_move_assignable_v<T>
    {
        return ends_.try_take(assign_to(out));
    }

    /// Returns the oldest element, or nothing when there is none to be had. O(1).
    [[nodiscard, gnu::always_inline]] std::optional<T> try_pop() noexcept {
        std::optional<T> out;
        (void)ends_.try_take(emplace_in(out));
        return out;
    }

    /// Moves the oldest k elements to `out`, as many as there are and as fit, in one publication; returns k. O(k). If an
    /// assignment throws, all elements stay, those before it in their moved-from state.
    std::size_t try_pop_n(std::span<T> out)
        requires std::is_move_assignable_v<T>
    {
        const std::size_t popped = pop_some(out);
        if (popped == 0 && !out.empty()) ends_.note_no_items();
        return popped;
    }

    /// Shows the oldest `n` elements at most, in place; of size 0 when the ring is empty. Nothing is taken before
    /// release(). Until it is dropped, nothing else may be popped. O(1).
    [[nodiscard]] readable<basic_ring> try_peek(std::size_t n) noexcept
        requires has_contiguous_slots
    {
        const auto items = core().readable(n);
        if (items.size() == 0 && n > 0) [[unlikely]] {
            ends_.found_empty();
            ends_.note_no_items();
        }
        return {*this, items};
    }

    /// Calls `visit(T&)` on the elements there are, oldest first and at most `most` of them, each in its slot, then frees
    /// them, a few lines at a time so that the producer does not wait for the last. Returns how many. O(k). If `visit`
    /// throws, that element and those after it stay. With many consumers, elements are claimed before they are visited: an
    /// element whose visit throws is gone, and several are claimed at a time only if `visit` is noexcept.
    template <std::invocable<T&> F>
    std::size_t consume(F&& visit, std::size_t most = all) {
        const std::size_t visited = visit_some(visit, most);
        if (visited == 0 && most > 0) [[unlikely]] ends_.note_no_items();
        return visited;
    }

    /// Calls `visit(T&)` on the oldest element in its slot, then frees it: success, empty, busy (see progress) or closed. O(1).
    /// If `visit` throws, the element stays; with many consumers it must be noexcept.
    template <std::invocable<T&> F>
    status try_consume_one(F visit) {
        return ends_.try_take(visit);
    }

    /// Destroys the oldest element if the ring is full at that moment: success, empty when it is not full, or busy (see
    /// progress). For a producer to whom the new is worth more than the old. O(1).
    status try_drop_oldest() noexcept
        requires has_drop_oldest
    {
        const status answer = core().try_drop_oldest([](T&) noexcept {});
        if (answer == status::success) ends_.popped(1);
        return answer;
    }

    // ---- consumer side: credit on request ---------------------------------------------------------------------

    /// Asks for `n` more items: so many more pushes succeed, as soon as there is room for them. Demands add up, to
    /// pull::unbounded at most, and what was asked for is never taken back. After close() it does nothing.
    ///
    /// For a consumer: the one there is, or any of many. Wait-free with one consumer; lock-free with many. Wakes producers
    /// that wait for credit. Rejects 0 with std::invalid_argument (aborts where exceptions are off).
    void request(std::uint64_t n)
        requires has_credit_on_request
    {
        if (n == 0) detail::reject_argument("request(0) asks for no item; ask for 1 or more, or do not ask");
        ends_.tell_of_credit(core().request(n));
    }

    // ---- consumer side: wait ---------------------------------------------------------------------------------

    /// As try_consume_one, but waits for an element: success, closed, or timeout after that time, or at that time of the
    /// steady clock.
    template <std::invocable<T&> F>
    status consume_one(F visit) {
        return consume_one_until(std::move(visit), forever);
    }
    template <std::invocable<T&> F, class Rep, class Period>
    status consume_one_for(F visit, std::chrono::duration<Rep, Period> time) {
        return consume_one_until(std::move(visit), detail::deadline_after(time));
    }
    template <std::invocable<T&> F>
    status consume_one_until(F visit, time_point deadline) {
        const status answer = ends_.take(visit);
        ends_.note_pop(answer);
        return ends_.is_to_wait(answer) ? wait_to_pop(visit, deadline) : answer;
    }

    /// The same, but also gives up when `stop()` says true, with the answer empty or busy. wake_all() makes waiters ask again.
    template <std::invocable<T&> F, std::predicate Stop>
    status consume_one_unless(F visit, Stop stop, time_point deadline = detail::forever) {
        const status answer = ends_.take(visit);
        ends_.note_pop(answer);
        if (!ends_.is_to_wait(answer) || stop()) return answer;
        return ends_.wait_for_items([&] { return ends_.take(visit); }, stop, deadline);
    }

    /// Waits until there is an element, then visits those there are, `most` at most, as consume() does. Returns how many;
    /// 0 when the ring is closed and drained, and when the time was over first.
    template <std::invocable<T&> F>
    std::size_t consume_some(F&& visit, std::size_t most = all) {
        return consume_some_unless(visit, never, forever, most);
    }
    template <std::invocable<T&> F, class Rep, class Period>
    std::size_t consume_some_for(F&& visit, std::chrono::duration<Rep, Period> time, std::size_t most = all) {
        return consume_some_unless(visit, never, detail::deadline_after(time), most);
    }
    template <std::invocable<T&> F>
    std::size_t consume_some_until(F&& visit, time_point deadline, std::size_t most = all) {
        return consume_some_unless(visit, never, deadline, most);
    }
    /// The same, but also gives up, with 0, when `stop()` says true. wake_all() makes waiters ask again.
    template <std::invocable<T&> F, std::predicate Stop>
    std::size_t consume_some_unless(F&& visit, Stop stop, time_point deadline = forever, std::size_t most = all) {
        std::size_t visited = consume(visit, most);
        if (visited > 0 || most == 0 || stop()) return visited;
        const auto attempt = [&] {
            visited = visit_some(visit, most);
            return visited > 0 ? status::success : core().drained() ? status::closed : status::empty;
        };
        (void)ends_.wait_for_items(attempt, stop, deadline);
        return visited;
    }

    /// Moves the oldest element to `out`, and waits for one. Returns success, or closed when there will be none.
    [[gnu::always_inline]] status pop(T& out)
        requires std::is_move_assignable_v<T>
    {
        return pop_until(out, forever);
    }
    /// The same, but gives up after that time, or at that time of the steady clock, which nobody can set: timeout.
    template <class Rep, class Period>
    status pop_for(T& out, std::chrono::duration<Rep, Period> time)
        requires std::is_move_assignable_v<T>
    {
        return pop_until(out, detail::deadline_after(time));
    }
    [[gnu::always_inline]] status pop_until(T& out, time_point deadline)
        requires std::is_move_assignable_v<T>
    {
        const status answer = ends_.take(assign_to(out));
        ends_.note_pop(answer);
        if (!ends_.is_to_wait(answer)) [[likely]] return answer;
        if constexpr (fits_registers) {
            std::optional<T> late;
            const status late_answer = wait_to_pop(emplace_in(late), deadline);
            // By the answer, not by `late`: else GCC warns in the caller's loop that its item may be uninitialized.
            if (late_answer == status::success) out = std::move(*late);
            return late_answer;
        } else {
            return wait_to_pop(assign_to(out), deadline);
        }
    }

    /// Returns the oldest element, and waits for one; nothing when the ring is closed and drained.
    [[nodiscard, gnu::always_inline]] std::optional<T> pop() { return pop_until(forever); }
    /// The same, and nothing also when none has come after that time, or at that time of the steady clock.
    template <class Rep, class Period>
    [[nodiscard]] std::optional<T> pop_for(std::chrono::duration<Rep, Period> time) {
        return pop_until(detail::deadline_after(time));
    }
    [[nodiscard, gnu::always_inline]] std::optional<T> pop_until(time_point deadline) {
        std::optional<T> out;
        const status answer = ends_.take(emplace_in(out));
        ends_.note_pop(answer);
        if (ends_.is_to_wait(answer)) [[unlikely]] {
            std::optional<T> late;
            (void)wait_to_pop(emplace_in(late), deadline);
            return late;
        }
        return out;
    }

    /// As pop, but also gives up when `stop()` says true, with the answer empty or busy. wake_all() makes waiters ask again.
    template <std::predicate Stop>
    status pop_unless(T& out, Stop stop, time_point deadline = forever)
        requires std::is_move_assignable_v<T>
    {
        const status answer = ends_.take(assign_to(out));
        ends_.note_pop(answer);
        if (!ends_.is_to_wait(answer) || stop()) return answer;
        return ends_.wait_for_items([&] { return ends_.take(assign_to(out)); }, stop, deadline);
    }

    /// Fills `out` with the oldest elements, in as many portions as they come. Returns how many: all, unless the ring was
    /// closed and drained meanwhile.
    std::size_t pop_n(std::span<T> out)
        requires std::is_move_assignable_v<T>
    {
        return pop_n_unless(out, never);
    }

    /// As pop_n, but also gives up when `stop()` says true, and at that time of the steady clock. wake_all() makes waiters ask
    /// again.
    template <std::predicate Stop>
    std::size_t pop_n_unless(std::span<T> out, Stop stop, time_point deadline = forever)
        requires std::is_move_assignable_v<T>
    {
        std::size_t popped = try_pop_n(out);
        while (popped < out.size() && !stop()) {
            const status answer = ends_.wait_for_items(
                [&] {
                    const std::size_t more = pop_some(out.subspan(popped));
                    popped += more;
                    return more > 0 ? status::success : core().drained() ? status::closed : status::empty;
                },
                stop, deadline);
            if (answer != status::success) break;
        }
        return popped;
    }

    /// Waits until `n` elements are in the ring, and takes nothing, so with several consumers another one may be quicker.
    /// Returns success, or closed when the ring is and fewer than `n` are there. With many producers, an element counts
    /// from the moment that its push begins: a pop may be told `busy` for a moment. With one producer, a push that was
    /// under way when the ring was closed may still add to what is there.
    ///
    /// For a consumer. Blocks. With wait::park and wait::event it sleeps until there are `n`: fewer do not wake it. Consumers
    /// that wait for different numbers are woken together, when the least of them is reached. Rejects `n` above the capacity
    /// with std::invalid_argument (aborts where exceptions are off).
    status wait_for_items(std::size_t n) { return wait_for_items_until(n, forever); }
    /// The same, but gives up after that time, or at that time of the steady clock: timeout.
    template <class Rep, class Period>
    status wait_for_items_for(std::size_t n, std::chrono::duration<Rep, Period> time) {
        return wait_for_items_until(n, detail::deadline_after(time));
    }
    status wait_for_items_until(std::size_t n, time_point deadline) {
        check_within_capacity(n);
        return ends_.wait_for_several_items(n, deadline);
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    /// Ends the pushing: every later push says closed, whoever waits wakes, what was accepted is still popped, and only
    /// then do pops say closed. An item is accepted or refused, never lost. Who is told that it is closed sees what the thread
    /// that closed it first did before. Idempotent. One syscall or a few.
    ///
    /// On a ring of one producer, pushes are refused a little before pops say closed: while close() is under way, or a push
    /// is just being refused, a pop may still say empty.
    void close() noexcept {
        core().close();
        wake_all();
    }
    bool is_closed() const noexcept { return core().is_closed(); }

    /// Makes everybody who waits look again, and ask again whether to stop.
    void wake_all() noexcept { ends_.wake_all(); }

    /// Exactly what was asked for.
    std::size_t capacity() const noexcept { return core().capacity(); }

    /// How many items are inside: right at a quiet moment, a recent value within [0, capacity()] otherwise.
    std::size_t size_approx() const noexcept { return core().size_approx(); }

    /// How many pushes would succeed: for the producer a lower bound, for others a recent value. On request: the credit that
    /// is granted and not used, which is none once the ring is closed.
    std::size_t credits() const noexcept { return ends_.room(); }

    /// What either end has seen so far. Wait-free; disturbs neither. O(1).
    stats::snapshot snapshot() const noexcept
        requires keeps_statistics
    {
        return ends_.snapshot();
    }

    /// What memory the slots are in, and whether the kernel refused what was asked for.
    memory_report memory() const noexcept { return core().memory(); }

    /// With wait::event: descriptors that are readable while there may be items, or room. To be waited on, nothing else.
    int items_fd() const noexcept
        requires has_descriptors
    {
        return ends_.items().fd();
    }
    int space_fd() const noexcept
        requires has_descriptors
    {
        return ends_.space().fd();
    }

    // ---- handing a role on -----------------------------------------------------------------------------------

    /// The calling thread becomes the producer. Whoever was must have finished, and happen before this call. Only
    /// debug builds, which abort when a second thread appears on a single-ended side, take notice.
    void adopt_producer() noexcept
        requires(!has_many_producers)
    {
        core().adopt_producer();
    }
    /// The same for the consumer.
    void adopt_consumer() noexcept
        requires(!has_many_consumers)
    {
        core().adopt_consumer();
    }

    using refused::try_reserve, refused::try_peek, refused::request, refused::try_drop_oldest, refused::snapshot;
    using refused::items_fd, refused::space_fd, refused::adopt_producer, refused::adopt_consumer;

private:
    static constexpr std::size_t all = static_cast<std::size_t>(-1);

    friend reservation<basic_ring>;
    friend readable<basic_ring>;

    static constexpr bool never() noexcept { return false; }
    static bool asymmetric() noexcept { return detail::is_asymmetric<typename Wait::fence_policy>(); }

    // Whether a T is built of these only once there is room, so that they can be tried again.
    template <class... Args>
    static constexpr bool is_built_in_slot =
        (sizeof...(Args) == 1 && (std::same_as<std::remove_cvref_t<Args>, T> && ...)) ||
        (std::is_nothrow_constructible_v<T, Args...> && !ends::builds_before_room);

    void check_within_capacity(std::size_t n) const {
        if (n > capacity()) {
            detail::reject_argument("a ring of capacity " + std::to_string(capacity()) + " never has " + std::to_string(n) +
                                    " items or free slots at once; wait for " + std::to_string(capacity()) + " at most");
        }
    }

    static auto assign_to(T& out) noexcept {
        return [&out](T& element) noexcept(std::is_nothrow_move_assignable_v<T>) { out = std::move(element); };
    }
    static auto emplace_in(std::optional<T>& out) noexcept {
        return [&out](T& element) noexcept { out.emplace(std::move(element)); };
    }

    // A push that removes one item at most. Tries a bounded number of times while a peer is busy, or makes or uses room.
    forced<T> force_once(T& value) noexcept {
        static_assert(has_many_consumers,
                      "weir: force_push takes the oldest item out, and on a ring of one consumer only that one may; use "
                      "mpmc_ring, or overflow_ring with overflow::drop_oldest");
        static_assert(Core::can_drop_oldest || !has_many_consumers,
                      "weir: force_push is an operation of mpmc_ring and its names, not of strict_mpmc_ring; use mpmc_ring");
        static_assert(!has_credit_on_request || !Core::can_drop_oldest,
                      "weir: force_push makes room, but on a ring with credit on request a push also wants a request, which is "
                      "the consumer's to make; use weir::mpmc_ring");
        forced<T> done{status::full, std::nullopt};
        if constexpr (Core::can_drop_oldest && !has_credit_on_request) {
            constexpr int most_tries = 256;
            for (int tries = 0; tries < most_tries; ++tries) {
                done.answer = ends_.put(std::move(value));
                if (done.answer == status::success || done.answer == status::closed) break;
                if (done.answer == status::full) {
                    if (done.oldest) break;
                    const status taken = core().try_drop_oldest(emplace_in(done.oldest));
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
        if constexpr (has_contiguous_slots) {
            reservation<basic_ring> slots(*this, core().claim(n));
            if (slots.size() == 0) [[unlikely]] ends_.found_full();
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

    std::size_t pop_some(std::span<T> out) {
        if constexpr (has_contiguous_slots) {
            readable<basic_ring> items(*this, core().readable(out.size()));
            if (items.size() == 0) [[unlikely]] ends_.found_empty();
            std::move(items.second().begin(), items.second().end(),
                      std::move(items.first().begin(), items.first().end(), out.begin()));
            const std::size_t some = items.size();
            items.release(some);
            return some;
        } else {
            const std::size_t some = core().try_pop_n(out);
            if (some > 0) {
                ends_.popped(some);
            } else if (!out.empty()) {
                ends_.found_empty();
            }
            return some;
        }
    }

    template <class F>
    std::size_t visit_some(F& visit, std::size_t most) {
        const std::size_t visited = core().consume(visit, most, [this](std::size_t n) { ends_.popped(n); });
        if (visited == 0 && most > 0) [[unlikely]] ends_.found_empty();
        return visited;
    }

    // For reservation and readable.
    void publish(std::size_t n, std::size_t left) noexcept
        requires has_contiguous_slots
    {
        core().publish(n, left);
        ends_.pushed(n);
    }
    void unclaim(std::size_t left) noexcept
        requires has_contiguous_slots
    {
        core().unclaim(left);
    }
    void release(std::size_t n) noexcept
        requires has_contiguous_slots
    {
        core().release(n);
        ends_.popped(n);
    }

    // A small item goes by value where it has to wait, and comes through another variable: a reference that leaves the
    // inlined path would make the caller's loop keep its item in memory, at the price of a store for each push and pop.
    static constexpr bool fits_registers = std::is_trivially_copyable_v<T> && sizeof(T) <= 2 * sizeof(void*);
    template <class Reference>
    using passed = std::conditional_t<fits_registers, T, Reference>;

    template <class Value>
    [[gnu::noinline]] status wait_to_push(Value value, time_point deadline) {
        return ends_.wait_for_room([&] { return ends_.put(std::forward<Value>(value)); }, never, deadline);
    }

    template <class F>
    [[gnu::noinline]] status wait_to_pop(F f, time_point deadline) {
        return ends_.wait_for_items([&] { return ends_.take(f); }, never, deadline);
    }

    Core& core() noexcept { return ends_.core(); }
    const Core& core() const noexcept { return ends_.core(); }

    ends ends_;
};

namespace detail {
template <class Core, class Given>
using ring_of = basic_ring<Core, typename Given::waiting, typename Given::statistics>;
template <class T, class Given, granting Granting = granting::automatic>
using spsc_of = ring_of<spsc_core<T, typename Given::memory, typename Given::counter, Granting>, Given>;
template <class T, class Given, granting Granting = granting::automatic>
using mpmc_of = ring_of<mpmc_core<T, typename Given::memory, typename Given::counter, Granting>, Given>;
template <class T, class Given, granting Granting = granting::automatic>
using strict_of = ring_of<strict_core<T, typename Given::memory, typename Given::counter, Given::threads, Granting>, Given>;
}  // namespace detail

// Options, of all rings and in any order: a waiting strategy (wait.hpp), stats::on (stats.hpp), a storage, and an unsigned
// integer for the counters. Without them: wait::park, stats::off, storage::heap, std::uint64_t.

/// One producer thread and one consumer thread. Total FIFO. All try-operations are wait-free.
///
/// Memory: sizeof(T) per slot, slots rounded up to a power of two, and some twenty cache lines.
template <class T, class... Options>
using spsc_ring = detail::spsc_of<T, detail::options<detail::ring_family::plain, Options...>>;

/// Any number of producer and consumer threads. Linearizable, total FIFO in the order of the claims. Every try-operation
/// returns: it is repeated only when another thread has claimed in between. But a thread suspended in the middle of one
/// holds its slot, and who comes to that slot is told `busy` until it goes on (progress::may_be_busy).
///
/// Memory: an element and a counter per slot, padded to T's alignment, slots rounded up to a power of two, and some ten
/// cache lines. A counter narrower than T's padding makes slots smaller and costs nothing else.
template <class T, class... Options>
using mpmc_ring = detail::mpmc_of<T, detail::options<detail::ring_family::plain, Options...>>;

/// For many producers and one consumer, and for one producer and many consumers: names for mpmc_ring. Rings of their own, which
/// spared the lone side its read-modify-writes, were measured and never faster: see "What was tried" in bench/LAB.md.
template <class T, class... Options>
using mpsc_ring = mpmc_ring<T, Options...>;
template <class T, class... Options>
using spmc_ring = mpmc_ring<T, Options...>;

/// Any number of producer and consumer threads, strictly lock-free: a thread that is suspended, or dies, in the middle of
/// an operation delays nobody else and holds none of the capacity. Linearizable, total FIFO. The option max_threads<N>, 64
/// if it is not given, is how many operations may be under way at a time; with more, a push may be told `busy`.
///
/// For threads of different priorities, threads that a debugger or a scheduler may stop for long, and signal handlers. Where
/// a suspended thread may hold up others for as long as it is suspended, mpmc_ring is smaller and, depending on the machine,
/// up to twice as fast.
///
/// A push builds its element before it is certain of its room. If another thread is then quicker, an rvalue T gets its
/// value back by a move; what else try_emplace() was given is used up. Build a T yourself, and push it, to keep it.
///
/// Memory: an element, a counter and a byte per slot, padded to the alignment of the strictest; slots rounded up to a power of
/// two; as many slots more as max_threads<N> says, and some ten cache lines.
template <class T, class... Options>
using strict_mpmc_ring = detail::strict_of<T, detail::options<detail::ring_family::strict, Options...>>;

}  // namespace weir
