// SPDX-License-Identifier: MIT
//
// Where threads outside a pipeline push into it. pipeline.hpp includes this file and makes inlets: pipeline::inlet().
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <span>
#include <utility>

#include "weir/detail/pipeline/stages.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/status.hpp"

namespace weir {

/// A source for threads outside the pipeline, such as those of an HTTP server: the pushes of an mpmc_ring. Any thread may push and
/// close, also before run(). A push costs what it costs on an mpmc_ring, and a syscall when the next stage has to be woken. An item
/// that was not pushed is untouched, also an rvalue. An inlet that is not connected rejects a push with std::invalid_argument.
template <class T>
class inlet {
public:
    using value_type = T;
    using time_point = std::chrono::steady_clock::time_point;

    explicit inlet(detail::inlet_node<T>& node) noexcept : node_(std::addressof(node)) {}

    /// Appends if there is room. Returns success, full, closed, or busy (see mpmc_ring).
    status try_push(T&& item) {
        return offer([&](auto& ring) { return ring.try_push(std::move(item)); });
    }
    status try_push(const T& item)
        requires std::copy_constructible<T>
    {
        return offer([&](auto& ring) { return ring.try_push(item); });
    }
    /// The same, with an element built in its slot.
    template <class... Args>
        requires std::constructible_from<T, Args...>
    status try_emplace(Args&&... args) {
        return offer([&](auto& ring) { return ring.try_emplace(std::forward<Args>(args)...); });
    }
    /// Appends copies of the first k values, as many as fit; returns k.
    std::size_t try_push_n(std::span<const T> values)
        requires std::copy_constructible<T>
    {
        return node_->output().offer_several([&](auto& ring) { return ring.try_push_n(values); });
    }

    /// The same from an iterator, read at most `n` times.
    template <std::input_iterator It>
        requires std::constructible_from<T, std::iter_reference_t<It>>
    std::size_t try_push_n(It from, std::size_t n) {
        return node_->output().offer_several([&](auto& ring) { return ring.try_push_n(std::move(from), n); });
    }

    /// Appends, and waits for room. Returns success, or closed, when it or the pipeline was closed or cancelled.
    status push(T&& item) { return push_until(std::move(item), detail::forever); }
    status push(const T& item)
        requires std::copy_constructible<T>
    {
        return push_until(item, detail::forever);
    }
    /// The same, with an element built from `args`: see mpmc_ring.
    template <class... Args>
        requires std::constructible_from<T, Args...>
    status emplace(Args&&... args) {
        return offer([&](auto& ring) { return ring.emplace(std::forward<Args>(args)...); });
    }
    /// As push, but gives up after that time, or at that time of any clock: timeout.
    template <class Rep, class Period>
    status push_for(T&& item, std::chrono::duration<Rep, Period> time) {
        return push_until(std::move(item), detail::deadline_after(time));
    }
    template <class Rep, class Period>
    status push_for(const T& item, std::chrono::duration<Rep, Period> time)
        requires std::copy_constructible<T>
    {
        return push_until(item, detail::deadline_after(time));
    }
    status push_until(T&& item, detail::any_time_point deadline) {
        return offer([&](auto& ring) { return ring.push_until(std::move(item), deadline); });
    }
    status push_until(const T& item, detail::any_time_point deadline)
        requires std::copy_constructible<T>
    {
        return offer([&](auto& ring) { return ring.push_until(item, deadline); });
    }
    /// As push, but also gives up when `stop()` says true, with the answer full or busy. wake_all() makes waiters ask again. So
    /// weir::push(inlet, item, stop_token) works as on a ring.
    template <class U, std::predicate Stop>
        requires std::constructible_from<T, U>
    status push_unless(U&& item, Stop stop, detail::any_time_point deadline = detail::forever) {
        return offer([&](auto& ring) { return ring.push_unless(std::forward<U>(item), stop, deadline); });
    }
    /// Appends copies of all values, in as many portions as there is room for. Returns how many: all, unless it was closed.
    std::size_t push_n(std::span<const T> values)
        requires std::copy_constructible<T>
    {
        return push_n_unless(values, []() noexcept { return false; });
    }
    /// The same, but also gives up when `stop()` says true, and at that time of any clock.
    template <std::predicate Stop>
    std::size_t push_n_unless(std::span<const T> values, Stop stop, detail::any_time_point deadline = detail::forever)
        requires std::copy_constructible<T>
    {
        // Not by the ring's push_n: the next stage sleeps at its bell, which each portion must ring.
        std::size_t pushed = try_push_n(values);
        while (pushed < values.size() && push_unless(values[pushed], stop, deadline) == status::success) {
            ++pushed;
            pushed += try_push_n(values.subspan(pushed));
        }
        return pushed;
    }

    /// 0 until it is connected.
    std::size_t capacity() const noexcept { return node_->capacity(); }
    std::size_t size_approx() const noexcept { return node_->size_approx(); }

    /// Makes every waiting push look again.
    void wake_all() noexcept { node_->wake_all(); }
    /// Nothing is accepted from now on; what was accepted is still delivered. Idempotent.
    void close() noexcept { node_->close(); }
    bool is_closed() const noexcept { return node_->is_closed(); }

private:
    friend class pipeline;

    template <class Push>
    status offer(Push push) {
        return node_->output().offer(push);
    }

    detail::inlet_node<T>* node_;
};

}  // namespace weir
