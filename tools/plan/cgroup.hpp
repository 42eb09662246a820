// SPDX-License-Identifier: MIT
#pragma once

// cpusets of cgroups, as input and as output of a plan.

#include <weir/plan.hpp>

#include <string>

namespace weir::tool {

/// What a cgroup lets its processes use.
struct cgroup_cpuset {
    std::string folder;
    pu_set pus;
    pu_set nodes;  ///< the kernel's numbers of NUMA nodes
};

/// Reads cpuset.cpus.effective and cpuset.mems.effective (cgroup v2; in v1 cpuset.effective_cpus and cpuset.effective_mems) of a
/// folder, or of one below /sys/fs/cgroup or its system.slice: "/sys/fs/cgroup/system.slice/app.service", "system.slice/app.service",
/// "app.service". `root` is the folder that contains sys. Throws `stop` with a sentence if it has none.
[[nodiscard]] cgroup_cpuset read_cgroup(const std::string& name, const std::string& root = "");

/// A drop-in for a service's unit: the service gets the plan's PUs and the NUMA nodes of its memory as its cpuset.
[[nodiscard]] std::string plan_as_systemd(const placement_plan& made, const topology& machine);

}  // namespace weir::tool
