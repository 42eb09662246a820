// SPDX-License-Identifier: MIT
//
// Two builds of weir-bench compared: the one of this tree and the one of another commit. They ran in turn, in the order A B B A
// B A A B ..., one scenario at a time, and only samples of neighbouring runs are compared.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "instruments/statistics.hpp"

namespace bench {

/// One run of one of the two programs.
struct program_run {
    bool other = false;      ///< of the other commit's program; else of this tree's
    nlohmann::json results;  ///< as read_results() gives them
};

/// What one pair of samples showed: a ratio above 1 means that this tree is better, for rates and for times.
struct paired_sample {
    double ratio = 1.0;
    double roundtrip_ns = 0.0;  ///< the line round trip at the time, mean of both runs
};

/// One queue in one scenario.
struct paired_row {
    std::string queue;
    std::vector<paired_sample> samples;
    std::vector<double> same_program;  ///< ratios of neighbouring runs of one program: the noise
    std::size_t dropped =
        0;  ///< pairs without a ratio: a sample was missing, or the floors differed by more than a quarter
    std::vector<std::string>
        excluded;  ///< a sentence for each run whose check this queue failed, with the program it ran in
};

struct paired_scenario {
    std::string name;
    std::string unit;  ///< unit_of(): "items_per_s", "ns" or "cpu_percent"
    std::vector<paired_row> rows;
};

struct paired_comparison {
    std::vector<paired_scenario> scenarios;  ///< in the order in which they first ran
    std::vector<std::string> only_in_other;  ///< "SCENARIO: QUEUE" that the other commit's program alone has
    std::vector<std::string> only_in_this;
    std::vector<std::string> build_differences;    ///< "compiler_flags (A and B)": other commit's value first
    std::vector<std::string> machine_differences;  ///< likewise, between runs; pairs of such runs are dropped
};

/// Pairs up runs 0 and 1, 2 and 3, ... of different programs, and for `same_program` runs 1 and 2, 3 and 4, ... of the same
/// program and scenario. A pure function.
paired_comparison pair_up(const std::vector<program_run>& runs);

enum class verdict : unsigned char { better, worse, unclear, too_few };

/// Better or worse if three quarters of the ratios are on one side of 1 and their median is outside the quartiles of
/// `same_program`; too_few below 8 pairs.
verdict verdict_of(const paired_row& row);

/// One of the two programs, by the name that people read and the scenarios that it was asked for.
struct program_list {
    std::string name;
    std::vector<std::string> scenarios;
};

/// The report that a person reads.
std::string paired_text(const paired_comparison& all, const program_list& other, const program_list& here);

/// Reads a folder as `./dev bench --against` leaves it and prints the report. In it: other.txt and this.txt, each a name and then
/// a scenario a line; and the runs in order, 00001-other.json, 00002-this.json, ... Returns the exit code; throws
/// std::invalid_argument with a sentence if the folder is not such a one.
int print_paired(const std::string& folder);

}  // namespace bench
