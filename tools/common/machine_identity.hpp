// SPDX-License-Identifier: MIT
#pragma once

// The machine that a result belongs to, stored in every result under "machine".

#include <weir/topology.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace weir::tool {

struct machine_identity {
    std::string fingerprint;  ///< weir::fingerprint(); "" if unknown
    std::string summary;      ///< human-readable

    [[nodiscard]] static machine_identity of(const topology& machine) {
        return {weir::fingerprint(machine), machine.summary()};
    }
};

/// {"fingerprint", "summary"}; null if unknown.
[[nodiscard]] nlohmann::ordered_json to_json(const machine_identity& machine);

/// Reads the member "machine" of a result file. A missing member means an unknown machine. Throws std::runtime_error
/// with a sentence if it is malformed.
[[nodiscard]] machine_identity identity_from_json(const nlohmann::ordered_json& result);

}  // namespace weir::tool
