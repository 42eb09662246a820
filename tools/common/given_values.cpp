// SPDX-License-Identifier: MIT
#include "tools/common/given_values.hpp"

#include "instruments/option_values.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>

namespace weir::tool {
namespace {

std::string type_of(const CLI::Option& option) { return option.get_type_name(); }

bool takes_number(const CLI::Option& option) {
    const auto type = type_of(option);
    return type == "N" || type.starts_with("N:") || type.starts_with("UINT") || type.starts_with("FLOAT");
}

std::string word_for(const CLI::Option& option) {
    return takes_file(option) ? "name" : takes_number(option) ? "number" : "value";
}

std::string why_empty(const std::string& what) { return "the " + what + " is empty; give one, or leave it out"; }

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
            if (option->get_items_expected_max() == 0) continue;
            const std::string what = word_for(*option);
            option->check([what](const std::string& value) { return value.empty() ? why_empty(what) : std::string(); });
        }
    }
}

void refuse_empty_values(const CLI::App& app, const std::vector<std::string>& reversed) {
    const CLI::App* chosen = nullptr;
    for (auto word = reversed.rbegin(); word != reversed.rend() && *word != "--"; ++word) {
        if (chosen == nullptr) {
            const auto named = app.get_subcommands([&](const CLI::App* one) { return one->get_name() == *word; });
            if (!named.empty()) chosen = named.front();
            continue;
        }
        const auto value = std::next(word);
        if (!word->starts_with("--") || value == reversed.rend() || !value->empty()) continue;
        const auto* const option = chosen->get_option_no_throw(*word);
        if (option != nullptr && option->get_items_expected_max() > 0 && option->get_items_expected_min() == 0)
            throw wrong_value(*word + ": " + why_empty(word_for(*option)));
    }
}

void refuse_beside(const CLI::App& subcommand, std::string_view chosen, std::string_view does,
                   std::initializer_list<std::string_view> fitting) {
    for (const auto* const option : subcommand.get_options()) {
        const std::string name = option->get_name();
        if (option->count() == 0 || name == chosen || std::find(fitting.begin(), fitting.end(), name) != fitting.end())
            continue;
        throw wrong_value(std::string(chosen) + " " + std::string(does) + ", so " + name +
                          " has no effect: leave out one of them");
    }
}

}  // namespace weir::tool
