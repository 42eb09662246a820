// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "weir/detail/base/copied_words.hpp"

namespace weir::detail {

/// The latest `Count` versions of a value, written by one thread and copied by any number of others, which may be overtaken while
/// they copy: they notice it.
///
/// Version n lies in place n % Count. The writer writes it and then publishes its number in a counter of its own, in this order; it
/// begins to write version n + Count only after n + Count - 1 is published. (A seqlock, Boehm 2012, whose writer moves on to another
/// place instead of marking the one that it writes: so a writer that stops in the middle holds up no reader.)
template <class T, std::size_t Count>
class versions {
    static_assert(Count >= 2);

public:
    /// The writer. Wait-free.
    void write(std::uint64_t n, const T& value) noexcept { places_[n % Count].write(value); }

    /// Version `n`, which the caller has read in the counter by acquire; `newer()` reads by how many versions the counter is ahead of
    /// that. Nothing if the version may have been overwritten meanwhile: a copied word of a newer version brings the counter from before
    /// that one along. Wait-free.
    template <class Newer>
    std::optional<T> read(std::uint64_t n, Newer newer) const noexcept {
        const T copy = places_[n % Count].read();
        if (newer() >= Count - 1) return std::nullopt;
        return copy;
    }

    /// The same to `to`, where there is room for a T: false if it may have been overwritten meanwhile.
    template <class Newer>
    bool read_to(void* to, std::uint64_t n, Newer newer) const noexcept {
        places_[n % Count].read_to(to);
        return newer() < Count - 1;
    }

private:
    std::array<copied_words<T>, Count> places_{};
};

}  // namespace weir::detail
