// SPDX-License-Identifier: MIT
#pragma once

// A program that runs as a child of weir, as under env or time: its signals, its exit code.

#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::tool {

class program {
public:
    /// Starts it; throws `stop` if it cannot be run. From now on SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 are passed on to it, and SIGINT and
    /// SIGQUIT, which the terminal sends to both, end it alone. Those that are ignored, as under nohup, stay so in both. One object at a
    /// time.
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
    void note_end(int status) noexcept;

    int id_ = -1;
    std::optional<int> status_;
    std::vector<std::pair<int, struct sigaction>> former_;  // of the signals that are handled meanwhile
};

}  // namespace weir::tool
