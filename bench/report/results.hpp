// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace bench {

/// Reads a result file of weir-bench and checks the fields that its users rely on. Throws std::invalid_argument with a sentence.
nlohmann::json read_results(const std::string& file);

/// The key of a summary object's figure: "items_per_s", where more is better, "ns" or "cpu_percent"; "" if it has none.
inline std::string unit_of(const nlohmann::json& row) {
    for (const char* unit : {"items_per_s", "ns", "cpu_percent"}) {
        if (row.contains(unit)) {
            return unit;
        }
    }
    return {};
}

/// The figure itself; null where no sample was kept.
inline const nlohmann::json& figure_of(const nlohmann::json& row) { return row[unit_of(row)]; }

}  // namespace bench
