// SPDX-License-Identifier: MIT
#include "tools/plan/check.hpp"

#include "src/json_text.hpp"
#include "src/plain_text.hpp"
#include "tools/common/text_table.hpp"
#include "tools/common/words.hpp"
#include "tools/plan/text.hpp"

#include <weir/version.hpp>

#include <fmt/format.h>
#include <cmath>
#include <nlohmann/json.hpp>

namespace weir::tool {
namespace {

using json = nlohmann::ordered_json;

std::string core_of(const topology& machine, unsigned pu) { return fmt::format("core:{}", machine.pu(pu).core); }

std::string role_table(const placement_check& made, const topology& machine) {
    std::vector<table_line> lines{{"role", "PU", "core", "best", "core", "asked for"}};
    for (std::size_t i = 0; i != made.placed.roles.size(); ++i) {
        const auto& is = made.placed.roles[i];
        const auto best = made.best.roles[i].pu;
        lines.push_back({is.asked.name, fmt::format("{}", is.pu), core_of(machine, is.pu), fmt::format("{}", best),
                         core_of(machine, best), hints_of(is.asked)});
    }
    return aligned(lines, {side::left, side::right, side::left, side::right});
}

std::string edge_table(const placement_check& made) {
    std::vector<table_line> lines{{"edge", "over", "costs", "best over", "costs", "more"}};
    for (std::size_t i = 0; i != made.placed.edges.size(); ++i) {
        const auto& is = made.placed.edges[i];
        const auto& best = made.best.edges[i];
        lines.push_back({is.asked.name(), std::string(to_string(is.distance)), ns_of(cost_of(is)),
                         std::string(to_string(best.distance)), ns_of(cost_of(best)),
                         signed_ns(cost_of(is) - cost_of(best))});
    }
    return aligned(lines, {side::left, side::left, side::right, side::left, side::right, side::right});
}

std::string verdict(const placement_check& made) {
    const double extra = made.extra_ns();
    const auto best = fmt::format("the best costs {} ({})", ns_of(made.best.cost.total()),
                                  made.best.is_proven() ? "proven optimal" : "the best found");
    if (extra >= 0.5)
        return fmt::format("{}: this placement is {} dearer, {:.0f}% of its cost", best, ns_of(extra),
                           100 * extra / made.placed.cost.total());
    if (extra <= -0.5)
        return fmt::format("{}: this placement is {} cheaper, because it breaks a hint or a rule", best, ns_of(-extra));
    return best + ": this placement costs no more";
}

template <class Rows, class Line>
std::string section(const char* title, const Rows& rows, Line line) {
    if (rows.empty()) return {};
    std::string text = fmt::format("\n{}\n", title);
    for (const auto& row : rows) {
        const auto [begin, rest] = line(row);
        text += begin + wrapped(rest, begin.size(), begin.size() < 6 ? 4 : begin.size()) + "\n";
    }
    return text;
}

std::pair<std::string, std::string> with_ns(double extra_ns, const std::string& what) {
    return {fmt::format("  {:<10} ", signed_ns(extra_ns)), what};
}

std::pair<std::string, std::string> plain(const std::string& sentence) { return {"  ", sentence}; }

json as_json(const plan_cost& cost) {
    return {{"total", cost.total()},
            {"edges", cost.edges},
            {"noise", cost.noise},
            {"smt_sharing", cost.smt_sharing},
            {"not_isolated", cost.not_isolated},
            {"slow_cores", cost.slow_cores},
            {"pu_0", cost.pu_0},
            {"device", cost.device},
            {"memory", cost.memory}};
}

}  // namespace

std::string check_as_text(const placement_check& made, const topology& machine,
                          const std::vector<std::string>& remarks) {
    std::string text = printable(machine.source()) + ": " + made.placed.machine + "\n\n" + role_table(made, machine);
    if (!made.placed.edges.empty()) text += "\n" + edge_table(made);
    text += fmt::format("\n  {}\n  {}\n", wrapped(cost_sentence(made.placed.cost), 2, 4), wrapped(verdict(made), 2, 4));
    text += section("broken: hints, and rules of every plan", made.broken, plain);
    text += section("where it differs from the best", made.differences,
                    [](const plan_difference& row) { return with_ns(row.extra_ns, row.what); });
    text += section("single moves that save most", made.steps,
                    [](const plan_alternative& row) { return with_ns(row.extra_ns, row.reason); });
    auto notes = remarks;
    notes.insert(notes.end(), made.placed.remarks.begin(), made.placed.remarks.end());
    return text + section("note", notes, plain);
}

std::string check_as_json(const placement_check& made, const std::vector<std::string>& remarks) {
    json all{{"schema_version", 1},
             {"kind", "weir plan check"},
             {"weir_version", WEIR_VERSION_STRING},
             {"machine", {{"fingerprint", made.placed.fingerprint}, {"summary", made.placed.machine}}},
             {"roles", json::array()},
             {"edges", json::array()},
             {"cost_ns", as_json(made.placed.cost)},
             {"best_cost_ns", as_json(made.best.cost)},
             {"extra_ns", made.extra_ns()},
             {"best_is_proven", made.best.is_proven()},
             {"lower_bound_ns", made.best.lower_bound_ns},
             {"broken", made.broken},
             {"differences", json::array()},
             {"steps", json::array()},
             {"remarks", remarks}};
    for (std::size_t i = 0; i != made.placed.roles.size(); ++i) {
        const auto& role = made.placed.roles[i];
        all["roles"].push_back({{"name", role.asked.name}, {"pu", role.pu}, {"best_pu", made.best.roles[i].pu}});
    }
    for (std::size_t i = 0; i != made.placed.edges.size(); ++i) {
        const auto& is = made.placed.edges[i];
        const auto& best = made.best.edges[i];
        all["edges"].push_back({{"from", is.asked.from},
                                {"to", is.asked.to},
                                {"distance", to_string(is.distance)},
                                {"cost_ns", cost_of(is)},
                                {"best_distance", to_string(best.distance)},
                                {"best_cost_ns", cost_of(best)}});
    }
    for (const auto& row : made.differences)
        all["differences"].push_back({{"extra_ns", row.extra_ns}, {"what", row.what}});
    for (const auto& row : made.steps)
        all["steps"].push_back({{"pus", row.pus}, {"extra_ns", row.extra_ns}, {"reason", row.reason}});
    for (const auto& remark : made.placed.remarks) all["remarks"].push_back(remark);
    return json_text(all);
}

}  // namespace weir::tool
