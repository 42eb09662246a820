// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "weir/detail/base/user_code.hpp"
#include "weir/detail/message/visit.hpp"
#include "weir/detail/visit_refusals.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The visits of a message ring that wait: a base of it, made of its consume_one_unless and consume_some_unless.
template <class Ring>
class message_consuming : public visit_refusals<visit_of::message, std::uint16_t, message_bytes> {
    using refused = visit_refusals<visit_of::message, std::uint16_t, message_bytes>;
    static constexpr std::size_t all = static_cast<std::size_t>(-1);

public:
    /// As try_consume_one, but waits for a message: success, or closed; timeout, after that time, or at that time of any clock.
    template <message_visit F>
    status consume_one(F f) {
        return consume_one_until(std::move(f), forever);
    }
    template <message_visit F, class Rep, class Period>
    status consume_one_for(F f, std::chrono::duration<Rep, Period> time) {
        return consume_one_until(std::move(f), deadline_after(time));
    }
    template <message_visit F>
    status consume_one_until(F f, any_time_point deadline) {
        return me().consume_one_unless(std::move(f), never, deadline);
    }

    /// Waits until there is a message, then visits those there are, `most` at most, as consume() does. Returns how many are done; 0
    /// when the ring is closed and drained, when the time was over first, or when `f` left the first one.
    template <message_visit F>
    std::size_t consume_some(F&& f, std::size_t most = all) {
        return consume_some_until(f, forever, most);
    }
    template <message_visit F, class Rep, class Period>
    std::size_t consume_some_for(F&& f, std::chrono::duration<Rep, Period> time, std::size_t most = all) {
        return consume_some_until(f, deadline_after(time), most);
    }
    template <message_visit F>
    std::size_t consume_some_until(F&& f, any_time_point deadline, std::size_t most = all) {
        return me().consume_some_unless(f, never, deadline, most);
    }

    // What a ring of items has. Deleted, as the pushes of what is no bytes: compilers show the line.
    // clang-format off
    template <class... Args>
    std::optional<message> try_pop(const Args&...) = delete;  // weir: messages are visited in place: ring.consume([](std::uint16_t type, std::span<const std::byte> bytes) { ... })
    template <class... Args>
    std::optional<message> pop(const Args&...) = delete;  // weir: messages are visited in place: ring.consume([](std::uint16_t type, std::span<const std::byte> bytes) { ... })
    template <class... Args>
    std::optional<message> pop_for(const Args&...) = delete;  // weir: messages are visited in place: ring.consume([](std::uint16_t type, std::span<const std::byte> bytes) { ... })
    template <class... Args>
    std::optional<message> pop_until(const Args&...) = delete;  // weir: messages are visited in place: ring.consume([](std::uint16_t type, std::span<const std::byte> bytes) { ... })
    template <class... Args>
    std::optional<message> pop_unless(const Args&...) = delete;  // weir: messages are visited in place: ring.consume([](std::uint16_t type, std::span<const std::byte> bytes) { ... })
    // clang-format on

    // Either the operation, or a function that refuses it with a sentence.
    using refused::consume_one, refused::consume_one_for, refused::consume_one_until;
    using refused::consume_some, refused::consume_some_for, refused::consume_some_until;

private:
    Ring& me() noexcept { return static_cast<Ring&>(*this); }
};

}  // namespace weir::detail
