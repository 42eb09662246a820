// SPDX-License-Identifier: MIT
#pragma once

// Little-endian numbers in bytes, wherever they lie.

#include <concepts>
#include <cstddef>

namespace weir::jetstream {

template <std::unsigned_integral N>
void put_number(char* to, N number) noexcept {
    for (std::size_t i = 0; i < sizeof(N); ++i)
        to[i] = static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
}

template <std::unsigned_integral N>
N get_number(const void* from) noexcept {
    const auto* const bytes = static_cast<const unsigned char*>(from);
    N number = 0;
    for (std::size_t i = 0; i < sizeof(N); ++i)
        number = static_cast<N>(number | static_cast<N>(N{bytes[i]} << (8 * i)));
    return number;
}

}  // namespace weir::jetstream
