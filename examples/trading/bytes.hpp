// SPDX-License-Identifier: MIT
//
// Unsigned numbers in a row of bytes, least significant byte first, whatever the machine.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace trading {

/// The number at `at`. The caller has checked that it lies within `bytes`.
template <std::unsigned_integral T>
T get(std::span<const std::byte> bytes, std::size_t at) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = sizeof(T); i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(bytes[at + i]);
    return static_cast<T>(value);
}

template <std::unsigned_integral T>
void put(std::span<std::byte> bytes, std::size_t at, T value) noexcept {
    for (std::size_t i = 0; i != sizeof(T); ++i) bytes[at + i] = static_cast<std::byte>(std::uint64_t{value} >> 8 * i);
}

}  // namespace trading
