// SPDX-License-Identifier: MIT
//
// Which processor this is, and whether it is a real one.
#pragma once

#include <string>

namespace bench {

/// As /proc/cpuinfo has it, or "unknown".
std::string cpu_model();

/// "KVM", "VMware", ... as the processor itself tells; "" on bare metal.
std::string hypervisor();

}  // namespace bench
