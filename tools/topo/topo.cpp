// SPDX-License-Identifier: MIT
// weir topo: shows the machine and the best pair of PUs for a producer and its consumer.
#include "tools/topo/topo.hpp"

#include "instruments/option_values.hpp"
#include "tools/common/command.hpp"
#include "tools/common/files.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

namespace weir::tool {
namespace {

constexpr const char* footer = R"(The format of a pair, the producer first (the same as for weir-bench --pin):
  auto                    the two nearest cores (prefers isolated cores, then the fastest kind; uses PU 0's core
                          only if no other pair is as good)
  smt, same-l2, same-l3   two PUs of one core; two cores that share an L2 cache; that share an L3 but no L2
  cross-numa              two PUs on different NUMA nodes
  core:0,core:1           hwloc locations with logical indexes, which also count PUs that may not be used
  0,1                     PU numbers of the kernel and taskset
Exit code 1 also means: this machine has no pair that the policy asks for.

Examples:
  weir topo                                          this machine
  weir topo --policy smt                             the best pair of hyper-threads
  weir topo --policy core:2,core:3                   the distance between these two cores
  weir topo --topology server.xml                    another machine; run this there first:
  weir topo --save server.xml                        save this machine's topology as hwloc XML
  weir topo --topology "package:2 l3:4 core:8 pu:2"  a synthetic machine
  weir topo --json | jq .pair                        JSON for a program)";

struct options {
    std::optional<std::string> topology;
    std::string policy = "auto";
    bool policy_given = false;
    std::string save;
    bool json = false;
};

// The machine may have no such pair; anything else that is no pair is wrong usage.
bool is_name_of_policy(const std::string& text) {
    for (const auto policy : {pair_policy::automatic, pair_policy::smt, pair_policy::same_l2, pair_policy::same_l3,
                              pair_policy::cross_numa})
        if (text == to_string(policy)) return true;
    return false;
}

topo_findings gather(const options& wanted) {
    auto machine = load_topology(wanted.topology);
    auto kernel = machine.is_this_machine() ? std::optional(read_kernel_settings()) : std::nullopt;
    topo_findings found{std::move(machine), std::move(kernel), wanted.policy, std::nullopt, {}};
    try {
        found.pair = found.machine.parse_pair(wanted.policy);
    } catch (const placement_error& error) {
        if (!is_name_of_policy(wanted.policy)) throw wrong_value("--policy " + wanted.policy + ": " + error.what());
        found.why_no_pair = error.what();
    }
    return found;
}

exit_code show(const options& wanted) {
    const auto found = gather(wanted);
    if (!wanted.save.empty()) write_file(wanted.save, found.machine.to_xml());
    print(wanted.json ? topo_as_json(found) : topo_as_table(found));
    // It is no error if the default policy finds no pair on this machine. It is an error if the requested pair does
    // not exist.
    if (found.pair || !wanted.policy_given) return succeeded;
    throw stop(failed, "--policy " + wanted.policy + ": " + found.why_no_pair);
}

}  // namespace

command add_topo(CLI::App& app) {
    auto wanted = std::make_shared<options>();
    app.add_option("--topology", wanted->topology, "Another machine: an hwloc XML file, or a synthetic description")
        ->type_name("FILE|SYNTHETIC");
    auto* const policy = app.add_option("--policy,--pin", wanted->policy, "The pair to choose (see below)")
                             ->type_name("PAIR")
                             ->default_str("auto");
    app.add_option("--save", wanted->save,
                   "Also write the topology to this file, as hwloc XML, for --topology elsewhere")
        ->type_name("FILE");
    app.add_flag("--json", wanted->json, "Write JSON (schema_version 1) instead of the table")->disable_flag_override();
    app.footer(footer);
    return [wanted, policy] {
        wanted->policy_given = policy->count() != 0;
        return show(*wanted);
    };
}

}  // namespace weir::tool
