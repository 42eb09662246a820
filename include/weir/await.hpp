// SPDX-License-Identifier: MIT
//
// Waiting without a thread: coroutines that await rings, gates and the first of several rings.
//
//     task consumer(weir::spsc_ring<order>& ring) {                     // a coroutine type of yours, or of a library
//         while (auto order = co_await weir::async_pop(ring)) use(*order);
//     }                                                                 // until the ring is closed and drained
//
//     co_await weir::async_push(ring, x)                                // status: success, or closed
//     co_await weir::async_pop(ring)                                    // optional<T>: nothing once it is closed and drained
//     co_await weir::async_pop(ring, out)                               // status: success, or closed
//     co_await weir::async_acquire(gate, n)                             // optional<credit_permit>: nothing once it is closed
//     co_await weir::async_select(weir::items_of(a), weir::room_in(b))  // selected: see select.hpp
//
// Each takes a stop token as its last argument (async_select: before the ends), and then also ends when a stop is requested, as the
// forms in stop.hpp do. Functions, not members of the rings: so the rings know nothing of coroutines, and cost no more.
//
// Where the coroutine goes on. If there is an answer at once it is not suspended. Else the thread whose push, pop, close or stop ends
// the wait resumes it, INSIDE THAT CALL: what the coroutine does until it suspends again happens there. So it must not block, must
// not use the side of the ring that this thread is using, and must not destroy the ring. Where that is too much to ask,
//
//     co_await weir::async_pop(ring).resume_on(executor)                // any object with execute(f) or post(f)
//
// and that thread only takes the item, on behalf of the coroutine, and hands the coroutine to the executor.
//
// What it costs. No allocation: the waiter is part of the coroutine's frame. With an answer at once: no lock, and a few nanoseconds more
// than the try-operation, for what lies in that frame. To suspend takes a lock for a few instructions, and a heavy fence (see
// fence::asymmetric). Threads that push and pop pay nothing while no coroutine is suspended; while one is, each push or pop takes that
// lock, too: it is blocking then.
//
// Cancelling. A wait that is cancelled takes nothing, and a wake-up that was meant for it goes to the next waiter. To destroy a
// suspended coroutine withdraws it, if no other thread can end its wait meanwhile; else request a stop and let it end. One that was
// handed to its executor is not suspended any more: it must run before it is destroyed. Misuse that is noticed, much of it in debug
// builds alone, aborts with a sentence.
//
// The ring waits by wait::park, which is the default. Source of the protocol: see detail/wait/parking.hpp and listeners.hpp.
#pragma once

#include <version>

#if !defined(__cpp_impl_coroutine)
#error \
    "weir: await.hpp needs coroutines, which this compiler lacks or has not been asked for (__cpp_impl_coroutine); " \
       "compile with -std=c++20 (GCC 10: and -fcoroutines), or use the waiting operations of the rings, and select.hpp"
#else

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "weir/credit_gate.hpp"
#include "weir/detail/await/acquiring.hpp"
#include "weir/detail/await/awaiting.hpp"
#include "weir/detail/await/operation.hpp"
#include "weir/detail/await/refusals.hpp"
#include "weir/detail/await/selecting.hpp"
#include "weir/detail/await/wants.hpp"
#include "weir/detail/base/always_inline.hpp"
#include "weir/select.hpp"

namespace weir {

/// Awaits the oldest item of a ring of items, overflow_ring among them, or of its receiver. Gives std::optional<T>: the item; nothing
/// when the ring is closed and drained, or a stop was requested. If a stop was requested before, it only tries.
///
/// For a consumer of the ring: the coroutine has the role, whatever thread it runs on, and takes it over (adopt_consumer) whenever it
/// tries. Does not block, with one exception: after close() it waits, in naps, for a push from before that is still under way.
/// No thread is held up by a suspended consumer. O(1) for each try; a wake-up that finds the item taken by another consumer suspends
/// again, at the end of the queue.
template <class Ring>
WEIR_ALWAYS_INLINE inline auto async_pop(Ring& ring) noexcept {
    return detail::pop_from<detail::pop_want>(detail::no_token(), ring);
}
template <class Ring, detail::token_to_stop Token>
WEIR_ALWAYS_INLINE inline auto async_pop(Ring& ring, Token stop) noexcept {
    return detail::pop_from<detail::pop_want>(std::move(stop), ring);
}
/// The same; moves the item to `out` when the coroutine goes on, and gives a status: success; closed; or empty or busy, when a stop was
/// requested.
template <class Ring>
WEIR_ALWAYS_INLINE inline auto async_pop(Ring& ring, typename Ring::value_type& out) noexcept {
    return detail::pop_from<detail::pop_to_want>(detail::no_token(), ring, out);
}
template <class Ring, detail::token_to_stop Token>
WEIR_ALWAYS_INLINE inline auto async_pop(Ring& ring, typename Ring::value_type& out, Token stop) noexcept {
    return detail::pop_from<detail::pop_to_want>(std::move(stop), ring, out);
}

/// Awaits room in a ring of items, or in that of its sender, and appends `x`. Gives a status: success; closed; or full, no_credit or busy,
/// when a stop was requested. If the answer is not success, `x` is untouched, also an rvalue. An overflow_ring answers at once, as its push
/// does, but for overflow::block.
///
/// `x` is kept by reference until the operation ends: await it in the same expression, or keep `x` alive, also after connect(). Only an
/// lvalue whose copy may throw is copied first. For a producer of the ring, as above; does not block.
template <class Ring, class U>
    requires std::same_as<std::remove_cvref_t<U>, typename Ring::value_type>
WEIR_ALWAYS_INLINE inline auto async_push(Ring& ring, U&& x) noexcept(detail::keeps_by_reference<U&&>) {
    return detail::push_to(detail::no_token(), ring, std::forward<U>(x));
}
template <class Ring, class U, detail::token_to_stop Token>
    requires std::same_as<std::remove_cvref_t<U>, typename Ring::value_type>
WEIR_ALWAYS_INLINE inline auto async_push(Ring& ring, U&& x, Token stop) noexcept(detail::keeps_by_reference<U&&>) {
    return detail::push_to(std::move(stop), ring, std::forward<U>(x));
}
/// From what a T can be made of: it is made at once, and is gone if it is not accepted.
template <class Ring, class U>
    requires(!std::same_as<std::remove_cvref_t<U>, typename Ring::value_type> &&
             std::constructible_from<typename Ring::value_type, U>)
WEIR_ALWAYS_INLINE inline auto async_push(Ring& ring, U&& x) {
    return detail::push_made_to(detail::no_token(), ring, std::forward<U>(x));
}
template <class Ring, class U, detail::token_to_stop Token>
    requires(!std::same_as<std::remove_cvref_t<U>, typename Ring::value_type> &&
             std::constructible_from<typename Ring::value_type, U>)
WEIR_ALWAYS_INLINE inline auto async_push(Ring& ring, U&& x, Token stop) {
    return detail::push_made_to(std::move(stop), ring, std::forward<U>(x));
}

/// Awaits `n` credits of a credit_gate, or of a share, in the order of requests, those of threads among them. Gives
/// std::optional<credit_permit>: nothing when the gate is closed, has become smaller than `n`, or a stop was requested. Rejects an
/// impossible `n` as acquire() does. For any thread; blocks no longer than giving back does, which serves the queue.
inline auto async_acquire(credit_source& from, std::size_t n = 1) {
    detail::gate_access::require(from, n);
    return awaitable<detail::acquire_want>(std::in_place, detail::no_token(), from, n);
}
template <detail::token_to_stop Token>
auto async_acquire(credit_source& from, std::size_t n, Token stop) {
    detail::gate_access::require(from, n);
    return awaitable<detail::acquire_want, Token>(std::in_place, std::move(stop), from, n);
}
template <detail::token_to_stop Token>
auto async_acquire(credit_source& from, Token stop) {
    return async_acquire(from, 1, std::move(stop));
}

/// Awaits the first of several ends, as select() does: items_of(ring), room_in(ring), receivers, senders, and readers of a broadcast
/// ring. Before the ends may stand, in any order, by_priority, a selection, which must live until then, and a stop token.
/// Gives `selected`: see select.hpp. It takes no item: the try-operation that follows may find that another consumer was quicker.
///
/// The coroutine has the role that each end asks for. Does not block, but as async_pop() does. O(ends) for each look; a suspension
/// registers at each of them.
template <class... Args>
auto async_select(Args&&... args) noexcept {
    return detail::async_select_of(static_cast<selection*>(nullptr), false, detail::no_token{}, args...);
}

}  // namespace weir

#endif
