// SPDX-License-Identifier: MIT
//
// Stands before weir's header of this name in the include path of the model programs: sleep of the model, at several words.
#pragma once

#include <poll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "model.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/wait/futex.hpp"
#include "weir/detail/wait/scheduler.hpp"

namespace weir::detail {

using futex_watch = model::variable::watched;

inline futex_watch watch(const futex_word& word, std::uint32_t expected) noexcept {
    return {&word.variable(), expected};
}
inline bool can_sleep_while_all() noexcept { return true; }
inline void sleep_while_all(std::span<const futex_watch> words, steady_time deadline,
                            model::place at = model::place::current()) noexcept {
    model::variable::sleep_while_all(words, deadline != forever, at);
}

/// As wait_readable(): a notification that is lost shows as a livelock.
inline void wait_any_readable(std::span<pollfd> entries, steady_time deadline) noexcept {
    while (::poll(entries.data(), entries.size(), 0) == 0 && !(deadline != forever && model::choose(2) == 1))
        model::yield();
}

}  // namespace weir::detail
