// SPDX-License-Identifier: MIT
//
// Typed messages over a message ring: structs by type tag, without casts.
//
//     using feed = weir::messages<quote, trade, heartbeat>;     // tags 0, 1 and 2
//
//     (void)feed::push(ring, trade{price, size});
//
//     ring.consume(feed::visitor([&](const quote& q) { book.update(q); },
//                                [&](const trade& t) { tape.append(t); },
//                                [](const auto&) {}));          // any other, unknown_message among them
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/element.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/message_ring.hpp"
#include "weir/status.hpp"

namespace weir {

namespace detail {

// Finds the functions of stop.hpp by the type of the ring, so that <stop_token> is needed only where a token is given.
template <class Ring, class Token>
status push_until_stop(Ring& ring, std::span<const std::byte> bytes, Token stop, std::uint16_t type) {
    static_assert(
        requires { push(ring, bytes, stop, type); },
        "weir: a push that a stop token ends needs the header weir/stop.hpp, and a std::stop_token");
    return push(ring, bytes, std::move(stop), type);
}

}  // namespace detail

/// A message that a set of types does not know, by its tag or by its size. A visitor that takes it gets all of these.
struct unknown_message {
    std::uint16_t type;
    std::span<const std::byte> bytes;
};

/// A set of message types, each trivially copyable. The tag of a type is its place in the list, so append to the list, and never
/// reorder it, where writers and readers are compiled apart.
template <class... Types>
class messages {
    static_assert(
        (detail::is_plain_object<Types> && ...),
        "weir: a message is an object: not a reference, function or array, nor const or volatile; put an array into "
        "a struct");
    static_assert(((std::is_trivially_copyable_v<Types> || !detail::is_plain_object<Types>)&&...),
                  "weir: a message is trivially copyable, since its bytes are copied into the ring and out of it");
    static_assert(sizeof...(Types) >= 1 && sizeof...(Types) <= 65536, "weir: a set of messages has 1 to 65536 types");

    template <class M>
    static constexpr bool has = (std::same_as<M, Types> || ...);

public:
    /// The type tag of M.
    template <class M>
    static constexpr std::uint16_t tag = [] {
        static_assert(has<M>, "weir: this set of messages has no such type; add it to the list");
        std::uint16_t place = 0;
        (void)((std::same_as<M, Types> || (++place, false)) || ...);
        return place;
    }();

    /// The bytes of the largest type.
    static constexpr std::size_t most_bytes = std::max({sizeof(Types)...});

    /// `one` as type tag and bytes, which are its own: for the `emit` of a pipeline's stage. Valid as long as `one`.
    template <class M>
    static message view(const M& one) noexcept {
        return {tag<M>, bytes_of(one)};
    }

    /// The pushes of a ring for one message: see basic_message_ring. With a std::stop_token, and weir/stop.hpp, as weir::push().
    template <class Ring, class M>
    static status try_push(Ring& ring, const M& message) noexcept {
        return ring.try_push(bytes_of(message), tag<M>);
    }
    template <class Ring, class M>
    static status push(Ring& ring, const M& message) {
        return ring.push(bytes_of(message), tag<M>);
    }
    template <class Ring, class M, detail::stop_token Token>
    static status push(Ring& ring, const M& message, Token stop) {
        return detail::push_until_stop(ring, bytes_of(message), std::move(stop), tag<M>);
    }
    template <class Ring, class M, class Rep, class Period>
    static status push_for(Ring& ring, const M& message, std::chrono::duration<Rep, Period> time) {
        return ring.push_for(bytes_of(message), time, tag<M>);
    }
    template <class Ring, class M>
    static status push_until(Ring& ring, const M& message, detail::any_time_point deadline) {
        return ring.push_until(bytes_of(message), deadline, tag<M>);
    }
    template <class Ring, class M, std::predicate Stop>
    static status push_unless(Ring& ring, const M& message, Stop stop,
                              detail::any_time_point deadline = detail::forever) {
        return ring.push_unless(bytes_of(message), stop, deadline, tag<M>);
    }

    /// A visit for the consumes of a ring: calls the overload that fits the message, with a copy of it. For every type of the set
    /// there must be one; they return void, or all weir::visit. A message that is unknown goes to the overload for
    /// unknown_message; without one, the visitor aborts, so that no message is lost unseen.
    template <class... Functions>
    static auto visitor(Functions... functions) {
        return visits<Functions...>(std::move(functions)...);
    }

private:
    template <class... Functions>
    struct overloads : Functions... {
        using Functions::operator()...;
    };

    template <class... Functions>
    class visits {
        using functions = overloads<Functions...>;
        static constexpr bool fits_all = (std::invocable<functions&, const Types&> && ...);
        static_assert(
            fits_all,
            "weir: a visitor has an overload for every type of its set of messages; add the missing one, or one that "
            "takes const auto&");
        using first = std::tuple_element_t<0, std::tuple<Types...>>;
        using answer = typename std::conditional_t<fits_all, std::invoke_result<functions&, const first&>,
                                                   std::type_identity<void>>::type;
        static constexpr bool is_one_answer = [] {
            if constexpr (fits_all)
                return (std::same_as<std::invoke_result_t<functions&, const Types&>, answer> && ...);
            return true;
        }();
        static_assert(is_one_answer, "weir: the overloads of a visitor return void, or all of them weir::visit");
        static constexpr bool fits = fits_all && is_one_answer;

    public:
        explicit visits(Functions... f) : functions_{std::move(f)...} {}

        answer operator()(std::uint16_t type, std::span<const std::byte> bytes) {
            return visit_as<0, Types...>(functions_, type, bytes);
        }
        answer operator()(std::uint16_t type, std::span<const std::byte> bytes) const
            requires(std::invocable<const functions&, const Types&> && ...)
        {
            return visit_as<0, Types...>(functions_, type, bytes);
        }

    private:
        template <std::uint16_t Tag, class M, class... Rest, class Overloads>
        static answer visit_as(Overloads& with, std::uint16_t type, std::span<const std::byte> bytes) {
            if constexpr (fits && detail::is_element<M>) {
                if (type == Tag && bytes.size() == sizeof(M)) {
                    std::array<std::byte, sizeof(M)> copy;
                    std::memcpy(copy.data(), bytes.data(), sizeof(M));
                    const M message = std::bit_cast<M>(copy);
                    return with(message);
                }
            }
            if constexpr (sizeof...(Rest) > 0) {
                return visit_as<Tag + 1, Rest...>(with, type, bytes);
            } else if constexpr (fits && std::invocable<Overloads&, unknown_message>) {
                return with(unknown_message{type, bytes});
            } else {
                detail::abort_with(
                    "weir::messages: a message of a type or size that the set does not have; give the visitor an overload for "
                    "weir::unknown_message");
            }
        }

        functions functions_;
    };

    template <class M>
    static std::span<const std::byte> bytes_of(const M& message) noexcept {
        return std::as_bytes(std::span<const M, 1>(std::addressof(message), 1));
    }
};

}  // namespace weir
