// SPDX-License-Identifier: MIT
#pragma once

// What was measured of a machine, for plans: the cost of a message between two PUs (`weir matrix`) and the noise of
// each
// (`weir jitter`); and what is assumed where nothing was measured.

#include <weir/topology.hpp>

#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// What one message between two PUs takes.
struct one_way {
    double p50_ns;
    double p99_ns;
};

enum class cost_source {
    measured,        ///< on these two PUs
    measured_class,  ///< on others at the same distance
    assumed,
};
[[nodiscard]] std::string_view to_string(cost_source) noexcept;  ///< "measured", "measured at this distance", "assumed"

/// What is assumed of a distance: round figures of current server processors.
[[nodiscard]] one_way assumed_one_way(distance) noexcept;

/// What is assumed of a PU's noise (see measurements::noise_ns).
namespace assumed {
inline constexpr double noise_ns = 200;
inline constexpr double isolated_noise_ns = 20;
inline constexpr double noise_of_core_of_pu_0_ns = 2000;
}  // namespace assumed

/// Empty, it assumes everything.
struct measurements {
    std::map<std::pair<unsigned, unsigned>, one_way> pairs;           ///< from, to
    std::map<std::pair<unsigned, unsigned>, one_way> pairs_by_class;  ///< what others like it have shown
    std::map<distance, one_way> classes;
    std::map<std::pair<unsigned, unsigned>, double> items_per_s;

    /// By PU: how much later a message of the unluckiest hundredth is for being interrupted, on average: the share of
    /// time that the PU is away, in hundredths but at most one, times how long it is away at p99.9.
    std::map<unsigned, double> noise_ns;

    struct cost_and_source {
        one_way cost;
        cost_source source;
    };
    /// Of one PU to another: the pair's, or that of the opposite direction, or of pairs like it, or of its distance, or
    /// the assumption.
    [[nodiscard]] cost_and_source cost(const topology& machine, unsigned from, unsigned to) const;

    /// Adds what `weir matrix --json` and `weir jitter --json` wrote. Throw placement_error with a sentence for a file
    /// that cannot be read, is damaged, or was measured on another machine (by fingerprint, where the file has one).
    void load_matrix(const std::string& path, const topology& machine);
    void load_jitter(const std::string& path, const topology& machine);
};

}  // namespace weir
