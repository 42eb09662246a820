// SPDX-License-Identifier: MIT
#include "report_html.hpp"

#include "html_page.hpp"

#include <fmt/format.h>

namespace weir::tool::report {
namespace {

bool is_numeric(const std::string& title) { return title.starts_with('>'); }

}  // namespace

void html_table::row(const std::vector<std::string>& cells) {
    rows_ += "<tr>";
    for (std::size_t i = 0; i != cells.size(); ++i)
        rows_ += fmt::format("<td{}>{}</td>", is_numeric(titles_.at(i)) ? " class=\"n\"" : "", cells[i]);
    rows_ += "</tr>\n";
}

std::string html_table::str() const {
    std::string head;
    for (const auto& title : titles_)
        head += is_numeric(title) ? fmt::format("<th class=\"n\">{}</th>", escaped(title.substr(1)))
                                  : fmt::format("<th>{}</th>", escaped(title));
    return fmt::format("<div class=\"scroll\"><table><tr>{}</tr>\n{}</table></div>\n", head, rows_);
}

std::string with_note(std::string_view text, std::string_view note) {
    return escaped(text) + (note.empty() ? "" : fmt::format("<small>{}</small>", escaped(note)));
}

std::string folded(std::string_view summary, std::string_view html) {
    return fmt::format("<details><summary>{}</summary>\n{}</details>\n", escaped(summary), html);
}

std::string folded_if(bool many, std::string_view summary, const std::string& html) {
    return many ? folded(summary, html) : html;
}

}  // namespace weir::tool::report
