// SPDX-License-Identifier: MIT
//
// The messages of the message scenarios: bytes whose first and last eight carry the number of the message.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>

#include "instruments/item.hpp"

namespace bench {

/// Of one size.
template <std::size_t Bytes>
struct letter {
    static_assert(Bytes >= 2 * sizeof(word));
    alignas(word) std::array<std::byte, Bytes> bytes;

    std::span<const std::byte> used() const noexcept { return bytes; }
    /// Where a message of `size` bytes is to be copied to.
    std::byte* space(std::size_t) noexcept { return bytes.data(); }
    void assign(std::span<const std::byte> from) noexcept { std::memcpy(bytes.data(), from.data(), Bytes); }

    word number() const noexcept { return word_at(0); }
    word last() const noexcept { return word_at(Bytes - sizeof(word)); }
    void put_number(word number) noexcept {
        put_word(0, number);
        put_word(Bytes - sizeof number, number);
    }

    word word_at(std::size_t at) const noexcept {
        word it;
        std::memcpy(&it, bytes.data() + at, sizeof it);
        return it;
    }
    void put_word(std::size_t at, word it) noexcept { std::memcpy(bytes.data() + at, &it, sizeof it); }
};

/// Sizes as a market feed has them, by the number of the message: mostly 20 to 60 bytes, some of 100 to 300, few up to a full packet.
inline constexpr std::array<unsigned short, 16> feed_sizes{20, 36, 26,  44, 36, 120, 20, 31,
                                                           60, 26, 300, 36, 23, 150, 44, 1500};
inline constexpr std::size_t feed_mean_bytes = [] {
    std::size_t sum = 0;
    for (const auto size : feed_sizes) {
        sum += size;
    }
    return sum / feed_sizes.size();
}();

/// Of those sizes.
struct feed_letter {
    letter<1500> text;
    std::size_t size = feed_sizes[0];

    static std::size_t size_of(word number) noexcept {
        return feed_sizes[number * 0x9e3779b97f4a7c15U >> 60U];  // spread by Fibonacci hashing
    }

    std::span<const std::byte> used() const noexcept { return {text.bytes.data(), size}; }
    std::byte* space(std::size_t length) noexcept {
        size = length;
        return text.bytes.data();
    }
    void assign(std::span<const std::byte> from) noexcept { std::memcpy(space(from.size()), from.data(), from.size()); }

    word number() const noexcept { return text.number(); }
    /// Something else than the number if the message has a wrong size.
    word last() const noexcept { return size == size_of(number()) ? text.word_at(size - sizeof(word)) : ~number(); }
    void put_number(word number) noexcept {
        size = size_of(number);
        text.put_word(0, number);
        text.put_word(size - sizeof number, number);
    }
};

template <typename T>
inline constexpr bool is_letter = false;
template <std::size_t Bytes>
inline constexpr bool is_letter<letter<Bytes>> = true;
template <>
inline constexpr bool is_letter<feed_letter> = true;

/// Whether letters of this type can be made in place: those of one size.
template <typename T>
inline constexpr bool has_one_size = is_letter<T>;
template <>
inline constexpr bool has_one_size<feed_letter> = false;

/// As stamp() of a block.
template <typename Letter>
    requires is_letter<Letter>
void stamp(Letter& it, word number) noexcept {
    it.put_number(number);
    asm volatile("" : "+m"(it));
}

/// Writes every word of the letters, as a producer that makes them in place does.
template <std::size_t Bytes>
void fill(std::span<letter<Bytes>> letters, word& next) noexcept {
    for (letter<Bytes>& it : letters) {
        for (std::size_t at = 0; at + sizeof(word) <= Bytes; at += sizeof(word)) {
            it.put_word(at, next);
        }
        it.put_word(Bytes - sizeof(word), next);
        ++next;
    }
}

/// Reads every word of the letters.
template <std::size_t Bytes>
void check_all(std::span<const letter<Bytes>> letters, word& due, receipt& got) noexcept {
    for (const letter<Bytes>& it : letters) {
        word wrong = it.last() ^ due;
        for (std::size_t at = 0; at + sizeof(word) <= Bytes; at += sizeof(word)) {
            wrong |= it.word_at(at) ^ due;
        }
        got.sum += it.number();
        got.wrong |= wrong;
        ++due;
    }
}

}  // namespace bench
