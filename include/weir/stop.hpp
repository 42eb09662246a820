// SPDX-License-Identifier: MIT
//
// push, pop, consume and acquire that a std::stop_token ends, as the threads of std::jthread expect:
//
//     std::jthread consumer([&](std::stop_token stop) {
//         for (T item; weir::pop(ring, item, stop);) use(item);
//     });
//
// A header of its own, so that the rings do not need <stop_token>, which libc++ has from version 20 on.
#pragma once

#include <version>

#if !defined(__cpp_lib_jthread)
#error \
    "weir: stop.hpp needs std::stop_token, which this standard library lacks (__cpp_lib_jthread); " \
       "use push_unless(), pop_unless() and consume_some_unless() of the ring, or libstdc++, or libc++ 20 " \
       "(18 and 19 with -fexperimental-library)"
#else

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <stop_token>
#include <type_traits>
#include <utility>

#include "weir/status.hpp"

namespace weir {

namespace detail {

// Calls `wait(is_stopped)`, and has the waiters of the ring look again when a stop is requested while it waits. The ring asks only if
// it has to wait.
template <class Ring, class Wait>
decltype(auto) wait_with(Ring& ring, const std::stop_token& stop, Wait wait) {
    const auto look_again = [&ring]() noexcept { ring.wake_all(); };
    std::optional<std::stop_callback<decltype(look_again)>> callback;
    return wait([&]() noexcept {
        if (!callback && !stop.stop_requested()) callback.emplace(stop, look_again);
        return stop.stop_requested();
    });
}

}  // namespace detail

/// Appends, and waits for room until `stop` is requested. Returns success, closed, or full, no_credit or busy when it was
/// stopped: then nothing has happened, and `value` is untouched, also an rvalue of the ring's type. If a stop was requested before,
/// it only tries.
///
/// For a producer of the ring. With room O(1), and as fast as try_push; a wait registers a callback with the stop state,
/// which may allocate, and the thread that requests the stop wakes all waiters of this ring.
template <class Ring, class U>
    requires std::constructible_from<typename Ring::value_type, U>
status push(Ring& ring, U&& value, std::stop_token stop) {
    using T = typename Ring::value_type;
    // strict_mpmc_ring builds its element before it is sure of the room, and can only give back a T.
    constexpr bool is_strict = requires { requires Ring::try_push_progress == progress::lock_free; };
    if constexpr (std::same_as<std::remove_cvref_t<U>, T> || (std::is_nothrow_constructible_v<T, U> && !is_strict)) {
        // One offer, which an overflow_ring counts once.
        return detail::wait_with(ring, stop,
                                 [&](auto is_stopped) { return ring.push_unless(std::forward<U>(value), is_stopped); });
    } else {
        return weir::push(ring, T(std::forward<U>(value)), std::move(stop));  // made once, however often it is tried
    }
}

/// Moves the oldest element to `out`, and waits for one until `stop` is requested. Returns success, closed when there will
/// be none, or empty or busy when it was stopped: then nothing has happened. What was pushed before the stop was requested is still
/// popped, and if it was requested before the call, it only tries. To leave items there, test stop.stop_requested() in the loop.
///
/// For a consumer of the ring. Costs as push().
template <class Ring>
    requires std::is_move_assignable_v<typename Ring::value_type>
status pop(Ring& ring, typename Ring::value_type& out, std::stop_token stop) {
    return detail::wait_with(ring, stop, [&](auto is_stopped) { return ring.pop_unless(out, is_stopped); });
}

/// The oldest element, or nothing: when there will be none, or when it was stopped. For a T without a default constructor.
template <class Ring>
std::optional<typename Ring::value_type> pop(Ring& ring, std::stop_token stop) {
    std::optional<typename Ring::value_type> out;
    // A reader of a broadcast ring shows its items const, and they are copied.
    const auto take = [&out](auto& element) noexcept(
                          std::is_nothrow_constructible_v<typename Ring::value_type, decltype(std::move(element))>) {
        out.emplace(std::move(element));
    };
    (void)detail::wait_with(ring, stop, [&](auto is_stopped) { return ring.consume_one_unless(take, is_stopped); });
    return out;
}

/// Appends copies of all values, in as many portions as there is room for, until `stop` is requested. Returns how many: all,
/// unless it was stopped or the ring was closed. If a stop was requested before, it only tries.
///
/// For a producer of the ring. Costs as push().
template <class Ring>
    requires std::copy_constructible<typename Ring::value_type>
std::size_t push_n(Ring& ring, std::span<const typename Ring::value_type> values, std::stop_token stop) {
    return detail::wait_with(ring, stop, [&](auto is_stopped) { return ring.push_n_unless(values, is_stopped); });
}

/// Fills `out` with the oldest elements, in as many portions as they come, until `stop` is requested. Returns how many: all,
/// unless it was stopped, or the ring was closed and drained. If a stop was requested before, it only tries.
///
/// For a consumer of the ring. Costs as push().
template <class Ring>
    requires std::is_move_assignable_v<typename Ring::value_type>
std::size_t pop_n(Ring& ring, std::span<typename Ring::value_type> out, std::stop_token stop) {
    return detail::wait_with(ring, stop, [&](auto is_stopped) { return ring.pop_n_unless(out, is_stopped); });
}

/// Waits until `n` slots are free, or `n` elements there, or `stop` is requested. Takes nothing. Returns success; closed; or full,
/// or empty, when it was stopped. If a stop was requested before, it only looks.
///
/// For a producer of the ring, and for a consumer. Rejects `n` above the capacity, as the ring's own forms. Costs as push().
template <class Ring>
status wait_for_slots(Ring& ring, std::size_t n, std::stop_token stop) {
    return detail::wait_with(ring, stop, [&](auto is_stopped) { return ring.wait_for_slots_unless(n, is_stopped); });
}
template <class Ring>
status wait_for_items(Ring& ring, std::size_t n, std::stop_token stop) {
    return detail::wait_with(ring, stop, [&](auto is_stopped) { return ring.wait_for_items_unless(n, is_stopped); });
}

/// Waits until there is an element or `stop` is requested, then visits those there are, `most` at most, as the ring's
/// consume() does. Returns how many: 0 when it was stopped, and when the ring is closed and drained. If a stop was
/// requested before, it only tries: a loop that is to leave items there tests stop.stop_requested().
///
/// For a consumer of the ring. Costs as push().
template <class Ring, std::invocable<typename Ring::value_type&> F>
std::size_t consume_some(Ring& ring, F&& visit, std::stop_token stop, std::size_t most = static_cast<std::size_t>(-1)) {
    return detail::wait_with(ring, stop, [&](auto is_stopped) {
        return ring.consume_some_unless(visit, is_stopped, Ring::time_point::max(), most);
    });
}

namespace detail {

template <class Ring>
concept ring_of_messages = requires {
    typename Ring::bytes;
    typename Ring::pieces;
};

}  // namespace detail

/// The same forms of a message ring: push of bytes, or of a message in pieces; reserve; consume_one and consume_some. They wait until
/// `stop` is requested, and then answer full, empty or busy, or with 0 messages; otherwise as the ring's own: success, closed or
/// too_large. If a stop was requested before, they only try.
template <detail::ring_of_messages Ring>
status push(Ring& ring, typename Ring::bytes message, std::stop_token stop, std::uint16_t type = 0) {
    return detail::wait_with(ring, stop, [&](auto is_stopped) {
        return ring.push_unless(message, is_stopped, Ring::time_point::max(), type);
    });
}
template <detail::ring_of_messages Ring>
status push(Ring& ring, typename Ring::pieces message, std::stop_token stop, std::uint16_t type = 0) {
    return detail::wait_with(ring, stop, [&](auto is_stopped) {
        return ring.push_unless(message, is_stopped, Ring::time_point::max(), type);
    });
}
template <detail::ring_of_messages Ring>
status push(Ring& ring, std::initializer_list<typename Ring::bytes> message, std::stop_token stop,
            std::uint16_t type = 0) {
    return weir::push(ring, typename Ring::pieces(message.begin(), message.size()), std::move(stop), type);
}
template <detail::ring_of_messages Ring>
typename Ring::reservation reserve(Ring& ring, std::size_t n, std::stop_token stop, std::uint16_t type = 0) {
    return detail::wait_with(
        ring, stop, [&](auto is_stopped) { return ring.reserve_unless(n, is_stopped, Ring::time_point::max(), type); });
}
template <detail::ring_of_messages Ring, class F>
status consume_one(Ring& ring, F visit, std::stop_token stop) {
    return detail::wait_with(ring, stop,
                             [&](auto is_stopped) { return ring.consume_one_unless(std::move(visit), is_stopped); });
}
template <detail::ring_of_messages Ring, class F>
std::size_t consume_some(Ring& ring, F&& visit, std::stop_token stop, std::size_t most = static_cast<std::size_t>(-1)) {
    return detail::wait_with(ring, stop, [&](auto is_stopped) {
        return ring.consume_some_unless(visit, is_stopped, Ring::time_point::max(), most);
    });
}

/// Takes `n` credits of a credit_gate, or of a share of one, and waits for them until `stop` is requested. Returns success;
/// closed; too_large, if the gate has become smaller; or no_credit when it was stopped. Without success nothing has happened, and `out`
/// is untouched. If a stop was requested before, it only tries.
///
/// Any thread. Costs as push(); the thread that requests the stop wakes all waiters of the gate.
template <class Source>
status acquire(Source& source, typename Source::permit& out, std::size_t n, std::stop_token stop) {
    const status answer = source.try_acquire(out, n);
    if (answer != status::no_credit || stop.stop_requested()) return answer;
    const std::stop_callback look_again(stop, [&source]() noexcept { source.wake_all(); });
    return source.acquire_unless(out, n, [&stop]() noexcept { return stop.stop_requested(); });
}
/// The same for one credit.
template <class Source>
status acquire(Source& source, typename Source::permit& out, std::stop_token stop) {
    return weir::acquire(source, out, 1, std::move(stop));
}
/// The same; returns the credits, or nothing: when it is closed, and when it was stopped.
template <class Source>
std::optional<typename Source::permit> acquire(Source& source, std::size_t n, std::stop_token stop) {
    typename Source::permit out;
    if (weir::acquire(source, out, n, std::move(stop)) != status::success) return std::nullopt;
    return out;
}
template <class Source>
std::optional<typename Source::permit> acquire(Source& source, std::stop_token stop) {
    return weir::acquire(source, 1, std::move(stop));
}

}  // namespace weir

#endif
