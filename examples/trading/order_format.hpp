// SPDX-License-Identifier: MIT
//
// What the order gateway and the exchange send each other, a datagram each, numbers with the least significant byte first:
//
//     offset  bytes  an order, 28 bytes             an acknowledgement, 16 bytes
//     0       2      0x4f57, "WO"                   0x4157, "WA"
//     2       1      side: 0 buy, 1 sell            0
//     3       1      symbol                         0
//     4       4      slot of the gateway's table    the same slot
//     8       8      number of the order, from 1    the same number
//     16      4      price, in ticks
//     20      4      quantity
//     24      4      0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "bytes.hpp"
#include "feed_format.hpp"

namespace trading {

struct order {
    std::uint64_t number = 0;
    std::uint32_t slot = 0;
    feed::side side = feed::side::buy;
    std::uint8_t symbol = 0;
    std::uint32_t price = 0;
    std::uint32_t quantity = 0;
    friend bool operator==(const order&, const order&) = default;
};

struct acknowledgement {
    std::uint64_t number = 0;
    std::uint32_t slot = 0;
    friend bool operator==(const acknowledgement&, const acknowledgement&) = default;
};

using order_bytes = std::array<std::byte, 28>;
using acknowledgement_bytes = std::array<std::byte, 16>;

inline order_bytes bytes_of(const order& o) noexcept {
    order_bytes out{};
    put(std::span<std::byte>(out), 0, std::uint16_t{0x4f57});
    put(std::span<std::byte>(out), 2, static_cast<std::uint8_t>(o.side));
    put(std::span<std::byte>(out), 3, o.symbol);
    put(std::span<std::byte>(out), 4, o.slot);
    put(std::span<std::byte>(out), 8, o.number);
    put(std::span<std::byte>(out), 16, o.price);
    put(std::span<std::byte>(out), 20, o.quantity);
    return out;
}

inline std::optional<order> order_of(std::span<const std::byte> bytes) noexcept {
    if (bytes.size() != sizeof(order_bytes) || get<std::uint16_t>(bytes, 0) != 0x4f57) return std::nullopt;
    const auto side = get<std::uint8_t>(bytes, 2);
    if (side > 1 || get<std::uint32_t>(bytes, 24) != 0) return std::nullopt;
    return order{get<std::uint64_t>(bytes, 8), get<std::uint32_t>(bytes, 4),  static_cast<feed::side>(side),
                 get<std::uint8_t>(bytes, 3),  get<std::uint32_t>(bytes, 16), get<std::uint32_t>(bytes, 20)};
}

inline acknowledgement_bytes bytes_of(const acknowledgement& a) noexcept {
    acknowledgement_bytes out{};
    put(std::span<std::byte>(out), 0, std::uint16_t{0x4157});
    put(std::span<std::byte>(out), 4, a.slot);
    put(std::span<std::byte>(out), 8, a.number);
    return out;
}

inline std::optional<acknowledgement> acknowledgement_of(std::span<const std::byte> bytes) noexcept {
    if (bytes.size() != sizeof(acknowledgement_bytes) || get<std::uint16_t>(bytes, 0) != 0x4157 ||
        get<std::uint16_t>(bytes, 2) != 0)
        return std::nullopt;
    return acknowledgement{get<std::uint64_t>(bytes, 8), get<std::uint32_t>(bytes, 4)};
}

}  // namespace trading
