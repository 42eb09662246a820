// SPDX-License-Identifier: MIT
#pragma once

// Kernel settings that concern the PUs we measure and run on. Read only; settings that cannot be read stay unknown.

#include <weir/affinity.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// A field is nullopt if the kernel does not report it. An empty set means "none".
struct kernel_settings {
    std::optional<std::string> release;  ///< kernel release, as in `uname -r`

    std::optional<pu_set> isolated;   ///< no scheduler balancing: isolcpus= and isolated cpuset partitions
    std::optional<pu_set> nohz_full;  ///< no timer tick while only one thread runs
    std::optional<pu_set> rcu_nocbs;  ///< no RCU callbacks: rcu_nocbs=, and nohz_full= implies it

    /// The kernel command-line arguments that set these, verbatim: "isolcpus=managed_irq,domain,2-3".
    std::vector<std::string> arguments;

    std::map<std::string, pu_set> governors;  ///< PUs by frequency governor; empty if none are visible
    std::optional<std::string> smt_control;   ///< "on", "off", "forceoff", "notsupported", "notimplemented"

    /// CPU time that the cgroup grants, as a number of PUs: with 1.5, each of two spinning threads runs three
    /// quarters of the time. Infinity if there is no limit.
    std::optional<double> cpu_quota;
};

/// Reads the current settings from a handful of small files in /sys and /proc. Throws nothing but std::bad_alloc.
/// `root` is for tests: the folder that contains proc and sys.
[[nodiscard]] kernel_settings read_kernel_settings(const std::string& root = "");

}  // namespace weir
