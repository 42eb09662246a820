// SPDX-License-Identifier: MIT
//
// A sample's second process.
#pragma once

#include <functional>
#include <memory>

#include "instruments/spin.hpp"

namespace bench {

/// Runs `job` in a child process, on the core of the calling thread, and returns when that has ended. `job` must not refer to a lock
/// that another thread may hold now: the child has this thread alone. What it writes to private memory is the child's own. Throws if
/// the child ends in another way than by returning from `job`. A child is killed when the caller's job is cancelled, or its thread ends.
void in_other_process(const std::function<void()>& job);

/// A starting line in memory that this process shares with its children.
std::shared_ptr<starting_line> line_between_processes();

}  // namespace bench
