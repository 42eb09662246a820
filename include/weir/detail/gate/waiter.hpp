// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/wait/futex.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The account of a share: see credit_pool.
struct alignas(separation_bytes) gate_share {
    explicit gate_share(std::uint64_t n) noexcept : guaranteed(n) {}

    const std::uint64_t guaranteed;
    atomic<std::uint64_t> held{0};  // credits, times `one`, and flags
    gate_share* next = nullptr;
    std::size_t waiters = 0;       // under the lock, as the next one
    std::uint64_t held_up_in = 0;  // the last pass through the queue in which a waiter of this share was not served
};

/// A request in the queue of a credit_pool: of a thread, or of an operation that waits without one. For that `served` is called, once,
/// when it has its answer, if it has fallen asleep; it belongs to the caller then.
struct gate_waiter {
    gate_waiter(gate_share* s, std::uint64_t many, void (*f)(gate_waiter&) noexcept = nullptr) noexcept
        : from(s), n(many), served(f) {}

    enum : std::uint32_t { awake, asleep, answered };

    gate_share* const from;  // null: the pool itself
    const std::uint64_t n;
    void (*const served)(gate_waiter&) noexcept;
    // Under the lock, until it is answered:
    gate_waiter* previous = nullptr;
    gate_waiter* next = nullptr;
    bool queued = true;
    status answer = status::success;

    futex_word state{awake};
};

}  // namespace weir::detail
