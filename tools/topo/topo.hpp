// SPDX-License-Identifier: MIT
#pragma once

#include <weir/kernel_settings.hpp>
#include <weir/topology.hpp>

#include <optional>
#include <string>

namespace weir::tool {

/// Everything that `weir topo` reports, collected before anything is written.
struct topo_findings {
    topology machine;
    std::optional<kernel_settings> kernel;  ///< null for another machine
    std::string wanted;                     ///< the requested pair: "auto"
    std::optional<pu_pair> pair;
    std::string why_no_pair;  ///< why there is none, as a sentence
};

[[nodiscard]] std::string topo_as_table(const topo_findings& found);
[[nodiscard]] std::string topo_as_json(const topo_findings& found);

}  // namespace weir::tool
