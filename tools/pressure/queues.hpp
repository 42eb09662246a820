// SPDX-License-Identifier: MIT
//
// The queues between source and sink: rings with an overflow policy, and the unbounded queue that is common
// elsewhere.
#pragma once

#include "tools/pressure/drive.hpp"

#include <weir/overflow.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string_view>

namespace weir::tool::pressure {

/// The baseline: accepts every item while there is memory.
template <class Mutex = std::mutex>
class unbounded_queue {
public:
    bool offer(const item& next) {
        const std::lock_guard lock(mutex_);
        items_.push_back(next);
        ++offered_;
        return true;
    }

    answer take(item& out) {
        const std::lock_guard lock(mutex_);
        if (items_.empty()) return answer::empty;
        out = items_.front();
        items_.pop_front();
        ++delivered_;
        return answer::taken;
    }

    static bool is_dropping() { return false; }

    account ledger() const {
        const std::lock_guard lock(mutex_);
        account sum;
        sum.offered = offered_;
        sum.delivered = delivered_;
        sum.queued = items_.size();
        return sum;
    }

private:
    mutable Mutex mutex_;
    std::deque<item> items_;
    std::uint64_t offered_ = 0, delivered_ = 0;
};

template <class Policy>
class ring_queue {
public:
    explicit ring_queue(std::size_t capacity, Policy policy = {}) : ring_(capacity, policy) {}

    bool offer(const item& next) { return static_cast<bool>(ring_.push(next)); }

    answer take(item& out) {
        const status said = ring_.try_pop(out);
        if (said) return answer::taken;
        return said == status::empty ? answer::empty : answer::busy;
    }

    bool is_dropping() const {
        if constexpr (requires { ring_.is_dropping(); }) return ring_.is_dropping();
        return false;
    }

    account ledger() const { return ring_.account(); }

private:
    overflow_ring<item, Policy> ring_;
};

struct by_class {
    std::size_t operator()(const item& one) const noexcept { return static_cast<std::size_t>(one.high); }
};

inline overflow::codel<> codel_of(const conditions& c) {
    const auto as_ns = [](double ms) { return std::chrono::nanoseconds(static_cast<std::int64_t>(ms * 1e6)); };
    return {as_ns(c.codel_target_ms), as_ns(c.codel_interval_ms)};
}

/// Calls f(queue) with a queue that has this policy.
template <class F>
void with_queue(std::string_view policy, const conditions& c, F f) {
    const auto capacity = static_cast<std::size_t>(c.capacity);
    const auto with = [&](auto chosen) {
        ring_queue<decltype(chosen)> queue(capacity, chosen);
        f(queue);
    };
    if (policy == "block") return with(overflow::block{});
    if (policy == "reject") return with(overflow::reject{});
    if (policy == "drop_newest") return with(overflow::drop_newest{});
    if (policy == "drop_oldest") return with(overflow::drop_oldest{});
    if (policy == "sample") return with(overflow::sample{static_cast<std::size_t>(c.keep_one_in), 0});
    if (policy == "shed_lowest") return with(overflow::shed_lowest<2, by_class>{});
    if (policy == "codel") return with(codel_of(c));
    unbounded_queue<> queue;
    f(queue);
}

}  // namespace weir::tool::pressure
