// SPDX-License-Identifier: MIT
#pragma once

#include <weir/topology.hpp>

namespace weir {

/// The first clause of the reason for a pair: "PU 0 (core:0) and PU 1 (core:1) share L3 cache 0".
[[nodiscard]] std::string what_they_share(const topology& machine, const pu_info& one, const pu_info& other);

}  // namespace weir
