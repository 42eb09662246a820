// SPDX-License-Identifier: MIT
#include "bench/options.hpp"

#include <fmt/core.h>
#include <CLI/CLI.hpp>
#include <weir/plan.hpp>

#include <random>

#include "instruments/arguments.hpp"
#include "src/plain_text.hpp"

namespace bench {
namespace {

constexpr const char* benchmark_flags = R"(Google Benchmark's flags, all of which work as usual:
  --benchmark_list_tests                List the scenarios and stop
  --benchmark_filter=REGEX              Run the scenarios that match ("-REGEX": those that do not)
  --benchmark_repetitions=N             Add rounds to every scenario
  --benchmark_format=console|json|csv   Google Benchmark's output instead of weir-bench's table
  --benchmark_out=FILE, --benchmark_out_format=..., --benchmark_counters_tabular, ...

Exit codes: 0 done; 1 a queue failed its check, or a file cannot be written; 2 usage.
)";

void add_options(CLI::App& app, options& chosen) {
    app.description(
        "Measures weir's rings beside other queues and beside the limits of the hardware, on two pinned cores.\n"
        "BENCHMARKS.md explains the results. To compare two commits: ./dev bench --against COMMIT");
    app.add_option(
           "--pin", chosen.pin,
           "Cores of producer and consumer: auto, same-l2, same-l3, smt, cross-numa; hwloc locations (core:0,core:1) "
           "or CPU numbers (0,1)")
        ->capture_default_str();
    app.add_option("--plan", chosen.plan,
                   "Pin producer and consumer as a plan (weir plan --out) places the ends of its first edge, or of the "
                   "named edge, and take all memory from the node of its ring: FILE or FILE:md->strat")
        ->excludes("--pin");
    app.add_flag("--quick", chosen.quick,
                 "Only the main scenarios, shorter samples, fewer rounds of some: under three minutes");
    app.add_option("--json", chosen.json, "File to write the results to")->capture_default_str();
    app.add_option("--hgrm", chosen.hgrm_folder,
                   "Folder to write each latency histogram to, in the text format of HdrHistogram's plotters");
    app.add_option("--queues", chosen.queues, "Only queues whose name contains one of these, comma-separated")
        ->delimiter(',');
    app.add_option("--capacity", chosen.capacities,
                   "Capacities in items, comma-separated, instead of the standard ones")
        ->delimiter(',');
    app.add_option("--rounds", chosen.rounds, "Rounds per scenario (idle/ always has one)")->capture_default_str();
    app.add_option(
        "--sample-ms", chosen.sample_ms,
        "Length of a sample in ms: 50, with --quick 20; two to four times that with more threads than cores");
    app.add_option("--seed", chosen.seed, "Seed of the order of queues in a round; random if not given");
    app.add_flag("--list-queues", chosen.list_queues, "List the built-in queues and the absent ones");
    app.add_option("--paired", chosen.paired,
                   "Print the report of './dev bench --against COMMIT' again, from its folder in out/");
    app.add_option("--compare", chosen.compare, "Print the ratios of two result files with equal environments")
        ->expected(2);
    app.add_option("--plot", chosen.plot, "Draw a result file as SVG: FILE FOLDER (needs gnuplot)")->expected(2);
    app.footer(benchmark_flags);
}

/// No option means anything by an empty value, such as an unset variable of the shell leaves.
void refuse_empty_values(CLI::App& app) {
    for (auto* const option : app.get_options()) {
        if (option->get_items_expected_max() == 0) continue;
        option->check([](const std::string& value) {
            return value.empty() ? std::string{"the value is empty; give one, or leave it out"} : std::string{};
        });
    }
}

std::string first_objection(const options& chosen) {
    for (const std::size_t capacity : chosen.capacities) {
        constexpr std::size_t most = std::size_t{1} << 24U;
        if (capacity == 0 || capacity > most) {
            return fmt::format("--capacity {}: give 1 to {} items", capacity, most);
        }
    }
    if (chosen.rounds == 0 || chosen.rounds > 10'000) {
        return fmt::format("--rounds {}: give 1 to 10000 (21 and more for figures to quote)", chosen.rounds);
    }
    if (!(chosen.sample_ms > 0.0 && chosen.sample_ms <= 10'000.0)) {
        return fmt::format("--sample-ms {}: give a length above 0 and up to 10000 ms", chosen.sample_ms);
    }
    return {};
}

}  // namespace

std::string help() {
    CLI::App app;
    options defaults;
    add_options(app, defaults);
    return app.help("weir-bench");
}

std::optional<options> parse(int argc, char** argv) {
    CLI::App app;
    options chosen;
    add_options(app, chosen);
    refuse_empty_values(app);
    std::string objection;
    try {
        app.parse(weir::reversed_arguments(argc, argv));
        if (app.count("--sample-ms") == 0) {
            chosen.sample_ms = chosen.quick ? 20.0 : 50.0;
        }
        chosen.rounds_given = app.count("--rounds") != 0;
        if (app.count("--seed") == 0) {
            chosen.seed = std::random_device{}();
        }
        objection = first_objection(chosen);
    } catch (const CLI::ParseError& error) {
        objection = fmt::format("{}; 'weir-bench --help' lists the options", error.what());
    }
    if (!objection.empty()) {
        fmt::print(stderr, "weir-bench: {}\n", weir::printable(objection));
        return std::nullopt;
    }
    return chosen;
}

planned_pair pair_of_plan(const std::string& file_or_file_and_edge) {
    const auto colon = file_or_file_and_edge.rfind(':');
    const bool names_edge = colon != std::string::npos && file_or_file_and_edge.find("->", colon) != std::string::npos;
    const auto plan =
        weir::placement_plan::load(file_or_file_and_edge.substr(0, names_edge ? colon : std::string::npos));
    if (!names_edge && plan.edges.empty()) {
        throw weir::placement_error{
            "the plan has no edge, so it has no producer and consumer; plan one with: weir plan --edge 'a->b'"};
    }
    const auto& edge = names_edge ? plan.edge(file_or_file_and_edge.substr(colon + 1)) : plan.edges.front();
    return {fmt::format("{},{}", plan.pu_of(edge.asked.from), plan.pu_of(edge.asked.to)), edge.memory_node};
}

bool has_flag(int argc, char** argv, const std::string& flag) {
    for (int i = 1; i < argc; ++i) {
        const std::string given = argv[i];
        const auto dashes = given.find_first_not_of('-');
        if (dashes != std::string::npos && given.substr(dashes, given.find('=') - dashes) == flag) {
            return true;
        }
    }
    return false;
}

}  // namespace bench
