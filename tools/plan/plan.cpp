// SPDX-License-Identifier: MIT
// weir plan: assigns a PU to each role, given the roles and the rings between them.
#include "tools/common/command.hpp"
#include "tools/common/measuring_options.hpp"
#include "tools/plan/text.hpp"

#include <weir/plan.hpp>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

namespace weir::tool {
namespace {

constexpr const char* footer =
    R"(An edge is a ring from one thread to another, optionally with its rate: md->strat, strat->gw@1.5Mps (ps, kps,
Mps, Gps). Quote it: the shell takes > for itself. A role is a thread; hints state its needs:
  quiet        latency-critical: noise and the p99 of its edges count too
  smt-ok       may share its core with another role
  pinned=3     on PU 3, regardless of cost
  package=0    on a PU of package 0

The plan minimises this cost, in ns:
  per edge  weight x one-way p50, or weight x (p50 + p99) if an end is quiet
  per role  the noise of its PU, if it is quiet
            1500 if it shares a core and is not smt-ok
            1000 if it is not on an isolated PU, though some may be used
             300 per rank below the fastest kind of core, 600 if it is quiet
              10 on the core of PU 0
The weight is 1 for an edge that has a quiet end or no rate, otherwise its rate divided by the highest rate.
Without --matrix and --jitter, costs are assumed by distance, NUMA nodes included, and marked as assumed.

A file for --roles contains the same information as JSON:
  {"roles": [{"name": "md"}, {"name": "gw", "quiet": true, "smt_ok": false, "pinned": 3, "package": 0}],
   "edges": [{"from": "md", "to": "gw", "items_per_s": 1e6}]}

Examples:
  weir plan --edge 'md->strat' --edge 'strat->gw@1Mps' --role gw:quiet
  weir plan --roles threads.json --matrix matrix.json --jitter jitter.json --out plan.json
  weir plan --edge 'in->dsp' --edge 'dsp->out' --role dsp:quiet --topology server.xml
  weir plan --edge 'a->b' --pus 2-7 --isolated 2-7 --topology "package:2 core:4 pu:1"
  weir plan --roles threads.json --json | jq '.roles[] | {name, pu}')";

struct options {
    std::vector<std::string> edges;
    std::vector<std::string> roles;
    std::string roles_file;
    std::string matrix;
    std::string jitter;
    std::optional<std::string> topology;
    std::string pus;
    std::optional<std::string> isolated;
    std::string out;
    bool json = false;
};

// Errors in command-line arguments are wrong usage; errors in files are not.
plan_request read_request(const options& wanted) {
    auto asked = wanted.roles_file.empty() ? plan_request{} : plan_request::load(wanted.roles_file);
    try {
        for (const auto& edge : wanted.edges) asked.add_edge(edge);
        for (const auto& role : wanted.roles) asked.add_role(role);
    } catch (const placement_error& error) {
        throw stop(wrong_usage, error.what());
    }
    if (asked.roles.empty() && wanted.roles_file.empty())
        throw stop(wrong_usage,
                   "there are no roles to place: give edges, as in --edge 'md->strat', or a file with --roles");
    return asked;
}

pu_set read_pus(const std::string& list, const char* option) {
    try {
        return pu_set::parse(list);
    } catch (const placement_error& error) {
        throw stop(wrong_usage, std::string(option) + ": " + error.what());
    }
}

void check_exist(const pu_set& pus, const topology& machine, const char* option) {
    try {
        for (const unsigned pu : pus) static_cast<void>(machine.pu(pu));
    } catch (const placement_error& error) {
        throw stop(wrong_usage, std::string(option) + ": " + error.what());
    }
}

exit_code make_plan(const options& wanted) {
    const auto asked = read_request(wanted);
    plan_settings settings;
    settings.pus = read_pus(wanted.pus, "--pus");
    if (wanted.isolated) settings.isolated = read_pus(*wanted.isolated, "--isolated");
    const auto machine = load_topology(wanted.topology);
    if (settings.isolated) check_exist(*settings.isolated, machine, "--isolated");
    measurements measured;
    if (!wanted.matrix.empty()) measured.load_matrix(wanted.matrix, machine);
    if (!wanted.jitter.empty()) measured.load_jitter(wanted.jitter, machine);
    const auto made = plan(asked, machine, measured, settings);
    if (!wanted.out.empty()) made.save(wanted.out);
    print(wanted.json ? made.to_json() : plan_as_text(made, machine) + plan_to_paste(made, machine, wanted.out));
    return succeeded;
}

}  // namespace

command add_plan(CLI::App& app) {
    auto wanted = std::make_shared<options>();
    app.add_option("--edge", wanted->edges, "A ring: from->to or from->to@RATE (may be given many times)")
        ->type_name("EDGE")
        ->allow_extra_args(false);
    app.add_option("--role", wanted->roles, "Hints for a role: name:hint,hint (may be given many times)")
        ->type_name("ROLE")
        ->allow_extra_args(false);
    app.add_option("--roles", wanted->roles_file, "A JSON file of roles and edges (below)")->type_name("FILE");
    app.add_option("--matrix", wanted->matrix, "Result of `weir matrix --json` on this machine")->type_name("FILE");
    app.add_option("--jitter", wanted->jitter, "Result of `weir jitter --json` on this machine")->type_name("FILE");
    app.add_option("--topology", wanted->topology, "Another machine: an hwloc XML file, or a synthetic description")
        ->type_name("FILE|SYNTHETIC");
    app.add_option("--pus", wanted->pus, "Candidate PUs; default: all that may be used")
        ->type_name("LIST")
        ->check(why_no_pus);
    app.add_option("--isolated", wanted->isolated, "Isolated PUs, if --topology is another machine")->type_name("LIST");
    app.add_option("--out", wanted->out, "Write the plan to this file, for `weir run`, weir-bench and your program")
        ->type_name("FILE");
    app.add_flag("--json", wanted->json, "Write JSON (schema_version 1, same as --out) instead of the text")
        ->disable_flag_override();
    app.footer(footer);
    return [wanted] { return make_plan(*wanted); };
}

}  // namespace weir::tool
