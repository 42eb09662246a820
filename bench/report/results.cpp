// SPDX-License-Identifier: MIT
#include "bench/report/results.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fmt/core.h>

#include "bench/report/json.hpp"

namespace bench {

nlohmann::json read_results(const std::string& file) {
    const auto refuse = [&](const std::string& why) { throw std::invalid_argument{fmt::format("{}: {}", file, why)}; };
    std::error_code ignored;
    std::ifstream stream{file};
    if (!stream || std::filesystem::is_directory(file, ignored)) {
        refuse(
            fmt::format("{}; give a JSON file that weir-bench has written", stream ? "is a folder" : "cannot be read"));
    }
    auto results = nlohmann::json::parse(stream, nullptr, /*allow_exceptions*/ false);
    if (!results.is_object() || !results.contains("schema_version")) {
        refuse("is not a result file of weir-bench");
    }
    if (results["schema_version"] != schema_version) {
        refuse(fmt::format("has schema version {}, this program reads {}; measure again",
                           results["schema_version"].dump(), schema_version));
    }
    if (!results.contains("environment") || !results["environment"].is_object() || !results.contains("summary") ||
        !results["summary"].is_array()) {
        refuse("lacks its environment or summary; measure again");
    }
    for (const auto& row : results["summary"]) {
        if (!row.is_object() || !row.contains("scenario") || !row["scenario"].is_string() || !row.contains("queue") ||
            !row["queue"].is_string() || unit_of(row).empty()) {
            refuse("has a summary entry without scenario, queue or figure; measure again");
        }
    }
    return results;
}

}  // namespace bench
