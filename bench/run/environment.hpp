// SPDX-License-Identifier: MIT
//
// The machine, build and settings of a run. Results whose environments differ are not compared.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <weir/clock.hpp>

#include "bench/queues/work.hpp"
#include "instruments/floors.hpp"
#include "instruments/workers.hpp"

namespace bench {

struct environment {
    // Of the machine
    std::string cpu_model;
    std::string hypervisor;  ///< "" on bare metal
    unsigned pus = 0;        ///< online
    std::string topology;
    std::string fingerprint;  ///< of the topology, the same as in results of the weir program
    std::string allowed_pus;
    std::string smt;  ///< "on", "off", "notsupported", ..., "unknown"
    std::string kernel;
    std::string governor;  ///< of the producer's core; "unknown" where not readable
    std::string transparent_huge_pages;
    std::string tick_source;

    // Of the program
    std::string weir_version;
    std::string compiler;
    std::string compiler_flags;
    std::string build_type;
    bool assertions = false;  ///< built without NDEBUG

    // Of the run
    std::string date;  ///< UTC
    std::uint64_t seed = 0;
    bool pinned = false;
    std::string why_not_pinned;
    bool one_core = false;                ///< both threads share one PU
    std::vector<std::string> cores;       ///< of the two threads, as read back
    std::optional<unsigned> memory_node;  ///< from which all memory comes, as a plan says; empty: as the kernel likes
    std::string distance;
    std::string pair_reason;
    double clock_offset_ns = 0.0;
    double clock_offset_certain_to_ns = 0.0;
    double work_ns_per_item = 0.0;
    unsigned work_steps_per_item = 0;
};

environment look_around(const weir::topology& machine, const placement& where, const weir::tick_clock& clock,
                        std::uint64_t seed);

void to_json(nlohmann::ordered_json& json, const environment& env);

/// The keys that must be equal for two results to be compared: all but date, seed, version and the values that
/// each run measures.
const std::vector<std::string>& decisive_keys();

}  // namespace bench
