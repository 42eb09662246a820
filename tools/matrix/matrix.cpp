// SPDX-License-Identifier: MIT
// weir matrix: what it costs to hand an item from one PU to another.
#include "tools/common/command.hpp"
#include "tools/common/machine_facts.hpp"
#include "tools/common/measuring_options.hpp"
#include "tools/common/progress.hpp"
#include "tools/matrix/run.hpp"
#include "tools/matrix/view.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace weir::tool {
namespace {

constexpr const char* footer =
    R"(Two threads, pinned and read back, hand items to each other through weir::spsc_ring: one at a time for
the latency, as many as fit for the throughput. Right before and after, on the same two PUs, stand two floors: the round
trip of a cache line, and 8-byte words through a plain buffer. A round in which they differ by more than a quarter is
dropped and counted. Rounds go over all pairs, each in another order; quartiles are over rounds.

Pairs that are alike (SMT siblings, one L2, one L3, one package, two packages; NUMA nodes and kinds of cores told apart)
cost about the same: some of each are measured, and the rest has their figures, unless --full.

One way is what the two clocks say where they can be compared, half a round trip where not.

Examples:
  weir matrix                        sample each class of pairs, half a minute at most
  weir matrix --full --budget 10m    every pair, for a plan of many threads
  weir matrix --pus 2-7 --svg m.svg  these PUs, and a picture of them
  weir matrix --json > machine.json  for a program)";

struct options {
    std::string pus;
    std::string budget = "30s";
    std::string svg;
    unsigned rounds = 21;
    bool full = false;
    bool json = false;
};

// Said before minutes are spent on it.
void check_writable(const std::string& path) {
    errno = 0;
    if (std::ofstream file(path, std::ios::app); !file)
        throw stop(failed, fmt::format("cannot write --svg {}: {}; name a file in a folder that may be written to",
                                       path, std::strerror(errno != 0 ? errno : EIO)));
}

void write_file(const std::string& path, const std::string& text) {
    errno = 0;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file)
        throw stop(failed, fmt::format("cannot write --svg {}: {}; free some space or name another file", path,
                                       std::strerror(errno != 0 ? errno : EIO)));
}

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
        throw stop(wrong_usage, "--pus " + list + ": a pair takes two PUs; name at least two, such as 0,1");
    throw stop(not_here,
               fmt::format("a pair takes two PUs, and only PU {} may be used here; start weir on more of them "
                           "(taskset, the cgroup's cpuset), or name them with --pus",
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

exit_code show(const options& wanted) {
    const matrix_budget budget{.seconds = read_seconds(wanted.budget, "--budget", 0.01, 86400),
                               .rounds = wanted.rounds};
    const auto machine = machine_to_measure();
    const auto pus = pus_for_pairs(machine, wanted.pus);
    if (!wanted.svg.empty()) check_writable(wanted.svg);

    const auto plan = plan_pairs(machine, pus, wanted.full);
    auto measured = measure(machine, plan, budget);
    if (measured.empty())
        throw stop(not_here, "no measurement came to an end: other programs leave the two threads no time; try again "
                             "when the machine is less busy");
    auto matrix = complete(machine, plan, std::move(measured));
    matrix.machine = describe(machine);
    if (!wanted.svg.empty()) write_file(wanted.svg, matrix_as_svg(matrix));
    print(wanted.json ? to_json(matrix).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"
                      : matrix_as_text(matrix, view_of_stdout()));
    return succeeded;
}

}  // namespace

command add_matrix(CLI::App& app) {
    auto wanted = std::make_shared<options>();
    app.add_option("--pus", wanted->pus,
                   "The PUs between which to measure, as taskset takes them; all that we were given")
        ->type_name("LIST");
    app.add_flag("--full", wanted->full, "Measure every pair, not some of each class")->disable_flag_override();
    app.add_option("--budget", wanted->budget, "Time that it may take; one pair of each class is measured in any case")
        ->type_name("TIME")
        ->capture_default_str();
    app.add_option("--rounds", wanted->rounds, "Rounds for each pair, if the budget allows them")
        ->type_name("N")
        ->check(CLI::Range(1U, 10'000U))
        ->capture_default_str();
    app.add_option("--svg", wanted->svg, "Write a picture as well")->type_name("FILE");
    app.add_flag("--json", wanted->json, "Write JSON (schema_version 1) instead of the table")->disable_flag_override();
    app.footer(footer);
    return [wanted] { return show(*wanted); };
}

}  // namespace weir::tool
