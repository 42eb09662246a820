// SPDX-License-Identifier: MIT
//
// Messages whose every byte can be checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace weir_test {

using message_bytes = std::vector<std::byte>;

/// The bytes of message `n`: they depend on n and on the place.
inline message_bytes message_of(std::uint64_t n, std::size_t size) {
    message_bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((n * 131 + i * 7 + 1) & 0xff);
    return bytes;
}

inline bool is_message(std::span<const std::byte> bytes, std::uint64_t n) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (bytes[i] != static_cast<std::byte>((n * 131 + i * 7 + 1) & 0xff)) return false;
    }
    return true;
}

inline message_bytes copy_of(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace weir_test
