// SPDX-License-Identifier: MIT
#pragma once

// What `weir jitter` saw, as data: what it writes with --json. Schema 1.

#include "tools/common/machine_identity.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace weir::tool {

/// The gaps that lie between two readings, from `from_ns` to just below `to_ns`.
struct gap_count {
    double from_ns = 0;
    double to_ns = 0;
    std::uint64_t count = 0;
};

struct interrupt_count {
    std::string name;  ///< as /proc/interrupts has it: "LOC Local timer interrupts"
    std::uint64_t count = 0;
};

/// What was taken from a thread that only spins and reads the clock. A gap is a time between two readings that is
/// longer than the threshold.
struct pu_jitter {
    unsigned pu = 0;
    double gaps_per_s = 0;
    double worst_gap_ns = 0;
    double p50_gap_ns = 0;
    double p99_9_gap_ns = 0;
    double stolen_ppm = 0;         ///< the sum of the gaps, of a million
    double steal_ms = 0;           ///< given to other guests, as the hypervisor tells; to 10 ms
    std::uint64_t interrupts = 0;  ///< that this PU handled meanwhile
    std::uint64_t involuntary_switches = 0;
    std::uint64_t migrations = 0;

    double seconds = 0;  ///< that were really watched
    std::vector<gap_count> gaps;
    std::vector<interrupt_count> by_interrupt;  ///< the most frequent first
};

struct jitter_data {
    machine_identity machine;
    double seconds = 0;  ///< that were asked for, for each PU
    double threshold_ns = 0;
    bool together = false;  ///< all PUs at once; false: in turn
    std::vector<pu_jitter> pus;
};

[[nodiscard]] nlohmann::ordered_json to_json(const jitter_data& jitter);

/// Throws std::runtime_error with a sentence for anything but what to_json() writes.
[[nodiscard]] jitter_data jitter_from_json(const nlohmann::ordered_json& json);

/// The same from text; `name` is the file's, for the sentence.
[[nodiscard]] jitter_data read_jitter(const std::string& text, const std::string& name);

}  // namespace weir::tool
