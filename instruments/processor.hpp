// SPDX-License-Identifier: MIT
//
// Identifies the processor and, on a virtual machine, the hypervisor.
#pragma once

#include <iosfwd>
#include <string>

namespace bench {

/// The model name in /proc/cpuinfo, or "unknown".
std::string cpu_model();
std::string cpu_model_in(std::istream& cpuinfo);

/// "KVM", "VMware", ... as reported by the processor; "" on bare metal.
std::string hypervisor();

/// The name that an x86 hypervisor puts into three registers, without blanks and zeros: "KVMKVMKVM"; "yes" if the
/// name is empty.
std::string hypervisor_name(unsigned ebx, unsigned ecx, unsigned edx);

}  // namespace bench
