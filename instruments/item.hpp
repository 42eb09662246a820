// SPDX-License-Identifier: MIT
//
// The items: 8 bytes as a plain word; 64 and 256 bytes as structs that carry their number in the first and last word.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bench {

using word = std::uint64_t;

template <std::size_t Bytes>
struct block {
    std::array<word, Bytes / sizeof(word)> words;
};

template <std::size_t Bytes>
struct item_of {
    using type = block<Bytes>;
};
template <>
struct item_of<8> {
    using type = word;
};
template <std::size_t Bytes>
using item = typename item_of<Bytes>::type;

inline void stamp(word& it, word number) noexcept { it = number; }

inline word number_of(word it) noexcept { return it; }
template <std::size_t Bytes>
word number_of(const block<Bytes>& it) noexcept {
    return it.words.front();
}
template <typename Letter>
    requires requires(const Letter& it) { it.number(); }
word number_of(const Letter& it) noexcept {
    return it.number();
}

/// Makes the compiler treat every word of the block as unknown, so that the whole block is copied into the queue.
template <std::size_t Bytes>
void stamp(block<Bytes>& it, word number) noexcept {
    it.words.front() = number;
    it.words.back() = number;
    asm volatile("" : "+m"(it));
}

/// The consumer's check: `wrong` is 0 as long as every item was the expected one.
struct receipt {
    word sum = 0;
    word wrong = 0;

    void check(word it, word due) noexcept {
        sum += it;
        wrong |= it ^ due;
    }

    /// Makes the compiler treat every word of the block as used, so that the whole block is copied out of the queue.
    template <std::size_t Bytes>
    void check(const block<Bytes>& it, word due) noexcept {
        asm volatile("" : : "m"(it));
        sum += it.words.front();
        wrong |= (it.words.front() ^ due) | (it.words.back() ^ due);
    }

    /// For messages, which know their own bytes.
    template <typename Letter>
        requires requires(const Letter& it) { it.number() ^ it.last(); }
    void check(const Letter& it, word due) noexcept {
        asm volatile("" : : "m"(it));
        sum += it.number();
        wrong |= (it.number() ^ due) | (it.last() ^ due);
    }

    bool correct_for(word first, word count) const noexcept {
        return wrong == 0 && sum == count * first + count * (count - 1) / 2;
    }
};

}  // namespace bench
