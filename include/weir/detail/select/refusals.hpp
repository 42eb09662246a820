// SPDX-License-Identifier: MIT
//
// What select(), and the operations of await.hpp, cannot wait for: refused with one sentence. Users get it through weir/select.hpp.
#pragma once

#include <chrono>
#include <concepts>
#include <type_traits>
#include <version>

#if defined(__cpp_lib_jthread)
#include <stop_token>
#endif

#include "weir/detail/base/offered.hpp"
#include "weir/detail/select/any_end.hpp"
#include "weir/detail/select/waiter.hpp"

namespace weir::detail {

template <class>
inline constexpr bool is_sender = false;
template <class Ring>
inline constexpr bool is_sender<sender<Ring>> = true;
template <class>
inline constexpr bool is_receiver = false;
template <class Ring>
inline constexpr bool is_receiver<receiver<Ring>> = true;
template <class>
inline constexpr bool is_reader = false;
template <class Ring>
inline constexpr bool is_reader<weir::broadcast_reader<Ring>> = true;

template <class>
inline constexpr bool is_time = false;
template <class Rep, class Period>
inline constexpr bool is_time<std::chrono::duration<Rep, Period>> = true;
template <class Clock, class Duration>
inline constexpr bool is_time<std::chrono::time_point<Clock, Duration>> = true;

template <class>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;
template <class T>
concept no_duration = !is_duration<T>;

template <class>
inline constexpr bool is_stop_token = false;
#if defined(__cpp_lib_jthread)
template <>
inline constexpr bool is_stop_token<std::stop_token> = true;
#endif
template <class T>
inline constexpr bool is_argument_before_ends =
    is_stop_token<T> || std::same_as<T, by_priority_t> || std::same_as<T, selection>;

/// The newest value, for which no thread waits.
template <class T>
concept newest_value = requires { T::write_progress; };
/// An end of a ring between processes.
template <class T>
concept end_between_processes = requires(const T& end) { end.in_doubt(); };
/// A queue of std_queue.hpp.
template <class T>
concept queue_over_ring =
    requires(T& queue) { requires ring_of_any_family<std::remove_reference_t<decltype(queue.ring())>>; };

/// What items_of() and room_in() return of what has no such side: refused already, and nothing to wait for.
struct no_end {};

/// Says why a `T` has no side to wait at.
template <class T>
constexpr void refuse_side() noexcept {
    using type = std::remove_const_t<T>;
    if constexpr (std::is_const_v<T> && ring_of_any_family<type>) {
        static_assert(offered<T>, "weir: the ring is const, and to wait at it changes it: pass one that is not const");
    } else if constexpr (ring_of_readers<type>) {
        static_assert(offered<T>,
                      "weir: each reader of a broadcast ring waits by itself: pass select() the reader that join() "
                      "returned, and pop from that");
    } else if constexpr (queue_over_ring<type>) {
        static_assert(offered<T>,
                      "weir: select() waits for the ring of a queue: items_of(queue.ring()), room_in(queue.ring())");
    } else if constexpr (newest_value<type>) {
        static_assert(offered<T>, "weir: there is no waiting for latest, which always has a value: read_if_newer()");
    } else if constexpr (end_between_processes<type>) {
        static_assert(
            offered<T>,
            "weir: only a thread can wait at a ring between processes, and at no other one beside it: let that "
            "thread push to a ring of this process, which select() and coroutines wait for");
    } else {
        static_assert(offered<T>,
                      "weir: items_of() takes a ring, and so does room_in(); pass select() other ends as they are");
    }
}

/// Says why there is no waiting at an argument of select() or async_select() that is no end, if it is one of these. `End`: as it was
/// passed.
template <class End>
constexpr bool is_misplaced() noexcept {
    using type = std::remove_cv_t<End>;
    constexpr bool comes_first = is_argument_before_ends<type>;
    static_assert(!comes_first, "weir: stop tokens, selections and by_priority stand before the ends");
    static_assert(!is_time<type>,
                  "weir: a time is an argument of select_for() and select_until(), before all others; a coroutine has "
                  "no deadline: let a timer of its event loop request a stop");
    constexpr bool is_const_handle = std::is_const_v<End> && (is_sender<type> || is_receiver<type> || is_reader<type>);
    static_assert(!is_const_handle,
                  "weir: select() waits for receivers and senders that are not const, and for readers that are not");
    constexpr bool is_elsewhere = end_between_processes<type> || newest_value<type> || queue_over_ring<type>;
    if constexpr (is_elsewhere) refuse_side<type>();
    return comes_first || is_time<type> || is_const_handle || is_elsewhere || std::same_as<type, no_end>;
}

}  // namespace weir::detail
