// SPDX-License-Identifier: MIT
// Limits of this process: its PUs, its share of CPU time, its priorities, its system calls.
#include "tools/doctor/doctor.hpp"

#include <fmt/format.h>
#include <cmath>
#include <sstream>

#if defined(__linux__)
#include <linux/membarrier.h>
#endif

namespace weir::tool {
namespace {

// The value of a line such as "CapEff:    000001ff" in /proc/self/status.
std::optional<std::string> status(const host& on, const std::string& key) {
    std::istringstream lines(on.text("/proc/self/status").value_or(""));
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(key + ":")) {
            const auto value = line.find_first_not_of(" \t", key.size() + 1);
            return value == std::string::npos ? "" : line.substr(value);
        }
    return std::nullopt;
}

bool has_capability(const host& on, unsigned bit) {
    const auto mask = status(on, "CapEff");
    return mask && ((std::strtoull(mask->c_str(), nullptr, 16) >> bit) & 1U) != 0;
}

// The soft limit in a line such as "Max locked memory   8388608   8388608   bytes" of /proc/self/limits.
std::optional<std::string> soft_limit(const host& on, const std::string& name) {
    std::istringstream lines(on.text("/proc/self/limits").value_or(""));
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(name + " ")) {
            std::istringstream words(line.substr(name.size()));
            std::string soft;
            if (words >> soft) return soft;
        }
    return std::nullopt;
}

finding cpuset(const host& on) {
    finding found{
        .name = "cpuset",
        .why =
            "the two ends of a ring should not share a PU: otherwise each must wait until the scheduler preempts "
            "the other"};
    const auto online = on.pus("/sys/devices/system/cpu/online");
    const auto list = status(on, "Cpus_allowed_list");
    std::optional<pu_set> allowed;
    try {
        if (list) allowed = pu_set::parse(*list);
    } catch (const placement_error&) {
    }
    if (!allowed || !online) {
        found.what = on.why_not(online ? "/proc/self/status" : "/sys/devices/system/cpu/online");
        return found;
    }
    const auto ours = *allowed & *online;
    found.what = fmt::format("we may run on PUs {} of {}", ours.to_string(), online->to_string());
    found.level = ours.size() < 2 ? severity::severe : ours == *online ? severity::fine : severity::note;
    if (ours != *online)
        found.change = {"set by taskset, systemd's CPUAffinity=, docker's --cpuset-cpus or the cgroup's cpuset.cpus",
                        "weir topo   # shows which PUs are close to each other"};
    return found;
}

finding quota(const host& on, const kernel_settings& kernel) {
    finding found{.name = "CPU quota",
                  .why =
                      "spinning threads use up the quota early in each period (100 ms) and are then stopped until "
                      "the next: every ring between them stalls for tens of milliseconds"};
    if (!kernel.cpu_quota) {
        found.what =
            "the cgroup's cpu.max or cpu.cfs_quota_us cannot be read (" + on.why_not("/proc/self/cgroup") + ")";
        if (on.text("/proc/self/cgroup")) found.what = "the cgroup's cpu.max or cpu.cfs_quota_us cannot be found";
        return found;
    }
    const bool limited = std::isfinite(*kernel.cpu_quota);
    found.level = limited ? severity::severe : severity::fine;
    found.what = limited ? fmt::format("{:.2f} PUs' worth of time", *kernel.cpu_quota) : "none";
    if (limited)
        found.change = {
            "echo max | sudo tee /sys/fs/cgroup/.../cpu.max",
            "docker: leave out --cpus; Kubernetes: whole CPUs, requests equal to limits, and the static CPU "
            "manager policy, or no CPU limit",
            "while there is a quota: use wait::park or wait::sleep, not wait::spin"};
    return found;
}

finding realtime_throttling(const host& on) {
    finding found{
        .name = "RT throttling",
        .why =
            "the kernel stops a spinning SCHED_FIFO thread for the rest of each period, by default 50 ms of every "
            "second; threads of normal priority are not affected"};
    const auto runtime = on.number("/proc/sys/kernel/sched_rt_runtime_us");
    const auto period = on.number("/proc/sys/kernel/sched_rt_period_us");
    if (!runtime || !period) {
        found.what =
            on.why_not("/proc/sys/kernel/" + std::string(runtime ? "sched_rt_period_us" : "sched_rt_runtime_us"));
        return found;
    }
    const bool throttled = *runtime >= 0 && *runtime < *period;
    found.level = throttled ? severity::note : severity::fine;
    found.what = throttled ? fmt::format("real-time threads may run {} of {} us", *runtime, *period)
                           : "off: a spinning real-time thread keeps its PU, and no other thread runs there";
    if (throttled)
        found.change = {
            "sudo sysctl kernel.sched_rt_runtime_us=-1   # only with spare PUs: a real-time thread that "
            "hangs then blocks its PU"};
    return found;
}

finding realtime_priority(const host& on) {
    finding found{.name = "rtprio",
                  .why =
                      "audio threads need SCHED_FIFO, so that no thread of normal priority makes them miss "
                      "a deadline"};
    const auto limit = soft_limit(on, "Max realtime priority");
    constexpr unsigned sys_nice = 23;
    if (!limit) {
        found.what = on.why_not("/proc/self/limits");
    } else if (has_capability(on, sys_nice)) {
        found.level = severity::fine;
        found.what = "all priorities, because of CAP_SYS_NICE (the limit is " + *limit + ")";
    } else {
        found.level = *limit == "0" ? severity::note : severity::fine;
        found.what = *limit == "0" ? "not permitted" : "up to " + *limit;
        if (*limit == "0")
            found.change = {
                "in /etc/security/limits.d/audio.conf: @audio - rtprio 95   (then log in again as a member "
                "of the group audio)"};
    }
    return found;
}

finding locked_memory(const host& on) {
    finding found{
        .name = "memlock",
        .why =
            "memory that is not locked may be swapped out or migrated, and the next thread that accesses it waits "
            "for the disk or the kernel"};
    const auto limit = soft_limit(on, "Max locked memory");
    constexpr unsigned ipc_lock = 14;
    if (!limit) {
        found.what = on.why_not("/proc/self/limits");
    } else if (*limit == "unlimited" || has_capability(on, ipc_lock)) {
        found.level = severity::fine;
        found.what = *limit == "unlimited" ? "unlimited"
                                           : "unlimited, because of CAP_IPC_LOCK (the limit is " + *limit + " bytes)";
    } else {
        found.level = severity::note;
        found.what = *limit + " bytes";
        found.change = {"in /etc/security/limits.d/audio.conf: @audio - memlock unlimited   (then log in again)",
                        "in a systemd unit: LimitMEMLOCK=infinity"};
    }
    return found;
}

finding membarrier(const host& on) {
    finding found{.name = "membarrier",
                  .why =
                      "with it, push and pop need no fence to notice a sleeping peer (wait::park); without it, "
                      "each operation needs one"};
#if defined(__linux__)
    constexpr long expedited = MEMBARRIER_CMD_PRIVATE_EXPEDITED;
#else
    constexpr long expedited = 1L << 3;
#endif
    if (!on.membarrier) {
        found.what = on.why_no_membarrier;
        return found;
    }
    const bool there = (*on.membarrier & expedited) != 0;
    found.level = there ? severity::fine : severity::warning;
    found.what = there
                     ? "available; each thread that goes to sleep interrupts every core that runs this process, which "
                       "wait::parking<fence::seq_cst> avoids"
                     : "this kernel does not support the private expedited command";
    if (!there) found.change = {"use kernel 4.14 or later; in a sandbox, allow membarrier(2)"};
    return found;
}

}  // namespace

std::vector<finding> examine_limits(const host& on, const kernel_settings& kernel) {
    return {cpuset(on),        quota(on, kernel), realtime_throttling(on), realtime_priority(on),
            locked_memory(on), membarrier(on)};
}

}  // namespace weir::tool
