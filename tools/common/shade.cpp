// SPDX-License-Identifier: MIT
#include "tools/common/shade.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace weir::tool {

std::string hex(rgb colour) { return fmt::format("#{:02x}{:02x}{:02x}", colour.red, colour.green, colour.blue); }

bool is_dark(rgb colour) {
    // BT.601 luma.
    return 0.299 * colour.red + 0.587 * colour.green + 0.114 * colour.blue < 140;
}

rgb shade(double share) {
    constexpr std::array stops{rgb{255, 246, 213}, rgb{252, 190, 94}, rgb{228, 92, 62}, rgb{146, 26, 92},
                               rgb{48, 12, 78}};
    const double place = std::clamp(share, 0.0, 1.0) * (stops.size() - 1);
    const auto below = std::min(static_cast<std::size_t>(place), stops.size() - 2);
    const double along = place - static_cast<double>(below);
    const auto mix = [&](std::uint8_t rgb::*part) {
        return static_cast<std::uint8_t>(std::lround((1 - along) * stops[below].*part + along * stops[below + 1].*part));
    };
    return {mix(&rgb::red), mix(&rgb::green), mix(&rgb::blue)};
}

double log_scale::share(double value) const {
    if (!(most_ > least_)) return 0.5;
    return std::clamp(std::log(std::max(value, least_) / least_) / std::log(most_ / least_), 0.0, 1.0);
}

double log_scale::value_at(double share) const { return least_ * std::pow(most_ / least_, share); }

}  // namespace weir::tool
