// SPDX-License-Identifier: MIT
//
// An adapter is a class with a constructor that takes a capacity and
//     bool try_push(const T&), bool try_pop(T&)                          or, for forms that block inside the queue,
//     void push(const T&), void pop(T&), std::size_t capacity()
// and, where the queue has them,
//     classes producer and consumer with the same operations, constructed from the adapter by the thread that uses them
//     std::size_t push_n(std::span<const T>), pop_n(std::span<T>)        as many as fit, or as are available
//     std::size_t write_in_place(n, f), read_in_place(n, f)              f(std::span<T>) once or twice, up to n items in all
#pragma once

#include <concepts>
#include <cstddef>
#include <span>

#include "bench/queues/letter.hpp"
#include "instruments/item.hpp"

namespace bench {

/// An item with this number.
template <typename T>
T numbered(word number) noexcept {
    T item{};
    stamp(item, number);
    return item;
}

/// The object that a thread pushes into: the queue, or the thread's own producer end.
template <typename Q>
decltype(auto) producer_of(Q& queue) {
    if constexpr (requires { typename Q::producer; }) {
        return typename Q::producer(queue);
    } else {
        return (queue);
    }
}

template <typename Q>
decltype(auto) consumer_of(Q& queue) {
    if constexpr (requires { typename Q::consumer; }) {
        return typename Q::consumer(queue);
    } else {
        return (queue);
    }
}

template <typename Q, typename T>
concept try_queue = requires(Q& q, const T& in, T& out) {
    { producer_of(q).try_push(in) } -> std::same_as<bool>;
    { consumer_of(q).try_pop(out) } -> std::same_as<bool>;
};

template <typename Q, typename T>
concept batch_queue = requires(Q& q, std::span<const T> in, std::span<T> out) {
    { q.push_n(in) } -> std::same_as<std::size_t>;
    { q.pop_n(out) } -> std::same_as<std::size_t>;
};

template <typename Q, typename T>
concept in_place_queue = requires(Q& q, void (*f)(std::span<T>)) {
    { q.write_in_place(std::size_t{}, f) } -> std::same_as<std::size_t>;
    { q.read_in_place(std::size_t{}, f) } -> std::same_as<std::size_t>;
};

inline void fill(std::span<word> slots, word& next) noexcept {
    const word first = next;
    for (std::size_t i = 0; i != slots.size(); ++i) {
        slots[i] = first + i;
    }
    next = first + slots.size();
}

inline void check_all(std::span<const word> items, word& due, receipt& got) noexcept {
    const word first = due;
    receipt these;
    for (std::size_t i = 0; i != items.size(); ++i) {
        these.check(items[i], first + i);
    }
    got.sum += these.sum;
    got.wrong |= these.wrong;
    due = first + items.size();
}

}  // namespace bench
