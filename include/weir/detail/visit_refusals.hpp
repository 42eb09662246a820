// SPDX-License-Identifier: MIT
//
// Visits of a wrong signature, refused with one sentence instead of a page about constraints; and times without a unit.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include "weir/detail/base/offered.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// A function that can be called with these. A pointer to a member is invoked in another way, and is none.
template <class F, class... Given>
concept visitor = std::invocable<F, Given...> && !std::is_member_pointer_v<std::remove_cvref_t<F>>;

/// What a visit is called with.
enum class visit_of : unsigned char { item, shared_item, message };

/// A base of what has consumers: refuses each visit that cannot be called with `Given`. The class names each function in a using
/// declaration, beside its own one, which takes the visits that can be.
template <visit_of What, class... Given>
class visit_refusals {
    template <class F>
    static constexpr bool is_wrong = !visitor<std::remove_reference_t<F>&, Given...>;

    template <class F>
    static constexpr void refuse() noexcept {
        static_assert(What != visit_of::item || offered<F>,
                      "weir: a visit is called with an item of the ring, as T&: consume([](T& item) { ... })");
        static_assert(What != visit_of::shared_item || offered<F>,
                      "weir: a visit is called with an item that other readers see, too, as const T&: "
                      "consume([](const T& item) { ... })");
        static_assert(What != visit_of::message || offered<F>,
                      "weir: a visit is called with a message's type and bytes: consume([](std::uint16_t type, "
                      "std::span<const std::byte> bytes) { ... }); for structs see weir::messages");
    }
    template <class F>
    static status refused() noexcept {
        refuse<F>();
        return status::empty;
    }
    template <class F>
    static std::size_t none() noexcept {
        refuse<F>();
        return 0;
    }

public:
    template <class F, class... More>
        requires is_wrong<F>
    std::size_t consume(F&&, const More&...) noexcept {
        return none<F>();
    }
    template <class F, class... More>
        requires is_wrong<F>
    std::size_t consume_some(F&&, const More&...) noexcept {
        return none<F>();
    }
    template <class F, class... More>
        requires is_wrong<F>
    std::size_t consume_some_for(F&&, const More&...) noexcept {
        return none<F>();
    }
    template <class F, class... More>
        requires is_wrong<F>
    std::size_t consume_some_until(F&&, const More&...) noexcept {
        return none<F>();
    }
    template <class F, class... More>
        requires is_wrong<F>
    std::size_t consume_some_unless(F&&, const More&...) noexcept {
        return none<F>();
    }
    template <class F, stop_token Stop, class... More>
    std::size_t consume_some(F&&, const Stop&, const More&...) noexcept {
        static_assert(
            offered<F>,
            "weir: for a std::stop_token include weir/stop.hpp and call weir::consume_some(ring, visit, stop)");
        return 0;
    }
    template <class F, bare_number N, class... More>
    std::size_t consume_some_for(F&&, N, const More&...) = delete;  // weir: a time has a unit, as 100ms
    template <class F, bare_number N>
    status consume_one_for(F&&, N) = delete;  // weir: a time has a unit, as 100ms
    template <class F>
        requires is_wrong<F>
    status try_consume_one(F&&) noexcept {
        return refused<F>();
    }
    template <class F>
        requires is_wrong<F>
    status consume_one(F&&) noexcept {
        return refused<F>();
    }
    template <class F, class... More>
        requires is_wrong<F>
    status consume_one_for(F&&, const More&...) noexcept {
        return refused<F>();
    }
    template <class F, class... More>
        requires is_wrong<F>
    status consume_one_until(F&&, const More&...) noexcept {
        return refused<F>();
    }
    template <class F, class... More>
        requires is_wrong<F>
    status consume_one_unless(F&&, const More&...) noexcept {
        return refused<F>();
    }
};

}  // namespace weir::detail
