// SPDX-License-Identifier: MIT
//
// What wait::event is on systems without eventfd: refused, with a sentence.
#pragma once

#if !defined(__linux__)

#include "weir/detail/wait/lot.hpp"

namespace weir::wait {

namespace detail {
template <class Fence>
inline constexpr bool has_eventfd = false;
}

// There is no eventfd on this system. A lot that could not be built says so, and nothing else is wrong with it.
template <class Fence>
struct eventing {
    using fence_policy = Fence;
    struct lot : detail::polled_lot {
        explicit lot(bool ready) noexcept : polled_lot(ready) {
            static_assert(
                detail::has_eventfd<Fence>,
                "weir: wait::event is an eventfd, which only Linux has; on this system use wait::park, or wake "
                "your loop yourself after a push");
        }
        int fd() const noexcept { return -1; }
        template <class Done>
        bool wait(Done&&, detail::steady_time) noexcept {
            return true;
        }
    };
};

}  // namespace weir::wait

#endif
