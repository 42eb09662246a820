// SPDX-License-Identifier: MIT
#pragma once

#include "tools/common/html_page.hpp"
#include "tools/common/plot_words.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace weir::tool::pressure {

/// The line style of a policy in all pictures.
using weir::tool::plot::look;
[[nodiscard]] look look_of(const std::string& policy);
[[nodiscard]] look look_of_cause(std::size_t cause);

/// The causes of loss: the key in a ledger, and its label.
struct cause {
    std::string_view key, words;
};
const std::vector<cause>& causes();

/// Pictures that compare all policies of a run.
[[nodiscard]] std::vector<picture> pictures_of_all(const nlohmann::json& run);
/// Pictures of one policy over time.
[[nodiscard]] std::vector<picture> pictures_of(const nlohmann::json& run, const nlohmann::json& policy);

}  // namespace weir::tool::pressure
