// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace weir::tool {

/// A line on stderr that says how far a measurement is. Written only where stderr is a terminal, at most ten times a
/// second, and gone when this ends.
class progress_bar {
public:
    explicit progress_bar(std::string what);
    ~progress_bar();
    progress_bar(const progress_bar&) = delete;
    progress_bar& operator=(const progress_bar&) = delete;

    /// `share` of the way, from 0 to 1.
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
