// SPDX-License-Identifier: MIT
//
// The shared words of a credit loop between one producer and one consumer. The two sides are credit_sender and
// credit_receiver; every memory order of theirs is numbered in this folder.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/thread_mark.hpp"
#include "weir/detail/cursor/closing.hpp"
#include "weir/detail/cursor/demand.hpp"

namespace weir::detail {

/// Four counters, each written by one side and each on a line of its own, and a line that is only read while items flow.
/// Standard layout, no pointers: it works wherever it is mapped.
template <std::unsigned_integral Counter>
struct credit_state {
    /// `returned`: the credit given back so far, beside the capacity that there is at first.
    credit_state(Counter capacity_, Counter start, Counter returned_, bool asymmetric) noexcept
        : claimed(start), sent(start), taken(start), returned(returned_), closing(asymmetric), capacity(capacity_) {}

    /// Items in flight, between 0 and the capacity: exact at a quiet moment, slightly stale otherwise.
    template <granting Granting>
    Counter in_flight_approx() const noexcept {
        // acquire, so that `sent`, read after it, is not behind what was already consumed: (4) pairs with (3), (6) with (5)
        const Counter consumed = (Granting == granting::on_request ? taken : returned).load(acquire);
        // relaxed: a statistic; no access to a slot depends on it. More may have passed since the first load, hence the bound
        return std::min(static_cast<Counter>(sent.load(relaxed) - consumed), capacity);
    }

    /// Credit that is granted and not used: exact at a quiet moment, a lower bound for the producer, slightly stale for others.
    Counter credits_approx() const noexcept {
        // relaxed, both: a statistic
        const Counter limit = static_cast<Counter>(returned.load(relaxed) + capacity);
        const Counter unused = static_cast<Counter>(limit - sent.load(relaxed));
        return unused <= capacity ? unused : Counter{0};  // more was sent since than the limit allowed when it was read
    }

    /// Says on a side's own line that the calling thread is that side. Written once, while the thread stays.
    static void sign(atomic<std::uint32_t>& side) noexcept {
        const std::uint32_t mark = thread_mark();
        if (side.load(relaxed) != mark) side.store(mark, relaxed);  // relaxed, both: a hint
    }
    static bool is_signed_by_me(const atomic<std::uint32_t>& side) noexcept {
        return side.load(relaxed) == thread_mark();  // relaxed: a hint
    }

    // Written by the producer.
    alignas(separation_bytes) atomic<Counter> claimed;  // position of the next claim. Read by others after the close
    alignas(separation_bytes) atomic<Counter> sent;     // items handed over
    atomic<std::uint32_t> producer{0};                  // thread_mark() of the latest look at the consumer: a hint
    // Written by the consumer.
    alignas(separation_bytes) atomic<Counter> taken;     // position of the next item to be taken
    alignas(separation_bytes) atomic<Counter> returned;  // credit given back
    atomic<std::uint32_t> consumer{0};                   // thread_mark() of the latest look at the producer: a hint
    // Written once, by the thread that closes.
    alignas(separation_bytes) detail::closing<Counter> closing;
    const Counter capacity;
};

}  // namespace weir::detail
