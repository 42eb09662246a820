// SPDX-License-Identifier: MIT
// The section on a plan: the PUs of the roles, the cost of the rings between them, and the alternatives.
#include "tools/common/read_json.hpp"
#include "tools/common/words.hpp"
#include "tools/report/html.hpp"
#include "tools/report/machine.hpp"
#include "tools/report/report.hpp"

#include <fmt/format.h>

namespace weir::tool::report {
namespace {

std::string edge_name(const json& edge) { return text(edge, "from") + " → " + text(edge, "to"); }

std::vector<fact> plan_facts(const part& of) {
    const auto& cost = object(of.content, "cost_ns");
    const bool proven = flag_or(of.content, "proven", false);
    const auto bound = number_or(of.content, "lower_bound_ns", 0);
    return {{ns_in_words(number(cost, "total")),
             proven ? "the plan's cost, proven optimal: no placement costs less"
                    : fmt::format("the plan's cost, not proven optimal: no placement costs less than {}",
                                  ns_in_words(bound))}};
}

std::string hints(const json& role) {
    std::string words;
    const auto add = [&](const std::string& hint) { words += (words.empty() ? "" : ", ") + hint; };
    if (flag_or(role, "quiet", false)) add("quiet");
    if (flag_or(role, "smt_ok", false)) add("smt-ok");
    if (flag_or(role, "housekeeping", false)) add("housekeeping");
    if (const auto found = role.find("near"); found != role.end() && found->is_string())
        add("near=" + found->get<std::string>());
    for (const char* key : {"pinned", "package"})
        if (const auto found = role.find(key); found != role.end() && !found->is_null())
            add(fmt::format("{}={}", key, whole_itself(*found, key)));
    return words;
}

std::string roles_table(const json& plan) {
    html_table table({"role", ">PU", "memory", ">noise", "", "asked for"});
    for (const auto& role : array(plan, "roles"))
        table.row({escaped(text(role, "name")), fmt::format("{}", whole(role, "pu")), node_in_words(role),
                   ns_in_words(number_or(role, "noise_ns", 0)),
                   std::string(flag_or(role, "noise_assumed", true) ? "assumed" : "measured") +
                       (flag_or(role, "isolated", false) ? ", isolated" : ""),
                   escaped(hints(role))});
    return table.str();
}

std::string edges_table(const json& plan) {
    html_table table({"ring", ">rate", "over", "slots", ">one way, median", ">p99", "figures", ">weight"});
    for (const auto& edge : array(plan, "edges")) {
        const auto& one_way = object(edge, "one_way_ns");
        const bool has_rate = edge.contains("items_per_s") && edge["items_per_s"].is_number();
        table.row(
            {escaped(edge_name(edge)), has_rate ? rate_in_words(number(edge, "items_per_s")) : "–",
             escaped(text(edge, "distance")), node_in_words(edge), ns_in_words(number(one_way, "p50")),
             ns_in_words(number(one_way, "p99")), escaped(text(edge, "source")),
             fmt::format("{:.3g}{}", number(edge, "weight"), flag_or(edge, "critical", false) ? ", and p99" : "")});
    }
    return table.empty() ? "" : table.str();
}

std::string cost_sentence(const json& plan) {
    static constexpr std::pair<const char*, const char*> terms[] = {{"edges", "rings"},
                                                                    {"noise", "noise of quiet roles"},
                                                                    {"smt_sharing", "shared cores"},
                                                                    {"slow_cores", "slower cores"},
                                                                    {"not_isolated", "PUs that are not isolated"},
                                                                    {"pu_0", "PU 0's core"},
                                                                    {"device", "PUs far from a device"},
                                                                    {"memory", "PUs far from their memory"}};
    const auto& cost = object(plan, "cost_ns");
    std::string words;
    for (const auto& [key, name] : terms)
        if (const auto ns = number_or(cost, key, 0); ns != 0)
            words += fmt::format("{}{} {}", words.empty() ? "" : " + ", ns_in_words(ns), name);
    return fmt::format("Cost {}{}.", ns_in_words(number(cost, "total")), words.empty() ? "" : " = " + words);
}

std::string alternatives(const json& plan) {
    html_table table({">costs more by", "*because"});
    for (const auto& other : array_or_none(plan, "alternatives"))
        table.row({ns_in_words(number(other, "extra_ns")), escaped(text(other, "reason"))});
    return table.empty() ? "" : "<h3>Alternatives, and why they cost more</h3>\n" + table.str();
}

std::string remarks(const json& plan) {
    std::string items;
    for (const auto& remark : array_or_none(plan, "remarks"))
        if (remark.is_string()) items += "<li>" + escaped(remark.get<std::string>()) + "</li>\n";
    return items.empty() ? "" : "<h3>Note</h3>\n<ul>\n" + items + "</ul>\n";
}

void add_plan(html_page& page, const contents& all, const part& of) {
    const auto& plan = of.content;
    const auto tables = roles_table(plan) + edges_table(plan);
    if (const auto* const topo = all.find_beside(kind::topo, of)) {
        roles_by_pu roles;
        for (const auto& role : array(plan, "roles")) roles[whole(role, "pu")].push_back(text(role, "name"));
        page.pictures({{.id = "placement",
                        .title = "Each role on its PU",
                        .caption = "The roles of the plan, on the machine shown above.",
                        .script = {},
                        .drawn = machine_as_boxes(topo->content, roles),
                        .wide = array(topo->content, "pus").size() > 16}},
                      roles_table(plan));
        page.add(edges_table(plan));
    } else {
        page.add(tables);
    }
    page.paragraph(cost_sentence(plan));
    page.add(alternatives(plan) + remarks(plan));
}

}  // namespace

const section plan_section{plan_facts, add_plan};

}  // namespace weir::tool::report
