// SPDX-License-Identifier: MIT
// The section on doctor's findings, most severe first.
#include "tools/doctor/doctor.hpp"
#include "tools/common/read_json.hpp"
#include "tools/report/html.hpp"
#include "tools/report/report.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace weir::tool::report {
namespace {

struct group {
    severity level;
    const char* title;
    bool folded;
};
constexpr group groups[] = {{severity::severe, "Severe: these stall a ring", false},
                            {severity::warning, "Warnings: these cost tail latency", false},
                            {severity::note, "Notes: these depend on your program", true},
                            {severity::unknown, "Unknown", true},
                            {severity::fine, "Fine", true}};

std::vector<const json*> findings_of(const json& content, severity level) {
    std::vector<const json*> found;
    for (const auto& one : array(content, "findings"))
        if (text(one, "severity") == to_string(level)) found.push_back(&one);
    return found;
}

std::vector<fact> doctor_facts(const part& of) {
    const auto count = [&](severity level) { return findings_of(of.content, level).size(); };
    const auto severe = count(severity::severe);
    const auto warnings = count(severity::warning);
    return {{fmt::format("{} severe, {} warning{}", severe, warnings, warnings == 1 ? "" : "s"),
             fmt::format("among {} settings checked on this host", array(of.content, "findings").size()),
             severe != 0     ? "off"
             : warnings != 0 ? "caution"
                             : "met"}};
}

std::string as_html(const json& one) {
    const auto level = text(one, "severity");
    auto html = fmt::format("<div class=\"finding {}\" data-finding=\"{}\"><p><b>{}</b>: {}</p>", escaped(level),
                            escaped(text(one, "name")), escaped(text(one, "name")), escaped(text(one, "what")));
    if (const auto why = text_or(one, "why", ""); !why.empty())
        html += fmt::format("<p class=\"faint\">{}</p>", escaped(why));
    std::string commands;
    for (const auto& command : array_or_none(one, "change"))
        if (command.is_string()) commands += escaped(command.get<std::string>()) + "\n";
    if (!commands.empty()) html += "<pre>" + commands + "</pre>";
    return html + "</div>\n";
}

void add_doctor(html_page& page, const contents&, const part& of) {
    std::size_t shown = 0;
    for (const auto& [level, title, is_folded] : groups) {
        const auto found = findings_of(of.content, level);
        if (found.empty()) continue;
        shown += found.size();
        std::string html = "<div class=\"findings\">\n";
        for (const auto* one : found) html += as_html(*one);
        html += "</div>\n";
        page.add(is_folded ? folded(fmt::format("{} ({})", title, found.size()), html)
                           : fmt::format("<h3>{}</h3>\n", escaped(title)) + html);
    }
    if (const auto all = array(of.content, "findings").size(); shown != all)
        throw std::runtime_error("\"severity\" of a finding is not one of severe, warning, note, unknown and fine");
}

}  // namespace

const section doctor_section{doctor_facts, add_doctor};

}  // namespace weir::tool::report
