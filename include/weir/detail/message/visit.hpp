// SPDX-License-Identifier: MIT
//
// What visits of messages are, and may answer. Users get it through weir/message_ring.hpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "weir/detail/message/record.hpp"
#include "weir/detail/visit_refusals.hpp"
#include "weir/status.hpp"

namespace weir {

/// What a visit of a message may answer. One that returns void goes on.
enum class visit : unsigned char {
    go_on,  ///< this message is done; the next one, please
    stop,   ///< this message is done; no more for now
    leave,  ///< no more for now, and this message stays the oldest; consume_some() may return 0 then
};

namespace detail {

template <class F>
concept message_visit = std::invocable<F&, std::uint16_t, std::span<const std::byte>>;

using message_bytes = std::span<const std::byte>;
using message_pieces = std::span<const message_bytes>;

inline std::size_t size_of(message_pieces message) noexcept {
    std::size_t sum = 0;
    for (const message_bytes piece : message) sum += piece.size();
    return sum;
}

/// What is no message, nor one in pieces.
template <class M>
concept no_bytes = !std::convertible_to<M, message_bytes> && !std::convertible_to<M, message_pieces>;

/// A base of message rings: refuses visits of another signature, and pushes of what is no bytes. Deleted functions, so that code that
/// asks whether a ring has a push of some type gets the right answer.
class message_refusals : public visit_refusals<visit_of::message, std::uint16_t, message_bytes> {
public:
    template <no_bytes M, class... More>
    status try_push(M&&, const More&...) = delete;  // weir: a message ring takes bytes: see weir::messages
    template <no_bytes M, class... More>
    status push(M&&, const More&...) = delete;  // weir: a message ring takes bytes: see weir::messages
    template <no_bytes M, class... More>
    status push_for(M&&, const More&...) = delete;  // weir: a message ring takes bytes: see weir::messages
    template <class M, bare_number N, class... More>
    status push_for(M&&, N, const More&...) = delete;  // weir: a time has a unit, as 100ms
    template <bare_number N, class... More>
    void reserve_for(std::size_t, N, const More&...) = delete;  // weir: a time has a unit, as 100ms
    template <no_bytes M, class... More>
    status push_until(M&&, const More&...) = delete;  // weir: a message ring takes bytes: see weir::messages
    template <no_bytes M, class... More>
    status push_unless(M&&, const More&...) = delete;  // weir: a message ring takes bytes: see weir::messages
};

/// What became of a message: whether it is done, and whether the next one is wanted.
struct visited {
    bool taken;
    bool goes_on;
};

template <class F>
visited call_visit(F& f, const message_view& message) {
    using result = std::invoke_result_t<F&, std::uint16_t, std::span<const std::byte>>;
    if constexpr (std::is_void_v<result>) {
        f(message.type, message.bytes);
        return {true, true};
    } else {
        constexpr bool is_answer = std::same_as<result, visit>;
        static_assert(is_answer, "weir: a visit of a message returns void or weir::visit");
        if constexpr (is_answer) {
            const visit answer = f(message.type, message.bytes);
            return {answer != visit::leave, answer == visit::go_on};
        }
        return {};
    }
}

}  // namespace detail
}  // namespace weir
