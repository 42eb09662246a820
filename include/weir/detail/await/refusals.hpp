// SPDX-License-Identifier: MIT
//
// What async_pop(), async_push() and async_acquire() cannot wait for, refused with one sentence. Users get it through weir/await.hpp.
#pragma once

#include <version>

#if defined(__cpp_impl_coroutine)  // as awaiting.hpp

#include <coroutine>
#include <cstddef>
#include <optional>
#include <type_traits>

#include "weir/detail/base/offered.hpp"
#include "weir/detail/select/any_end.hpp"
#include "weir/detail/select/refusals.hpp"
#include "weir/detail/select/waiter.hpp"
#include "weir/status.hpp"

namespace weir {
namespace detail {

enum class way : unsigned char { out, in };

/// Stands for a refused operation, so that its use adds no error of its own.
template <class Result>
struct no_operation {
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    Result await_resume() const noexcept {
        if constexpr (std::is_default_constructible_v<Result>) {
            return Result();
        } else {
            return Result(status::closed);
        }
    }
    template <class Executor>
    no_operation resume_on(Executor&&) const noexcept {
        return {};
    }
    no_operation spin(std::size_t) const noexcept { return {}; }
};

template <class T>
struct item_of {
    using type = int;
};
template <class T>
    requires requires { typename T::value_type; }
struct item_of<T> {
    using type = typename T::value_type;
};
template <class T>
using no_pop = no_operation<std::optional<typename item_of<T>::type>>;
using no_push = no_operation<status>;

struct no_selected : selected {
    no_selected() noexcept : selected(select_waiter::nothing()) {}
};

template <class Ring>
concept ring_to_await = ring_of_any_family<Ring> && !ring_of_readers<Ring> && !ring_of_sizes<Ring>;

/// Whether an operation can wait without a thread where a ring's threads wait for items.
template <class Ring>
constexpr bool has_room_for_operations() noexcept {
    constexpr bool is_one = select_access::lists_for_items<Ring>;
    static_assert(
        is_one,
        "weir: in a ring with wait::spin, yield, sleep or event only threads can wait; give it wait::park, or wait "
        "for the descriptor of wait::event");
    return is_one;
}

/// Whether async_pop(x) (out) or async_push(x, item) (in) is an operation of a `T`; says why not.
template <way Way, class T>
constexpr bool is_awaited() noexcept {
    using type = std::remove_const_t<T>;
    if constexpr (is_sender<type> || is_receiver<type>) {
        constexpr bool is_wrong_side = is_sender<type> == (Way == way::out);
        static_assert(!is_wrong_side || Way == way::in, "weir: a sender cannot be popped from; pass the receiver");
        static_assert(!is_wrong_side || Way == way::out, "weir: a receiver cannot be pushed to; pass the sender");
        static_assert(is_wrong_side || !std::is_const_v<T>,
                      "weir: the handle is const, and to use it changes it: pass one that is not const");
        if constexpr (is_wrong_side || std::is_const_v<T>) {
            return false;
        } else {
            return is_awaited<Way, typename type::ring_type>();
        }
    } else if constexpr (ring_to_await<T>) {
        return has_room_for_operations<T>();
    } else if constexpr (is_reader<type>) {
        static_assert(
            offered<T>,
            "weir: async_pop() is for rings of items: wait for a reader of a broadcast ring with async_select(reader), "
            "then use its try_pop()");
        return false;
    } else if constexpr (ring_of_sizes<type>) {
        static_assert(offered<T>,
                      "weir: async_pop() and async_push() are for rings of items: wait for a message ring with "
                      "async_select(items_of(ring)) or room_in(ring, bytes), then use its try-operations");
        return false;
    } else if constexpr (ring_of_readers<type> && Way == way::in) {
        static_assert(
            offered<T>,
            "weir: async_push() is for rings of items: at a broadcast ring only threads wait for room; use its try_push(), or a "
            "thread that pushes");
        return false;
    } else if constexpr (queue_over_ring<type>) {
        static_assert(offered<T>, "weir: a queue has operations of its own: queue.async_pop(), queue.async_push(x)");
        return false;
    } else if constexpr (ring_of_any_family<type> || newest_value<type> || end_between_processes<type>) {
        refuse_side<T>();
        return false;
    } else {
        static_assert(
            offered<T>,
            "weir: async_pop() and async_push() are for rings of items, such as spsc_ring and mpmc_ring, and for "
            "their receivers and senders");
        return false;
    }
}

template <class... T>
constexpr void refuse_deadline() noexcept {
    static_assert(
        offered<T...>,
        "weir: a coroutine has no deadline: pass a stop token behind which a timer of its event loop stands, as "
        "examples/await/timers.hpp has it");
}

/// A time among the arguments of an operation.
template <class T>
concept time_to_refuse = is_time<std::remove_cvref_t<T>>;

}  // namespace detail

// With deadlines, as threads have them: refused with a sentence.
template <class From, detail::time_to_refuse Time>
auto async_pop(From&, const Time&) {
    detail::refuse_deadline<From>();
    return detail::no_pop<From>();
}
template <class From, detail::time_to_refuse Time>
auto async_pop(From&, typename From::value_type&, const Time&) {
    detail::refuse_deadline<From>();
    return detail::no_push();
}
template <class To, class U, detail::time_to_refuse Time>
auto async_push(To&, U&&, const Time&) {
    detail::refuse_deadline<To>();
    return detail::no_push();
}
template <class From, class... Args>
auto async_pop_for(From&, const Args&...) {
    detail::refuse_deadline<From>();
    return detail::no_pop<From>();
}
template <class From, class... Args>
auto async_pop_until(From&, const Args&...) {
    detail::refuse_deadline<From>();
    return detail::no_pop<From>();
}
template <class To, class... Args>
auto async_push_for(To&, const Args&...) {
    detail::refuse_deadline<To>();
    return detail::no_push();
}
template <class To, class... Args>
auto async_push_until(To&, const Args&...) {
    detail::refuse_deadline<To>();
    return detail::no_push();
}

template <class From, class N, detail::time_to_refuse Time>
auto async_acquire(From&, N, const Time&) {
    detail::refuse_deadline<From>();
    return detail::no_pop<From>();
}
template <class From, class... Args>
auto async_acquire_for(From&, const Args&...) {
    detail::refuse_deadline<From>();
    return detail::no_pop<From>();
}
template <class Time, class... Args>
auto async_select_for(const Time&, const Args&...) {
    detail::refuse_deadline<Time>();
    return detail::no_operation<detail::no_selected>();
}

}  // namespace weir

#endif
