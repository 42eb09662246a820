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
#include "weir/detail/await/overflow_wants.hpp"
#include "weir/detail/await/refusals.hpp"
#include "weir/detail/await/wants.hpp"
#include "weir/detail/select/any_end.hpp"
#include "weir/detail/select/handlers.hpp"
#include "weir/detail/select/waiter.hpp"

namespace weir::detail {

// ---- a ring, or the handle of its side ----------------------------------------------------------------------------

/// What an operation of a ring refers to: the part that its threads wait at (ring_ends), or, if it has a policy, the ring.
template <class Ring>
auto& part_to_await(Ring& ring) noexcept {
    if constexpr (ring_to_await<Ring>) (void)has_room_for_operations<Ring>();
    if constexpr (ring_of_policy<Ring>) {
        return ring;
    } else {
        return select_access::part_of(ring);
    }
}
template <class Ring>
auto& part_to_await(sender<Ring>& end) noexcept {
    return part_to_await(select_access::ring_of(end));
}
template <class Ring>
auto& part_to_await(receiver<Ring>& end) noexcept {
    return part_to_await(select_access::ring_of(end));
}

template <class To, class U>
concept item_for = requires {
    typename To::value_type;
    requires std::same_as<std::remove_cvref_t<U>, typename To::value_type> ||
                 std::constructible_from<typename To::value_type, U>;
};
/// Says why not.
template <class To, class U>
constexpr no_push refuse_push() noexcept {
    if constexpr (is_awaited<way::in, To>()) {
        static_assert(offered<To>, "weir: an item of this ring cannot be made of what async_push() is given");
    }
    return {};
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

/// The same of a ring, or of a handle: refused with a sentence if it has no such side.
template <template <class...> class Want, class Token, class From, class... Out>
[[gnu::always_inline]] inline auto pop_from(Token token, From& from, Out&... out) noexcept {
    if constexpr (is_awaited<way::out, From>()) {
        return awaiting<Want>(std::move(token), part_to_await(from), out...);
    } else if constexpr (sizeof...(Out) == 0) {
        return no_pop<From>();
    } else {
        return no_push();
    }
}
template <class Token, class To, class U>
[[gnu::always_inline]] inline auto push_to(Token token, To& to, U&& x) {
    if constexpr (is_awaited<way::in, To>()) {
        return push_of(std::move(token), part_to_await(to), std::forward<U>(x));
    } else {
        return no_push();
    }
}
template <class Token, class To, class U>
[[gnu::always_inline]] inline auto push_made_to(Token token, To& to, U&& x) {
    if constexpr (is_awaited<way::in, To>()) {
        return push_made(std::move(token), part_to_await(to), typename To::value_type(std::forward<U>(x)));
    } else {
        return no_push();
    }
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

/// Whether async_select() waits at what was passed as an `End&`; says why not.
template <class End>
constexpr bool is_end_to_await() noexcept {
    using type = std::remove_const_t<End>;
    static_assert(!is_handler<type>,
                  "weir: async_select() takes ends without handlers: co_await it, then use the end that it names");
    static_assert(
        !ring_of_any_family<type>,
        "weir: say which side of the ring async_select() waits for: weir::items_of(ring) or weir::room_in(ring)");
    static_assert(!token_to_stop<type> || is_stop_token<type>,
                  "weir: stop tokens, selections and by_priority stand before the ends");
    if constexpr (is_handler<type> || ring_of_any_family<type> || (token_to_stop<type> && !is_stop_token<type>)) {
        return false;
    } else if constexpr (is_misplaced<End>()) {
        return false;
    } else {
        static_assert(
            can_list<type>,
            "weir: async_select() waits for items_of(ring), room_in(ring), receivers, senders and readers of rings with "
            "wait::park; not for an any_end, nor for room in a broadcast ring, or that time makes (overflow::sample and "
            "codel); with wait::event wait for the descriptors");
        return can_list<type>;
    }
}

template <class Token, class... Ends>
auto async_select_ends(selection* how, bool by_priority, Token token, Ends&... ends) noexcept {
    static_assert(sizeof...(Ends) > 0, "weir: async_select() needs an end to wait for");
    static_assert(sizeof...(Ends) <= most_ends, "weir: async_select() waits for 64 ends at most");
    constexpr bool are_ends = (is_end_to_await<Ends>() && ...);  // each one says why not
    if constexpr (sizeof...(Ends) > 0 && sizeof...(Ends) <= most_ends && are_ends) {
        return awaitable<select_want<Ends...>, Token>(std::in_place, std::move(token), how, by_priority, ends...);
    } else {
        (void)how, (void)by_priority, (void)token;
        return no_operation<no_selected>();
    }
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
