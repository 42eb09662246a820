// SPDX-License-Identifier: MIT
//
// The names of the C++ standard proposal P0260 (concurrent queues), as of revision 20, over weir's rings: for programs that will move to
// std:: one day, or that were written for it.
//
//     weir::bounded_queue<order> queue(1000);                          // over mpmc_ring: bounded_queue<T, Ring> for another one
//     queue.push(x);                                                   // waits for room; false: closed
//     while (auto x = queue.pop()) use(*x);                            // waits; nothing: closed and drained
//     weir::conqueue_status answer = queue.try_push(x);                // success, full, closed, busy
//     auto y = queue.try_pop();                                        // *y, or y.error(): empty, closed, busy
//     bool accepted = co_await queue.async_push(x);                    // and async_pop(): await.hpp
//
// What differs from the proposal: the names are in weir, not in std; the capacity is exact, and allocated when the queue is made, from
// the ring's storage, so there is no allocator argument; try_pop() returns a type of weir's, with the names of std::expected, which
// C++20 lacks; try_ operations never answer busy_async, but run coroutines that wait; each queue has an order of its own, not one with
// all others (two threads that push to two queues may be seen in either order in each). docs/await.md has what else was learnt.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weir/await.hpp"
#include "weir/ring.hpp"
#include "weir/status.hpp"

#if defined(__cpp_impl_coroutine)  // else await.hpp has said so

namespace weir {

/// The answer of a try-operation, as the proposal names it.
enum class conqueue_status {
    success,     ///< done
    empty,       ///< pop: there is nothing
    full,        ///< push: every slot is taken
    closed,      ///< the queue was closed; for a pop: and everything accepted was delivered
    busy,        ///< a peer is in the middle of the slot that is needed: retry
    busy_async,  ///< never said here: an asynchronous operation that is under way holds up no other one
};
/// Its name before revision 19.
using conqueue_errc = conqueue_status;

/// The name of an answer, as the enumerator is spelled.
constexpr std::string_view to_string(conqueue_status answer) noexcept {
    switch (answer) {
    case conqueue_status::success: return "success";
    case conqueue_status::empty: return "empty";
    case conqueue_status::full: return "full";
    case conqueue_status::closed: return "closed";
    case conqueue_status::busy: return "busy";
    case conqueue_status::busy_async: return "busy_async";
    }
    return "unknown";
}

/// What try_pop() gives: an item, or why there is none. The names are those of std::expected<T, conqueue_status>.
template <class T>
class [[nodiscard]] popped {
public:
    using value_type = T;
    using error_type = conqueue_status;

    explicit popped(conqueue_status error) noexcept : error_(error) {}
    explicit popped(std::optional<T>&& item) noexcept : item_(std::move(item)) {}

    bool has_value() const noexcept { return item_.has_value(); }
    explicit operator bool() const noexcept { return has_value(); }
    /// Only if there is an item.
    T& operator*() & noexcept { return *item_; }
    const T& operator*() const& noexcept { return *item_; }
    T&& operator*() && noexcept { return *std::move(item_); }
    T* operator->() noexcept { return &*item_; }
    const T* operator->() const noexcept { return &*item_; }
    /// Throws std::bad_optional_access if there is none (aborts where exceptions are off).
    T& value() & { return item_.value(); }
    T&& value() && { return std::move(item_).value(); }
    template <class U>
    T value_or(U&& other) && {
        return std::move(item_).value_or(std::forward<U>(other));
    }
    /// empty, closed or busy; success if there is an item.
    conqueue_status error() const noexcept { return error_; }

private:
    std::optional<T> item_;
    conqueue_status error_ = conqueue_status::success;
};

/// A queue of the proposal with its waiting operations: push, emplace, pop, close.
template <class Q>
concept basic_concurrent_queue =
    std::move_constructible<typename Q::value_type> && requires(Q& q, const Q& of, typename Q::value_type&& x) {
        { of.is_closed() } noexcept -> std::same_as<bool>;
        { q.close() } noexcept -> std::same_as<void>;
        { q.push(std::move(x)) } -> std::same_as<bool>;
        { q.emplace(std::move(x)) } -> std::same_as<bool>;
        { q.pop() } -> std::same_as<std::optional<typename Q::value_type>>;
    };
/// A queue that also has the non-blocking operations: try_push, try_emplace, try_pop.
template <class Q>
concept concurrent_queue = basic_concurrent_queue<Q> && requires(Q& q, typename Q::value_type&& x) {
    { q.try_push(std::move(x)) } -> std::same_as<conqueue_status>;
    { q.try_emplace(std::move(x)) } -> std::same_as<conqueue_status>;
    { *q.try_pop() } -> std::same_as<typename Q::value_type&&>;
    { q.try_pop().error() } -> std::convertible_to<conqueue_status>;
};
/// A queue that also has operations for coroutines: async_push, async_emplace, async_pop.
template <class Q>
concept async_concurrent_queue = basic_concurrent_queue<Q> && requires(Q& q, typename Q::value_type&& x) {
    { q.async_push(std::move(x)) } noexcept;
    { q.async_emplace(std::move(x)) } noexcept;
    { q.async_pop() } noexcept;
};

namespace detail {

/// A status as the proposal names it. With credit on request, a queue without credit is full.
constexpr conqueue_status to_conqueue(status answer) noexcept {
    switch (answer.code()) {
    case status::success: return conqueue_status::success;
    case status::empty: return conqueue_status::empty;
    case status::closed: return conqueue_status::closed;
    case status::busy: return conqueue_status::busy;
    default: return conqueue_status::full;
    }
}

/// An item that is pushed, kept by value; whether it was accepted.
template <class Part, class T>
class accepted_want : public push_want<Part, T> {
public:
    template <class Token, class Deliver>
    using operation = wait_operation<accepted_want, Token, Deliver>;
    using push_want<Part, T>::push_want;
    bool result() const noexcept { return this->answer() == status::success; }
    template <class Receiver>
    void complete(Receiver&& to) noexcept {
        if (result()) return std::forward<Receiver>(to).set_value();
        std::forward<Receiver>(to).set_error(conqueue_status::closed);
    }
};

/// An item that is popped.
template <class Part>
class popped_want : public pop_want<Part> {
public:
    template <class Token, class Deliver>
    using operation = wait_operation<popped_want, Token, Deliver>;
    using pop_want<Part>::pop_want;
    template <class Receiver>
    void complete(Receiver&& to) noexcept {
        if (auto item = this->item()) return std::forward<Receiver>(to).set_value(*std::move(item));
        std::forward<Receiver>(to).set_error(conqueue_status::closed);
    }
};

/// The producer's operations over a ring.
template <class Ring>
class queue_pushing {
public:
    using value_type = typename Ring::value_type;
    using T = value_type;

    /// Waits for room, and appends. False if the queue is closed: then `x` is untouched. Blocks.
    bool push(const T& x)
        requires std::copy_constructible<T>
    {
        return static_cast<bool>(ring_->push(x));
    }
    bool push(T&& x) { return static_cast<bool>(ring_->push(std::move(x))); }
    /// The same; with false, `args` may be used up.
    template <class... Args>
        requires std::constructible_from<T, Args...>
    bool emplace(Args&&... args) {
        return static_cast<bool>(ring_->emplace(std::forward<Args>(args)...));
    }

    /// Appends if there is room: success, full, closed or busy. If it is not success, `x` is untouched. Progress as try_push of the ring.
    conqueue_status try_push(const T& x)
        requires std::copy_constructible<T>
    {
        return to_conqueue(ring_->try_push(x));
    }
    conqueue_status try_push(T&& x) { return to_conqueue(ring_->try_push(std::move(x))); }
    template <class... Args>
        requires std::constructible_from<T, Args...>
    conqueue_status try_emplace(Args&&... args) {
        return to_conqueue(ring_->try_emplace(std::forward<Args>(args)...));
    }

    /// Awaits room, and appends. Gives a coroutine a bool: false if the queue is closed, or, with a token, a stop was requested; a receiver
    /// set_value(), set_error(conqueue_status::closed) or set_stopped(). `x` is kept by value until then, and lost if it is not accepted:
    /// weir::async_push(ring, x) keeps it. See await.hpp.
    auto async_push(T x) noexcept {
        using want = accepted_want<part, T>;
        return awaitable<want>(std::in_place, no_token(), part_to_await(*ring_), std::move(x));
    }
    template <token_to_stop Token>
    auto async_push(T x, Token stop) noexcept {
        using want = accepted_want<part, T>;
        return awaitable<want, Token>(std::in_place, std::move(stop), part_to_await(*ring_), std::move(x));
    }
    template <class... Args>
        requires std::constructible_from<T, Args...>
    auto async_emplace(Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
        return async_push(T(std::forward<Args>(args)...));
    }

    /// Ends the pushing: pushes that wait, and later ones, are refused; what was accepted can still be popped. Any thread. Idempotent.
    void close() noexcept { ring_->close(); }
    bool is_closed() const noexcept { return ring_->is_closed(); }

protected:
    explicit queue_pushing(Ring& ring) noexcept : ring_(&ring) {}

private:
    using part = std::remove_reference_t<decltype(part_to_await(std::declval<Ring&>()))>;
    Ring* ring_;
};

/// The consumer's operations over a ring.
template <class Ring>
class queue_popping {
public:
    using value_type = typename Ring::value_type;
    using T = value_type;

    /// Waits for an item. Nothing if the queue is closed and drained. Blocks.
    std::optional<T> pop() { return ring_->pop(); }

    /// The oldest item, if there is one; else error() says empty, closed or busy. Progress as try_pop of the ring.
    popped<T> try_pop() noexcept {
        std::optional<T> out;
        const status answer = ring_->try_consume_one([&out](T& item) noexcept { out.emplace(std::move(item)); });
        return out ? popped<T>(std::move(out)) : popped<T>(to_conqueue(answer));
    }

    /// Awaits an item. Gives a coroutine a std::optional<T>: nothing if the queue is closed and drained, or, with a token, a stop was
    /// requested; a receiver set_value(T&&), set_error(conqueue_status::closed) or set_stopped().
    auto async_pop() noexcept { return awaiting<popped_want>(no_token(), part_to_await(*ring_)); }
    template <token_to_stop Token>
    auto async_pop(Token stop) noexcept {
        return awaiting<popped_want>(std::move(stop), part_to_await(*ring_));
    }

    void close() noexcept { ring_->close(); }
    bool is_closed() const noexcept { return ring_->is_closed(); }

protected:
    explicit queue_popping(Ring& ring) noexcept : ring_(&ring) {}

private:
    using part = std::remove_reference_t<decltype(part_to_await(std::declval<Ring&>()))>;
    Ring* ring_;
};

template <class Ring>
struct queue_ring {
    Ring held;
};

}  // namespace detail

/// A side of a queue that can only be pushed to, or popped from: to be handed to code that has no business with the other one. Copyable;
/// refers to the queue, which must outlive it.
template <class Ring>
class queue_back : public detail::queue_pushing<Ring> {
public:
    explicit queue_back(Ring& ring) noexcept : detail::queue_pushing<Ring>(ring) {}
};
template <class Ring>
class queue_front : public detail::queue_popping<Ring> {
public:
    explicit queue_front(Ring& ring) noexcept : detail::queue_popping<Ring>(ring) {}
};

/// A queue of at most so many items. For any threads and coroutines, or as many as `Ring` allows: any ring of items with wait::park.
/// Neither copied nor moved.
template <class T, class Ring = mpmc_ring<T>>
class bounded_queue : private detail::queue_ring<Ring>,
                      public detail::queue_pushing<Ring>,
                      public detail::queue_popping<Ring> {
    static_assert(std::same_as<T, typename Ring::value_type>, "weir: bounded_queue<T, Ring> takes a ring of T");

public:
    using value_type = T;
    using ring_type = Ring;

    /// A queue of exactly `most` items, 1 at least: as the ring.
    explicit bounded_queue(std::size_t most)
        : detail::queue_ring<Ring>{Ring(most)},
          detail::queue_pushing<Ring>(this->held),
          detail::queue_popping<Ring>(this->held) {}
    bounded_queue(const bounded_queue&) = delete;
    bounded_queue& operator=(const bounded_queue&) = delete;

    using detail::queue_pushing<Ring>::close;
    using detail::queue_pushing<Ring>::is_closed;

    std::size_t capacity() const noexcept { return this->held.capacity(); }

    /// The one-sided ends.
    queue_back<Ring> back() noexcept { return queue_back<Ring>(this->held); }
    queue_front<Ring> front() noexcept { return queue_front<Ring>(this->held); }

    /// The ring itself, for what the proposal has no name for: batches, deadlines, select(), statistics.
    Ring& ring() noexcept { return this->held; }
};

}  // namespace weir

#endif
