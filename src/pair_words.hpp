// SPDX-License-Identifier: MIT
#pragma once

#include <weir/topology.hpp>

#include <array>

namespace weir {

/// Each that there is, nearest first.
inline constexpr std::array distances{distance::same_pu, distance::smt,          distance::same_l2,
                                      distance::same_l3, distance::same_package, distance::cross_package};

/// The first clause of the reason for a pair: "PU 0 (core:0) and PU 1 (core:1) share L3 cache 0".
[[nodiscard]] std::string what_they_share(const topology& machine, const pu_info& one, const pu_info& other);

}  // namespace weir
