// SPDX-License-Identifier: MIT
//
// What the lots of several waiting strategies have in common. What a lot must offer: wait_lot in concepts.hpp.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "weir/detail/wait/scheduler.hpp"

namespace weir::detail {

/// Reaches what select() needs of a ring: see detail/select/any_end.hpp.
struct select_access;

/// The nap number `turn`, from 1 on, of a thread that looks between naps: 20 us, then longer, up to 1 ms, and not beyond `deadline`.
inline void nap(unsigned turn, steady_time deadline) noexcept {
    using namespace std::chrono;
    const nanoseconds longest =
        std::min<nanoseconds>(microseconds{20} * (1U << std::min(turn - 1, 6U)), milliseconds{1});
    sleep_for(deadline == forever ? longest : std::min<nanoseconds>(longest, deadline - steady_clock::now()));
}

}  // namespace weir::detail

namespace weir::wait {

namespace detail {

using weir::detail::steady_time;

/// How much there is, in a lot where no thread waits for several.
struct uncounted {
    constexpr std::size_t operator()() const noexcept { return 0; }
};

/// What a lot calls before it sleeps, unless it is given something that counts.
struct untold {
    void operator()() const noexcept {}
};

/// Lots of strategies whose waiters look again by themselves, without notification.
struct polled_lot {
    explicit polled_lot(bool) noexcept {}
    template <class Available = uncounted>
    static constexpr bool notify(std::size_t, Available = {}) noexcept {
        return false;
    }
    template <class Useful, class Available = uncounted>
    static constexpr bool notify_if(std::size_t, Useful, Available = {}) noexcept {
        return false;
    }
    void notify_all() noexcept {}
};

}  // namespace detail

}  // namespace weir::wait
