// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/atomic.hpp"

namespace weir::detail {

/// A value in atomic words, which one thread writes while others copy it. The copy may then be made of parts of two values, and the
/// copying thread finds out by a counter; but there is no data race.
template <class T>
class copied_words {
    static_assert(std::is_trivially_copyable_v<T>);
    using word = std::uint64_t;
    static constexpr std::size_t words = (sizeof(T) + sizeof(word) - 1) / sizeof(word);

public:
    // Word by word, both ways, so that a large value needs no room on the stack.

    WEIR_ALWAYS_INLINE void write(const T& value) noexcept {
        const auto* const from = reinterpret_cast<const std::byte*>(std::addressof(value));
        // (3) release: pairs with (4): a reader of a word also sees what the writer did before it wrote this value
        for (std::size_t i = 0; i < words; ++i) {
            word copy = 0;
            copy_part(i, &copy, from + i * sizeof copy);
            words_[i].store(copy, release);
        }
    }

    /// Copies to `to`, where there is room for sizeof(T) bytes.
    WEIR_ALWAYS_INLINE void read_to(void* to) const noexcept {
        // (4) acquire: pairs with (3)
        for (std::size_t i = 0; i < words; ++i) {
            const word copy = words_[i].load(acquire);
            copy_part(i, static_cast<std::byte*>(to) + i * sizeof copy, &copy);
        }
    }

    WEIR_ALWAYS_INLINE T read() const noexcept {
        std::array<std::byte, sizeof(T)> bytes;
        read_to(bytes.data());
        return std::bit_cast<T>(bytes);
    }

private:
    // The bytes of word `i` that belong to the value: fewer in the last one.
    WEIR_ALWAYS_INLINE static void copy_part(std::size_t i, void* to, const void* from) noexcept {
        constexpr std::size_t rest = sizeof(T) % sizeof(word);
        if constexpr (rest > 0) {
            if (i == words - 1) {
                std::memcpy(to, from, rest);
                return;
            }
        }
        if constexpr (sizeof(T) >= sizeof(word)) std::memcpy(to, from, sizeof(word));
    }

    std::array<atomic<word>, words> words_{};
};

}  // namespace weir::detail
