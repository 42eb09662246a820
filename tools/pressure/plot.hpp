// SPDX-License-Identifier: MIT
//
// What the pictures of a run have in common beside the words of all pictures.
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

/// A column of a policy's series, with no more than some 200 points: the largest of each lot, which is where the story
/// is.
struct curve {
    std::vector<double> at_s, value;
};
[[nodiscard]] curve largest(const nlohmann::json& policy, const char* column);
/// How fast a column that counts went up, per second.
[[nodiscard]] curve growth_per_s(const nlohmann::json& policy, const char* column);

/// Shades the burst, and names the time axis.
[[nodiscard]] std::string time_axis(const nlohmann::json& run, double to_s);

[[nodiscard]] double last_of(const nlohmann::json& policy, const char* column);
[[nodiscard]] std::optional<double> figure(const nlohmann::json& policy, const char* key);

}  // namespace weir::tool::pressure::plot
