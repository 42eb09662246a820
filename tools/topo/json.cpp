// SPDX-License-Identifier: MIT
// Schema 1 of `weir topo --json`: indexes are hwloc's logical ones, "pus" are kernel numbers, null means unknown.
#include "src/json_text.hpp"
#include "tools/common/machine_identity.hpp"
#include "tools/topo/topo.hpp"

#include <weir/version.hpp>

#include <cmath>
#include <nlohmann/json.hpp>

namespace weir::tool {
namespace {

using json = nlohmann::ordered_json;

template <class T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

json list(const pu_set& pus) { return std::vector<unsigned>(pus.begin(), pus.end()); }
json list(const std::optional<pu_set>& pus) { return pus ? list(*pus) : json(nullptr); }

template <class Rows, class F>
json rows(const Rows& table, F one) {
    json all = json::array();
    for (const auto& row : table) all.push_back(one(row));
    return all;
}

json tables(const topology& machine) {
    return {
        {"packages", rows(machine.packages(),
                          [](const package_info& row) -> json {
                              return {{"index", row.index}, {"model", row.model}, {"pus", list(row.pus)}};
                          })},
        {"numa_nodes",
         rows(machine.numa_nodes(),
              [](const numa_node_info& row) -> json {
                  return {{"index", row.index}, {"os_index", row.os_index}, {"memory_bytes", row.memory_bytes},
                          {"type", row.type},   {"allowed", row.allowed},   {"pus", list(row.pus)}};
              })},
        {"caches", rows(machine.caches(),
                        [](const cache_info& row) -> json {
                            return {{"level", row.level},
                                    {"index", row.index},
                                    {"size_bytes", row.size_bytes},
                                    {"line_bytes", row.line_bytes},
                                    {"pus", list(row.pus)}};
                        })},
        {"cores", rows(machine.cores(),
                       [](const core_info& row) -> json {
                           return {{"index", row.index}, {"kind", or_null(row.kind)}, {"pus", list(row.pus)}};
                       })},
        {"core_kinds", rows(machine.core_kinds(),
                            [](const core_kind_info& row) -> json {
                                return {{"index", row.index},
                                        {"performance", or_null(row.performance)},
                                        {"name", row.name},
                                        {"capacity", or_null(row.capacity)},
                                        {"capacity_from", row.capacity_from},
                                        {"pus", list(row.pus)}};
                            })},
        {"pus", rows(machine.pus(),
                     [&](const pu_info& row) -> json {
                         return {{"os_index", row.os_index},
                                 {"index", row.index},
                                 {"core", row.core},
                                 {"l2", or_null(row.l2)},
                                 {"l3", or_null(row.l3)},
                                 {"numa_node", or_null(row.numa_node)},
                                 {"package", or_null(row.package)},
                                 {"allowed", machine.allowed().contains(row.os_index)}};
                     })},
    };
}

json kernel(const std::optional<kernel_settings>& settings) {
    if (!settings) return nullptr;
    json governors = json::object();
    for (const auto& [governor, pus] : settings->governors) governors[governor] = list(pus);
    const bool limited = settings->cpu_quota && std::isfinite(*settings->cpu_quota);
    return {
        {"release", or_null(settings->release)},
        {"isolated", list(settings->isolated)},
        {"nohz_full", list(settings->nohz_full)},
        {"rcu_nocbs", list(settings->rcu_nocbs)},
        {"arguments", settings->arguments},
        {"governors", settings->governors.empty() ? json(nullptr) : governors},
        {"smt_control", or_null(settings->smt_control)},
        {"cpu_quota_limited", settings->cpu_quota ? json(limited) : json(nullptr)},
        {"cpu_quota_pus", limited ? json(*settings->cpu_quota) : json(nullptr)},
    };
}

json pair(const std::optional<pu_pair>& found) {
    if (!found) return nullptr;
    return {{"producer", found->producer},
            {"consumer", found->consumer},
            {"distance", to_string(found->distance)},
            {"reason", found->reason}};
}

}  // namespace

std::string topo_as_json(const topo_findings& found) {
    const auto& machine = found.machine;
    json all{
        {"schema_version", 1},
        {"kind", "weir topo"},
        {"weir_version", WEIR_VERSION_STRING},
        {"machine", to_json(machine_identity::of(machine))},
        {"source", machine.source()},
        {"is_this_machine", machine.is_this_machine()},
        {"summary", machine.summary()},
    };
    all.update(tables(machine));
    all["allowed"] = {
        {"pus", list(machine.allowed())},
        {"cores", machine.allowed_cores()},
        {"cgroup", list(machine.cgroup_allowed())},
        {"startup_affinity", machine.is_this_machine() ? list(startup_affinity()) : json(nullptr)},
    };
    all["kernel"] = kernel(found.kernel);
    all["policy"] = found.wanted;
    all["pair"] = pair(found.pair);
    all["why_no_pair"] = found.pair ? json(nullptr) : json(found.why_no_pair);
    return json_text(all);
}

}  // namespace weir::tool
