// SPDX-License-Identifier: MIT
//
// Operations that are given a stop token, refused with a sentence: those are in stop.hpp, so that rings do not need <stop_token>.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>

#include "weir/detail/visit_refusals.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// A base of what has pushes and pops of items. The class names each function in a using declaration, beside its own ones.
template <class T>
class token_refusals {
public:
    template <class U = T, stop_token Stop>
    status push(U&&, const Stop&) noexcept {
        static_assert(offered<U>,
                      "weir: for a std::stop_token include weir/stop.hpp and call weir::push(ring, value, stop)");
        return status::closed;
    }
    template <class Values, stop_token Stop>
    std::size_t push_n(const Values&, const Stop&) noexcept {
        static_assert(offered<Values>,
                      "weir: for a std::stop_token include weir/stop.hpp and call weir::push_n(ring, values, stop)");
        return 0;
    }
    template <class Out, stop_token Stop>
    status pop(Out&, const Stop&) noexcept {
        static_assert(offered<Out>,
                      "weir: for a std::stop_token include weir/stop.hpp and call weir::pop(ring, out, stop)");
        return status::closed;
    }
    template <stop_token Stop>
    std::optional<T> pop(const Stop&) noexcept {
        static_assert(offered<Stop>,
                      "weir: for a std::stop_token include weir/stop.hpp and call weir::pop(ring, stop)");
        return std::nullopt;
    }
    template <class Outs, stop_token Stop>
    std::size_t pop_n(const Outs&, const Stop&) noexcept {
        static_assert(offered<Outs>,
                      "weir: for a std::stop_token include weir/stop.hpp and call weir::pop_n(ring, out, stop)");
        return 0;
    }
};

}  // namespace weir::detail
