// SPDX-License-Identifier: MIT
#include "tools/common/words.hpp"

#include <fmt/format.h>
#include <sstream>

namespace weir::tool {

std::string ns_in_words(double ns) {
    if (ns < 999.5) return fmt::format("{:.3g} ns", ns);
    if (ns < 999.5e3) return fmt::format("{:.3g} us", ns / 1e3);
    if (ns < 999.5e6) return fmt::format("{:.3g} ms", ns / 1e6);
    return ns < 999.5e9 ? fmt::format("{:.3g} s", ns / 1e9) : fmt::format("{:.0f} s", ns / 1e9);
}

std::string rate_in_words(double per_s) {
    // From 999.5 on, three digits would be written as 1e+03.
    if (per_s < 999.5) return fmt::format("{:.3g} ps", per_s);
    if (per_s < 999.5e3) return fmt::format("{:.3g} kps", per_s / 1e3);
    if (per_s < 999.5e6) return fmt::format("{:.3g} Mps", per_s / 1e6);
    return per_s < 999.5e9 ? fmt::format("{:.3g} Gps", per_s / 1e9) : fmt::format("{:.0f} Gps", per_s / 1e9);
}

std::string wrapped(const std::string& text, std::size_t column, std::size_t indent) {
    constexpr std::size_t width = 100;
    std::istringstream words(text);
    std::string result;
    for (std::string word; words >> word; column += word.size()) {
        if (!result.empty() && column + 1 + word.size() > width) {
            result += '\n';
            result.append(indent, ' ');
            column = indent;
        } else if (!result.empty()) {
            result += ' ';
            ++column;
        }
        result += word;
    }
    return result;
}

}  // namespace weir::tool
