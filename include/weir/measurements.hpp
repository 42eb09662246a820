// SPDX-License-Identifier: MIT
#pragma once

// Measurements that plans are based on: the cost of a message between two PUs (`weir matrix`) and the noise of each
// PU (`weir jitter`). Assumed values replace what was not measured.

#include <weir/topology.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// Latency of one message from one PU to another.
struct one_way {
    double p50_ns;
    double p99_ns;
};

enum class cost_source {
    measured,        ///< on these two PUs
    measured_class,  ///< on other pairs at the same distance
    assumed,
};
[[nodiscard]] std::string_view to_string(cost_source) noexcept;  ///< "measured", "measured at this distance", "assumed"

/// The assumed latency at a distance: round figures for current server processors.
[[nodiscard]] one_way assumed_one_way(distance) noexcept;

/// The assumed latency between two PUs: that of their distance times topology::remoteness().
[[nodiscard]] one_way assumed_one_way(const topology& machine, unsigned from, unsigned to);

/// The assumed noise of a PU (see measurements::noise_ns).
namespace assumed {
inline constexpr double noise_ns = 200;
inline constexpr double isolated_noise_ns = 20;
inline constexpr double noise_of_core_of_pu_0_ns = 2000;
}  // namespace assumed

/// Default-constructed, it uses assumed values only.
struct measurements {
    std::map<std::pair<unsigned, unsigned>, one_way> pairs;           ///< from, to
    std::map<std::pair<unsigned, unsigned>, one_way> pairs_by_class;  ///< from other pairs of the same class
    std::map<distance, one_way> classes;
    /// The same, for a distance and a remoteness (topology::remoteness) in hundredths: NUMA hops, dies, groups.
    std::map<std::pair<distance, unsigned>, one_way> parts;
    /// Those in which a ring's slots cost less on its producer's NUMA node than on its consumer's (`weir matrix --memory`).
    std::set<std::pair<distance, unsigned>> slots_at_producer;
    std::map<std::pair<unsigned, unsigned>, double> items_per_s;

    /// By PU: the mean extra latency that interruptions cost the slowest 1 % of messages. It is min(1, share of time
    /// stolen from the PU / 1 %) times the p99.9 length of an interruption.
    std::map<unsigned, double> noise_ns;
    /// The noise that a plan gives the PUs that were not measured, if any were.
    [[nodiscard]] std::optional<double> median_noise_ns() const;

    struct cost_and_source {
        one_way cost;
        cost_source source;
    };
    /// Distance and remoteness of two PUs, as a key of `parts` and `slots_at_producer`.
    [[nodiscard]] static std::pair<distance, unsigned> part_of(const topology& machine, unsigned from, unsigned to);

    /// The NUMA node for the slots of a ring between these PUs: of the consumer, unless the producer's was measured to be better.
    [[nodiscard]] std::optional<unsigned> slots_node(const topology& machine, unsigned from, unsigned to) const;

    /// The cost from one PU to another. Uses the first that exists: the pair's measurement, the opposite direction's,
    /// that of similar pairs, that of pairs at the same distance and remoteness, that of pairs at the same distance, the
    /// assumed value.
    [[nodiscard]] cost_and_source cost(const topology& machine, unsigned from, unsigned to) const;

    /// Adds the results of `weir matrix --json` and `weir jitter --json`. Both throw placement_error with a sentence
    /// for a file that cannot be read, is damaged, or was measured on another machine (by its fingerprint, if the
    /// file has one).
    void load_matrix(const std::string& path, const topology& machine);
    void load_jitter(const std::string& path, const topology& machine);
};

}  // namespace weir
