// SPDX-License-Identifier: MIT
//
// The shared words of a broadcast ring: where the producer is, and where each reader is. The two sides are broadcast_producer and
// broadcast_reader; the pairs of memory orders of both:
//
//     (1) release, sent      -> (2) acquire, sent       the item: the producer hands it to the readers
//     (3) release, position  -> (4) acquire, position   the slot: a gated reader hands it back; and what it did with the item, to
//                                                       the readers that come after it
//     (5) seq_cst, sent      -> (6) seq_cst, sent       a reader that joins: either the producer sees its seat, or the reader
//                                                       begins where the producer was when it looked
//
// A lossy reader that copies a word of a newer item also sees the claim before that one: copied_words has that pair.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/cursor/closing.hpp"

namespace weir {

/// How a reader and the producer wait for each other.
enum class reader_mode : unsigned char {
    gated,  ///< the producer waits for it: it misses nothing
    lossy,  ///< the producer never waits for it; gap() and missed() count what it missed, exactly
};

/// What broadcast_ring::readers() says of a reader.
struct reader_info {
    std::string name;
    reader_mode mode;
    std::uint64_t lag;  ///< items that were pushed and that it has not finished
};

}  // namespace weir

namespace weir::detail {

/// A reader's place: on a line of its own, since the reader writes it and the producer looks at it.
struct alignas(separation_bytes) broadcast_seat {
    /// The state: two bits of mode, and above them how often the seat was taken.
    enum mode_type : std::uint32_t { free = 0, joining = 1, gated = 2, lossy = 3 };
    static constexpr std::uint32_t one_taking = 4;
    static constexpr std::uint32_t mode(std::uint32_t state) noexcept { return state % one_taking; }

    static constexpr std::size_t name_bytes = 24;

    atomic<std::uint64_t> position{0};  // all items before this one are read
    atomic<std::uint32_t> state{free};
    atomic<std::uint32_t> reader{0};  // thread_mark() of the latest look: a hint
    std::array<atomic<std::uint64_t>, name_bytes / sizeof(std::uint64_t)> name{};

    void set_name(std::string_view text) noexcept {
        std::array<std::uint64_t, name_bytes / sizeof(std::uint64_t)> words{};
        // An empty view may point nowhere, which memcpy does not allow even for no bytes.
        if (!text.empty()) std::memcpy(words.data(), text.data(), std::min(text.size(), name_bytes - 1));
        // relaxed: a name may be read while its seat changes hands
        for (std::size_t i = 0; i < words.size(); ++i) name[i].store(words[i], relaxed);
    }
    std::array<char, name_bytes> get_name() const noexcept {
        std::array<char, name_bytes> text{};
        for (std::size_t i = 0; i < name.size(); ++i) {
            const std::uint64_t word = name[i].load(relaxed);  // relaxed: as above
            std::memcpy(text.data() + i * sizeof word, &word, sizeof word);
        }
        return text;
    }
};

/// Standard layout, no pointers.
template <std::size_t Readers>
struct broadcast_state {
    broadcast_state(std::uint64_t capacity_, std::uint64_t start, bool asymmetric) noexcept
        : claimed(start), sent(start), closing(asymmetric), capacity(capacity_) {}

    // Written by the producer.
    alignas(separation_bytes)
        atomic<std::uint64_t> claimed;  // items before this one may be written over their elders already
    alignas(separation_bytes) atomic<std::uint64_t> sent;  // items handed over
    atomic<std::uint32_t> producer{0};                     // thread_mark() of the latest look at the readers: a hint
    // Written once, by the thread that closes, and when readers come.
    alignas(separation_bytes) detail::closing<std::uint64_t> closing;
    const std::uint64_t capacity;
    atomic<std::uint32_t> seats_used{0};  // seats from here on were never taken

    std::array<broadcast_seat, Readers> seats;
};

}  // namespace weir::detail
