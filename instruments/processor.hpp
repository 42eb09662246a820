// SPDX-License-Identifier: MIT
//
// Which processor this is, and whether it is a real one.
#pragma once

#include <iosfwd>
#include <string>

namespace bench {

/// As /proc/cpuinfo has it, or "unknown".
std::string cpu_model();
std::string cpu_model_in(std::istream& cpuinfo);

/// "KVM", "VMware", ... as the processor itself tells; "" on bare metal.
std::string hypervisor();

/// The name that an x86 hypervisor spells in three registers, without blanks and zeros: "KVMKVMKVM". "yes" if it has
/// none.
std::string hypervisor_name(unsigned ebx, unsigned ecx, unsigned edx);

}  // namespace bench
