// SPDX-License-Identifier: MIT
//
// The names of the C++ standard proposal P0260 (concurrent queues) over weir's rings, for programs that will move to std:: one day,
// or that were written for it.
//
//     weir::bounded_queue<order> queue(1000);                          // over mpmc_ring: bounded_queue<T, Ring> for another one
//     queue.push(x);                                                   // waits for room; false: closed
//     while (auto x = queue.pop()) use(*x);                            // waits; nothing: closed and drained
//     weir::conqueue_errc answer = queue.try_push(x);                  // success, full, closed, busy
//     std::optional<order> y = queue.try_pop(answer);                  // success, empty, closed, busy
//     bool accepted = co_await queue.async_push(x);                    // and async_pop(): await.hpp
//
// What differs from the proposal: the names are in weir, not in std; the capacity is exact, and allocated when the queue is made, from
// the ring's storage, so there is no allocator argument; try_ operations never answer busy_async; the asynchronous forms need no
// std::execution, and end without errors: by a value or, with a stop token, by set_stopped. docs/await.md has what else was learnt.
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
enum class conqueue_errc {
    success,     ///< done
    empty,       ///< pop: there is nothing
    full,        ///< push: every slot is taken
    closed,      ///< the queue was closed; for a pop: and everything accepted was delivered
    busy,        ///< a peer is in the middle of the slot that is needed: retry
    busy_async,  ///< never said here: an asynchronous operation that is under way holds up no other one
};

/// The name of an answer, as the enumerator is spelled.
constexpr std::string_view to_string(conqueue_errc answer) noexcept {
    switch (answer) {
    case conqueue_errc::success: return "success";
    case conqueue_errc::empty: return "empty";
    case conqueue_errc::full: return "full";
    case conqueue_errc::closed: return "closed";
    case conqueue_errc::busy: return "busy";
    case conqueue_errc::busy_async: return "busy_async";
    }
    return "unknown";
}

namespace detail {

/// A status as the proposal names it. With credit on request, a queue without credit is full.
constexpr conqueue_errc to_errc(status answer) noexcept {
    switch (answer.code()) {
    case status::success: return conqueue_errc::success;
    case status::empty: return conqueue_errc::empty;
    case status::closed: return conqueue_errc::closed;
    case status::busy: return conqueue_errc::busy;
    default: return conqueue_errc::full;
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
    conqueue_errc try_push(const T& x)
        requires std::copy_constructible<T>
    {
        return to_errc(ring_->try_push(x));
    }
    conqueue_errc try_push(T&& x) { return to_errc(ring_->try_push(std::move(x))); }
    template <class... Args>
        requires std::constructible_from<T, Args...>
    conqueue_errc try_emplace(Args&&... args) {
        return to_errc(ring_->try_emplace(std::forward<Args>(args)...));
    }

    /// Awaits room, and appends. Gives a bool: false if the queue is closed, or, with a token, a stop was requested. `x` is kept by value
    /// until then, and lost if it is not accepted: weir::async_push(ring, x) keeps it. See await.hpp.
    auto async_push(T x) {
        using want = accepted_want<part, T>;
        return awaitable<want>(want(part_to_await(*ring_), std::move(x)));
    }
    template <token_to_stop Token>
    auto async_push(T x, Token stop) {
        using want = accepted_want<part, T>;
        return awaitable<want, Token>(want(part_to_await(*ring_), std::move(x)), std::move(stop));
    }
    template <class... Args>
        requires std::constructible_from<T, Args...>
    auto async_emplace(Args&&... args) {
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

    /// The oldest item, if there is one; `answer` says success, empty, closed or busy. Progress as try_pop of the ring.
    std::optional<T> try_pop(conqueue_errc& answer) {
        std::optional<T> out;
        answer = to_errc(ring_->try_consume_one([&out](T& item) noexcept { out.emplace(std::move(item)); }));
        return out;
    }

    /// Awaits an item. Gives std::optional<T>: nothing if the queue is closed and drained, or, with a token, a stop was requested.
    auto async_pop() noexcept { return weir::async_pop(*ring_); }
    template <token_to_stop Token>
    auto async_pop(Token stop) noexcept {
        return weir::async_pop(*ring_, std::move(stop));
    }

    void close() noexcept { ring_->close(); }
    bool is_closed() const noexcept { return ring_->is_closed(); }

protected:
    explicit queue_popping(Ring& ring) noexcept : ring_(&ring) {}

private:
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
