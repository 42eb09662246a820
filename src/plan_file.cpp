// SPDX-License-Identifier: MIT
// Plan files: the format of `weir plan --json`, which placement_plan::load() reads.
#include <weir/affinity.hpp>
#include <weir/plan.hpp>
#include <weir/version.hpp>

#include "json_input.hpp"
#include "json_text.hpp"
#include "pair_words.hpp"
#include "plan_words.hpp"
#include "replace_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace weir {
namespace {

using json = nlohmann::ordered_json;

constexpr std::array sources{cost_source::measured, cost_source::measured_class, cost_source::assumed};

template <class T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

// What only housekeeping roles have is left out of the others.
json as_json(const planned_role& role) {
    json row{{"name", role.asked.name},
             {"pu", role.pu},
             {"quiet", role.asked.quiet},
             {"smt_ok", role.asked.smt_ok},
             {"pinned", or_null(role.asked.pinned)},
             {"package", or_null(role.asked.package)},
             {"isolated", role.isolated},
             {"noise_ns", role.noise_ns},
             {"noise_assumed", role.noise_assumed}};
    if (role.memory_node) row["memory_node"] = *role.memory_node;
    if (!role.asked.near.empty()) row["near"] = role.asked.near;
    if (role.asked.housekeeping) {
        row["housekeeping"] = true;
        row["pus"] = role.pus.to_string();
    }
    return row;
}

json as_json(const planned_edge& edge) {
    json row{{"from", edge.asked.from},
             {"to", edge.asked.to},
             {"items_per_s", or_null(edge.asked.items_per_s)},
             {"distance", to_string(edge.distance)},
             {"one_way_ns", {{"p50", edge.cost.p50_ns}, {"p99", edge.cost.p99_ns}}},
             {"source", to_string(edge.source)},
             {"weight", edge.weight},
             {"critical", edge.critical}};
    if (edge.memory_node) row["memory_node"] = *edge.memory_node;
    return row;
}

json as_json(const plan_cost& cost) {
    json all{{"total", cost.total()},
             {"edges", cost.edges},
             {"noise", cost.noise},
             {"smt_sharing", cost.smt_sharing},
             {"not_isolated", cost.not_isolated},
             {"slow_cores", cost.slow_cores},
             {"pu_0", cost.pu_0}};
    if (cost.device != 0) all["device"] = cost.device;
    if (cost.memory != 0) all["memory"] = cost.memory;
    return all;
}

// The inverse of to_string(); fails for any other word.
template <class Enum, std::size_t N>
Enum read_word(const json_input& file, const json_input::json& row, const char* key, const std::string& place,
               const std::array<Enum, N>& all) {
    const auto word = file.text(row, key, place);
    const auto found = std::find_if(all.begin(), all.end(), [&](Enum one) { return to_string(one) == word; });
    if (found == all.end()) file.fail("'" + place + "." + key + "' is '" + word + "', which is not a known value");
    return *found;
}

void read_pus(const json_input& file, const json_input::json& row, const std::string& place, const topology& machine,
              planned_role& role) {
    const auto list = file.text(row, "pus", place);
    try {
        role.pus = pu_set::parse(list);
        for (const unsigned pu : role.pus) static_cast<void>(machine.pu(pu));
    } catch (const placement_error& error) {
        file.fail("'" + place + ".pus': " + error.what());
    }
    if (!role.pus.contains(role.pu))
        file.fail(place + " is on PU " + std::to_string(role.pu) + ", which is not among its PUs " + list);
}

// The node that the plan chose, which may be one of a cgroup's; that of the PU, if the file says none.
std::optional<unsigned> read_memory_node(const json_input& file, const json_input::json& row, const std::string& place,
                                         const topology& machine, unsigned pu) {
    const auto node = file.maybe_number(row, "memory_node", place);
    if (!node) return machine.memory_node(pu);
    const auto& all = machine.numa_nodes();
    if (std::none_of(all.begin(), all.end(), [&](const numa_node_info& one) { return one.os_index == *node; }))
        file.fail(place + " has its memory on NUMA node " + std::to_string(*node) + ", which does not exist here");
    return node;
}

void read_role(const json_input& file, const json_input::json& row, const topology& machine, planned_role& role) {
    const auto place = "role '" + role.asked.name + "'";
    role.pu = file.number(row, "pu", place);
    const auto& pus = machine.pus();
    if (std::none_of(pus.begin(), pus.end(), [&](const pu_info& pu) { return pu.os_index == role.pu; }))
        file.fail(place + " has PU " + std::to_string(role.pu) + ", which does not exist");
    role.pus = pu_set{role.pu};
    role.memory_node = read_memory_node(file, row, place, machine, role.pu);
    if (role.asked.housekeeping) read_pus(file, row, place, machine, role);
    role.isolated = file.flag(row, "isolated", place);
    role.noise_ns = file.maybe_amount(row, "noise_ns", place).value_or(0);
    role.noise_assumed = file.flag(row, "noise_assumed", place);
}

plan_cost read_cost(const json_input& file) {
    const auto found = file.root().find("cost_ns");
    if (found == file.root().end()) return {};
    const auto term = [&](const char* key) { return file.amount(*found, key, "cost_ns"); };
    return {term("edges"),
            term("noise"),
            term("smt_sharing"),
            term("not_isolated"),
            term("slow_cores"),
            term("pu_0"),
            file.maybe_amount(*found, "device", "cost_ns").value_or(0),
            file.maybe_amount(*found, "memory", "cost_ns").value_or(0)};
}

}  // namespace

placement_plan placement_plan::load(const std::string& path) { return load(path, topology::this_machine()); }

placement_plan placement_plan::load(const std::string& path, const topology& machine) {
    const json_input file("plan file", path, "make it again with 'weir plan --out'");
    file.expect_kind("weir plan");
    file.expect_machine(machine, true);
    placement_plan read;
    read.fingerprint = weir::fingerprint(machine);
    read.machine = machine.summary();
    read.is_of_this_machine = machine.is_this_machine();
    const auto asked = read_request(file);
    if (asked.roles.empty()) file.fail("it has no roles");
    for (std::size_t i = 0; i != asked.roles.size(); ++i) {
        read.roles.push_back({.asked = asked.roles[i], .pu = 0});
        read_role(file, file.root()["roles"][i], machine, read.roles.back());
    }
    for (std::size_t i = 0; i != asked.edges.size(); ++i) {
        const auto& row = file.root()["edges"][i];
        const auto place = "edge '" + asked.edges[i].name() + "'";
        const auto cost = row.find("one_way_ns");
        if (cost == row.end()) file.fail(place + " has no one_way_ns");
        read.edges.push_back({asked.edges[i],
                              machine.distance_between(read.pu_of(asked.edges[i].from), read.pu_of(asked.edges[i].to)),
                              {file.amount(*cost, "p50", place), file.amount(*cost, "p99", place)},
                              read_word(file, row, "source", place, sources),
                              file.amount(row, "weight", place),
                              file.flag(row, "critical", place),
                              read_memory_node(file, row, place, machine, read.pu_of(asked.edges[i].to))});
        if (read_word(file, row, "distance", place, distances) != read.edges.back().distance)
            file.fail(place + " has a distance that does not match its PUs: the file was changed by hand");
    }
    read.cost = read_cost(file);
    read.lower_bound_ns = file.maybe_amount(file.root(), "lower_bound_ns", "").value_or(0);
    return read;
}

std::string placement_plan::to_json() const {
    json all{{"schema_version", 1},
             {"kind", "weir plan"},
             {"weir_version", WEIR_VERSION_STRING},
             {"machine", {{"fingerprint", fingerprint}, {"summary", machine}}},
             {"roles", json::array()},
             {"edges", json::array()},
             {"cost_ns", as_json(cost)},
             {"lower_bound_ns", lower_bound_ns},
             {"proven", is_proven()},
             {"alternatives", json::array()},
             {"remarks", remarks}};
    for (const auto& role : roles) all["roles"].push_back(as_json(role));
    for (const auto& edge : edges) all["edges"].push_back(as_json(edge));
    for (const auto& other : alternatives)
        all["alternatives"].push_back({{"pus", other.pus}, {"extra_ns", other.extra_ns}, {"reason", other.reason}});
    return json_text(all);
}

void placement_plan::save(const std::string& path) const {
    if (const int failure = replace_file(path, to_json()); failure != 0)
        throw placement_error("cannot write the plan to '" + path + "': " + std::strerror(failure) +
                              (failure == ENOSPC || failure == EDQUOT || failure == EFBIG || failure == EIO
                                   ? "; free some space, or name another file"
                                   : "; name a file in an existing folder that you may write to"));
}

plan_request placement_plan::request() const {
    plan_request asked;
    for (const auto& role : roles) asked.roles.push_back(role.asked);
    for (const auto& one : edges) asked.edges.push_back(one.asked);
    return asked;
}

unsigned placement_plan::pu_of(std::string_view role) const {
    const auto found =
        std::find_if(roles.begin(), roles.end(), [&](const planned_role& row) { return row.asked.name == role; });
    if (found == roles.end())
        throw placement_error("the plan has no role '" + std::string(role) + "': it has " + names_of(request().roles));
    return found->pu;
}

const planned_edge& placement_plan::edge(std::string_view name) const {
    const auto found =
        std::find_if(edges.begin(), edges.end(), [&](const planned_edge& row) { return row.asked.name() == name; });
    if (found != edges.end()) return *found;
    std::string names;
    for (const auto& row : edges) names += (names.empty() ? "" : ", ") + row.asked.name();
    throw placement_error("the plan has no edge '" + std::string(name) + "': it has " +
                          (names.empty() ? "none" : names));
}

pu_set placement_plan::pin_this_thread(std::string_view role) const {
    const auto pu = pu_of(role);
    if (!is_of_this_machine)
        throw placement_error("role '" + std::string(role) +
                              "' cannot be pinned by a plan that was made for another machine, " + fingerprint +
                              "; plan it here with 'weir plan'");
    const auto found =
        std::find_if(roles.begin(), roles.end(), [&](const planned_role& row) { return row.asked.name == role; });
    return found->pus.size() > 1 ? set_this_thread_affinity(found->pus) : weir::pin_this_thread(pu);
}

}  // namespace weir
