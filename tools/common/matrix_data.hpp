// SPDX-License-Identifier: MIT
#pragma once

// The result of `weir matrix`: written with --json, and the input of plans. Schema 1.

#include <weir/topology.hpp>

#include <nlohmann/json_fwd.hpp>

#include <compare>
#include <optional>
#include <string>
#include <vector>

namespace weir::tool {

struct percentiles_ns {
    double p50 = 0;
    double p99 = 0;
    double p99_9 = 0;
};

/// A class of pairs that have about the same cost.
struct pair_class {
    weir::distance distance = distance::same_pu;
    bool same_numa_node = true;
    std::optional<unsigned> from_kind;  ///< kind of the sender's core, if the machine has several kinds
    std::optional<unsigned> to_kind;
    double remoteness =
        1;  ///< topology::remoteness(), rounded to hundredths: dies, groups, and hops between NUMA nodes

    auto operator<=>(const pair_class&) const = default;
};

/// The cost of passing an item from one PU to another. A pair that was not measured has the figures of its class.
struct pair_cost {
    unsigned from = 0;  ///< PU numbers
    unsigned to = 0;
    pair_class kind;
    percentiles_ns one_way_ns;  ///< p50: the median over rounds; the others: of all items of all rounds
    double q1_ns = 0;           ///< quartiles, over rounds, of a round's median
    double q3_ns = 0;
    double items_per_s = 0;  ///< the median over rounds
    unsigned rounds = 0;     ///< rounds that count
    unsigned dropped = 0;    ///< rounds whose floors before and after differed by more than a quarter
    bool measured = false;

    bool steady = false;                ///< false: every round was dropped; the figures are those of the dropped rounds
    bool from_clocks = false;           ///< one_way_ns compares two clocks; false: it is half a round trip
    double clock_offset_ns = 0;         ///< how far `to`'s clock is ahead; uncertain by half a line round trip
    double line_roundtrip_ns = 0;       ///< floor: one cache line to the other PU, another one back
    double stream_words_per_s = 0;      ///< floor: 8-byte words through a plain buffer
    unsigned involuntary_switches = 0;  ///< of both threads, while they measured
    unsigned migrations = 0;
};

struct class_cost {
    pair_class kind;
    percentiles_ns one_way_ns;  ///< medians over the pairs that were measured
    double items_per_s = 0;
    unsigned pairs_measured = 0;
};

/// A pair whose ends have their memory on two NUMA nodes: the ring's slots on either.
struct memory_cost {
    struct slots {
        unsigned node = 0;
        double p50_ns = 0;  ///< one way; these are medians over rounds
        double p99_ns = 0;
        double items_per_s = 0;
    };
    unsigned from = 0;
    unsigned to = 0;
    pair_class kind;
    unsigned rounds = 0;
    unsigned dropped = 0;  ///< rounds in which one of the two was unsteady
    slots at_producer;
    slots at_consumer;
    /// Quartiles, over rounds, of the time at the producer by that at the consumer: one way, and of an item of a stream.
    double latency_q1 = 1;
    double latency_q3 = 1;
    double stream_q1 = 1;
    double stream_q3 = 1;

    enum class verdict : unsigned char { no_difference, producer, consumer };
    /// Where the slots are better kept: by the latency, if three quarters of the rounds agree on 2 % or more; else by the stream.
    [[nodiscard]] verdict better_at() const;
};

struct measured_machine {
    std::string topology_xml;  ///< for topology::from_xml()
    std::string cpu_model;
    std::string fingerprint;  ///< weir::fingerprint() of the topology
    std::string hypervisor;   ///< "" on bare metal
    std::string isolated;     ///< isolated PUs as a list, which a topology file does not record
};

struct matrix_data {
    measured_machine machine;
    std::vector<unsigned> pus;  ///< in the machine's order: neighbours are adjacent
    std::vector<pair_cost> pairs;
    std::vector<class_cost> classes;
    std::vector<memory_cost> memory;  ///< of `weir matrix --memory`

    /// Null if there is no such pair.
    [[nodiscard]] const pair_cost* find(unsigned from, unsigned to) const;
};

[[nodiscard]] nlohmann::ordered_json to_json(const matrix_data& matrix);

/// Parses what to_json() writes; throws std::runtime_error with a sentence for anything else. Unknown keys are
/// ignored. Only from, to, distance, one_way_ns, items_per_s and measured are required.
[[nodiscard]] matrix_data matrix_from_json(const nlohmann::ordered_json& json);

/// The same from text; `name` is the file's name, for error messages.
[[nodiscard]] matrix_data read_matrix(const std::string& text, const std::string& name);

}  // namespace weir::tool
