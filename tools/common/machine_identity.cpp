// SPDX-License-Identifier: MIT
#include "tools/common/machine_identity.hpp"

#include "tools/common/read_json.hpp"

namespace weir::tool {

nlohmann::ordered_json to_json(const machine_identity& machine) {
    if (machine.fingerprint.empty()) return nullptr;
    return {{"fingerprint", machine.fingerprint}, {"summary", machine.summary}};
}

machine_identity identity_from_json(const nlohmann::ordered_json& result) {
    const auto found = result.find("machine");
    if (found == result.end() || found->is_null()) return {};
    const auto& machine = object(result, "machine");
    return {text(machine, "fingerprint"), text_or(machine, "summary", "")};
}

}  // namespace weir::tool
