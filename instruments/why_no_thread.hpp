// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <system_error>

namespace weir {

/// "thread 2 of 3 cannot be started: ...", with the remedy.
[[nodiscard]] inline std::string why_no_thread(std::size_t number, std::size_t of, const std::system_error& error) {
    return "thread " + std::to_string(number) + " of " + std::to_string(of) +
           " cannot be started: " + error.code().message() +
           "; allow more threads (ulimit -u) or memory (ulimit -v), or smaller stacks (ulimit -s)";
}

}  // namespace weir
