// SPDX-License-Identifier: MIT
#pragma once

#include "tools/common/html_page.hpp"
#include "tools/common/plot_words.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace weir::tool::pressure {

/// How a policy is drawn wherever it is.
using weir::tool::plot::look;
[[nodiscard]] look look_of(const std::string& policy);
[[nodiscard]] look look_of_cause(std::size_t cause);

/// The causes of loss: the key in a ledger, and the words.
struct cause {
    std::string_view key, words;
};
const std::vector<cause>& causes();

/// All policies of a run beside one another.
[[nodiscard]] std::vector<picture> pictures_of_all(const nlohmann::json& run);
/// One of them over time.
[[nodiscard]] std::vector<picture> pictures_of(const nlohmann::json& run, const nlohmann::json& policy);

}  // namespace weir::tool::pressure
