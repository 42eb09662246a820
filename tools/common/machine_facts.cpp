// SPDX-License-Identifier: MIT
#include "tools/common/machine_facts.hpp"

#include "instruments/processor.hpp"

#include <array>
#include <utility>

namespace weir::tool {
namespace {

// Common names for the processor's 12-letter hypervisor signature.
std::string usual_name(std::string signature) {
    constexpr std::array names{std::pair{"KVMKVMKVM", "KVM"}, std::pair{"VMwareVMware", "VMware"},
                               std::pair{"MicrosoftHv", "Hyper-V"}, std::pair{"XenVMMXenVMM", "Xen"},
                               std::pair{"bhyvebhyve", "bhyve"}};
    for (const auto& [letters, name] : names)
        if (signature == letters) return name;
    return signature;
}

}  // namespace

measured_machine describe(const topology& machine) {
    return {.topology_xml = machine.to_xml(),
            .cpu_model = bench::cpu_model(),
            .fingerprint = fingerprint(machine),
            .hypervisor = usual_name(bench::hypervisor()),
            .isolated = machine.isolated().to_string()};
}

}  // namespace weir::tool
