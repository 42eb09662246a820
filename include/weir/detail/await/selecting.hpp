// SPDX-License-Identifier: MIT
//
// The arguments of async_pop(), async_push() and async_select(). Users get it through weir/await.hpp.
#pragma once

#include <version>

#if defined(__cpp_impl_coroutine)  // as awaiting.hpp

#include <concepts>
#include <type_traits>
#include <utility>

#include "weir/detail/await/awaiting.hpp"
#include "weir/detail/await/operation.hpp"
#include "weir/detail/await/wants.hpp"
#include "weir/detail/select/any_end.hpp"
#include "weir/detail/select/handlers.hpp"
#include "weir/detail/select/waiter.hpp"

namespace weir::detail {

// ---- a ring, or the handle of its side ----------------------------------------------------------------------------

template <class Ring>
Ring& ring_behind(Ring& ring) noexcept {
    return ring;
}
template <class Ring>
Ring& ring_behind(sender<Ring>& end) noexcept {
    return select_access::ring_of(end);
}
template <class Ring>
Ring& ring_behind(receiver<Ring>& end) noexcept {
    return select_access::ring_of(end);
}

// ---- an item to be pushed ------------------------------------------------------------------------------------------

/// Whether an item that is passed as U&& is kept by reference: else a copy of it is made at once, where an exception of the copy passes
/// to the caller.
template <class U>
inline constexpr bool keeps_by_reference =
    !std::is_lvalue_reference_v<U> || std::is_nothrow_copy_constructible_v<std::remove_cvref_t<U>>;

/// An operation that is made where it is returned to.
template <template <class...> class Want, class Token, class... Args>
[[gnu::always_inline]] inline auto awaiting(Token token, Args&... args) noexcept {
    return awaitable<Want<Args...>, Token>(std::in_place, std::move(token), args...);
}

template <class Token, class Part, class U>
[[gnu::always_inline]] inline auto push_of(Token token, Part& part, U&& x) {
    using T = std::remove_cvref_t<U>;
    if constexpr (!keeps_by_reference<U&&>) {
        return awaitable<push_want<Part, T>, Token>(std::in_place, std::move(token), part, T(x));
    } else if constexpr (std::same_as<U&&, T&&>) {
        return awaitable<push_want<Part, T&&>, Token>(std::in_place, std::move(token), part, std::move(x));
    } else {
        return awaitable<push_want<Part, const T&>, Token>(std::in_place, std::move(token), part, x);
    }
}
template <class Token, class Part, class T>
auto push_made(Token token, Part& part, T x) {
    return awaitable<push_want<Part, T>, Token>(std::in_place, std::move(token), part, std::move(x));
}

// ---- the ends of async_select() ------------------------------------------------------------------------------------

/// Whether an operation can wait at that end without a thread.
template <class End>
inline constexpr bool can_list = false;
template <class Ring>
inline constexpr bool can_list<items_end<Ring>> = select_access::lists_for_items<Ring>;
template <class Ring>
inline constexpr bool can_list<receiver<Ring>> = select_access::lists_for_items<Ring>;
template <class Ring>
inline constexpr bool can_list<weir::broadcast_reader<Ring>> =
    select_access::lists_for_items<weir::broadcast_reader<Ring>>;
template <class Ring>
inline constexpr bool can_list<room_end<Ring>> = select_access::lists_for_room<Ring>;
template <class Ring>
inline constexpr bool can_list<sender<Ring>> = select_access::lists_for_room<Ring>;

template <class Token, class... Ends>
auto async_select_ends(selection* how, bool by_priority, Token token, Ends&... ends) noexcept {
    static_assert(sizeof...(Ends) > 0, "weir: async_select() needs an end to wait for");
    static_assert(sizeof...(Ends) <= most_ends, "weir: async_select() waits for 64 ends at most");
    static_assert(!(is_handler<std::remove_const_t<Ends>> || ...),
                  "weir: async_select() takes ends without handlers: co_await it, then use the end that it names");
    static_assert(
        (can_list<std::remove_const_t<Ends>> && ...) || (is_handler<std::remove_const_t<Ends>> || ...),
        "weir: async_select() waits for items_of(ring), room_in(ring), receivers, senders and readers of rings with "
        "wait::park; not for an any_end, nor for room that time makes (overflow::sample and codel)");
    return awaitable<select_want<Ends...>, Token>(std::in_place, std::move(token), how, by_priority, ends...);
}

template <class Token, class... Args>
auto async_select_of(selection* how, bool by_priority, Token token, Args&... args) noexcept;

template <class Token, class First, class... Rest>
auto async_select_first(selection* how, bool by_priority, Token token, First& first, Rest&... rest) noexcept {
    using type = std::remove_const_t<First>;
    if constexpr (std::same_as<type, by_priority_t>) {
        return async_select_of(how, true, std::move(token), rest...);
    } else if constexpr (std::same_as<type, selection>) {
        static_assert(std::same_as<First, selection>,
                      "weir: async_select() writes to its selection, so that must not be const");
        return async_select_of(&const_cast<selection&>(first), by_priority, std::move(token), rest...);
    } else if constexpr (token_to_stop<type>) {
        return async_select_of(how, by_priority, type(first), rest...);
    } else {
        return async_select_ends(how, by_priority, std::move(token), first, rest...);
    }
}
template <class Token, class... Args>
auto async_select_of(selection* how, bool by_priority, Token token, Args&... args) noexcept {
    if constexpr (sizeof...(Args) == 0) {
        return async_select_ends(how, by_priority, std::move(token));
    } else {
        return async_select_first(how, by_priority, std::move(token), args...);
    }
}

}  // namespace weir::detail

#endif
