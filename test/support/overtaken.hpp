// SPDX-License-Identifier: MIT
//
// An operation that is overtaken: before each of its atomic steps in turn something else is done, as if by another
// thread. For programs that define WEIR_ATOMIC_HEADER to "wait_hooked_atomic.hpp" first.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "test/support/wait_hooked_atomic.hpp"

namespace weir_test {

using action = std::function<void()>;

/// Does `operation`, and `act` before its atomic step number `step`. False: the operation had fewer steps.
inline bool overtaken(int step, const action& operation, action act) {
    this_thread_hook = {step, [](void* p) { (*static_cast<action*>(p))(); }, &act};
    operation();
    const bool was_overtaken = this_thread_hook.countdown == 0;
    this_thread_hook = {};
    return was_overtaken;
}

/// Calls `round(step)` for step 1, 2 ... until it says that the operation had fewer.
template <class Round>
void for_each_step(Round round) {
    constexpr int most_steps = 300;
    int step = 1;
    for (; step < most_steps; ++step) {
        SCOPED_TRACE("overtaken before step " + std::to_string(step));
        if (!round(step)) break;
        if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(step, 1) << "not a step was seen";
    EXPECT_LT(step, most_steps) << "an operation of more steps than were tried";
}

}  // namespace weir_test
