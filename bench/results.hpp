// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace bench {

/// A result file of weir-bench, checked as far as its readers rely on it. Throws std::invalid_argument with a sentence.
nlohmann::json read_results(const std::string& file);

/// The figure of a summary object: items per second or ns; nothing where no sample was kept.
inline const nlohmann::json& figure_of(const nlohmann::json& row) {
    return row.contains("items_per_s") ? row["items_per_s"] : row["ns"];
}

}  // namespace bench
