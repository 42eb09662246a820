// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <type_traits>

#include "weir/detail/base/atomic.hpp"

namespace weir::detail {

/// The latest `Count` versions of a value, written by one thread and copied by any number of others, which may be overtaken while
/// they copy: they notice it. Words are atomic, so there is no data race to be ignored.
///
/// Version n lies in place n % Count. The writer writes it and then publishes its number in a counter of its own, in this order; it
/// begins to write version n + Count only after n + Count - 1 is published. (A seqlock, Boehm 2012, whose writer moves on to another
/// place instead of marking the one that it writes: so a writer that stops in the middle holds up no reader.)
template <class T, std::size_t Count>
class versions {
    static_assert(std::is_trivially_copyable_v<T>);
    static_assert(Count >= 2);
    static constexpr std::size_t words = (sizeof(T) + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
    using bits = std::array<std::uint64_t, words>;

public:
    /// The writer. Wait-free.
    [[gnu::always_inline]] void write(std::uint64_t n, const T& value) noexcept {
        bits copy;
        if constexpr (sizeof copy != sizeof value) copy.back() = 0;
        std::memcpy(copy.data(), std::addressof(value), sizeof value);
        atomic<std::uint64_t>* const place = places_.data() + place_of(n);
        // (3) release: pairs with (4): a reader of a word of this version sees the counter from before it, too
        for (std::size_t i = 0; i < words; ++i) place[i].store(copy[i], release);
    }

    /// Version `n`, which the caller has read in the counter by acquire; `newer()` reads by how many versions the counter is ahead of
    /// that. Nothing if the version may have been overwritten meanwhile. Wait-free.
    template <class Newer>
    std::optional<T> read(std::uint64_t n, Newer newer) const noexcept {
        bits copy;
        const atomic<std::uint64_t>* const place = places_.data() + place_of(n);
        // (4) acquire: pairs with (3)
        for (std::size_t i = 0; i < words; ++i) copy[i] = place[i].load(acquire);
        if (newer() >= Count - 1) return std::nullopt;
        std::array<std::byte, sizeof(T)> bytes;
        std::memcpy(bytes.data(), copy.data(), sizeof bytes);
        return std::bit_cast<T>(bytes);
    }

private:
    static constexpr std::size_t place_of(std::uint64_t n) noexcept { return n % Count * words; }

    std::array<atomic<std::uint64_t>, Count * words> places_{};
};

}  // namespace weir::detail
