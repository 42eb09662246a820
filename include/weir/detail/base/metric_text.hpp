// SPDX-License-Identifier: MIT
//
// Pieces of the text format that Prometheus scrapes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/detail/base/plain_text.hpp"

namespace weir::detail {

inline std::string as_seconds(std::uint64_t ns) {
    const std::string below = std::to_string(ns % 1'000'000'000);
    return std::to_string(ns / 1'000'000'000) + "." + std::string(9 - below.size(), '0') + below;
}

// Of a label: UTF-8, in which a backslash, a quote and a line feed must be escaped; all else may stand. In a help text quotes may.
inline std::string escaped(std::string_view value, std::string_view marked = "\\\"") {
    std::string out;
    for (const char c : valid_utf8(value)) {
        if (marked.find(c) != std::string_view::npos) out += '\\';
        out += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return out;
}
inline std::string escaped_help(std::string_view text) { return escaped(text, "\\"); }

}  // namespace weir::detail
