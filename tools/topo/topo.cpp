// SPDX-License-Identifier: MIT
// weir topo: the machine at a glance, and where a producer and its consumer should run on it.
#include "tools/topo/topo.hpp"

#include "tools/common/command.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

namespace weir::tool {
namespace {

constexpr const char* footer = R"(A pair is written as weir-bench's --pin takes it, the producer first:
  auto                    the nearest two distinct cores (isolated ones first, then the fastest kind; PU 0's core
                          only where nothing as good avoids it)
  smt, same-l2, same-l3   two PUs of one core; two cores behind one L2 cache; behind one L3 cache but not one L2
  cross-numa              two PUs on different NUMA nodes
  core:0,core:1           places in hwloc's notation and logical indexes, PUs that may not be used counted too
  0,1                     PU numbers as the kernel and taskset have them

Examples:
  weir topo                                          this machine
  weir topo --policy smt                             which pair of hyper-threads would be used
  weir topo --policy core:2,core:3                   how near these two cores are
  weir topo --topology server.xml                    another machine, saved there with `lstopo server.xml`
  weir topo --topology "package:2 l3:4 core:8 pu:2"  a machine made up
  weir topo --json | jq .pair                        for a program)";

struct options {
    std::optional<std::string> topology;
    std::string policy = "auto";
    bool policy_given = false;
    bool json = false;
};

topo_findings gather(const options& wanted) {
    auto machine = load_topology(wanted.topology);
    auto kernel = machine.is_this_machine() ? std::optional(read_kernel_settings()) : std::nullopt;
    topo_findings found{std::move(machine), std::move(kernel), wanted.policy, std::nullopt, {}};
    try {
        found.pair = found.machine.parse_pair(wanted.policy);
    } catch (const placement_error& error) {
        found.why_no_pair = error.what();
    }
    return found;
}

exit_code show(const options& wanted) {
    const auto found = gather(wanted);
    print(wanted.json ? topo_as_json(found) : topo_as_table(found));
    // That `auto` finds no pair is one of this machine's properties; a pair that was asked for and is not there is a
    // failure.
    if (found.pair || !wanted.policy_given) return succeeded;
    throw stop(failed, "--policy " + wanted.policy + ": " + found.why_no_pair);
}

}  // namespace

command add_topo(CLI::App& app) {
    auto wanted = std::make_shared<options>();
    app.add_option("--topology", wanted->topology, "Another machine: an hwloc XML file, or hwloc's synthetic notation")
        ->type_name("FILE|SYNTHETIC");
    auto* const policy = app.add_option("--policy,--pin", wanted->policy, "Which pair to look for (below)")
                             ->type_name("PAIR")
                             ->default_str("auto");
    app.add_flag("--json", wanted->json, "Write JSON (schema_version 1) instead of the table")->disable_flag_override();
    app.footer(footer);
    return [wanted, policy] {
        wanted->policy_given = policy->count() != 0;
        return show(*wanted);
    };
}

}  // namespace weir::tool
