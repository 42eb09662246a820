// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace weir::detail {

/// What the link of a position says, packed into one word so that one compare and exchange writes it:
///
///     | lap                      | sealed | cell                |
///       the bits that are left     1 bit    enough for all cells
///
/// A position waits for its item while its link has the lap before; it has its item, in that cell, once the laps are equal. A
/// sealed position still has the lap before, and will never have an item. Laps wrap: see strict_core.
template <std::unsigned_integral Counter>
class strict_links {
public:
    /// `slots`, a power of two, is how many positions a lap has; there are so many cells, and `spares` more.
    strict_links(std::size_t slots, std::size_t spares) noexcept
        : mask_(slots - 1),
          position_bits_(std::countr_zero(slots)),
          index_bits_(static_cast<int>(std::bit_width(mask_ + spares))),
          lap_mask_(static_cast<Counter>(std::numeric_limits<Counter>::max() >> (index_bits_ + 1))) {}

    /// The most cells that can be numbered: what is left must tell four laps apart at least.
    static constexpr std::size_t most_cells = std::size_t{1}
                                              << (std::min(std::numeric_limits<Counter>::digits, 64) - 3);

    std::size_t mask() const noexcept { return mask_; }

    /// The link of an item at `position` whose element is in cell `index`.
    Counter link_to(std::uint64_t position, std::size_t index) const noexcept {
        return static_cast<Counter>((lap(position) << (index_bits_ + 1)) | static_cast<Counter>(index));
    }
    Counter sealed(Counter link) const noexcept { return static_cast<Counter>(link | sealing_bit()); }
    bool is_sealed(Counter link) const noexcept { return (link & sealing_bit()) != 0; }

    /// Whether it is the link of this very position ...
    bool is_linked(Counter link, std::uint64_t position) const noexcept { return laps_after(link, position) == 0; }
    /// ... or the position waits for its item; otherwise it was passed long ago.
    bool is_awaited(Counter link, std::uint64_t position) const noexcept {
        return laps_after(link, position) == lap_mask_;
    }

    /// The cell in which the element of a link is.
    std::size_t index_of(Counter link) const noexcept {
        return static_cast<std::size_t>(link) & ((std::size_t{1} << index_bits_) - 1);
    }

private:
    Counter sealing_bit() const noexcept { return static_cast<Counter>(Counter{1} << index_bits_); }
    Counter lap(std::uint64_t position) const noexcept {
        return static_cast<Counter>(static_cast<Counter>(position >> position_bits_) & lap_mask_);
    }
    Counter laps_after(Counter link, std::uint64_t position) const noexcept {
        return static_cast<Counter>(static_cast<Counter>((link >> (index_bits_ + 1)) - lap(position)) & lap_mask_);
    }

    std::size_t mask_;
    int position_bits_;
    int index_bits_;
    Counter lap_mask_;
};

}  // namespace weir::detail
