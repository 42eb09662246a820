// SPDX-License-Identifier: MIT
//
// Options of CLI11 whose numbers are read and bounded in one way, and its error messages in our words.
#pragma once

#include "instruments/option_values.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weir {
namespace detail_options {

template <class T>
struct plain {
    using type = T;
};
template <class T>
struct plain<std::optional<T>> {
    using type = T;
};

template <class T>
T read_as(const std::string& text, const std::string& option, const number_bounds& within) {
    if constexpr (std::is_floating_point_v<T>)
        return read_number(text, option, within);
    else
        return static_cast<T>(read_count(text, option, within));
}

}  // namespace detail_options

/// An option with one number: its value goes to `target`, whose value is the default, unless it is an optional. Parsing throws
/// wrong_value for what is no number within the bounds.
template <class T>
CLI::Option* add_number(CLI::App& app, const std::string& name, T& target, const number_bounds& within,
                        const std::string& description) {
    using number = typename detail_options::plain<T>::type;
    auto* const option = app.add_option_function<std::string>(
        name,
        [&target, name, within](const std::string& text) {
            target = detail_options::read_as<number>(text, name, within);
        },
        description);
    option->type_name("N");
    if constexpr (std::is_arithmetic_v<T>) option->default_str(CLI::detail::to_string(target));
    return option;
}

/// The same for several numbers with commas between.
template <class T>
CLI::Option* add_numbers(CLI::App& app, const std::string& name, std::vector<T>& target, const number_bounds& within,
                         const std::string& description) {
    return app
        .add_option_function<std::vector<std::string>>(
            name,
            [&target, name, within](const std::vector<std::string>& texts) {
                target.clear();
                for (const auto& text : texts) target.push_back(detail_options::read_as<T>(text, name, within));
            },
            description)
        ->type_name("N,...")
        ->delimiter(',');
}

/// CLI11's message as a sentence of ours, on one line and without a full stop.
inline std::string usage_sentence(const CLI::ParseError& error) {
    std::string text = error.what();
    while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
    std::replace(text.begin(), text.end(), '\n', ' ');
    const auto split = [&text](std::string_view middle, std::string& before, std::string& after) {
        const auto at = text.find(middle);
        if (at == std::string::npos) return false;
        before = text.substr(0, at);
        after = text.substr(at + middle.size());
        return true;
    };
    const auto values = [](const std::string& n) { return n + (n == "1" ? " value" : " values"); };
    const auto are = [](const std::string& n) { return n + (n == "1" ? " is" : " are"); };
    std::string before;
    std::string after;
    if (split("The following argument was not expected: ", before, after) ||
        split("The following arguments were not expected: ", before, after))
        return "there is no '" + after + "'";
    for (const char* const bound : {": At least ", ": At Most "})
        if (split(bound, before, after)) {
            const std::string needed = after.substr(0, after.find(' '));
            return before + " takes " + values(needed) + ", but " + are(after.substr(after.rfind(' ') + 1)) + " given";
        }
    if (split(" required ", before, after) && after.ends_with(" missing")) {
        const auto colon = before.rfind(": ");
        return before.substr(0, colon) + " needs " +
               (before.substr(colon + 2) == "1" ? "a value" : values(before.substr(colon + 2))) + ", and none is given";
    }
    if (split(" was given a disallowed flag override", before, after))
        return (before.starts_with('-') ? "" : "--") + before + " takes no value: leave it out";
    if (split(" excludes ", before, after))
        return before + " and " + after + " exclude each other: give one of the two";
    return text;
}

}  // namespace weir
