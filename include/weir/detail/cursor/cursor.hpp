// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace weir::detail {

/// A cursor of a ring that is claimed by compare and exchange: a position, doubled. Positions count items and never wrap
/// within a machine's life (but a test may start just below it), so that an exchange that succeeds has missed no claim.
/// Bit 0 of the producers' cursor says that the ring is closed: no claim can overlook it.
using cursor = std::uint64_t;
inline constexpr cursor one_item = 2;
inline constexpr cursor closed_bit = 1;

constexpr cursor cursor_at(std::uint64_t position) noexcept { return position * one_item; }
constexpr cursor items_ahead(cursor at, std::uint64_t n) noexcept { return at + n * one_item; }

/// How many items `a` is ahead of `b`; a difference modulo 2^63, negative when it is behind.
constexpr std::int64_t distance(cursor a, cursor b) noexcept {
    return static_cast<std::int64_t>(a - b) / static_cast<std::int64_t>(one_item);
}

/// The distance of two cursors read one after the other, as a number of items.
constexpr std::size_t size_within(std::int64_t distance, std::size_t capacity) noexcept {
    return distance <= 0 ? 0 : std::min(static_cast<std::size_t>(distance), capacity);
}

}  // namespace weir::detail
