// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>

#include "weir/detail/base/atomic.hpp"

namespace weir::detail {

/// A value in atomic words, which one thread writes while others copy it. The copy may then be made of parts of two values, and the
/// copying thread finds out by a counter; but there is no data race.
template <class T>
class copied_words {
    static_assert(std::is_trivially_copyable_v<T>);
    static constexpr std::size_t words = (sizeof(T) + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
    using bits = std::array<std::uint64_t, words>;

public:
    [[gnu::always_inline]] void write(const T& value) noexcept {
        bits copy;
        if constexpr (sizeof copy != sizeof value) copy.back() = 0;
        std::memcpy(copy.data(), std::addressof(value), sizeof value);
        // (3) release: pairs with (4): a reader of a word also sees what the writer did before it wrote this value
        for (std::size_t i = 0; i < words; ++i) words_[i].store(copy[i], release);
    }

    [[gnu::always_inline]] T read() const noexcept {
        bits copy;
        // (4) acquire: pairs with (3)
        for (std::size_t i = 0; i < words; ++i) copy[i] = words_[i].load(acquire);
        std::array<std::byte, sizeof(T)> bytes;
        std::memcpy(bytes.data(), copy.data(), sizeof bytes);
        return std::bit_cast<T>(bytes);
    }

private:
    std::array<atomic<std::uint64_t>, words> words_{};
};

}  // namespace weir::detail
