// SPDX-License-Identifier: MIT
// What else runs on our PUs: other threads, the timer tick, RCU, interrupts.
#include "tools/doctor/doctor.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace weir::tool {
namespace {

std::string none_or(const pu_set& pus) { return pus.empty() ? "none" : "PUs " + pus.to_string(); }

// Example PUs for the kernel's command line: all but the first two, which are left for housekeeping.
std::string spare(const host& on) {
    const auto online = on.pus("/sys/devices/system/cpu/online").value_or(pu_set{});
    std::vector<unsigned> some(online.begin(), online.end());
    if (some.size() < 4) return some.size() < 2 ? "1" : std::to_string(some.back());
    some.erase(some.begin(), some.begin() + 2);
    return pu_set(std::move(some)).to_string();
}

finding isolated(const host& on, const kernel_settings& kernel) {
    finding found{
        .name = "isolcpus",
        .why =
            "on a PU that is not isolated the scheduler also runs other threads: while it preempts one thread "
            "of a ring, the peer waits"};
    if (!kernel.isolated) {
        found.what = on.why_not("/sys/devices/system/cpu/isolated");
        return found;
    }
    found.what = none_or(*kernel.isolated);
    found.level = kernel.isolated->empty() ? severity::note : severity::fine;
    if (kernel.isolated->empty())
        found.change = {fmt::format("boot with: isolcpus=managed_irq,domain,{}", spare(on)),
                        "or: an isolated cpuset partition (cpuset.cpus.partition = isolated)"};
    return found;
}

// Compares nohz_full or rcu_nocbs with the isolated PUs.
finding against_isolated(const char* name, const char* file, const std::optional<pu_set>& set, const char* why,
                         const host& on, const kernel_settings& kernel) {
    finding found{.name = name, .why = why};
    if (!set) {
        found.what =
            std::string("requested on the command line, but not confirmed by this kernel (") + on.why_not(file) + ")";
        if (!on.text("/proc/cmdline")) found.what = on.why_not("/proc/cmdline");
        return found;
    }
    const auto isolated = kernel.isolated.value_or(pu_set{});
    const auto missing = isolated - *set;
    found.what = none_or(*set);
    if (!missing.empty()) {
        found.level = severity::warning;
        found.what += fmt::format(", but PUs {} are isolated without it", missing.to_string());
    } else {
        found.level = set->empty() ? severity::note : severity::fine;
    }
    if (found.level != severity::fine)
        found.change = {fmt::format("boot with: {}={}", name, isolated.empty() ? spare(on) : isolated.to_string())};
    return found;
}

finding irq_affinity(const host& on, const kernel_settings& kernel) {
    finding found{
        .name = "interrupts",
        .why = "an interrupt occupies the PU for some microseconds, and a thread that it wakes may run for longer"};
    const auto isolated = kernel.isolated.value_or(pu_set{});
    std::vector<std::string> on_isolated;
    std::size_t seen = 0;
    for (const auto& irq : on.names("/proc/irq")) {
        // Prefer the effective affinity; older kernels report only the requested one.
        auto to = on.pus("/proc/irq/" + irq + "/effective_affinity_list");
        if (!to || to->empty()) to = on.pus("/proc/irq/" + irq + "/smp_affinity_list");
        if (!to) continue;
        ++seen;
        if (!(*to & isolated).empty()) on_isolated.push_back(irq);
    }
    if (seen == 0) {
        found.what = on.names("/proc/irq").empty() ? "no readable entry in /proc/irq"
                                                   : "no entry in /proc/irq has a readable affinity";
        return found;
    }
    const auto housekeeping = on.pus("/sys/devices/system/cpu/online").value_or(pu_set{0}) - isolated;
    if (isolated.empty()) {
        found.level = severity::note;
        found.what = fmt::format("{} interrupts; no PU is isolated from them", seen);
        found.change = {"grep . /proc/irq/*/effective_affinity_list   # current targets",
                        "echo 0 | sudo tee /proc/irq/N/smp_affinity_list   # N: an interrupt that goes to a busy PU"};
    } else if (on_isolated.empty()) {
        found.level = severity::fine;
        found.what = fmt::format("none of {} goes to an isolated PU", seen);
    } else {
        found.level = severity::warning;
        const auto shown = std::min<std::size_t>(on_isolated.size(), 8);
        found.what =
            fmt::format("{} of {} go to isolated PUs: {}{}", on_isolated.size(), seen,
                        fmt::join(on_isolated.begin(), on_isolated.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                        shown < on_isolated.size() ? ", ..." : "");
        found.change = {fmt::format("for n in {}; do echo {} | sudo tee /proc/irq/$n/smp_affinity_list; done",
                                    fmt::join(on_isolated, " "), housekeeping.to_string()),
                        fmt::format("boot with: irqaffinity={}", housekeeping.to_string())};
    }
    return found;
}

finding irqbalance(const host& on) {
    finding found{.name = "irqbalance",
                  .why =
                      "it moves interrupts between PUs every ten seconds, also to the PUs of a ring, unless it is "
                      "configured to skip them"};
    bool any = false;
    for (const auto& name : on.names("/proc")) {
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const auto comm = on.text("/proc/" + name + "/comm");
        any |= comm.has_value();
        if (comm == "irqbalance") {
            found.level = severity::warning;
            found.what = "it is running (process " + name + ")";
            found.change = {"sudo systemctl disable --now irqbalance",
                            "or in /etc/default/irqbalance: IRQBALANCE_BANNED_CPULIST=" + spare(on)};
            return found;
        }
    }
    found.level = any ? severity::fine : severity::unknown;
    found.what = any ? "not running among the visible processes" : "no process is visible in /proc";
    if (any && on.is_guest()) found.what += "; the host may run its own";
    return found;
}

}  // namespace

std::vector<finding> examine_isolation(const host& on, const kernel_settings& kernel) {
    return {isolated(on, kernel),
            against_isolated("nohz_full", "/sys/devices/system/cpu/nohz_full", kernel.nohz_full,
                             "the timer interrupts every PU 100 to 1000 times a second, for some microseconds, even if "
                             "only one thread runs there",
                             on, kernel),
            against_isolated("rcu_nocbs", "/sys/devices/system/cpu/nohz_full", kernel.rcu_nocbs,
                             "the kernel runs deferred work (RCU callbacks) on the PU that queued it, "
                             "after its next interrupt",
                             on, kernel),
            irq_affinity(on, kernel), irqbalance(on)};
}

}  // namespace weir::tool
