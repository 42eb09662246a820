// SPDX-License-Identifier: MIT
#pragma once

// The result of `weir jitter`, written with --json. Schema 1.

#include "tools/common/machine_identity.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace weir::tool {

/// Gaps with a length from `from_ns` to just below `to_ns`.
struct gap_count {
    double from_ns = 0;
    double to_ns = 0;
    std::uint64_t count = 0;
};

struct interrupt_count {
    std::string name;  ///< from /proc/interrupts: "LOC Local timer interrupts"
    std::uint64_t count = 0;
};

/// What interrupted a thread that only spins and reads the clock. A gap is a time between two readings that exceeds
/// the threshold.
struct pu_jitter {
    unsigned pu = 0;
    double gaps_per_s = 0;
    double worst_gap_ns = 0;
    double p50_gap_ns = 0;
    double p99_9_gap_ns = 0;
    double stolen_ppm = 0;         ///< sum of the gaps, in millionths of the time
    double steal_ms = 0;           ///< stolen according to the hypervisor; resolution 10 ms
    std::uint64_t interrupts = 0;  ///< handled by this PU meanwhile
    std::uint64_t involuntary_switches = 0;
    std::uint64_t migrations = 0;

    double seconds = 0;  ///< actual duration
    std::vector<gap_count> gaps;
    std::vector<interrupt_count> by_interrupt;  ///< most frequent first
};

struct jitter_data {
    machine_identity machine;
    double seconds = 0;  ///< requested duration for each PU
    double threshold_ns = 0;
    bool together = false;  ///< all PUs at once; false: one after the other
    std::vector<pu_jitter> pus;
};

[[nodiscard]] nlohmann::ordered_json to_json(const jitter_data& jitter);

/// Parses what to_json() writes; throws std::runtime_error with a sentence for anything else.
[[nodiscard]] jitter_data jitter_from_json(const nlohmann::ordered_json& json);

/// The same from text; `name` is the file's name, for error messages.
[[nodiscard]] jitter_data read_jitter(const std::string& text, const std::string& name);

}  // namespace weir::tool
