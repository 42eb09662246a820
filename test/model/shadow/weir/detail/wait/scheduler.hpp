// SPDX-License-Identifier: MIT
//
// Stands before weir's header of this name in the include path of the model programs: a deadline may pass at any time,
// and nobody spins before it sleeps, since that would only make the same schedules longer.
#pragma once

#include <chrono>

#include "model.hpp"

namespace weir::detail {

using steady_time = std::chrono::steady_clock::time_point;
inline constexpr steady_time forever = steady_time::max();
inline constexpr bool started_on_one_cpu = true;

inline bool has_passed(steady_time deadline) noexcept { return deadline != forever && model::choose(2) == 1; }
inline void sleep_for(std::chrono::nanoseconds) noexcept { model::yield(); }
inline void yield_cpu() noexcept { model::yield(); }

/// An eventfd is a real one; who waits for it looks now and then. So a notification that is lost shows as a livelock.
inline void wait_readable(int fd, steady_time deadline) noexcept { model::wait_readable(fd, deadline != forever); }

}  // namespace weir::detail
