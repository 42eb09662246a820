// SPDX-License-Identifier: MIT
#pragma once

#include <weir/kernel_settings.hpp>
#include <weir/topology.hpp>

#include <optional>
#include <string>

namespace weir::tool {

/// All that `weir topo` has to say, gathered before anything is written.
struct topo_findings {
    topology machine;
    std::optional<kernel_settings> kernel;  ///< of this machine only
    std::string wanted;                     ///< the pair as it was asked for: "auto"
    std::optional<pu_pair> pair;
    std::string why_no_pair;  ///< the sentence, when there is none
};

[[nodiscard]] std::string topo_as_table(const topo_findings& found);
[[nodiscard]] std::string topo_as_json(const topo_findings& found);

}  // namespace weir::tool
