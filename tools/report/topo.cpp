// SPDX-License-Identifier: MIT
// The section on the machine and its usable PUs.
#include "tools/common/read_json.hpp"
#include "tools/report/html.hpp"
#include "tools/report/machine.hpp"
#include "tools/report/report.hpp"

#include <weir/affinity.hpp>

#include <fmt/format.h>

namespace weir::tool::report {
namespace {

std::string pu_list(const json& list, const char* key) {
    pu_set pus;
    for (const auto& pu : list) pus.insert(whole_itself(pu, key));
    return pus.empty() ? "none" : pus.to_string();
}

std::string list_or_unknown(const json& from, const char* key) {
    const auto found = from.find(key);
    return found == from.end() || !found->is_array() ? "unknown" : pu_list(*found, key);
}

std::vector<fact> topo_facts(const part& of) {
    const auto& may_use = object(of.content, "allowed");
    const auto& pus = array(may_use, "pus");
    const auto there = array(of.content, "pus").size();
    std::vector<fact> all{{fmt::format("{} of {} PUs", pus.size(), there),
                           fmt::format("may be used here, on {} cores", whole(may_use, "cores"))}};
    if (const auto pair = of.content.find("pair"); pair != of.content.end() && pair->is_object())
        all.push_back({fmt::format("PU {} to {}", whole(*pair, "producer"), whole(*pair, "consumer")),
                       fmt::format("the pair for a producer and its consumer ({}): {}",
                                   text_or(of.content, "policy", "auto"), text(*pair, "distance"))});
    return all;
}

std::string settings(const json& content) {
    html_table table({"", "*"});
    const auto& may_use = object(content, "allowed");
    table.row({"PUs that may be used", escaped(list_or_unknown(may_use, "pus"))});
    table.row({"PUs that the cgroup allows", escaped(list_or_unknown(may_use, "cgroup"))});
    if (const auto kernel = content.find("kernel"); kernel != content.end() && kernel->is_object()) {
        table.row({"kernel", escaped(kernel->value("release", json(nullptr)).is_string() ? text(*kernel, "release")
                                                                                         : std::string("unknown"))});
        for (const char* key : {"isolated", "nohz_full", "rcu_nocbs"})
            table.row({key, escaped(list_or_unknown(*kernel, key))});
        std::string governors;
        if (const auto found = kernel->find("governors"); found != kernel->end() && found->is_object())
            for (const auto& [name, pus] : found->items())
                governors += (governors.empty() ? "" : "; ") + name + ": " + pu_list(pus, "governors");
        table.row({"frequency governor", governors.empty() ? "unknown" : escaped(governors)});
    }
    return table.str();
}

void add_topo(html_page& page, const contents&, const part& of) {
    const auto& content = of.content;
    if (content.contains("is_this_machine") && !flag_or(content, "is_this_machine", true))
        page.paragraph("Loaded from '" + text_or(content, "source", "?") + "', not read from this machine.");
    if (const auto pair = content.find("pair"); pair != content.end() && pair->is_object())
        page.paragraph(text(*pair, "reason") + ".");
    else
        page.paragraph("No pair of PUs for a producer and its consumer: " + text_or(content, "why_no_pair", "unknown") +
                       ".");
    page.pictures({{.id = "machine-map",
                    .title = "Packages, caches, cores and PUs",
                    .caption = "Numbers are PUs, as in the kernel and taskset. Green frame: isolated from the "
                               "kernel's scheduler. Dashed and struck through: may not be used here.",
                    .script = {},
                    .drawn = machine_as_boxes(content),
                    .wide = array(content, "pus").size() > 16}},
                  settings(content));
}

}  // namespace

const section topo_section{topo_facts, add_topo};

}  // namespace weir::tool::report
