// SPDX-License-Identifier: MIT
//
// Shared by the pictures of a run.
#pragma once

#include "tools/common/plot_words.hpp"
#include "tools/pressure/pictures.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::tool::pressure::plot {

using weir::tool::plot::data;
using weir::tool::plot::line_style;
using weir::tool::plot::name_axis;
using weir::tool::plot::time_tics;

/// A column of a policy's samples, reduced to about 200 points: the largest value of each group, so that peaks stay
/// visible.
struct curve {
    std::vector<double> at_s, value;
};
[[nodiscard]] curve largest(const nlohmann::json& policy, const char* column);
/// The growth per second of a counter column.
[[nodiscard]] curve growth_per_s(const nlohmann::json& policy, const char* column);

/// Shades the burst and labels the time axis.
[[nodiscard]] std::string time_axis(const nlohmann::json& run, double to_s);

[[nodiscard]] double last_of(const nlohmann::json& policy, const char* column);
[[nodiscard]] std::optional<double> figure(const nlohmann::json& policy, const char* key);

}  // namespace weir::tool::pressure::plot
