// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "weir/detail/base/atomic.hpp"

namespace weir::detail {

/// The name of a reader, in words that may be read while its seat changes hands.
struct seat_name {
    static constexpr std::size_t bytes = 24;

    std::array<atomic<std::uint64_t>, bytes / sizeof(std::uint64_t)> words{};

    void set(std::string_view text) noexcept {
        std::array<std::uint64_t, bytes / sizeof(std::uint64_t)> copy{};
        // An empty view may point nowhere, which memcpy does not allow even for no bytes.
        if (!text.empty()) std::memcpy(copy.data(), text.data(), kept_of(text));
        // relaxed: see above
        for (std::size_t i = 0; i < copy.size(); ++i) words[i].store(copy[i], relaxed);
    }
    /// How many bytes of a name are kept: whole characters of UTF-8.
    static std::size_t kept_of(std::string_view text) noexcept {
        if (text.size() < bytes) return text.size();
        std::size_t kept = bytes - 1;
        while (kept > 0 && (static_cast<unsigned char>(text[kept]) & 0xc0U) == 0x80U) --kept;
        return kept;
    }
    std::array<char, bytes> get() const noexcept {
        std::array<char, bytes> text{};
        for (std::size_t i = 0; i < words.size(); ++i) {
            const std::uint64_t word = words[i].load(relaxed);  // relaxed: as above
            std::memcpy(text.data() + i * sizeof word, &word, sizeof word);
        }
        return text;
    }
};

}  // namespace weir::detail
