// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace weir {

inline constexpr auto npos = std::string_view::npos;

inline std::string_view trim(std::string_view text) {
    constexpr std::string_view white = " \t\n";
    const auto first = text.find_first_not_of(white);
    return first == npos ? std::string_view{} : text.substr(first, text.find_last_not_of(white) - first + 1);
}

inline std::string in_quotes(std::string_view text) { return "'" + std::string(text) + "'"; }

}  // namespace weir
