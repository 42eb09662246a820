// SPDX-License-Identifier: MIT
//
// The two ends of a ring as objects of their own, so that a type says which side a function may use:
//
//     auto [tx, rx] = weir::channel<weir::spsc_ring<int>>(1024);
//     std::thread consumer([rx = std::move(rx)]() mutable {
//         while (auto item = rx.pop()) use(*item);      // until the sender is gone and all is popped
//     });
//     (void)tx.push(1);                                 // success: the receiver is there
//     tx.reset();                                       // or the end of its scope: closes the ring
//     consumer.join();
//
// (A lambda captures a structured binding by value, as above; Clang before 16 does not do it by reference.)
// A sender has the producer's operations of its ring, a receiver has the consumer's; both have those that any thread may call.
// Each forwards to the ring's operation of the same name, with the same contract, and costs one comparison more. weir::push and
// weir::pop with a stop token (stop.hpp) accept handles, too.
// Lifetime. A handle can be moved, not copied. clone() makes another sender on a ring of many producers, and another receiver
// on a ring of many consumers.
// - Destroying the last sender closes the ring: receivers pop what was accepted, then get `closed`. A thread that gets `closed`
//   sees everything that the senders' threads did before they gave their handles up.
// - Destroying the last receiver closes the ring as well: later pushes return `closed`, and waiting ones wake up.
// - A ring made by channel() is destroyed with its last handle, and the items in it with the ring. With handles_of() the caller
//   owns the ring.
// - A handle that was default-constructed, moved from or reset() has no ring: `if (tx)` is false, and any use but reset(),
//   moving and destroying it aborts with a sentence.
// Threads. On a side for one thread, only one thread at a time may use the handle. To hand the side over, move the handle, with
// the synchronisation that any object needs. On a side for many threads, several may use one handle at once, but not while
// another one moves, resets or destroys it.
// Debug builds (without NDEBUG, or with WEIR_CHECK_ROLES=1) check the sides for one thread. A handle takes over its side when it is
// first used after it was made or moved; from then on a use by another thread aborts, whether or not the two uses overlap. If two
// threads use a new handle for the first time at the same moment, the next use aborts at the latest. Moving a handle while another
// thread is inside one of its operations is not detected.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/offered.hpp"
#include "weir/detail/handles/refusals.hpp"
#include "weir/detail/handles/ring_handle.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/status.hpp"

namespace weir {

namespace detail {
struct handle_maker;
}

/// The producer's end of a ring. Each operation forwards to the ring's of the same name; one that the ring refuses is refused
/// here, too.
template <class Ring>
class [[nodiscard]] sender : public detail::ring_handle<Ring, detail::side::sending>, public detail::no_receiving {
    using base = detail::ring_handle<Ring, detail::side::sending>;
    friend detail::handle_maker;
    sender(Ring& ring, handle_counts* counts, detail::owned_ring<Ring>* owned) noexcept : base(ring, counts, owned) {}
    sender(const sender&) = default;

public:
    using T = typename Ring::value_type;
    using time_point = std::chrono::steady_clock::time_point;

    sender() noexcept = default;
    sender(sender&&) noexcept = default;
    sender& operator=(sender&&) noexcept = default;

    /// One more sender over the same ring. Wait-free, no allocation.
    sender clone() const noexcept {
        static_assert(
            Ring::has_many_producers,
            "weir: a sender of a ring of one producer cannot be cloned, since a second thread could push with it; move "
            "it, or use mpmc_ring");
        return sender(*this);
    }

    WEIR_ALWAYS_INLINE status try_push(const T& value)
        requires std::copy_constructible<T>
    {
        return this->end().try_push(value);
    }
    WEIR_ALWAYS_INLINE status try_push(T&& value) { return this->end().try_push(std::move(value)); }
    WEIR_ALWAYS_INLINE status push(const T& value)
        requires std::copy_constructible<T>
    {
        return this->end().push(value);
    }
    WEIR_ALWAYS_INLINE status push(T&& value) { return this->end().push(std::move(value)); }
    // With a stop token: refused as the ring does, with the name of what does it.
    template <class U, detail::stop_token Stop, class R = Ring>
    auto push(U&& value, const Stop& stop) -> decltype(std::declval<R&>().push(std::forward<U>(value), stop)) {
        return this->end().push(std::forward<U>(value), stop);
    }

    template <class... A, class R = Ring>
    auto try_emplace(A&&... a) -> decltype(std::declval<R&>().try_emplace(std::forward<A>(a)...)) {
        return this->end().try_emplace(std::forward<A>(a)...);
    }
    template <class Values, class R = Ring>
    auto try_push_n(Values&& values) -> decltype(std::declval<R&>().try_push_n(std::forward<Values>(values))) {
        return this->end().try_push_n(std::forward<Values>(values));
    }
    template <class It, class R = Ring>
    auto try_push_n(It from, std::size_t n) -> decltype(std::declval<R&>().try_push_n(std::move(from), n)) {
        return this->end().try_push_n(std::move(from), n);
    }
    template <class R = Ring>
    auto try_reserve(std::size_t n) -> decltype(std::declval<R&>().try_reserve(n)) {
        return this->end().try_reserve(n);
    }
    template <class Duration, class R = Ring>
    auto push_for(const T& value, Duration time) -> decltype(std::declval<R&>().push_for(value, time)) {
        return this->end().push_for(value, time);
    }
    template <class Duration, class R = Ring>
    auto push_for(T&& value, Duration time) -> decltype(std::declval<R&>().push_for(std::move(value), time)) {
        return this->end().push_for(std::move(value), time);
    }
    template <class R = Ring>
    auto push_until(const T& value, detail::any_time_point deadline)
        -> decltype(std::declval<R&>().push_until(value, deadline)) {
        return this->end().push_until(value, deadline);
    }
    template <class R = Ring>
    auto push_until(T&& value, detail::any_time_point deadline)
        -> decltype(std::declval<R&>().push_until(std::move(value), deadline)) {
        return this->end().push_until(std::move(value), deadline);
    }
    template <class... A, class R = Ring>
    auto emplace(A&&... a) -> decltype(std::declval<R&>().emplace(std::forward<A>(a)...)) {
        return this->end().emplace(std::forward<A>(a)...);
    }
    template <class... A, class R = Ring>
    auto push_unless(A&&... a) -> decltype(std::declval<R&>().push_unless(std::forward<A>(a)...)) {
        return this->end().push_unless(std::forward<A>(a)...);
    }
    template <class... A, class R = Ring>
    auto push_n(A&&... a) -> decltype(std::declval<R&>().push_n(std::forward<A>(a)...)) {
        return this->end().push_n(std::forward<A>(a)...);
    }
    template <class... A, class R = Ring>
    auto push_n_unless(A&&... a) -> decltype(std::declval<R&>().push_n_unless(std::forward<A>(a)...)) {
        return this->end().push_n_unless(std::forward<A>(a)...);
    }
    template <class R = Ring>
    auto wait_for_slots(std::size_t n) -> decltype(std::declval<R&>().wait_for_slots(n)) {
        return this->end().wait_for_slots(n);
    }
    template <class Duration, class R = Ring>
    auto wait_for_slots_for(std::size_t n, Duration time) -> decltype(std::declval<R&>().wait_for_slots_for(n, time)) {
        return this->end().wait_for_slots_for(n, time);
    }
    template <class R = Ring>
    auto wait_for_slots_until(std::size_t n, detail::any_time_point deadline)
        -> decltype(std::declval<R&>().wait_for_slots_until(n, deadline)) {
        return this->end().wait_for_slots_until(n, deadline);
    }
    template <class Stop, class R = Ring>
    auto wait_for_slots_unless(std::size_t n, Stop stop, detail::any_time_point at = detail::forever)
        -> decltype(std::declval<R&>().wait_for_slots_unless(n, std::move(stop), at)) {
        return this->end().wait_for_slots_unless(n, std::move(stop), at);
    }
    template <class R = Ring>
    auto try_force_push(const T& value) -> decltype(std::declval<R&>().try_force_push(value)) {
        return this->end().try_force_push(value);
    }
    template <class R = Ring>
    auto try_force_push(T&& value) -> decltype(std::declval<R&>().try_force_push(std::move(value))) {
        return this->end().try_force_push(std::move(value));
    }
    template <class F, class R = Ring>
    auto force_push(const T& value, F&& displaced)
        -> decltype(std::declval<R&>().force_push(value, std::forward<F>(displaced))) {
        return this->end().force_push(value, std::forward<F>(displaced));
    }
    template <class F, class R = Ring>
    auto force_push(T&& value, F&& displaced)
        -> decltype(std::declval<R&>().force_push(std::move(value), std::forward<F>(displaced))) {
        return this->end().force_push(std::move(value), std::forward<F>(displaced));
    }
    template <class R = Ring>
    auto try_drop_oldest() -> decltype(std::declval<R&>().try_drop_oldest()) {
        return this->end().try_drop_oldest();
    }
    template <class R = Ring>
    auto space_fd() -> decltype(std::declval<R&>().space_fd()) {
        return this->end().space_fd();
    }
};

/// The consumer's end of a ring. Each operation forwards to the ring's of the same name; one that the ring refuses is refused
/// here, too.
template <class Ring>
class [[nodiscard]] receiver : public detail::ring_handle<Ring, detail::side::receiving>, public detail::no_sending {
    using base = detail::ring_handle<Ring, detail::side::receiving>;
    friend detail::handle_maker;
    static constexpr std::size_t all = static_cast<std::size_t>(-1);
    receiver(Ring& ring, handle_counts* counts, detail::owned_ring<Ring>* owned) noexcept : base(ring, counts, owned) {}
    receiver(const receiver&) = default;

public:
    using T = typename Ring::value_type;
    using time_point = std::chrono::steady_clock::time_point;

    receiver() noexcept = default;
    receiver(receiver&&) noexcept = default;
    receiver& operator=(receiver&&) noexcept = default;

    /// One more receiver over the same ring: each item goes to one of them. Wait-free, no allocation.
    receiver clone() const noexcept {
        static_assert(
            Ring::has_many_consumers,
            "weir: a receiver of a ring of one consumer cannot be cloned, since a second thread could pop with it; "
            "move it, or use mpmc_ring");
        return receiver(*this);
    }

    template <class... A, class R = Ring>
    WEIR_ALWAYS_INLINE [[nodiscard]] auto try_pop(A&&... a)
        -> decltype(std::declval<R&>().try_pop(std::forward<A>(a)...)) {
        return this->end().try_pop(std::forward<A>(a)...);
    }
    template <class... A, class R = Ring>
    WEIR_ALWAYS_INLINE [[nodiscard]] auto pop(A&&... a) -> decltype(std::declval<R&>().pop(std::forward<A>(a)...)) {
        return this->end().pop(std::forward<A>(a)...);
    }
    template <class... A, class R = Ring>
    auto try_pop_n(A&&... a) -> decltype(std::declval<R&>().try_pop_n(std::forward<A>(a)...)) {
        return this->end().try_pop_n(std::forward<A>(a)...);
    }
    template <class R = Ring>
    auto try_peek(std::size_t n) -> decltype(std::declval<R&>().try_peek(n)) {
        return this->end().try_peek(n);
    }
    template <class F, class R = Ring>
    auto consume(F&& visit, std::size_t most = all)
        -> decltype(std::declval<R&>().consume(std::forward<F>(visit), most)) {
        return this->end().consume(std::forward<F>(visit), most);
    }
    template <class... A, class R = Ring>
    auto try_consume_one(A&&... a) -> decltype(std::declval<R&>().try_consume_one(std::forward<A>(a)...)) {
        return this->end().try_consume_one(std::forward<A>(a)...);
    }
    template <class... A, class R = Ring>
    auto consume_one(A&&... a) -> decltype(std::declval<R&>().consume_one(std::forward<A>(a)...)) {
        return this->end().consume_one(std::forward<A>(a)...);
    }
    template <class... A, class R = Ring>
    auto consume_one_for(A&&... a) -> decltype(std::declval<R&>().consume_one_for(std::forward<A>(a)...)) {
        return this->end().consume_one_for(std::forward<A>(a)...);
    }
    template <class... A, class R = Ring>
    auto consume_one_until(A&&... a) -> decltype(std::declval<R&>().consume_one_until(std::forward<A>(a)...)) {
        return this->end().consume_one_until(std::forward<A>(a)...);
    }
    template <class... A, class R = Ring>
    auto consume_one_unless(A&&... a) -> decltype(std::declval<R&>().consume_one_unless(std::forward<A>(a)...)) {
        return this->end().consume_one_unless(std::forward<A>(a)...);
    }
    template <class F, class R = Ring>
    auto consume_some(F&& visit, std::size_t most = all)
        -> decltype(std::declval<R&>().consume_some(std::forward<F>(visit), most)) {
        return this->end().consume_some(std::forward<F>(visit), most);
    }
    template <class F, class Duration, class R = Ring>
    auto consume_some_for(F&& visit, Duration time, std::size_t most = all)
        -> decltype(std::declval<R&>().consume_some_for(std::forward<F>(visit), time, most)) {
        return this->end().consume_some_for(std::forward<F>(visit), time, most);
    }
    template <class F, class R = Ring>
    auto consume_some_until(F&& visit, detail::any_time_point deadline, std::size_t most = all)
        -> decltype(std::declval<R&>().consume_some_until(std::forward<F>(visit), deadline, most)) {
        return this->end().consume_some_until(std::forward<F>(visit), deadline, most);
    }
    template <class F, class Stop, class R = Ring>
    auto consume_some_unless(F&& visit, Stop stop, detail::any_time_point at = detail::forever, std::size_t most = all)
        -> decltype(std::declval<R&>().consume_some_unless(std::forward<F>(visit), std::move(stop), at, most)) {
        return this->end().consume_some_unless(std::forward<F>(visit), std::move(stop), at, most);
    }
    template <class R = Ring>
    auto request(std::uint64_t n) -> decltype(std::declval<R&>().request(n)) {
        return this->end().request(n);
    }
    template <class... A, class R = Ring>
    auto pop_for(A&&... a) -> decltype(std::declval<R&>().pop_for(std::forward<A>(a)...)) {
        return this->end().pop_for(std::forward<A>(a)...);
    }
    template <class... A, class R = Ring>
    auto pop_until(A&&... a) -> decltype(std::declval<R&>().pop_until(std::forward<A>(a)...)) {
        return this->end().pop_until(std::forward<A>(a)...);
    }
    template <class... A, class R = Ring>
    auto pop_unless(A&&... a) -> decltype(std::declval<R&>().pop_unless(std::forward<A>(a)...)) {
        return this->end().pop_unless(std::forward<A>(a)...);
    }
    template <class... A, class R = Ring>
    auto pop_n(A&&... a) -> decltype(std::declval<R&>().pop_n(std::forward<A>(a)...)) {
        return this->end().pop_n(std::forward<A>(a)...);
    }
    template <class... A, class R = Ring>
    auto pop_n_unless(A&&... a) -> decltype(std::declval<R&>().pop_n_unless(std::forward<A>(a)...)) {
        return this->end().pop_n_unless(std::forward<A>(a)...);
    }
    template <class R = Ring>
    auto wait_for_items(std::size_t n) -> decltype(std::declval<R&>().wait_for_items(n)) {
        return this->end().wait_for_items(n);
    }
    template <class Duration, class R = Ring>
    auto wait_for_items_for(std::size_t n, Duration time) -> decltype(std::declval<R&>().wait_for_items_for(n, time)) {
        return this->end().wait_for_items_for(n, time);
    }
    template <class R = Ring>
    auto wait_for_items_until(std::size_t n, detail::any_time_point deadline)
        -> decltype(std::declval<R&>().wait_for_items_until(n, deadline)) {
        return this->end().wait_for_items_until(n, deadline);
    }
    template <class Stop, class R = Ring>
    auto wait_for_items_unless(std::size_t n, Stop stop, detail::any_time_point at = detail::forever)
        -> decltype(std::declval<R&>().wait_for_items_unless(n, std::move(stop), at)) {
        return this->end().wait_for_items_unless(n, std::move(stop), at);
    }
    template <class R = Ring>
    auto gap() -> decltype(std::declval<R&>().gap()) {
        return this->end().gap();
    }
    template <class R = Ring>
    auto is_dropping() -> decltype(std::declval<R&>().is_dropping()) {
        return this->end().is_dropping();
    }
    template <class R = Ring>
    auto items_fd() -> decltype(std::declval<R&>().items_fd()) {
        return this->end().items_fd();
    }
};

/// Both ends of a ring, for `auto [tx, rx] = ...`.
template <class Ring>
struct [[nodiscard]] handles {
    sender<Ring> tx;
    receiver<Ring> rx;
};

namespace detail {

template <class...>
inline constexpr bool begins_with_number = false;
template <class First, class... Rest>
inline constexpr bool begins_with_number<First, Rest...> = std::integral<std::remove_cvref_t<First>>;

struct handle_maker {
    template <class Ring>
    static handles<Ring> make(Ring& ring, handle_counts* counts, owned_ring<Ring>* owned) noexcept {
        // A count that is not zero is that of another ring.
        if (counts != nullptr && (!counts->senders.begin() || !counts->receivers.begin())) {
            abort_with("these handle_counts already count the handles of a ring; give each ring counts of its own");
        }
        return {sender<Ring>(ring, counts, owned), receiver<Ring>(ring, counts, owned)};
    }
};

}  // namespace detail

/// Builds a ring from `args`, the arguments of its constructor, and returns two handles that own it jointly. One allocation, for
/// the ring object and the counts; the ring's storage may need its own for the slots. None later. Throws std::bad_alloc and what
/// the ring's constructor throws.
template <detail::ring_with_handles Ring, class... Args>
handles<Ring> channel(std::size_t capacity, Args&&... args) {
    auto* const owned = new detail::owned_ring<Ring>(capacity, std::forward<Args>(args)...);
    return detail::handle_maker::make(owned->ring, owned, owned);
}
template <detail::ring_with_handles Ring, class... Args>
    requires(!detail::begins_with_number<Args...>)
handles<Ring> channel(Args&&... args) {
    auto* const owned = new detail::owned_ring<Ring>(std::forward<Args>(args)...);
    return detail::handle_maker::make(owned->ring, owned, owned);
}

/// Two handles for a ring that the caller owns; no allocation. For rings with storage::fixed, in static memory and the like. The
/// ring must outlive both handles: join the threads that hold them before it is destroyed. Call it once for each ring: a second call
/// is not detected. The ring is closed for good when one of its sides has given up its handle. Wait-free.
template <detail::ring_with_handles Ring>
handles<Ring> handles_of(Ring& ring) noexcept {
    static_assert(
        !Ring::has_many_producers && !Ring::has_many_consumers,
        "weir: handles of a ring of many producers or consumers can be cloned, and are counted in memory of the "
        "caller's: handles_of(ring, counts), with a weir::handle_counts that outlives them");
    return detail::handle_maker::make(ring, nullptr, static_cast<detail::owned_ring<Ring>*>(nullptr));
}
/// The same for rings whose handles can be cloned. `counts` must outlive the handles, too; those of another ring abort with a sentence.
template <detail::ring_with_handles Ring>
handles<Ring> handles_of(Ring& ring, handle_counts& counts) noexcept {
    return detail::handle_maker::make(ring, &counts, static_cast<detail::owned_ring<Ring>*>(nullptr));
}

}  // namespace weir
