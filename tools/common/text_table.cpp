// SPDX-License-Identifier: MIT
#include "tools/common/text_table.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace weir::tool {

std::string aligned(const std::vector<table_line>& lines, const std::vector<side>& sides) {
    if (lines.empty()) return {};
    std::vector<std::size_t> widths(lines.front().size());
    for (const auto& row : lines)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    std::string text;
    for (const auto& row : lines) {
        std::string printed;
        for (std::size_t i = 0; i < row.size(); ++i)
            printed += i < sides.size() && sides[i] == side::right ? fmt::format("  {:>{}}", row[i], widths[i])
                                                                   : fmt::format("  {:<{}}", row[i], widths[i]);
        printed.erase(printed.find_last_not_of(' ') + 1);
        text += printed + "\n";
    }
    return text;
}

}  // namespace weir::tool
