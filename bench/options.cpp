// SPDX-License-Identifier: MIT
#include "bench/options.hpp"

#include <fmt/core.h>
#include <CLI/CLI.hpp>
#include <weir/plan.hpp>

#include <cstdio>
#include <filesystem>
#include <random>
#include <regex>
#include <string_view>
#include <system_error>

#include "instruments/arguments.hpp"
#include "instruments/number_options.hpp"
#include "src/plain_text.hpp"

namespace bench {
namespace {

constexpr const char* benchmark_flags = R"(Google Benchmark's flags, all of which work as usual:
  --benchmark_list_tests                List the scenarios and stop
  --benchmark_filter=REGEX              Run the scenarios that match ("-REGEX": those that do not)
  --benchmark_repetitions=N             Add rounds to every scenario
  --benchmark_format=console|json|csv   Google Benchmark's output instead of weir-bench's table
  --benchmark_out=FILE, --benchmark_out_format=..., --benchmark_counters_tabular, ...

Exit codes: 0 done; 1 a queue failed its check, or a result cannot be written to a file or to stdout; 2 the command line is wrong:
an option that does not exist, or a value that it refuses, such as a file that --plan or --compare cannot read.
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
                 "Only the main scenarios, shorter samples, fewer rounds of some: under three minutes")
        ->disable_flag_override();
    app.add_option("--json", chosen.json, "File to write the results to")->capture_default_str();
    app.add_option("--hgrm", chosen.hgrm_folder,
                   "Folder to write each latency histogram to, in the text format of HdrHistogram's plotters");
    app.add_option("--queues", chosen.queues, "Only queues whose name contains one of these, comma-separated")
        ->delimiter(',');
    weir::add_numbers(app, "--capacity", chosen.capacities, {1, 1U << 24U, "", " items"},
                      "Capacities in items, comma-separated, instead of the standard ones");
    weir::add_number(app, "--rounds", chosen.rounds, {1, 10'000, "", " (21 and more for figures to quote)"},
                     "Rounds per scenario (idle/ always has one)");
    weir::add_number(
        app, "--sample-ms", chosen.sample_ms, {0.001, 10'000, "", " ms"},
        "Length of a sample in ms: 50, with --quick 20; two to four times that with more threads than cores")
        ->default_str("");
    weir::add_number(app, "--seed", chosen.seed, weir::any_count,
                     "Seed of the order of queues in a round; random if not given")
        ->default_str("");
    app.add_flag("--list-queues", chosen.list_queues, "List the built-in queues and the absent ones")
        ->disable_flag_override();
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

constexpr std::string_view benchmark_formats = "console, json or csv";

bool is_benchmark_format(std::string_view value) { return value == "console" || value == "json" || value == "csv"; }

/// Google Benchmark compiles its filter in this way, and would say that nothing matches.
void check_filter(const std::string& value) {
    try {
        const std::regex valid{value.substr(value.starts_with('-') ? 1 : 0), std::regex::extended};
    } catch (const std::regex_error&) {
        throw weir::wrong_value{fmt::format(
            "--benchmark_filter {}: this is no valid regular expression; give one, such as roundtrip|latency", value)};
    }
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
    } catch (const CLI::ParseError& error) {
        objection = fmt::format("{}; 'weir-bench --help' lists the options", weir::usage_sentence(error));
    }
    if (!objection.empty()) {
        std::fputs(fmt::format("weir-bench: {}\n", weir::printable(objection)).c_str(), stderr);
        return std::nullopt;
    }
    return chosen;
}

planned_pair pair_of_plan(const std::string& file_or_file_and_edge) {
    // The name of a file may have colons, too.
    std::error_code ignored;
    const auto colon = file_or_file_and_edge.rfind(':');
    const bool names_edge = colon != std::string::npos && !std::filesystem::exists(file_or_file_and_edge, ignored) &&
                            (file_or_file_and_edge.find("->", colon) != std::string::npos ||
                             std::filesystem::exists(file_or_file_and_edge.substr(0, colon), ignored));
    const auto plan =
        weir::placement_plan::load(file_or_file_and_edge.substr(0, names_edge ? colon : std::string::npos));
    if (!names_edge && plan.edges.empty()) {
        throw weir::placement_error{
            "the plan has no edge, so it has no producer and consumer; plan one with: weir plan --edge 'a->b'"};
    }
    const auto& edge = names_edge ? plan.edge(file_or_file_and_edge.substr(colon + 1)) : plan.edges.front();
    return {fmt::format("{},{}", plan.pu_of(edge.asked.from), plan.pu_of(edge.asked.to)), edge.memory_node};
}

void check_benchmark_flags(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string given = argv[i];
        const auto sign = given.find('=');
        if (!given.starts_with("--benchmark_") || sign == std::string::npos) {
            continue;
        }
        const std::string name = given.substr(0, sign);
        const std::string value = given.substr(sign + 1);
        if (value.empty()) {
            throw weir::wrong_value{name + ": the value is empty; give one, or leave it out"};
        }
        if (name.ends_with("_format") && !is_benchmark_format(value)) {
            throw weir::wrong_value{fmt::format("{} {}: give {}", name, value, benchmark_formats)};
        }
        if (name == "--benchmark_filter") {
            check_filter(value);
        }
        if (name == "--benchmark_repetitions") {
            static_cast<void>(weir::read_count(value, name, {1, 10'000}));
        }
    }
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
