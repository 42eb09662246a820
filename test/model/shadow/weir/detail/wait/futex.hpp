// SPDX-License-Identifier: MIT
//
// Stands before weir's header of this name in the include path of the model programs: sleep of the model.
#pragma once

#include <cstdint>

#include "model.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/wait/scheduler.hpp"

namespace weir::detail {

using futex_word = atomic<std::uint32_t>;

inline void futex_wait(const futex_word& word, std::uint32_t expected, steady_time deadline,
                       model::place at = model::place::current()) noexcept {
    word.variable().sleep_while(expected, deadline != forever, at);
}
inline void futex_wake(const futex_word& word, std::uint32_t n, model::place at = model::place::current()) noexcept {
    word.variable().wake_up(n, at);
}

}  // namespace weir::detail
