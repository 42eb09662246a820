// SPDX-License-Identifier: MIT
#include "tools/common/given_values.hpp"

#include <CLI/CLI.hpp>

namespace weir::tool {
namespace {

std::string type_of(const CLI::Option& option) { return option.get_type_name(); }

bool takes_number(const CLI::Option& option) {
    const auto type = type_of(option);
    return type == "N" || type.starts_with("N:") || type.starts_with("UINT") || type.starts_with("FLOAT");
}

}  // namespace

bool takes_file(const CLI::Option& option) {
    const auto type = type_of(option);
    for (const char* const word : {"FILE", "FOLDER", "JSON"})
        if (type.find(word) != std::string::npos) return true;
    return false;
}

void refuse_empty_values(CLI::App& app) {
    for (auto* const subcommand : app.get_subcommands([](CLI::App*) { return true; })) {
        for (auto* const option : subcommand->get_options()) {
            const std::string what = takes_file(*option) ? "name" : takes_number(*option) ? "number" : "";
            if (what.empty() || option->get_group().empty()) continue;  // a hidden option has no name in errors
            option->check([what](const std::string& value) {
                return value.empty() ? "the " + what + " is empty; give one, or leave it out" : std::string();
            });
        }
    }
}

}  // namespace weir::tool
