// SPDX-License-Identifier: MIT
#pragma once

// A program that runs as a child of weir, as under env or time: its signals, its exit code.

#include <optional>
#include <string>
#include <vector>

namespace weir::tool {

class program {
public:
    /// Starts it; throws `stop` if it cannot be run. From now on SIGTERM and SIGHUP are passed on to it, and SIGINT and SIGQUIT, which
    /// the terminal sends to both, end it alone. One object at a time.
    explicit program(const std::vector<std::string>& words);
    ~program();
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    [[nodiscard]] long id() const noexcept { return id_; }

    /// Whether it has ended, without waiting.
    [[nodiscard]] bool has_ended();

    /// Waits for its end: its exit code, or 128 + the signal that ended it.
    [[nodiscard]] int wait();

private:
    int id_ = -1;
    std::optional<int> status_;
};

}  // namespace weir::tool
