// SPDX-License-Identifier: MIT
#include "tools/common/command.hpp"
#include "tools/report/html.hpp"
#include "tools/report/report.hpp"

#include <weir/version.hpp>

#include <fmt/format.h>
#include <algorithm>

namespace weir::tool::report {
namespace {

constexpr const char* style = R"(
.warning{border-left:4px solid var(--series-4);background:var(--card);padding:.5em .9em;margin:.8em 0;overflow-wrap:anywhere}
.facts{display:grid;gap:.7rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,10rem),1fr));margin:1rem 0;padding:0;list-style:none}
.facts li{background:var(--card);border:1px solid var(--grid);border-radius:8px;padding:.55rem .8rem}
.facts a{color:inherit;text-decoration:none;display:block}
.facts b{display:block;font-size:1.25rem;line-height:1.3;font-weight:600;overflow-wrap:anywhere}
.facts span{font-size:.84rem;color:var(--faint);line-height:1.35;display:block}
.box{display:inline-block;vertical-align:top;max-width:100%;border:1px solid var(--grid);border-radius:6px;padding:.25em .2em .2em .45em;margin:0 .25em .25em 0}
.box i{display:block;font-style:normal;font-size:.78rem;color:var(--faint);line-height:1.3;margin-bottom:.2em}
.pu{display:inline-block;vertical-align:top;margin:0 .25em .25em 0;border:1px solid var(--faint);border-radius:5px;padding:.12em .55em;min-width:2.2em;text-align:center;font-size:.9rem;font-variant-numeric:tabular-nums}
.pu b{display:block;font-size:.84rem}
.pu.isolated{border:2px solid var(--series-5)}
.pu.closed{border-style:dashed;color:var(--faint);text-decoration:line-through}
.pu.taken{background:var(--series-2);border-color:var(--series-2);color:var(--card)}
details{margin:.7rem 0}
summary{cursor:pointer;color:var(--series-2)}
pre{overflow-x:auto;background:var(--card);border:1px solid var(--grid);border-radius:6px;padding:.5em .8em;margin:.4em 0;font-size:.85rem;line-height:1.45}
.findings{display:grid;gap:.9rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,420px),1fr));margin:.6rem 0}
.finding{background:var(--card);border:1px solid var(--grid);border-left:4px solid var(--grid);border-radius:6px;padding:.5rem .9rem;min-width:0;overflow-wrap:anywhere}
.finding.severe{border-left-color:var(--series-4)}
.finding.warning{border-left-color:var(--series-3)}
.finding.note{border-left-color:var(--series-2)}
.finding p{margin:.3em 0}
h3{font-size:1rem;margin:1.2em 0 .3em}
.caution{color:var(--series-3);font-weight:600}
li{margin:.2em 0}
td,th{white-space:nowrap}
td.long{white-space:normal;min-width:17rem}
)";

// Adds the file's name and the remedy to the message about a missing value.
template <class Act>
auto with_name(const part& of, Act act) {
    try {
        return act();
    } catch (const stop&) {
        throw;
    } catch (const std::runtime_error& error) {
        throw stop(failed,
                   fmt::format("'{}': {}; save it again with '{}'", of.file, error.what(), facts_of(of.of).remedy));
    }
}

const section& section_of(kind of) {
    switch (of) {
    case kind::topo: return topo_section;
    case kind::doctor: return doctor_section;
    case kind::matrix: return matrix_section;
    case kind::jitter: return jitter_section;
    case kind::plan: return plan_section;
    case kind::run: return run_section;
    case kind::bench: break;
    }
    return bench_section;
}

std::string facts_as_html(const contents& all) {
    std::string items;
    for (const auto& one : all.parts)
        for (const auto& fact : with_name(one, [&] { return section_of(one.of).facts(one); }))
            items += fmt::format("<li><a href=\"#{}\"><b{}>{}</b><span>{}</span></a></li>\n", facts_of(one.of).id,
                                 fact.css_class.empty() ? "" : fmt::format(" class=\"{}\"", fact.css_class),
                                 escaped(fact.value), escaped(fact.words));
    return items.empty() ? "" : "<ul class=\"facts\">\n" + items + "</ul>\n";
}

std::string machine_in_words(const machine& one) {
    return one.cpu_model + (one.cpu_model.empty() || one.identity.summary.empty() ? "" : ": ") + one.identity.summary;
}

// For example "topo.json, of AMD EPYC: 1 package, ..."
std::string machine_of(const contents& all, const part& one) {
    for (const auto& machine : all.machines)
        if (std::find(machine.files.begin(), machine.files.end(), one.file) != machine.files.end())
            return one.file + ", of " + machine_in_words(machine);
    return one.file + ", of an unknown machine";
}

std::string sources(const contents& all) {
    html_table table({"file", "of", "weir", "machine"});
    for (const auto& one : all.parts)
        table.row({escaped(one.file), escaped(facts_of(one.of).name), escaped(one.weir_version),
                   one.machine.fingerprint.empty()
                       ? one.machine.summary.empty() ? "unknown" : escaped(one.machine.summary)
                       : escaped(one.machine.fingerprint)});
    return table.str();
}

}  // namespace

html_page page_of(const contents& all) {
    html_page page("weir report", style);
    if (all.machines.size() == 1) page.paragraph(machine_in_words(all.machines.front()));
    for (const auto& warning : all.warnings)
        page.add(fmt::format("<p class=\"warning\">{}</p>\n", escaped("Note: " + warning + ".")));
    std::string nav = "<nav>";
    for (const auto& one : all.parts)
        nav += fmt::format("<a href=\"#{}\">{}</a>", facts_of(one.of).id, escaped(facts_of(one.of).title));
    page.add(nav + "<a href=\"#sources\">Sources</a></nav>\n");
    page.add(facts_as_html(all));
    for (const auto& one : all.parts) {
        page.heading(facts_of(one.of).title, facts_of(one.of).id);
        if (all.machines.size() > 1)
            page.add(fmt::format("<p class=\"faint\">{}</p>\n", escaped(machine_of(all, one))));
        with_name(one, [&] { section_of(one.of).add(page, all, one); });
    }
    page.heading("Sources", "sources");
    page.add(sources(all));
    std::string absent;
    for (const auto& kind : all_kinds())
        if (all.find(kind.of) == nullptr) absent += (absent.empty() ? "" : ", ") + std::string(kind.remedy);
    if (!absent.empty()) page.paragraph("Not in this report: the results of " + absent + ".");
    page.add("<p class=\"faint\">weir " WEIR_VERSION_STRING ". All figures are from the files listed.</p>\n");
    return page;
}

}  // namespace weir::tool::report
