// SPDX-License-Identifier: MIT
//
// Stands before weir's header of this name in the include path of the model programs: sleep of the model.
#pragma once

#include <cstdint>

#include "model.hpp"
#include "weir/detail/wait/futex.hpp"
#include "weir/detail/wait/scheduler.hpp"

namespace weir::detail {

inline void shared_futex_wait(const futex_word& word, std::uint32_t expected, steady_time deadline,
                              model::place at = model::place::current()) noexcept {
    futex_wait(word, expected, deadline, at);
}
inline void shared_futex_wake(const futex_word& word, model::place at = model::place::current()) noexcept {
    futex_wake(word, 2, at);
}

}  // namespace weir::detail
