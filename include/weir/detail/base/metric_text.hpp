// SPDX-License-Identifier: MIT
//
// Pieces of the text format that Prometheus scrapes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::detail {

inline std::string as_seconds(std::uint64_t ns) {
    const std::string below = std::to_string(ns % 1'000'000'000);
    return std::to_string(ns / 1'000'000'000) + "." + std::string(9 - below.size(), '0') + below;
}

// Of a label: a backslash, a quote and a line feed must be escaped, all else may stand.
inline std::string escaped(std::string_view value) {
    std::string out;
    for (const char c : value) {
        if (c == '\\' || c == '"') out += '\\';
        out += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return out;
}

}  // namespace weir::detail
