// SPDX-License-Identifier: MIT
//
// The feed's datagrams: 20 to 1,500 bytes, numbers with the least significant byte first.
//
//     offset  bytes  a datagram
//     0       2      0x5746, "FW"
//     2       1      version, 1
//     3       1      0: data, 1: end of the feed
//     4       2      length of the whole datagram
//     6       2      how many messages follow
//     8       4      number of this datagram, from 1 on
//     12      8      sequence number of its first message, from 1 on; that of the next one if it has none
//     20             the messages, one after the other
//
//     offset  bytes  a message
//     0       1      1: quote, 2: trade, 3: notice
//     1       1      length of the whole message: 12 for a quote or trade, 4 to 255 for a notice
//     2       1      symbol
//     3       1      0: bid, or bought; 1: offer, or sold
//     4       4      price, in ticks       (notice: text, to the end)
//     8       4      quantity; of a quote 0 if there is no bid or offer any more
//
// A quote replaces the best bid or the best offer of its symbol. An end has no messages; its number and sequence number are those
// that the next datagram would have had, and 16 bytes follow: how many datagrams, and how many messages in them, the sender
// withheld on purpose. The two counters show each gap, to the message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "bytes.hpp"

namespace trading::feed {

inline constexpr std::uint16_t magic = 0x5746;
inline constexpr std::uint8_t version = 1;
inline constexpr std::size_t header_bytes = 20;
inline constexpr std::size_t most_bytes = 1500;
inline constexpr std::size_t priced_bytes = 12;
inline constexpr std::size_t least_notice_bytes = 4;
inline constexpr std::size_t most_notice_bytes = 255;
inline constexpr std::size_t end_bytes = header_bytes + 16;

enum class kind : std::uint8_t { data = 0, end = 1 };
enum class type : std::uint8_t { quote = 1, trade = 2, notice = 3 };
enum class side : std::uint8_t { buy = 0, sell = 1 };

struct header {
    kind what = kind::data;
    std::uint16_t messages = 0;
    std::uint32_t number = 0;
    std::uint64_t first = 0;
};

struct message {
    type what = type::quote;
    std::uint8_t symbol = 0;
    side of = side::buy;
    std::uint32_t price = 0;
    std::uint32_t quantity = 0;
    std::string_view text;  // of a notice; in the datagram
};

struct withheld_counts {
    std::uint64_t datagrams = 0;
    std::uint64_t messages = 0;
};

/// A datagram while it is written.
class datagram_writer {
public:
    datagram_writer(std::uint32_t number, std::uint64_t first) noexcept : head_{kind::data, 0, number, first} {}

    std::size_t room() const noexcept { return most_bytes - size_; }

    /// False if it does not fit; then nothing has happened. A text is cut at what a notice can hold.
    bool add(const message& m) noexcept {
        const std::size_t text = m.text.size() < most_notice_bytes - 4 ? m.text.size() : most_notice_bytes - 4;
        const std::size_t bytes = m.what == type::notice ? 4 + text : priced_bytes;
        if (bytes > room()) return false;
        const std::span<std::byte> to(bytes_ + size_, bytes);
        put(to, 0, static_cast<std::uint8_t>(m.what));
        put(to, 1, static_cast<std::uint8_t>(bytes));
        put(to, 2, m.symbol);
        put(to, 3, static_cast<std::uint8_t>(m.of));
        if (m.what == type::notice) {
            if (text > 0) std::memcpy(to.data() + 4, m.text.data(), text);
        } else {
            put(to, 4, m.price);
            put(to, 8, m.quantity);
        }
        size_ += bytes;
        ++head_.messages;
        return true;
    }

    /// The datagram, in this object.
    std::span<const std::byte> finish() noexcept {
        const std::span<std::byte> to(bytes_, size_);
        put(to, 0, magic);
        put(to, 2, version);
        put(to, 3, static_cast<std::uint8_t>(head_.what));
        put(to, 4, static_cast<std::uint16_t>(size_));
        put(to, 6, head_.messages);
        put(to, 8, head_.number);
        put(to, 12, head_.first);
        return to;
    }
    /// The end of the feed instead, with no messages.
    std::span<const std::byte> finish(const withheld_counts& withheld) noexcept {
        head_.what = kind::end;
        head_.messages = 0;
        size_ = end_bytes;
        put(std::span<std::byte>(bytes_), header_bytes, withheld.datagrams);
        put(std::span<std::byte>(bytes_), header_bytes + 8, withheld.messages);
        return finish();
    }

private:
    header head_;
    std::size_t size_ = header_bytes;
    std::byte bytes_[most_bytes] = {};
};

/// What is wrong with a datagram.
enum class verdict : std::uint8_t { good, too_short, not_of_this_feed, wrong_version, wrong_length, bad_message };

constexpr std::string_view to_string(verdict v) noexcept {
    switch (v) {
    case verdict::good: return "good";
    case verdict::too_short: return "shorter than a header";
    case verdict::not_of_this_feed: return "not of this feed";
    case verdict::wrong_version: return "of another version";
    case verdict::wrong_length: return "not as long as it says";
    case verdict::bad_message: return "has a message that is none";
    }
    return "unknown";
}

namespace detail {

/// The length of the message that `rest` begins with; 0 if it is none.
inline std::size_t message_bytes(std::span<const std::byte> rest) noexcept {
    if (rest.size() < least_notice_bytes) return 0;
    const auto what = static_cast<type>(get<std::uint8_t>(rest, 0));
    const std::size_t bytes = get<std::uint8_t>(rest, 1);
    if (bytes > rest.size() || get<std::uint8_t>(rest, 3) > 1) return 0;
    if (what == type::notice) return bytes >= least_notice_bytes ? bytes : 0;
    return (what == type::quote || what == type::trade) && bytes == priced_bytes ? bytes : 0;
}

}  // namespace detail

/// Checks all of a datagram before any of it is used. Fills `head` if it is good.
inline verdict read(std::span<const std::byte> datagram, header& head) noexcept {
    if (datagram.size() < header_bytes) return verdict::too_short;
    if (get<std::uint16_t>(datagram, 0) != magic) return verdict::not_of_this_feed;
    if (get<std::uint8_t>(datagram, 2) != version) return verdict::wrong_version;
    const auto what = get<std::uint8_t>(datagram, 3);
    if (what > 1) return verdict::not_of_this_feed;
    if (get<std::uint16_t>(datagram, 4) != datagram.size() || datagram.size() > most_bytes)
        return verdict::wrong_length;
    const header found{static_cast<kind>(what), get<std::uint16_t>(datagram, 6), get<std::uint32_t>(datagram, 8),
                       get<std::uint64_t>(datagram, 12)};
    if (found.number == 0 || found.first == 0) return verdict::not_of_this_feed;
    if (found.what == kind::end) {
        if (datagram.size() != end_bytes || found.messages != 0) return verdict::wrong_length;
    } else {
        std::span<const std::byte> rest = datagram.subspan(header_bytes);
        for (unsigned i = 0; i != found.messages; ++i) {
            const std::size_t bytes = detail::message_bytes(rest);
            if (bytes == 0) return verdict::bad_message;
            rest = rest.subspan(bytes);
        }
        if (!rest.empty()) return verdict::wrong_length;
    }
    head = found;
    return verdict::good;
}

/// Calls `f(message)` on each message of a datagram that read() called good.
template <class F>
void for_each_message(std::span<const std::byte> datagram, F&& f) {
    for (std::span<const std::byte> rest = datagram.subspan(header_bytes); !rest.empty();) {
        const std::size_t bytes = get<std::uint8_t>(rest, 1);
        message m{static_cast<type>(get<std::uint8_t>(rest, 0)),
                  get<std::uint8_t>(rest, 2),
                  static_cast<side>(get<std::uint8_t>(rest, 3)),
                  0,
                  0,
                  {}};
        if (m.what == type::notice) {
            m.text = {reinterpret_cast<const char*>(rest.data()) + 4, bytes - 4};
        } else {
            m.price = get<std::uint32_t>(rest, 4);
            m.quantity = get<std::uint32_t>(rest, 8);
        }
        f(m);
        rest = rest.subspan(bytes);
    }
}

/// What an end that read() called good says.
inline withheld_counts withheld_of(std::span<const std::byte> end) noexcept {
    return {get<std::uint64_t>(end, header_bytes), get<std::uint64_t>(end, header_bytes + 8)};
}

}  // namespace trading::feed
