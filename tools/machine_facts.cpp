// SPDX-License-Identifier: MIT
#include "machine_facts.hpp"

#include "processor.hpp"

namespace weir::tool {

measured_machine describe(const topology& machine) {
    return {.topology_xml = machine.to_xml(),
            .cpu_model = bench::cpu_model(),
            .fingerprint = fingerprint(machine),
            .hypervisor = bench::hypervisor(),
            .isolated = machine.isolated().to_string()};
}

}  // namespace weir::tool
