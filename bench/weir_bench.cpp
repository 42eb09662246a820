// SPDX-License-Identifier: MIT
//
// weir-bench: each scenario is a Google Benchmark whose iterations are rounds of all queues.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include <fmt/core.h>

#include "bench/options.hpp"
#include "bench/report/against.hpp"
#include "bench/report/compare.hpp"
#include "bench/report/hgrm.hpp"
#include "bench/report/json.hpp"
#include "bench/report/plot.hpp"
#include "bench/report/table.hpp"
#include "bench/session.hpp"
#include "instruments/node_policy.hpp"
#include "instruments/option_values.hpp"
#include "src/plain_text.hpp"

namespace bench {
namespace {

enum exit_code : int { done = 0, failed = 1, usage = 2 };

int complain(exit_code code, const std::string& sentence) {
    clear_progress();
    // Not fmt::print, which throws where stderr is on a full disk.
    std::fputs(fmt::format("weir-bench: {}\n", weir::printable(sentence)).c_str(), stderr);
    return code;
}

void warn_if_not_pinned(const session& run) {
    if (!run.where().pinned) {
        complain(done, "not pinned: " + run.where().why_not_pinned + "; every result says so");
    }
}

/// Prints weir-bench's table for each scenario instead of Google Benchmark's line.
class table_reporter final : public benchmark::BenchmarkReporter {
public:
    explicit table_reporter(const session& run) : run_(run) {}

    /// Called before the first scenario, and only if there is one.
    bool ReportContext(const Context&) override {
        warn_if_not_pinned(run_);
        return true;
    }

    void ReportRuns(const std::vector<Run>& runs) override {
        clear_progress();
        if (runs.empty()) {
            return;
        }
        if (runs.front().error_occurred) {
            show(fmt::format("\n{}   {}\n", runs.front().run_name.function_name, runs.front().error_message));
        } else if (const contest* done = run_.find(runs.front().run_name.function_name)) {
            show(table_text(run_.summary_of(*done)));
        }
    }

private:
    // A failure is noticed when the results are saved, which a table that cannot be shown must not prevent.
    static void show(const std::string& text) {
        std::fputs(text.c_str(), stdout);
        std::fflush(stdout);
    }

    const session& run_;
};

void run_scenario(benchmark::State& state, session& run, const scenario& what) {
    contest& rounds = run.contest_for(what);
    if (rounds.tracks().empty()) {
        state.SkipWithError("none of the chosen queues offers this form");
        return;
    }
    for ([[maybe_unused]] auto round : state) {
        state.SetIterationTime(run.run_round(rounds));
    }
    for (const auto& row : run.summary_of(rounds).rows) {
        state.counters[row.queue] = row.value.median;
        if (row.vs_best_rival) {
            state.counters[row.queue + " vs best rival"] = row.vs_best_rival->ratio.median;
        }
    }
}

void register_scenarios(const options& chosen, std::optional<session>& run) {
    for (const scenario& what :
         all_scenarios({.quick = chosen.quick, .rounds_given = chosen.rounds_given, .capacities = chosen.capacities})) {
        const std::size_t rounds = what.most_rounds == 0 ? chosen.rounds : std::min(chosen.rounds, what.most_rounds);
        benchmark::RegisterBenchmark(what.name.c_str(),
                                     [&run, what](benchmark::State& state) { run_scenario(state, *run, what); })
            ->Iterations(static_cast<benchmark::IterationCount>(rounds))
            ->UseManualTime()
            ->Unit(benchmark::kMillisecond);
    }
}

void list_queues() {
    std::string text;
    for (const auto& queue : built_in_queues()) {
        text += fmt::format("{:<32}{}\n", queue.name, queue.configuration);
    }
    for (const auto& absent : absent_queues()) {
        text += fmt::format("{:<32}absent: not found when weir-bench was configured (Debian package {})\n",
                            absent.library, absent.remedy);
    }
    weir::write_to_stdout(text);
}

// To be called before any thread starts, so that all of them have it. A container may refuse.
std::optional<unsigned> memory_of_plan(const planned_pair& pair) {
    try {
        if (pair.memory_node) {
            take_memory_from(*pair.memory_node);
        }
        return pair.memory_node;
    } catch (const std::invalid_argument& error) {
        complain(done, fmt::format("memory is where the kernel puts it: {}", error.what()));
        return std::nullopt;
    }
}

// Of Google Benchmark's reporters, too.
void check_output() {
    std::cout.flush();
    weir::check_stdout();
    if (!std::cout) {
        throw std::runtime_error{"cannot write the result to stdout; free some space or send it elsewhere"};
    }
}

int measure(options chosen, bool own_table) {
    std::optional<session> run;
    try {
        if (!chosen.plan.empty()) {
            const auto pair = pair_of_plan(chosen.plan);
            chosen.pin = pair.pin;
            chosen.memory_node = memory_of_plan(pair);
        }
    } catch (const weir::placement_error& error) {
        return complain(usage, fmt::format("--plan {}: {}", chosen.plan, error.what()));
    }
    register_scenarios(chosen, run);
    results_file results{chosen.json};
    prepare_hgrm_folder(chosen.hgrm_folder);
    try {
        run.emplace(chosen, choose_queues(built_in_queues(), chosen.queues));
    } catch (const weir::placement_error& error) {
        return complain(usage, fmt::format("--pin {}: {}", chosen.pin, error.what()));
    }
    if (own_table) {
        weir::write_to_stdout(header_text(run->where()));
    }

    table_reporter table{*run};
    std::ostringstream its_messages;
    table.SetErrorStream(&its_messages);
    const std::size_t matched =
        own_table ? benchmark::RunSpecifiedBenchmarks(&table) : benchmark::RunSpecifiedBenchmarks();
    clear_progress();
    if (matched == 0) {
        return complain(usage, "--benchmark_filter matches no scenario; --benchmark_list_tests lists them");
    }
    if (!own_table) {
        warn_if_not_pinned(*run);
    }
    std::fputs(its_messages.str().c_str(), stderr);
    const auto summaries = run->summaries();
    results.write(run->where(), summaries);
    write_hgrm_files(chosen.hgrm_folder, summaries);
    if (own_table) {
        weir::write_to_stdout(fmt::format("{}\n{}\n", footer_text(), chosen.json));
    }
    check_output();
    for (const auto& sentence : run->failures()) {
        complain(failed, sentence);
    }
    const exit_code code = run->failures().empty() ? done : failed;
    if (crew::any_left_behind()) {
        // Threads stuck in a queue are still running, so nothing that they may use can be destroyed.
        std::fflush(nullptr);
        std::_Exit(code);
    }
    return code;
}

int run(int argc, char** argv) {
    const bool only_list = has_flag(argc, argv, "benchmark_list_tests");
    const bool own_table = !has_flag(argc, argv, "benchmark_format");
    if (std::find(argv, argv + argc, std::string_view{"--help"}) != argv + argc) {
        weir::write_to_stdout(help());
        return done;
    }
    check_benchmark_flags(argc, argv);
    // Called for a value that it refuses, and only then: it would end the program with 0.
    benchmark::Initialize(&argc, argv, [] {
        std::exit(
            complain(usage, "a flag of Google Benchmark has a value that it refuses; 'weir-bench --help' lists them"));
    });
    const auto chosen = parse(argc, argv);
    if (!chosen) {
        return usage;
    }
    if (chosen->list_queues) {
        list_queues();
        return done;
    }
    if (!chosen->paired.empty()) {
        return print_paired(chosen->paired);
    }
    if (!chosen->compare.empty()) {
        return compare_results(chosen->compare[0], chosen->compare[1]);
    }
    if (!chosen->plot.empty()) {
        return plot_results(chosen->plot[0], chosen->plot[1]);
    }
    if (only_list) {
        std::optional<session> never;
        register_scenarios(*chosen, never);
        benchmark::RunSpecifiedBenchmarks();
        check_output();
        return done;
    }
    return measure(*chosen, own_table);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    if (!weir::stdout_is_open()) {
        return bench::complain(bench::failed,
                               "stdout is closed: the result cannot be written; open stdout or redirect it to a file");
    }
    try {
        return bench::run(argc, argv);
    } catch (const std::invalid_argument& error) {
        return bench::complain(bench::usage, error.what());
    } catch (const std::exception& error) {
        return bench::complain(bench::failed, error.what());
    }
}
