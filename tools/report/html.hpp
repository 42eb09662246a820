// SPDX-License-Identifier: MIT
#pragma once

// HTML building blocks for the sections of a report.

#include "tools/common/read_json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::tool::report {

/// A table that scrolls horizontally if it is too wide. Cells are HTML. A column whose title begins with '>' has
/// numbers; with '*', text that may wrap; other columns do not wrap. Without any title there is no heading.
class html_table {
public:
    explicit html_table(std::vector<std::string> titles) : titles_(std::move(titles)) {}

    void row(const std::vector<std::string>& cells);
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    [[nodiscard]] std::string str() const;

private:
    std::vector<std::string> titles_;
    std::string rows_;
};

/// Text with smaller text under it.
[[nodiscard]] std::string with_note(std::string_view text, std::string_view note);

/// HTML that is hidden until the reader unfolds it.
[[nodiscard]] std::string folded(std::string_view summary, std::string_view html);

/// Folded if there are many rows; otherwise shown directly.
[[nodiscard]] std::string folded_if(bool many, std::string_view summary, const std::string& html);

/// "node 1": the NUMA node of memory that a row of a plan or a run has; "–" if it has none.
template <class Json>
std::string node_in_words(const Json& row) {
    const auto found = row.find("memory_node");
    return found == row.end() || found->is_null() ? "–" : "node " + std::to_string(whole_itself(*found, "memory_node"));
}

}  // namespace weir::tool::report
