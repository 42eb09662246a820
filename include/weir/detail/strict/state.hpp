// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/cursor/remote_view.hpp"
#include "weir/detail/cursor/turns.hpp"

namespace weir::detail {

/// One side's line, shared by all threads of that side.
///
/// The consumers' position is exact. The producers' is a hint: every position before it has an item, and it may be behind,
/// since it is stored after the link, by a thread that may have been suspended in between.
struct alignas(separation_bytes) strict_side {
    strict_side(std::uint64_t start, std::uint64_t known) noexcept : position(start), other(known) {}

    atomic<std::uint64_t> position;
    remote_view<std::uint64_t, true> other;  // the other side's position at the last look: a lower bound
    turns turn;
    atomic<std::uint32_t> alone{0};  // looks that found one item at most
};

enum class strict_closing : unsigned char { open, closing, closed };

/// The shared words of a strict ring besides its cells. Standard layout, no pointers.
template <granting Granting>
struct strict_state {
    strict_state(std::size_t capacity_, std::uint64_t start) noexcept
        : capacity(static_cast<std::int64_t>(capacity_)), tail(start, start), head(start, start) {}

    const std::int64_t capacity;
    atomic<strict_closing> closing{strict_closing::open};  // on the line that is not written while items flow
    strict_side tail;
    strict_side head;
};

template <>
struct strict_state<granting::on_request> {
    /// No room is known of at first: see strict_positions::is_full(). `grant_every`: see pull::grant_every.
    strict_state(std::size_t capacity_, std::uint64_t start, std::size_t grant_every) noexcept
        : capacity(static_cast<std::int64_t>(capacity_)),
          tail(start, start - capacity_),
          head(start, start),
          demand(cursor_at(start), capacity_, grant_every) {}

    const std::int64_t capacity;
    atomic<strict_closing> closing{strict_closing::open};
    strict_side tail;
    strict_side head;
    shared_demand demand;
};

}  // namespace weir::detail
