// SPDX-License-Identifier: MIT
#pragma once

// Which machine a result is of, as every result says it under "machine".

#include <weir/topology.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace weir::tool {

struct machine_identity {
    std::string fingerprint;  ///< weir::fingerprint(); "": not known
    std::string summary;      ///< for people

    [[nodiscard]] static machine_identity of(const topology& machine) {
        return {weir::fingerprint(machine), machine.summary()};
    }
};

/// {"fingerprint", "summary"}; null where it is not known.
[[nodiscard]] nlohmann::ordered_json to_json(const machine_identity& machine);

/// What result files have under "machine"; nothing is known where it is missing. Throws std::runtime_error with a
/// sentence for anything else.
[[nodiscard]] machine_identity identity_from_json(const nlohmann::ordered_json& result);

}  // namespace weir::tool
