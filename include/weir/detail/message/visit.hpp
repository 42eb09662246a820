// SPDX-License-Identifier: MIT
//
// What visits of messages are, and may answer. Users get it through weir/message_ring.hpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "weir/detail/visit_refusals.hpp"
#include "weir/status.hpp"

namespace weir {

/// What a visit of a message may answer. One that returns void goes on.
enum class visit : unsigned char {
    go_on,  ///< this message is done; the next one, please
    stop,   ///< this message is done; no more for now
    leave,  ///< no more for now, and this message stays the oldest; consume_some() may return 0 then
};

/// A view of a message: its type tag, and its bytes, which belong to a ring or to the sender.
struct message {
    std::uint16_t type;
    std::span<const std::byte> bytes;
};

namespace detail {

template <class F>
concept message_visit = std::invocable<F&, std::uint16_t, std::span<const std::byte>>;

using message_bytes = std::span<const std::byte>;
using message_pieces = std::span<const message_bytes>;

/// What is no message, nor one in pieces.
template <class M>
concept no_bytes = !std::convertible_to<M, message_bytes> && !std::convertible_to<M, message_pieces>;

/// What became of a message: whether it is done, and whether the next one is wanted.
struct visited {
    bool taken;
    bool goes_on;
};

template <class F>
visited call_visit(F& f, const message& one) {
    using result = std::invoke_result_t<F&, std::uint16_t, std::span<const std::byte>>;
    if constexpr (std::is_void_v<result>) {
        f(one.type, one.bytes);
        return {true, true};
    } else {
        constexpr bool is_answer = std::same_as<result, visit>;
        static_assert(is_answer, "weir: a visit of a message returns void or weir::visit");
        if constexpr (is_answer) {
            const visit answer = f(one.type, one.bytes);
            return {answer != visit::leave, answer == visit::go_on};
        }
        return {};
    }
}

}  // namespace detail
}  // namespace weir
