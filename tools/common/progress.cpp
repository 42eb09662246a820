// SPDX-License-Identifier: MIT
#include "tools/common/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <utility>

namespace weir::tool {

progress_bar::progress_bar(std::string what) : what_(std::move(what)), on_terminal_(::isatty(STDERR_FILENO) != 0) {}

progress_bar::~progress_bar() {
    if (written_) std::fputs("\r\033[K", stderr);
}

std::string progress_bar::line(std::string_view what, double share, std::string_view doing) {
    constexpr std::size_t width = 24;
    const double done = std::clamp(share, 0.0, 1.0);
    const auto filled = static_cast<std::size_t>(done * static_cast<double>(width));
    return fmt::format("{} [{}{}] {:3.0f}%  {}", what, std::string(filled, '#'), std::string(width - filled, '.'),
                       100 * done, doing);
}

void progress_bar::show(double share, std::string_view doing) {
    const auto now = std::chrono::steady_clock::now();
    if (!on_terminal_ || now < next_) return;
    next_ = now + std::chrono::milliseconds{100};
    written_ = true;
    std::fputs(("\r\033[K" + line(what_, share, doing)).c_str(), stderr);
}

}  // namespace weir::tool
