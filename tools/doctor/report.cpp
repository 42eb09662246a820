// SPDX-License-Identifier: MIT
#include "tools/doctor/doctor.hpp"

#include "src/json_text.hpp"
#include "tools/common/words.hpp"

#include <weir/version.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace weir::tool {
namespace {

constexpr std::array levels{severity::severe, severity::warning, severity::note, severity::unknown, severity::fine};

std::size_t count(const std::vector<finding>& findings, severity level) {
    return static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(), [&](const finding& one) { return one.level == level; }));
}

std::string_view title(severity level) {
    switch (level) {
    case severity::severe: return "Severe: these stall a ring";
    case severity::warning: return "Warnings: these cost tail latency";
    case severity::note: return "Notes: these depend on your program";
    case severity::unknown: return "Unknown";
    case severity::fine: return "Fine";
    }
    return "";
}

std::string paragraph(const finding& one) {
    auto text = fmt::format("  {}: ", one.name);
    text += wrapped(one.what, text.size(), 4) + "\n";
    if (one.level == severity::fine || one.level == severity::unknown) return text;
    text += "    " + wrapped(one.why, 4, 4) + "\n";
    for (const auto& command : one.change)
        text += "      > " + command + "\n";  // not wrapped, so that it can be copied
    return text;
}

}  // namespace

std::string findings_as_text(const std::vector<finding>& findings) {
    std::string text;
    for (const auto level : levels) {
        if (count(findings, level) == 0) continue;
        text += fmt::format("{}{}\n", text.empty() ? "" : "\n", title(level));
        for (const auto& one : findings)
            if (one.level == level) text += paragraph(one);
    }
    text += "\n";
    for (const auto level : levels) text += fmt::format("{} {}, ", to_string(level), count(findings, level));
    return text + "and nothing was changed.\n";
}

std::string findings_as_json(const std::vector<finding>& findings, const machine_identity& machine) {
    using json = nlohmann::ordered_json;
    json rows = json::array();
    for (const auto& one : findings)
        rows.push_back({{"name", one.name},
                        {"severity", to_string(one.level)},
                        {"what", one.what},
                        {"why", one.why},
                        {"change", one.change}});
    json counts = json::object();
    for (const auto level : levels) counts[std::string(to_string(level))] = count(findings, level);
    const json all{{"schema_version", 1},         {"kind", "weir doctor"}, {"weir_version", WEIR_VERSION_STRING},
                   {"machine", to_json(machine)}, {"counts", counts},      {"findings", rows}};
    return json_text(all);
}

}  // namespace weir::tool
