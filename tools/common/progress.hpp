// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace weir::tool {

/// A progress bar on stderr. Shown only on a terminal, updated at most ten times a second, and erased by the
/// destructor.
class progress_bar {
public:
    explicit progress_bar(std::string what);
    ~progress_bar();
    progress_bar(const progress_bar&) = delete;
    progress_bar& operator=(const progress_bar&) = delete;

    /// `share` is the completed part, from 0 to 1.
    void show(double share, std::string_view doing);

    [[nodiscard]] bool seen() const noexcept { return on_terminal_; }

    /// "matrix [######......] 50%  PU 0 to PU 1"
    [[nodiscard]] static std::string line(std::string_view what, double share, std::string_view doing);

private:
    std::string what_;
    bool on_terminal_;
    bool written_ = false;
    std::chrono::steady_clock::time_point next_{};
};

}  // namespace weir::tool
