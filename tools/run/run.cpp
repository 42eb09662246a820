// SPDX-License-Identifier: MIT
// weir run: measures a plan against other placements.
#include "tools/common/command.hpp"
#include "tools/common/measuring_options.hpp"
#include "tools/common/progress.hpp"
#include "tools/run/data.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <random>

#include "instruments/floors.hpp"
#include "instruments/number_options.hpp"

namespace weir::tool {
namespace {

constexpr const char* footer =
    R"(Runs the plan's roles as threads and its edges as rings (weir::spsc_ring, 1024 messages). Three layouts take turns in
short rounds, in shuffled order: the plan; no pinning; and the worst layout by the cost function of `weir plan`, which on
two cores puts all threads on one. If an edge has a rate, its source sends on schedule, and latency counts from a message's
due time; otherwise it sends the next message when the previous one was taken. The other roles forward messages in
proportion to the rates of their edges. The order of messages, and the PUs of pinned threads, are checked. Of a pinned
layout each ring's slots are bound to its consumer's NUMA node, and where they are is read back from the kernel.

Before each round two hardware floors are measured between the PUs of each edge: the round trip of a cache line (no queue
can beat half of it by much), and 8-byte words through a plain buffer.

Threads with a PU of their own spin; threads that share one yield; unpinned threads spin a little, then yield.
A TIME has a unit: ns, us, ms, s, m or h, as in 50ms. With --max-p99, exit code 1 also means a p99 above it.

Examples:
  weir plan --edge 'md->strat@1Mps' --role strat:quiet --out plan.json
  weir run --plan plan.json                    is it better than no pinning and than the worst layout?
  weir run --plan plan.json --max-p99 2us      for scripts: exit code 1 if the plan's p99 is above 2 us
  weir run --plan plan.json --json | jq '.comparisons[] | {other, figure, verdict}')";

struct options {
    std::string plan;
    std::string matrix;
    std::optional<std::string> max_p99;
    std::string sample = "50ms";
    std::size_t rounds = 21;
    std::optional<std::uint64_t> seed;
    bool json = false;
};

std::optional<run_layout> worst_layout(const placement_plan& plan, const topology& machine, const options& wanted) {
    measurements measured;
    if (!wanted.matrix.empty()) measured.load_matrix(wanted.matrix, machine);
    plan_settings settings;
    settings.pus = machine.allowed();
    for (const auto& role : plan.roles) settings.pus.insert(role.pu);
    run_layout worst{"worst", worst_placement(plan.request(), machine, measured, settings)};
    const bool same = std::equal(worst.pus.begin(), worst.pus.end(), plan.roles.begin(),
                                 [](unsigned pu, const planned_role& role) { return pu == role.pu; });
    return same ? std::nullopt : std::optional(std::move(worst));
}

// By edge: the node of its consumer's memory. Empty if some PU has none.
std::vector<unsigned> memory_of(const std::vector<unsigned>& pus, const run_graph& graph, const topology& machine) {
    std::vector<unsigned> nodes;
    for (const auto& edge : graph.edges)
        if (const auto node = machine.memory_node(pus[edge.to])) nodes.push_back(*node);
    if (nodes.size() != graph.edges.size()) nodes.clear();
    return nodes;
}

// The plan's layout keeps slots where the plan says, the worst one at its consumers; or none does.
void place_memory(run_data& found, const topology& machine) {
    const auto graph = run_graph::of(found.plan);
    std::vector<unsigned> all;
    for (auto& record : found.layouts) {
        if (!record.layout.is_pinned()) continue;
        record.layout.memory = memory_of(record.layout.pus, graph, machine);
        if (&record == &found.planned())
            for (std::size_t i = 0; i != record.layout.memory.size(); ++i)
                record.layout.memory[i] = found.plan.edges[i].memory_node.value_or(record.layout.memory[i]);
        all.insert(all.end(), record.layout.memory.begin(), record.layout.memory.end());
    }
    const auto why_not = why_no_memory_on(all);
    if (why_not.empty()) return;
    for (auto& record : found.layouts) record.layout.memory.clear();
    found.remarks.push_back("slots are where the kernel puts them: " + why_not);
}

// Checks whether the plan can be run here, before any measurement.
void check(const placement_plan& plan, const topology& machine) {
    if (machine.allowed_cores() < 2)
        throw stop(not_here,
                   fmt::format("only one core may be used here (PUs {}), but comparing placements needs at least "
                               "two; widen the cgroup's cpuset, or the affinity mask that this process was "
                               "started with",
                               machine.allowed().to_string()));
    if (plan.edges.empty()) throw stop(failed, "the plan has no edges: without rings there is nothing to measure");
    if (plan.edges.size() > most_run_edges)
        throw stop(failed,
                   fmt::format("the plan has {} edges, but at most {} can be run; make a plan for a part of them",
                               plan.edges.size(), most_run_edges));
    for (const auto& role : plan.roles)
        if (!machine.cgroup_allowed().contains(role.pu))
            throw stop(failed,
                       fmt::format("the plan puts {} on PU {}, which the cgroup of this process does not allow ({} "
                                   "are allowed); make a new plan, or widen the cgroup's cpuset",
                                   role.asked.name, role.pu, machine.cgroup_allowed().to_string()));
}

// Empty if other programs keep the two threads from finishing.
std::optional<bench::floor_reading> floor_between(const std::pair<unsigned, unsigned>& pus, const topology& machine,
                                                  const tick_clock& clock) {
    try {
        bench::worker_pair workers(machine, fmt::format("{},{}", pus.first, pus.second));
        workers.set_limit(std::chrono::seconds{5});
        return bench::floor_meter(workers, clock).take(bench::roles::as_placed);
    } catch (const bench::stuck&) {
        return std::nullopt;
    }
}

// Measured right before a round, on the plan's PUs; only once for edges between the same two PUs.
void take_floors(run_data& found, const topology& machine, const tick_clock& clock) {
    std::map<std::pair<unsigned, unsigned>, std::optional<bench::floor_reading>> taken;
    for (std::size_t i = 0; i != found.plan.edges.size(); ++i) {
        const auto& edge = found.plan.edges[i].asked;
        const std::pair pus(found.plan.pu_of(edge.from), found.plan.pu_of(edge.to));
        if (pus.first == pus.second) continue;
        const auto [reading, is_new] = taken.try_emplace(pus);
        if (is_new) reading->second = floor_between(pus, machine, clock);
        if (!reading->second) continue;
        found.floors[i].line_roundtrip_ns.push_back(reading->second->roundtrip_ns);
        found.floors[i].stream_words_per_s.push_back(reading->second->stream_words_per_s);
    }
}

void measure(run_data& found, const topology& machine) {
    const auto graph = run_graph::of(found.plan);
    const tick_clock clock;
    std::mt19937_64 shuffler(found.seed);
    std::vector<std::size_t> order(found.layouts.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    progress_bar progress("run");
    const auto all = static_cast<double>(found.rounds * order.size());
    double done = 0;
    found.floors.resize(found.plan.edges.size());
    for (std::size_t round = 0; round != found.rounds; ++round) {
        take_floors(found, machine, clock);
        std::shuffle(order.begin(), order.end(), shuffler);
        for (const auto index : order) {
            auto& record = found.layouts[index];
            progress.show(done++ / all, fmt::format("round {} of {}, {}", round + 1, found.rounds, record.layout.name));
            const auto trial = run_trial(graph, record.layout, found.sample_s, clock, machine.allowed().size());
            if (!trial.failure.empty())
                throw stop(failed, "a ring did not deliver the items pushed into it: " + trial.failure +
                                       "; this is a bug in weir, please report it with the output of 'weir topo'");
            record.add(trial);
        }
    }
}

void compare_with_plan(run_data& found) {
    for (const auto& record : found.layouts) {
        if (&record == &found.planned()) continue;
        found.comparisons.push_back(compare(record.layout.name, "p50", record.p50_ns, found.planned().p50_ns));
        found.comparisons.push_back(compare(record.layout.name, "p99", record.p99_ns, found.planned().p99_ns));
    }
}

void add_remarks(run_data& found) {
    if (std::any_of(found.plan.edges.begin(), found.plan.edges.end(),
                    [](const planned_edge& edge) { return !edge.asked.items_per_s; }))
        found.remarks.emplace_back(
            "edges without a rate: the source sends the next message when the previous one was taken");
    if (found.rounds < 6)
        found.remarks.emplace_back("fewer than 6 rounds cannot show a significant difference; give a higher --rounds");
    if (spread_of(found.planned().delivered_per_s).median == 0)
        found.remarks.emplace_back("nothing was delivered within a sample; give a longer --sample, or a higher rate");
}

exit_code run_plan(const options& wanted) {
    run_data found;
    found.file = wanted.plan;
    found.sample_s = read_seconds(wanted.sample, "--sample", 1e-3, 10);
    if (wanted.max_p99) found.max_p99_ns = 1e9 * read_seconds(*wanted.max_p99, "--max-p99", 1e-9, 60);
    const auto machine = machine_to_measure();
    found.plan = placement_plan::load(wanted.plan, machine);
    found.rounds = wanted.rounds;
    found.seed = wanted.seed ? *wanted.seed : std::random_device{}();
    check(found.plan, machine);

    run_layout planned{"planned", {}};
    for (const auto& role : found.plan.roles) planned.pus.push_back(role.pu);
    found.layouts.emplace_back(std::move(planned));
    found.layouts.emplace_back(run_layout{"unpinned", {}});
    if (auto worst = worst_layout(found.plan, machine, wanted))
        found.layouts.emplace_back(*std::move(worst));
    else
        found.remarks.emplace_back("all placements are equivalent to the plan: there is no worse one to compare with");

    place_memory(found, machine);
    measure(found, machine);
    compare_with_plan(found);
    add_remarks(found);
    print(wanted.json ? run_as_json(found) : run_as_text(found));
    if (found.is_within_gate()) return succeeded;
    if (std::isinf(found.planned_p99_ns()))
        throw stop(failed,
                   fmt::format("--max-p99 {}: nothing was delivered in the median round, so there is no p99; give a "
                               "longer --sample, or a higher rate",
                               *wanted.max_p99));
    throw stop(
        failed,
        fmt::format(
            "--max-p99 {}: the plan's p99 is {:.0f} ns in the median round; give a higher limit, or improve the plan",
            *wanted.max_p99, found.planned_p99_ns()));
}

}  // namespace

command add_run(CLI::App& app) {
    auto wanted = std::make_shared<options>();
    app.add_option("--plan", wanted->plan, "A plan written by `weir plan --out`")->type_name("FILE")->required();
    app.add_option("--max-p99", wanted->max_p99, "Exit with 1 if the plan's end-to-end p99 is above this")
        ->type_name("TIME");
    add_number(app, "--rounds", wanted->rounds, {1, 10'000, "", " (21 and more for figures to quote)"},
               "Rounds for each layout");
    app.add_option("--sample", wanted->sample, "Length of a round")->type_name("TIME")->capture_default_str();
    app.add_option("--matrix", wanted->matrix,
                   "Result of `weir matrix --json` on this machine, to find the worst layout")
        ->type_name("FILE");
    add_number(app, "--seed", wanted->seed, any_count, "Seed for the order of layouts; default: random");
    app.add_flag("--json", wanted->json, "Write JSON (schema_version 1) instead of the tables")->disable_flag_override();
    app.footer(footer);
    return [wanted] { return run_plan(*wanted); };
}

}  // namespace weir::tool
