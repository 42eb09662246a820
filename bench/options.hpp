// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bench {

struct options {
    std::string pin = "auto";
    std::string plan;                     ///< instead of `pin`: FILE or FILE:edge of `weir plan --out`
    std::optional<unsigned> memory_node;  ///< of the plan: all queues' memory comes from this NUMA node
    bool quick = false;
    std::string json = "out/bench.json";
    std::string hgrm_folder;          ///< empty: none are written
    std::vector<std::string> queues;  ///< parts of names, case ignored; empty: all
    std::vector<std::size_t> capacities;
    std::size_t rounds = 21;
    bool rounds_given = false;
    double sample_ms = 0.0;
    std::uint64_t seed = 0;
    bool list_queues = false;
    std::string paired;                ///< a folder that ./dev bench --against has left
    std::vector<std::string> compare;  ///< two JSON files
    std::vector<std::string> plot;     ///< a JSON file and a folder
};

/// The text of --help, Google Benchmark's own flags included.
std::string help();

/// Parses the arguments that Google Benchmark did not take. On a usage error prints one sentence to stderr and returns nothing.
std::optional<options> parse(int argc, char** argv);

/// What a plan says of one edge.
struct planned_pair {
    std::string pin;                      ///< the value of --pin that corresponds to it: "2,4"
    std::optional<unsigned> memory_node;  ///< for the slots of its ring
};

/// The pair of this --plan. Throws weir::placement_error with a sentence if the file is damaged, is the plan of another machine, or
/// lacks the edge.
planned_pair pair_of_plan(const std::string& file_or_file_and_edge);

/// Throws weir::wrong_value for a value of Google Benchmark's flags that it would refuse without a failure, or not notice.
void check_benchmark_flags(int argc, char** argv);

/// True if the command line has this flag of Google Benchmark, with one or two dashes; call it before Google Benchmark removes
/// its flags.
bool has_flag(int argc, char** argv, const std::string& flag);

}  // namespace bench
