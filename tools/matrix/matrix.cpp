// SPDX-License-Identifier: MIT
// weir matrix: measures the cost of passing an item from one PU to another.
#include "instruments/number_options.hpp"
#include "src/json_text.hpp"
#include "tools/common/command.hpp"
#include "tools/common/files.hpp"
#include "tools/common/machine_facts.hpp"
#include "tools/common/measuring_options.hpp"
#include "tools/common/progress.hpp"
#include "tools/matrix/memory.hpp"
#include "tools/matrix/run.hpp"
#include "tools/matrix/view.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace weir::tool {
namespace {

constexpr const char* footer =
    R"(Two threads pinned to two PUs pass items through weir::spsc_ring: one at a time to measure latency, as many as
fit to measure throughput. Right before and after, two hardware floors are measured on the same PUs: the round trip of a
cache line, and 8-byte words through a plain buffer. A round is dropped, and counted as dropped, if its floors before and
after differ by more than a quarter. Each round visits all pairs in a different order; quartiles are over rounds.

Pairs of one class cost about the same (SMT siblings, one L2, one L3, one package, two packages; NUMA nodes and kinds of
cores are distinguished). So some pairs of each class are measured, and the others get the figures of their class. --full
measures every pair. On more than 512 PUs only the pairs that were measured are written, and plans use their classes.

--memory also measures where the slots of a ring are better kept: on its producer's NUMA node or on its consumer's, for pairs on
two nodes. A plan with --matrix then follows that.

One way is the difference of the two PUs' clocks if they are comparable, otherwise half a round trip.
A TIME has a unit: ns, us, ms, s, m or h, as in 30s.

Examples:
  weir matrix                        sample each class of pairs, within 30 s
  weir matrix --full --budget 10m    every pair, for a plan of many threads
  weir matrix --pus 2-7 --svg m.svg  only these PUs, and a picture
  weir matrix --memory --json > m.json  also where slots are better kept, for weir plan --matrix m.json
  weir matrix --json > machine.json  JSON for a program)";

struct options {
    std::string pus;
    std::string budget = "30s";
    std::string svg;
    unsigned rounds = 21;
    bool full = false;
    bool memory = false;
    bool json = false;
};

view_settings view_of_stdout() {
    if (::isatty(STDOUT_FILENO) == 0) return {};
    const auto variable = [](const char* name) { return std::string(std::getenv(name) ? std::getenv(name) : ""); };
    winsize size{};
    const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0;
    return {.colour = variable("NO_COLOR").empty() && variable("TERM") != "dumb",
            .columns = known ? size.ws_col : std::size_t{80}};
}

pu_set pus_for_pairs(const topology& machine, const std::string& list) {
    auto pus = choose_pus(machine, list);
    if (pus.size() >= 2) return pus;
    if (!list.empty())
        throw stop(wrong_usage, "--pus " + list + ": a pair needs two PUs; name at least two, such as 0,1");
    throw stop(not_here, fmt::format("a pair needs two PUs, but only PU {} may be used here; allow more PUs "
                                     "(taskset, the cgroup's cpuset), or name more with --pus",
                                     pus.to_string()));
}

std::vector<pair_cost> measure(const topology& machine, const pair_plan& plan, const matrix_budget& budget) {
    progress_bar bar("matrix");
    try {
        return measure_pairs(machine, plan, budget, [&](double share, const directed_pair& pair, std::size_t round) {
            bar.show(share, fmt::format("round {} of {}: PU {} to PU {}", round + 1,
                                        std::max<std::size_t>(round + 1, budget.rounds), pair.from, pair.to));
        });
    } catch (const placement_error& error) {
        throw stop(not_here, error.what());
    }
}

// Half of the time is for the pairs, half for their memory.
std::vector<memory_cost> measure_slots(const topology& machine, const std::vector<directed_pair>& pairs,
                                       const matrix_budget& budget) {
    using clock = std::chrono::steady_clock;
    progress_bar bar("matrix");
    const tick_clock ticks;
    const auto begin = clock::now();
    try {
        return measure_memory(
            machine, pairs, budget,
            [&](const directed_pair& pair, unsigned node) { return sample_pair(machine, pair, ticks, node); },
            [&] { return std::chrono::duration<double>(clock::now() - begin).count(); },
            [&](double share, const directed_pair& pair, std::size_t round) {
                bar.show(share, fmt::format("memory, round {}: PU {} to PU {}", round + 1, pair.from, pair.to));
            });
    } catch (const placement_error& error) {
        throw stop(not_here, error.what());
    } catch (const std::invalid_argument& error) {
        throw stop(not_here, error.what());
    }
}

std::string why_one_node(const topology& machine, const pair_plan& plan) {
    const auto node = machine.memory_node(plan.pus.front());
    return fmt::format(
        "--memory: these PUs have their memory on one NUMA node{}, so there is nothing to compare; name PUs of two "
        "nodes with --pus, or leave --memory out",
        node ? fmt::format(" ({})", *node) : "");
}

exit_code show(const options& wanted) {
    matrix_budget budget{.seconds = read_seconds(wanted.budget, "--budget", 0.01, 86400), .rounds = wanted.rounds};
    const auto machine = machine_to_measure();
    const auto pus = pus_for_pairs(machine, wanted.pus);
    if (!wanted.svg.empty()) check_writable(wanted.svg);  // before the measurement, which takes minutes

    if (!wanted.svg.empty() && pus.size() > most_pus_with_all_pairs)
        throw stop(wrong_usage, fmt::format("--svg: a picture of {} PUs would be of no use; name up to {} with --pus",
                                            pus.size(), most_pus_with_all_pairs));

    const auto plan = plan_pairs(machine, pus, wanted.full);
    const auto apart = wanted.memory ? pairs_on_two_nodes(machine, plan) : std::vector<directed_pair>{};
    if (wanted.memory && apart.empty()) throw stop(not_here, why_one_node(machine, plan));
    if (wanted.memory) budget.seconds /= 2;
    auto measured = measure(machine, plan, budget);
    if (measured.empty())
        throw stop(not_here,
                   "no measurement finished, because other programs keep the two PUs busy; try again "
                   "when the machine is less busy");
    auto matrix = complete(machine, plan, std::move(measured));
    matrix.machine = describe(machine);
    if (wanted.memory) matrix.memory = measure_slots(machine, apart, budget);
    if (!wanted.svg.empty()) write_file(wanted.svg, matrix_as_svg(matrix));
    print(wanted.json ? json_text(to_json(matrix)) : matrix_as_text(matrix, view_of_stdout()) + memory_as_text(matrix));
    return succeeded;
}

}  // namespace

command add_matrix(CLI::App& app) {
    auto wanted = std::make_shared<options>();
    app.add_option("--pus", wanted->pus, "The PUs to measure, in taskset's format; default: all that may be used")
        ->type_name("LIST")
        ->check(why_no_pus);
    app.add_flag("--full", wanted->full, "Measure every pair, not a sample of each class")->disable_flag_override();
    app.add_flag("--memory", wanted->memory,
                 "Also measure where a ring's slots are better kept: its producer's or its consumer's NUMA node")
        ->disable_flag_override();
    app.add_option("--budget", wanted->budget, "Time limit; one pair of each class is measured in any case")
        ->type_name("TIME")
        ->capture_default_str();
    add_number(app, "--rounds", wanted->rounds, {1, 10'000}, "Rounds for each pair, as far as the budget allows");
    app.add_option("--svg", wanted->svg, "Also write a picture")->type_name("FILE");
    app.add_flag("--json", wanted->json, "Write JSON (schema_version 1) instead of the table")->disable_flag_override();
    app.footer(footer);
    return [wanted] { return show(*wanted); };
}

}  // namespace weir::tool
