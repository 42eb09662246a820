// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "weir/detail/spsc_core.hpp"
#include "weir/detail/storage.hpp"
#include "weir/in_place.hpp"
#include "weir/status.hpp"

namespace weir {

/// Where the counters of a ring begin. Any start is as good as another; one just below the counter's wrap makes a test
/// pass through it.
struct start_at {
    std::uint64_t position = 0;
};

/// A bounded ring of T: the one public class, over a core that decides how many producers and consumers there may be.
/// Use it through its aliases, such as spsc_ring.
///
/// - The capacity is exactly what was asked for, and a full ring is a signal: a try-operation refuses, and says why.
/// - A push that fails leaves its argument untouched, also an rvalue.
/// - Every value of T can be stored. T may be move-only and over-aligned. Live elements are destroyed exactly once: when
///   they are taken, or by the ring's destructor.
/// - Errors: the constructor rejects an impossible capacity with std::invalid_argument (aborts where exceptions are
///   off) and lets std::bad_alloc of the storage pass. Nothing else throws but T's own copy constructor or assignment.
/// - No operation below allocates or makes a syscall.
/// - Construct and destroy while no other thread uses the ring.
template <class Core>
class basic_ring {
public:
    using value_type = typename Core::value_type;
    using T = value_type;

    static_assert(std::is_object_v<T> && !std::is_array_v<T> && !std::is_const_v<T>,
                  "weir: a ring holds objects: not references, arrays or const types");
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "weir: T must be nothrow-move-constructible, else an item could be lost on its way out of the ring");
    static_assert(std::is_nothrow_destructible_v<T>,
                  "weir: T must be nothrow-destructible, since slots are emptied inside noexcept operations");

    /// How far try_push and try_pop, and their bulk and in-place forms, can be held up by other threads.
    static constexpr progress try_push_progress = Core::try_push_progress;
    static constexpr progress try_pop_progress = Core::try_pop_progress;

    /// A ring of exactly `capacity` slots, 1 at least.
    explicit basic_ring(std::size_t capacity, start_at start = {})
        requires(Core::fixed_capacity == 0)
        : core_(capacity, static_cast<typename Core::counter_type>(start.position)) {}

    /// A ring whose storage fixes the capacity.
    explicit basic_ring(start_at start = {})
        requires(Core::fixed_capacity != 0)
        : core_(Core::fixed_capacity, static_cast<typename Core::counter_type>(start.position)) {}

    basic_ring(const basic_ring&) = delete;
    basic_ring& operator=(const basic_ring&) = delete;

    // ---- producer side ---------------------------------------------------------------------------------------

    /// Appends a copy. Returns success or full. O(1). If T's copy constructor throws, nothing has happened.
    status try_push(const T& value) noexcept(std::is_nothrow_copy_constructible_v<T>)
        requires std::copy_constructible<T>
    {
        return core_.try_emplace(value);
    }

    /// Appends by moving from `value`, which is untouched unless the answer is success. O(1).
    status try_push(T&& value) noexcept { return core_.try_emplace(std::move(value)); }

    /// Appends an element built in its slot from `args`, which are untouched unless the answer is success. O(1).
    template <class... Args>
        requires std::constructible_from<T, Args...>
    status try_emplace(Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
        return core_.try_emplace(std::forward<Args>(args)...);
    }

    /// Appends copies of the first k values, as many as fit, in one publication; returns k. O(k). If a copy throws,
    /// nothing has happened.
    std::size_t try_push_n(std::span<const T> values)
        requires std::copy_constructible<T>
    {
        return try_push_n(values.data(), values.size());
    }

    /// The same from an iterator, read at most `n` times; with std::make_move_iterator it moves. If an element's
    /// construction throws, those already built are destroyed and nothing is pushed.
    template <std::input_iterator It>
        requires std::constructible_from<T, std::iter_reference_t<It>>
    std::size_t try_push_n(It from, std::size_t n) {
        reservation<Core> slots = try_reserve(n);
        slots.append(from, slots.size());
        const std::size_t pushed = slots.size();
        slots.commit(pushed);
        return pushed;
    }

    /// Claims up to `n` slots to be filled in place; of size 0 when the ring is full. Until it is dropped, nothing else
    /// may be pushed. O(1).
    [[nodiscard]] reservation<Core> try_reserve(std::size_t n) noexcept { return {core_, core_.writable(n)}; }

    // ---- consumer side ---------------------------------------------------------------------------------------

    /// Moves the oldest element to `out`. Returns success or empty. O(1). If the assignment throws, the element stays.
    status try_pop(T& out) noexcept(std::is_nothrow_move_assignable_v<T>)
        requires std::is_move_assignable_v<T>
    {
        return core_.try_take([&out](T& element) { out = std::move(element); });
    }

    /// Returns the oldest element, or nothing when the ring is empty. O(1).
    [[nodiscard]] std::optional<T> try_pop() noexcept {
        std::optional<T> out;
        (void)core_.try_take([&out](T& element) { out.emplace(std::move(element)); });
        return out;
    }

    /// Moves the oldest k elements to `out`, as many as there are and as fit, in one publication; returns k. O(k). If an
    /// assignment throws, all elements stay, those before it in their moved-from state.
    std::size_t try_pop_n(std::span<T> out)
        requires std::is_move_assignable_v<T>
    {
        readable<Core> items = try_peek(out.size());
        std::move(items.second().begin(), items.second().end(),
                  std::move(items.first().begin(), items.first().end(), out.begin()));
        const std::size_t popped = items.size();
        items.release(popped);
        return popped;
    }

    /// Shows the oldest `n` elements at most, in place; of size 0 when the ring is empty. Nothing is taken before
    /// release(). Until it is dropped, nothing else may be popped. O(1).
    [[nodiscard]] readable<Core> try_peek(std::size_t n) noexcept { return {core_, core_.readable(n)}; }

    /// Calls `visit(T&)` on the elements there are, oldest first and at most `most` of them, each in its slot, then frees
    /// them, block by block so that the producer does not wait for the last. Returns how many. O(k). If `visit` throws,
    /// that element and those after it stay.
    template <std::invocable<T&> F>
    std::size_t consume(F&& visit, std::size_t most = static_cast<std::size_t>(-1)) {
        return core_.consume(visit, most);
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    /// Exactly what was asked for.
    std::size_t capacity() const noexcept { return core_.capacity(); }

    /// How many items are inside: right at a quiet moment, a recent value within [0, capacity()] otherwise.
    std::size_t size_approx() const noexcept { return core_.size_approx(); }

    /// How many pushes would succeed: for the producer a lower bound, for others a recent value.
    std::size_t credits() const noexcept { return capacity() - size_approx(); }

    /// What memory the slots are in, and whether the kernel refused what was asked for.
    memory_report memory() const noexcept { return core_.memory(); }

    // ---- handing a role on -----------------------------------------------------------------------------------

    /// The calling thread becomes the producer. Whoever was must have finished, and happen before this call. Only
    /// debug builds, which abort when a second thread appears on a single-ended side, take notice.
    void adopt_producer() noexcept { core_.adopt_producer(); }
    /// The same for the consumer.
    void adopt_consumer() noexcept { core_.adopt_consumer(); }

private:
    Core core_;
};

/// One producer thread and one consumer thread. Total FIFO. All try-operations are wait-free.
///
/// Memory: sizeof(T) per slot, slots rounded up to a power of two, and a dozen cache lines.
template <class T, class Storage = storage::heap, std::unsigned_integral Counter = std::uint64_t>
using spsc_ring = basic_ring<detail::spsc_core<T, Storage, Counter>>;

}  // namespace weir
