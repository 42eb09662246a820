// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "weir/detail/base/user_code.hpp"
#include "weir/detail/message/visit.hpp"
#include "weir/detail/visit_refusals.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The pushes of a message ring: a base of it. A message is a span of bytes, or comes in pieces, which are copied one after the other:
/// a span of spans, or a list as in push({header, body}, 7). The ring has offer(pieces, type) and offer_unless(pieces, stop, deadline,
/// type).
template <class Ring>
class message_pushing {
public:
    using bytes = std::span<const std::byte>;
    using pieces = std::span<const bytes>;
    using list = std::initializer_list<bytes>;

    /// Appends a copy: success, full, closed or too_large. O(n).
    status try_push(bytes message, std::uint16_t type = 0) noexcept { return me().offer({&message, 1}, type); }
    status try_push(pieces message, std::uint16_t type = 0) noexcept { return me().offer(message, type); }
    status try_push(list message, std::uint16_t type = 0) noexcept { return me().offer(all_of(message), type); }

    /// As try_push, but waits for room: success, closed or too_large; timeout, after that time, or at that time of any clock; or, if
    /// `stop()` said true, full. wake_all() makes waiters ask again.
    status push(bytes message, std::uint16_t type = 0) { return push_until(message, forever, type); }
    status push(pieces message, std::uint16_t type = 0) { return push_until(message, forever, type); }
    status push(list message, std::uint16_t type = 0) { return push_until(message, forever, type); }
    template <class Rep, class Period>
    status push_for(bytes message, std::chrono::duration<Rep, Period> time, std::uint16_t type = 0) {
        return push_until(message, deadline_after(time), type);
    }
    template <class Rep, class Period>
    status push_for(pieces message, std::chrono::duration<Rep, Period> time, std::uint16_t type = 0) {
        return push_until(message, deadline_after(time), type);
    }
    template <class Rep, class Period>
    status push_for(list message, std::chrono::duration<Rep, Period> time, std::uint16_t type = 0) {
        return push_until(message, deadline_after(time), type);
    }
    status push_until(bytes message, any_time_point deadline, std::uint16_t type = 0) {
        return push_unless(message, never, deadline, type);
    }
    status push_until(pieces message, any_time_point deadline, std::uint16_t type = 0) {
        return push_unless(message, never, deadline, type);
    }
    status push_until(list message, any_time_point deadline, std::uint16_t type = 0) {
        return push_unless(message, never, deadline, type);
    }
    template <std::predicate Stop>
    status push_unless(bytes message, Stop stop, any_time_point deadline = forever, std::uint16_t type = 0) {
        return me().offer_unless({&message, 1}, stop, deadline, type);
    }
    template <std::predicate Stop>
    status push_unless(pieces message, Stop stop, any_time_point deadline = forever, std::uint16_t type = 0) {
        return me().offer_unless(message, stop, deadline, type);
    }
    template <std::predicate Stop>
    status push_unless(list message, Stop stop, any_time_point deadline = forever, std::uint16_t type = 0) {
        return me().offer_unless(all_of(message), stop, deadline, type);
    }

    // Refused with a sentence: a stop token.
    template <class M = bytes, stop_token Stop, class... More>
    status push(M&&, const Stop&, const More&...) {
        return refuse_token<M>();
    }
    template <stop_token Stop, class... More>
    status push(list, const Stop&, const More&...) {
        return refuse_token<Stop>();
    }

    // What is no bytes, and a time that has no unit. Deleted, so that code that asks whether a ring has a push of some type gets the
    // right answer; compilers show the line.
    // clang-format off
    template <no_bytes M, class... More>
    status try_push(M&&, const More&...) = delete;  // weir: a message ring takes bytes: std::as_bytes(std::span(text)); for structs see weir::messages
    template <no_bytes M, class... More>
    status push(M&&, const More&...) = delete;  // weir: a message ring takes bytes: std::as_bytes(std::span(text)); for structs see weir::messages
    template <no_bytes M, class... More>
    status push_for(M&&, const More&...) = delete;  // weir: a message ring takes bytes: std::as_bytes(std::span(text)); for structs see weir::messages
    template <class M, bare_number N, class... More>
    status push_for(M&&, N, const More&...) = delete;  // weir: a time has a unit, as 100ms
    template <no_bytes M, class... More>
    status push_until(M&&, const More&...) = delete;  // weir: a message ring takes bytes: std::as_bytes(std::span(text)); for structs see weir::messages
    template <no_bytes M, class... More>
    status push_unless(M&&, const More&...) = delete;  // weir: a message ring takes bytes: std::as_bytes(std::span(text)); for structs see weir::messages
    // clang-format on

protected:
    static std::size_t size_of(pieces message) noexcept {
        std::size_t sum = 0;
        for (const bytes piece : message) sum += piece.size();
        return sum;
    }

private:
    template <class M>
    static status refuse_token() noexcept {
        static_assert(offered<M>,
                      "weir: for a std::stop_token include weir/stop.hpp and call weir::push(ring, bytes, stop, type)");
        return status::closed;
    }
    static pieces all_of(list message) noexcept { return {message.begin(), message.size()}; }
    Ring& me() noexcept { return static_cast<Ring&>(*this); }
};

}  // namespace weir::detail
