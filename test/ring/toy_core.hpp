// SPDX-License-Identifier: MIT
//
// A family of rings as its author would write it first: a deque under a mutex. It satisfies ring_core (weir/detail/concepts.hpp),
// and so passes the contract of all rings without a change elsewhere.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "weir/detail/base/user_code.hpp"
#include "weir/detail/concepts.hpp"
#include "weir/ring.hpp"

namespace weir_test {

template <class T>
class toy_core {
public:
    using value_type = T;
    using counter_type = std::uint64_t;
    static constexpr bool has_many_producers = true, has_many_consumers = true;
    static constexpr bool has_contiguous_slots = false, has_credit_on_request = false, can_drop_oldest = false;
    static constexpr std::size_t fixed_capacity = 0, most_capacity = weir::detail::most_capacity<T, std::size_t>;
    using memory_source = weir::detail::no_source;
    static constexpr std::size_t memory_alignment = alignof(T);
    static constexpr std::size_t bytes_for(std::size_t capacity) noexcept { return capacity * sizeof(T); }
    static constexpr auto try_push_progress = weir::progress::may_be_busy,
                          try_pop_progress = weir::progress::may_be_busy;

    toy_core(std::size_t capacity, std::uint64_t, bool)
        : capacity_(weir::detail::checked_capacity<T, std::size_t>(capacity)) {}

    template <class... Args>
    weir::status try_emplace(Args&&... args) {
        const std::lock_guard lock(mutex_);
        if (closed_) return weir::status::closed;
        if (items_.size() == capacity_) return weir::status::full;
        items_.emplace_back(std::forward<Args>(args)...);
        return weir::status::success;
    }
    template <class It>
    std::size_t try_push_n(It from, std::size_t n) {
        return weir::detail::push_singly(
            from, n, [this](auto&& item) { return this->try_emplace(std::forward<decltype(item)>(item)); });
    }
    bool has_room() { return !is_closed() && size_approx() < capacity_; }

    template <class F>
    weir::status try_take(F&& take) {
        std::unique_lock lock(mutex_);
        if (items_.empty()) return closed_ ? weir::status::closed : weir::status::empty;
        T item = std::move(items_.front());
        items_.pop_front();
        lock.unlock();  // the user's code may come back to the ring
        take(item);
        return weir::status::success;
    }
    std::size_t try_pop_n(std::span<T> out) {
        std::size_t n = 0;
        while (n < out.size() && try_take([&](T& item) { out[n] = std::move(item); })) ++n;
        return n;
    }
    template <class F, class G>
    std::size_t consume(F& visit, std::size_t most, G given_back) {
        const std::size_t count = std::min(most, size_approx());
        std::size_t n = 0;
        const weir::detail::at_scope_end afterwards([&] { given_back(n); });
        while (n < count && try_take([&](T& item) { ++n, visit(item); })) {
        }
        return n;
    }
    bool has_items() { return size_approx() > 0; }
    bool drained() { return is_closed() && size_approx() == 0; }

    void close() noexcept { set_closed(); }
    bool is_closed() const {
        return locked([this] { return closed_; });
    }
    std::size_t capacity() const { return capacity_; }
    std::size_t size_approx() const {
        return locked([this] { return items_.size(); });
    }
    weir::memory_report memory() const { return {}; }

private:
    void set_closed() {
        locked([this] { return closed_ = true; });
    }
    template <class F>
    auto locked(F f) const {
        const std::lock_guard lock(mutex_);
        return f();
    }

    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::deque<T> items_;
    bool closed_ = false;
};

static_assert(weir::detail::ring_core<toy_core<int>>);

template <class T, class Wait, class Stats, class Storage, class Counter>
using toy_ring = weir::basic_ring<toy_core<T>, Wait, Stats>;

}  // namespace weir_test
