// SPDX-License-Identifier: MIT
// weir plan: assigns a PU to each role, given the roles and the rings between them.
#include "instruments/number_options.hpp"
#include "src/plain_text.hpp"
#include "tools/common/command.hpp"
#include "tools/common/given_values.hpp"
#include "tools/common/measuring_options.hpp"
#include "tools/common/process_threads.hpp"
#include "tools/plan/cgroup.hpp"
#include "tools/plan/check.hpp"
#include "tools/plan/diff.hpp"
#include "tools/plan/placement.hpp"
#include "tools/plan/text.hpp"

#include <weir/plan.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::tool {
namespace {

constexpr const char* footer =
    R"(An edge is a ring from one thread to another, optionally with its rate: md->strat, strat->gw@1.5Mps (ps, kps,
Mps, Gps). Quote it: the shell takes > for itself. A role is a thread; hints state its needs:
  quiet        latency-critical: noise and the p99 of its edges count too
  smt-ok       may share its core with another role
  near=eth0    close to this device (or nvme0, pci:0000:3b:00.0), which counts like one more edge
  housekeeping needs no core of its own, as loggers and monitors: such roles share the core of PU 0
  pinned=3     on PU 3, regardless of cost
  package=0    on a PU of package 0

The plan minimises this cost, in ns:
  per edge  weight x one-way p50, or weight x (p50 + p99) if an end is quiet
  per role  the noise of its PU, if it is quiet
            1500 if it shares a core and is not smt-ok
            1000 if it is not on an isolated PU, though some may be used
             500 x (1/capacity - 1) on a slower kind of core: an item that takes 500 ns on the fastest; where
             its capacity is unknown, 300 for each rank; twice that if the role is quiet
              10 on the core of PU 0
             100 x (ratio - 1) if its memory comes from another NUMA node, by the ratio of the NUMA distances
            the cost of an edge to the device that it should be near, unless it is
The weight is 1 for an edge that has a quiet end or no rate, otherwise its rate divided by the highest rate.
Without --matrix and --jitter, costs are assumed by distance, NUMA nodes included, and marked as assumed.

A file for --roles contains the same information as JSON:
  {"roles": [{"name": "md", "near": "eth0"}, {"name": "log", "housekeeping": true},
             {"name": "gw", "quiet": true, "smt_ok": false, "pinned": 3, "package": 0}],
   "edges": [{"from": "md", "to": "gw", "items_per_s": 1e6}]}

Examples:
  weir plan --edge 'md->strat' --edge 'strat->gw@1Mps' --role gw:quiet
  weir plan --roles threads.json --matrix matrix.json --jitter jitter.json --out plan.json
  weir plan --edge 'in->dsp' --edge 'dsp->out' --role dsp:quiet --topology server.xml
  weir plan --edge 'a->b' --pus 2-7 --isolated 2-7 --topology "package:2 core:4 pu:1"
  weir plan --roles threads.json --json | jq '.roles[] | {name, pu}'
  weir plan --edge 'md->gw' --edge 'gw->log' --role log:housekeeping --keep-free 1
  weir plan --edge 'md->strat' --edge 'strat->gw' --times 4 --each l3
  weir plan --check md=3,gw=4 --edge 'md->gw'           what does this placement cost, and why?
  weir plan --check plan.json --pid $(pidof app)        is the program still where the plan put it?
  weir plan --diff old.json new.json
  weir plan --roles threads.json --cgroup app.service   within the cpuset that this service has
  weir plan --roles threads.json --systemd > 50-weir.conf   a drop-in that gives a service the plan's PUs)";

constexpr std::size_t most_words = 1024;  // of a placement
constexpr double most_copies = 1024;

struct options {
    std::vector<std::string> edges;
    std::vector<std::string> roles;
    std::string roles_file;
    std::string matrix;
    std::string jitter;
    std::optional<std::string> topology;
    std::string cgroup;
    bool systemd = false;
    std::string pus;
    std::optional<std::string> isolated;
    std::vector<std::string> near;
    std::string keep_free;
    std::string housekeeping;
    std::optional<unsigned> times;
    std::string each;
    std::string out;
    std::vector<std::string> check;
    bool has_check = false;
    std::string pid;
    std::optional<std::string> max_extra;
    std::vector<std::string> diff;
    bool json = false;
};

// "gw=eth0" is the hint gw:near=eth0.
std::string near_as_hint(const std::string& pair) {
    const auto sign = pair.find('=');
    if (sign == std::string::npos || sign == 0 || sign + 1 == pair.size())
        throw stop(wrong_usage,
                   fmt::format("--near '{}': write a role and a device, as in --near gw=eth0", printable(pair)));
    return pair.substr(0, sign) + ":near=" + pair.substr(sign + 1);
}

// Errors in command-line arguments are wrong usage; errors in files are not.
plan_request read_given_request(const options& wanted) {
    auto asked = wanted.roles_file.empty() ? plan_request{} : plan_request::load(wanted.roles_file);
    try {
        for (const auto& edge : wanted.edges) asked.add_edge(edge);
        for (const auto& role : wanted.roles) asked.add_role(role);
        for (const auto& pair : wanted.near) asked.add_role(near_as_hint(pair));
    } catch (const placement_error& error) {
        throw stop(wrong_usage, error.what());
    }
    return asked;
}

plan_request read_request(const options& wanted) {
    auto asked = read_given_request(wanted);
    if (asked.roles.empty() && wanted.roles_file.empty())
        throw stop(wrong_usage,
                   "there are no roles to place: give edges, as in --edge 'md->strat', or a file with --roles");
    return asked;
}

plan_settings read_settings(const options& wanted) {
    plan_settings settings;
    settings.pus = read_pus(wanted.pus, "--pus");
    if (wanted.isolated && !wanted.topology)
        throw stop(
            wrong_usage,
            "--isolated says which PUs of another machine are isolated: give --topology, too, or leave it out; of "
            "this machine the kernel says it");
    if (wanted.isolated) settings.isolated = read_pus(*wanted.isolated, "--isolated");
    settings.housekeeping = read_pus(wanted.housekeeping, "--housekeeping");
    return settings;
}

// A number of cores, PU 0's first, since the kernel's own work is there; or a list of PUs.
pu_set read_keep_free(const std::string& text, const topology& machine) {
    unsigned cores = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cores);
    if (error != std::errc{} || end != text.data() + text.size()) {
        const auto listed = read_pus(text, "--keep-free");
        check_pus_exist(listed, machine, "--keep-free");
        return listed;
    }
    std::vector<const core_info*> order;
    for (const auto& core : machine.cores())
        if (!(core.pus & machine.allowed()).empty()) order.push_back(&core);
    if (cores >= order.size())
        throw stop(wrong_usage,
                   fmt::format("--keep-free {}: {} cores may be used, and one must be left for the roles; keep "
                               "fewer free, or name PUs, as in --keep-free 0,16",
                               cores, order.size()));
    std::stable_sort(order.begin(), order.end(),
                     [](const core_info* a, const core_info* b) { return a->pus.contains(0) > b->pus.contains(0); });
    pu_set free;
    for (unsigned i = 0; i != cores; ++i) free = free | order[i]->pus;
    return free;
}

copy_place read_each(const std::string& word) {
    if (word.empty()) return copy_place::automatic;
    if (word == "l3") return copy_place::l3;
    if (word == "node") return copy_place::numa_node;
    if (word == "package") return copy_place::package;
    throw stop(wrong_usage, fmt::format("--each {}: a copy can have its own l3, node or package", printable(word)));
}

void check_settings(const options& wanted, plan_settings& settings, const topology& machine) {
    if (settings.isolated) check_pus_exist(*settings.isolated, machine, "--isolated");
    check_pus_exist(settings.housekeeping, machine, "--housekeeping");
    if (!wanted.keep_free.empty()) settings.keep_free = read_keep_free(wanted.keep_free, machine);
}

measurements read_measurements(const options& wanted, const topology& machine) {
    measurements measured;
    if (!wanted.matrix.empty()) measured.load_matrix(wanted.matrix, machine);
    if (!wanted.jitter.empty()) measured.load_jitter(wanted.jitter, machine);
    return measured;
}

// Within the cpuset of --cgroup. Its PUs may be others than those of this process.
topology load_machine(const options& wanted) {
    auto machine = load_topology(wanted.topology);
    if (wanted.cgroup.empty()) return machine;
    const auto group = read_cgroup(wanted.cgroup);
    return machine.within(group.pus, group.nodes);
}

// What else decided on the costs. Without these, --check would cost the placement by others.
given_options repeated_options(const options& wanted) {
    given_options all;
    const auto add = [&all](const char* option, const std::string& value) {
        if (!value.empty()) all.emplace_back(option, value);
    };
    add("--matrix", wanted.matrix);
    add("--jitter", wanted.jitter);
    add("--pus", wanted.pus);
    if (wanted.isolated) all.emplace_back("--isolated", *wanted.isolated);
    add("--cgroup", wanted.cgroup);
    add("--keep-free", wanted.keep_free);
    add("--housekeeping", wanted.housekeeping);
    return all;
}

exit_code make_plan(const options& wanted) {
    const auto asked = read_request(wanted);
    auto settings = read_settings(wanted);
    const auto each = read_each(wanted.each);
    if (wanted.systemd && wanted.json)
        throw stop(wrong_usage, "--systemd and --json both say what to write: give one of them");
    if (!wanted.each.empty() && !wanted.times)
        throw stop(wrong_usage, "--each says where copies are to be: give --times, too");
    const auto machine = load_machine(wanted);
    check_settings(wanted, settings, machine);
    const auto measured = read_measurements(wanted, machine);
    auto made = wanted.times ? plan_copies(asked, *wanted.times, machine, each, measured, settings)
                             : plan(asked, machine, measured, settings);
    std::vector<std::string> names;
    for (const auto& role : made.roles) names.push_back(role.asked.name);
    if (auto why = why_thread_names_collide(names); !why.empty()) made.remarks.push_back(std::move(why));
    if (!wanted.out.empty()) made.save(wanted.out);
    print(wanted.systemd ? plan_as_systemd(made, machine)
          : wanted.json
              ? made.to_json()
              : plan_as_text(made, machine) + plan_to_paste(made, machine, wanted.out, repeated_options(wanted)));
    return succeeded;
}

bool is_file(const std::string& name) {
    std::error_code ignored;
    return name.ends_with(".json") || std::filesystem::exists(name, ignored);
}

existing_placement read_placement(const options& wanted, const topology& machine) {
    auto asked = read_given_request(wanted);
    auto words = wanted.check;
    std::erase(words, "");  // of --check without a value
    const bool has_file = words.size() == 1 && is_file(words.front());
    if (!wanted.pid.empty()) {
        const auto process = read_process_id(wanted.pid);
        if (!words.empty() && !has_file)
            throw stop(wrong_usage, "--check gives places, and --pid gives those of a process: give one of them");
        if (has_file && asked.roles.empty()) asked = placement_plan::load(words.front(), machine).request();
        return placement_of_process(process, asked);
    }
    if (words.empty())
        throw stop(wrong_usage,
                   "--check needs a placement: a plan's file, places such as md=3,gw=4, or a process by --pid");
    if (!has_file && words.size() == 1 && words.front().find('=') == std::string::npos &&
        words.front().find_first_of("/.") != std::string::npos)
        throw stop(failed,
                   fmt::format("--check: there is no file '{}': name a plan's file, or give places, as in md=3,gw=4",
                               printable(words.front())));
    return has_file ? placement_of_plan(words.front(), asked, machine) : placement_of_pairs(words, asked);
}

exit_code check_plan(const options& wanted) {
    auto settings = read_settings(wanted);
    const auto most_ns =
        wanted.max_extra ? std::optional(1e9 * read_seconds(*wanted.max_extra, "--max-extra", 0, 1)) : std::nullopt;
    const auto machine = load_machine(wanted);
    check_settings(wanted, settings, machine);
    const auto found = read_placement(wanted, machine);
    const auto made = check_placement(found.asked, found.pus, machine, read_measurements(wanted, machine), settings);
    if (!wanted.out.empty()) made.best.save(wanted.out);
    print(wanted.json ? check_as_json(made, found.remarks) : check_as_text(made, machine, found.remarks));
    if (most_ns && made.extra_ns() > *most_ns)
        throw stop(failed, fmt::format("--max-extra {}: the placement costs {:.0f} ns more than the best; move its "
                                       "threads, or give a higher limit",
                                       *wanted.max_extra, made.extra_ns()));
    return succeeded;
}

exit_code diff_plans(const options& wanted) {
    const auto machine = load_machine(wanted);
    const auto found = compare_plans(wanted.diff[0], wanted.diff[1], machine);
    print(wanted.json ? diff_as_json(found) : diff_as_text(found, machine));
    return found.same_places() ? succeeded : failed;
}

exit_code run_plan(const options& wanted, const CLI::App& app) {
    if (!wanted.diff.empty()) {
        refuse_beside(app, "--diff", "compares two plans", {"--topology", "--cgroup", "--json"});
        return diff_plans(wanted);
    }
    if (wanted.has_check) {
        refuse_beside(
            app, "--check", "costs one placement",
            {"--edge", "--role", "--roles", "--matrix", "--jitter", "--topology", "--pus", "--isolated", "--near",
             "--cgroup", "--keep-free", "--housekeeping", "--out", "--pid", "--max-extra", "--json"});
        return check_plan(wanted);
    }
    if (!wanted.pid.empty()) throw stop(wrong_usage, "--pid names the process of --check: give --check, too");
    if (wanted.max_extra) throw stop(wrong_usage, "--max-extra limits what --check finds: give --check, too");
    return make_plan(wanted);
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
    app.add_option("--near", wanted->near, "A role that should be close to a device: gw=eth0 (may be given many times)")
        ->type_name("ROLE=DEVICE")
        ->allow_extra_args(false);
    app.add_option(
           "--cgroup", wanted->cgroup,
           "Plan within the cpuset of this cgroup: a folder, or a name below /sys/fs/cgroup or its system.slice")
        ->type_name("CGROUP");
    app.add_option("--keep-free", wanted->keep_free,
                   "Leave these PUs to the kernel: a number of cores, or a list such as 0,16 or 3-3")
        ->type_name("CORES|LIST")
        ->check(why_no_pus);
    app.add_option("--housekeeping", wanted->housekeeping, "PUs that housekeeping roles share; default: PU 0's core")
        ->type_name("LIST")
        ->check(why_no_pus);
    add_number(app, "--times", wanted->times, {1, most_copies},
               "Place the graph so many times, as md.1, md.2: each in a part of its own");
    app.add_option("--each", wanted->each,
                   "With --times, this part: l3, node or package; default: the first that suffices")
        ->type_name("PART");
    app.add_option("--out", wanted->out, "Write the plan to this file, for `weir run`, weir-bench and your program")
        ->type_name("FILE");
    auto* const check =
        app.add_option("--check", wanted->check, "Cost this placement: a plan's file, or role=PU,role=PU")
            ->type_name("PLACEMENT")
            ->expected(0, static_cast<int>(most_words));
    app.add_option("--pid", wanted->pid, "With --check: the places of this process's threads, by their names")
        ->type_name("PID");
    app.add_option("--max-extra", wanted->max_extra,
                   "With --check: exit with 1 if it costs more than this above the best")
        ->type_name("TIME");
    app.add_option("--diff", wanted->diff, "Compare two plans of one machine; exit with 1 if a role has another place")
        ->type_name("FILE")
        ->expected(2);
    app.add_flag("--systemd", wanted->systemd, "Write a drop-in for a service's unit (AllowedCPUs) instead of the text")
        ->disable_flag_override();
    app.add_flag("--json", wanted->json, "Write JSON (schema_version 1; of a plan, same as --out) instead of the text")
        ->disable_flag_override();
    app.footer(footer);
    return [wanted, check, &app] {
        wanted->has_check = check->count() != 0;
        return run_plan(*wanted, app);
    };
}

}  // namespace weir::tool
