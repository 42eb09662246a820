// SPDX-License-Identifier: MIT
#include "tools/report/html.hpp"

#include "tools/common/html_page.hpp"

#include <fmt/format.h>

namespace weir::tool::report {
namespace {

bool is_marked(const std::string& title) { return title.starts_with('>') || title.starts_with('*'); }

std::string class_of(const std::string& title) {
    return title.starts_with('>') ? " class=\"n\"" : title.starts_with('*') ? " class=\"long\"" : "";
}

}  // namespace

void html_table::row(const std::vector<std::string>& cells) {
    rows_ += "<tr>";
    for (std::size_t i = 0; i != cells.size(); ++i)
        rows_ += fmt::format("<td{}>{}</td>", class_of(titles_.at(i)), cells[i]);
    rows_ += "</tr>\n";
}

std::string html_table::str() const {
    std::string head;
    bool any = false;
    for (const auto& title : titles_) {
        const auto words = is_marked(title) ? title.substr(1) : title;
        any |= !words.empty();
        head += fmt::format("<th{}>{}</th>", class_of(title), escaped(words));
    }
    return fmt::format("<div class=\"scroll\"><table>{}{}</table></div>\n", any ? "<tr>" + head + "</tr>\n" : "",
                       rows_);
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
