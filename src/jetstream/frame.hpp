// SPDX-License-Identifier: MIT
#pragma once

// A message on the wire: a header of 48 bytes, then the items, each behind its length of 4 bytes. Numbers are little-endian.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::jetstream {

struct frame {
    static constexpr std::size_t header_bytes = 48;
    static constexpr std::size_t length_bytes = 4;

    enum flag : std::uint32_t {
        begins = 1,      ///< `base` is valid: the producer knows where it begins
        journalled = 2,  ///< the producer still has all items from `base` on
    };

    std::uint64_t epoch = 0;       ///< of the producer
    std::uint64_t first = 0;       ///< number of the first item
    std::uint64_t base = 0;        ///< items below are finished, or the producer has them no more
    std::uint64_t end = 0;         ///< items below were published before, or are in this message
    std::uint32_t generation = 0;  ///< how often this producer has gone back to send again
    std::uint32_t flags = 0;
    std::vector<std::span<const std::byte>> items;  ///< into the bytes that were parsed
};

/// Makes the bytes of a frame piece by piece.
class frame_writer {
public:
    /// Begins anew.
    void clear();
    /// Where the encoded item is to be appended, after begin_item(); end_item() then fills in its length.
    std::string& bytes() noexcept { return bytes_; }
    void begin_item();
    void end_item();
    /// Takes the item back that was ended last.
    void drop_item();
    void append(std::string_view item);
    std::size_t count() const noexcept { return count_; }
    /// The item that was ended last, encoded.
    std::string_view last_item() const noexcept;
    /// Fills the header in; `header.items` is ignored. The bytes are valid until the next call.
    std::string_view finish(const frame& header);

private:
    std::string bytes_;
    std::size_t item_at_ = 0;
    std::uint32_t count_ = 0;
};

/// Nothing if the bytes are no frame: from another program, or cut off. Items point into `bytes`.
std::optional<frame> parse_frame(std::span<const std::byte> bytes);

}  // namespace weir::jetstream
