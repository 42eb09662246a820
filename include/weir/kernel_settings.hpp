// SPDX-License-Identifier: MIT
#pragma once

// What the kernel was told about the PUs we measure and run on. Read only; what cannot be read stays unknown.

#include <weir/affinity.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// Every field is empty (nullopt) where the kernel does not say. An empty set says: none.
struct kernel_settings {
    std::optional<std::string> release;  ///< of the kernel, as `uname -r`

    std::optional<pu_set> isolated;   ///< no scheduler balancing: isolcpus= and isolated cpuset partitions
    std::optional<pu_set> nohz_full;  ///< no timer tick while one thread runs
    std::optional<pu_set> rcu_nocbs;  ///< no RCU callbacks: rcu_nocbs=, and nohz_full= implies it

    /// The arguments of the kernel's command line that set these, as written: "isolcpus=managed_irq,domain,2-3".
    std::vector<std::string> arguments;

    std::map<std::string, pu_set> governors;  ///< frequency governor to its PUs; empty where there are none to see
    std::optional<std::string> smt_control;   ///< "on", "off", "forceoff", "notsupported", "notimplemented"

    /// CPU time that the cgroup grants, in PUs' worth: 1.5 lets two spinning threads run three quarters of the time
    /// each. Infinity where there is no limit.
    std::optional<double> cpu_quota;
};

/// Reads them from /sys and /proc as they are now, in a handful of small files. Throws nothing but std::bad_alloc.
/// `root` is for tests: the folder in which proc and sys lie.
[[nodiscard]] kernel_settings read_kernel_settings(const std::string& root = "");

}  // namespace weir
