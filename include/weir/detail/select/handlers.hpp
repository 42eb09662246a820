// SPDX-License-Identifier: MIT
//
// The arguments of select(): what may stand before the ends, the ends, and handlers for them. Users get it through weir/select.hpp.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <version>

#if defined(__cpp_lib_jthread)
#include <stop_token>
#endif

#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/user_code.hpp"
#include "weir/detail/select/any_end.hpp"
#include "weir/detail/select/refusals.hpp"
#include "weir/detail/select/waiter.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/status.hpp"

namespace weir {
namespace detail {

// ---- handlers ----------------------------------------------------------------------------------------------------

/// An end, and what to do with one item of it.
template <class End, class F>
struct end_handler {
    End end;
    F f;
};
template <class>
inline constexpr bool is_handler = false;
template <class End, class F>
inline constexpr bool is_handler<end_handler<End, F>> = true;

/// Takes one item and calls `f` with it, after `then()`. False if there was none.
template <class From, class F, class Then>
bool take_one(From& from, F& f, Then then) {
    static_assert(std::invocable<F&, typename From::value_type&&>,
                  "weir: the handler of an end with items takes one: on(end, [](T&& item) { ... })");
    auto item = from.try_pop();
    if (!item) return false;
    then();
    if constexpr (std::invocable<F&, typename From::value_type&&>) (void)f(std::move(*item));
    return true;
}

template <class Ring, class F, class Then>
bool serve(receiver<Ring>& end, F& f, Then then) {
    return take_one(end, f, then);
}
template <class Ring, class F, class Then>
bool serve(weir::broadcast_reader<Ring>& end, F& f, Then then) {
    return take_one(end, f, then);
}
template <class Ring, class F, class Then>
bool serve(const items_end<Ring>& end, F& f, Then then) {
    if constexpr (ring_of_sizes<Ring>) {
        constexpr bool is_visit = std::invocable<F&, std::uint16_t, std::span<const std::byte>>;
        static_assert(is_visit,
                      "weir: the handler of a message ring takes a message in place: "
                      "on(items_of(ring), [](std::uint16_t type, std::span<const std::byte> bytes) { ... })");
        then();
        const auto visit = [&f](std::uint16_t type, std::span<const std::byte> bytes) -> decltype(auto) {
            if constexpr (is_visit) return f(type, bytes);
        };
        return end.ring.try_consume_one(visit) == status::success;
    } else {
        return take_one(end.ring, f, then);
    }
}
template <class F, class Then>
bool make_one(F& f, Then then) {
    static_assert(std::invocable<F&>,
                  "weir: the handler of an end with room takes nothing, and pushes: on(end, [] { ... })");
    then();
    if constexpr (std::invocable<F&>) (void)f();
    return true;
}
template <class Ring, class F, class Then>
bool serve(sender<Ring>&, F& f, Then then) {
    return make_one(f, then);
}
template <class Ring, class F, class Then>
bool serve(const room_end<Ring>&, F& f, Then then) {
    return make_one(f, then);
}

// ---- to stop -----------------------------------------------------------------------------------------------------

/// Stands for a stop predicate: do not wait at all.
struct without_waiting_t {};
inline constexpr without_waiting_t without_waiting{};

/// Calls `wait(is_stopped)`, where is_stopped() says whether to give up.
template <class Stop, class Wait>
    requires(!is_stop_token<std::remove_const_t<Stop>>)
selected stopping_by(Stop& stop, const select_waiter&, Wait wait) {
    return wait(stop);
}
#if defined(__cpp_lib_jthread)
/// The thread is woken when a stop is requested while it waits.
template <class Wait>
selected stopping_by(const std::stop_token& stop, const select_waiter& waiter, Wait wait) {
    const auto look_again = [&waiter]() noexcept { waiter.wake_all(); };
    std::optional<std::stop_callback<decltype(look_again)>> callback;
    auto is_stopped = [&]() noexcept {
        if (!callback && !stop.stop_requested()) callback.emplace(stop, look_again);
        return stop.stop_requested();
    };
    return wait(is_stopped);
}
#endif

template <class Stop>
selected wait_or_look(select_waiter& waiter, Stop& stop, steady_time deadline) {
    if constexpr (std::same_as<std::remove_const_t<Stop>, without_waiting_t>) {
        return waiter.look_once();
    } else {
        return waiter.wait(stop, deadline);
    }
}

// ---- the ends ----------------------------------------------------------------------------------------------------

template <class Stop>
selected select_of(std::span<const any_end> ends, selection& how, Stop& stop, steady_time deadline) {
    if (ends.empty()) reject_argument("select() of no end would wait for ever; name 1 to 64 ends");
    if (ends.size() > most_ends) {
        reject_argument("select() of " + std::to_string(ends.size()) + " ends is impossible; it waits for " +
                        std::to_string(most_ends) + " at most");
    }
    select_waiter waiter(ends, how);
    return stopping_by(stop, waiter, [&](auto& is_stopped) { return wait_or_look(waiter, is_stopped, deadline); });
}

/// The ends that are ready at the first look; by priority only the first of them. Nothing if there is none, or if one of them is an
/// any_end: then the ends are looked at as those whose types are not known. An end that is left out has closed, and is never ready.
template <class... Ends>
[[gnu::always_inline]] inline std::uint64_t ready_at_once(const selection& how, Ends&... ends) noexcept {
    std::uint64_t ready = 0;
    if constexpr (!(std::same_as<std::remove_const_t<Ends>, any_end> || ...)) {
        std::size_t i = 0;
        if (select_waiter::is_by_priority(how)) {
            const auto is_first = [&](auto& end) noexcept {
                if (is_ready(end)) ready = std::uint64_t{1} << i;
                ++i;
                return ready != 0;
            };
            (void)(is_first(ends) || ...);
        } else {
            ((ready |= static_cast<std::uint64_t>(is_ready(ends)) << i++),
             ...);  // without a branch that one cannot foresee
        }
    }
    return ready;
}

template <class Stop, class... Handlers>
selected serve_first(selection& how, Stop& stop, steady_time deadline, Handlers&... handlers) {
    const std::array<any_end, sizeof...(Handlers)> ends{any_end(handlers.end)...};
    select_waiter waiter(ends, how);
    return stopping_by(stop, waiter, [&](auto& is_stopped) {
        const auto then = [&waiter]() noexcept { waiter.pass_on(); };
        for (;;) {
            const selected found = wait_or_look(waiter, is_stopped, deadline);
            if (!found) return found;
            if (found.is_closed()) continue;  // it is left out from now on
            std::size_t i = 0;
            bool is_served = false;
            (void)((i++ == found.index() && (is_served = serve(handlers.end, handlers.f, then), true)) || ...);
            if (is_served) return found;
        }
    });
}

template <class Stop, class... Ends>
[[gnu::noinline]] selected select_of_typed(selection& how, Stop& stop, steady_time deadline, Ends&... args) {
    const std::array<any_end, sizeof...(Ends)> ends{any_end(args)...};
    return select_of(ends, how, stop, deadline);
}

template <class End>
constexpr bool is_end() noexcept {
    using type = std::remove_cvref_t<End>;
    static_assert(!ring_of_any_family<type>,
                  "weir: say which side of the ring select() waits for: weir::items_of(ring) or weir::room_in(ring)");
    constexpr bool is_one = std::constructible_from<any_end, End&>;
    constexpr bool is_refused = is_misplaced<End>();
    static_assert(is_one || is_refused || ring_of_any_family<type>,
                  "weir: select() waits for receivers and senders that are not const, readers of a broadcast ring, "
                  "weir::items_of(ring) and weir::room_in(ring)");
    return is_one;
}
template <class Arg>
constexpr bool is_end_of() noexcept {
    if constexpr (is_handler<std::remove_cvref_t<Arg>>) {
        using end = decltype(std::declval<Arg&>().end);
        constexpr bool is_known = !std::same_as<std::remove_cvref_t<end>, any_end>;
        static_assert(is_known, "weir: an any_end does not know its items: give on() the end that it was made from");
        return is_known && is_end<end>();
    } else {
        return is_end<std::remove_reference_t<Arg>>();
    }
}

// Inlined by force as far as to the first look, so that the ends need not lie in memory to be looked at.
template <class Stop, class... Args>
[[gnu::always_inline]] inline selected select_among(selection& how, Stop& stop, steady_time deadline, Args&... args) {
    constexpr std::size_t handlers = (0U + ... + (is_handler<std::remove_const_t<Args>> ? 1U : 0U));
    static_assert(sizeof...(Args) > 0, "weir: select() needs an end to wait for");
    static_assert(sizeof...(Args) <= most_ends,
                  "weir: select() waits for 64 ends at most; join some feeds in one mpsc_ring");
    static_assert(handlers == 0 || handlers == sizeof...(Args),
                  "weir: select() takes ends, or ends with a handler each: on(end, handler)");
    if constexpr (sizeof...(Args) > 0 && sizeof...(Args) <= most_ends) {
        if constexpr (handlers == sizeof...(Args)) {
            if constexpr ((is_end_of<Args>() && ...)) return serve_first(how, stop, deadline, args...);
        } else if constexpr (sizeof...(Args) == 1 && (std::convertible_to<Args&, std::span<const any_end>> && ...)) {
            return select_of((std::span<const any_end>(args), ...), how, stop, deadline);
        } else if constexpr (handlers == 0) {
            if constexpr ((is_end_of<Args>() && ...)) {
                if (const std::uint64_t ready = ready_at_once(how, args...); ready != 0) [[likely]]
                    return select_waiter::found(how, ready);
                return select_of_typed(how, stop, deadline, args...);
            }
        }
    }
    return select_waiter::nothing();
}

// ---- what stands before them -------------------------------------------------------------------------------------

template <bool HasOrder, class Stop>
[[gnu::always_inline]] inline selected select_with(selection& how, Stop& stop, steady_time deadline) {
    return select_among(how, stop, deadline);
}
template <bool HasOrder, class Stop, class First, class... Rest>
[[gnu::always_inline]] inline selected select_with(selection& how, Stop& stop, steady_time deadline, First& first,
                                                   Rest&... rest) {
    using type = std::remove_const_t<First>;
    constexpr bool is_order = std::same_as<type, by_priority_t> || std::same_as<type, selection>;
    static_assert(!is_order || !HasOrder,
                  "weir: select() has one order; a selection by priority is weir::selection(weir::by_priority)");
    static_assert(!is_stop_token<type> || std::same_as<Stop, decltype(never)>,
                  "weir: a stop token is for select(), select_for() and select_until(), and one is enough");
    if constexpr (std::same_as<type, by_priority_t>) {
        selection in_order(by_priority);
        return select_with<true>(in_order, stop, deadline, rest...);
    } else if constexpr (is_order) {
        static_assert(std::same_as<First, selection>,
                      "weir: select() writes to its selection, so that must not be const");
        return select_with<true>(const_cast<selection&>(first), stop, deadline, rest...);
    } else if constexpr (is_stop_token<type>) {
        return select_with<HasOrder>(how, first, deadline, rest...);
    } else {
        return select_among(how, stop, deadline, first, rest...);
    }
}
template <class Stop, class... Args>
[[gnu::always_inline]] inline selected select_first(Stop&& stop, steady_time deadline, Args&&... args) {
    selection once = select_waiter::at_random();
    return select_with<false>(once, stop, deadline, args...);
}

}  // namespace detail

/// An end with a handler for select(), which keeps the end by reference. The handler of an end with items is called with one, `f(T&&)`,
/// that was taken; of a message ring with a message in place, `f(std::uint16_t type, std::span<const std::byte> bytes)`; of an end with
/// room with nothing, `f()`, and pushes. With a ring of many producers another one may have been quicker: so the push may fail.
template <class End, class F>
detail::end_handler<End, std::decay_t<F>> on(End&& end, F&& f) {
    return {std::forward<End>(end), std::forward<F>(f)};
}

}  // namespace weir
