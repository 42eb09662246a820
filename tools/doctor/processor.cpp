// SPDX-License-Identifier: MIT
// Processor and hypervisor: frequencies, SMT siblings, idle states, the clock.
#include "tools/doctor/doctor.hpp"

#include <fmt/format.h>
#include <sstream>

namespace weir::tool {
namespace {

const std::string cpu = "/sys/devices/system/cpu/";

finding governor(const host& on, const kernel_settings& kernel) {
    finding found{.name = "governor",
                  .why =
                      "a PU that was idle starts at a low frequency and takes up to milliseconds to reach full speed, "
                      "which delays the first items after a pause"};
    if (kernel.governors.empty()) {
        found.what = on.why_not(cpu + "cpu0/cpufreq/scaling_governor") +
                     (on.is_guest() ? "; in a virtual machine the host decides" : "; this kernel may have no cpufreq");
        return found;
    }
    pu_set slow;
    for (const auto& [name, pus] : kernel.governors) {
        found.what += fmt::format("{}{} on PUs {}", found.what.empty() ? "" : ", ", name, pus.to_string());
        if (name != "performance") slow = slow | pus;
    }
    found.level = slow.empty() ? severity::fine : severity::warning;
    if (!slow.empty())
        found.change = {"sudo cpupower frequency-set --governor performance",
                        "or: echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"};
    return found;
}

finding turbo(const host& on) {
    finding found{.name = "turbo",
                  .why =
                      "the frequency depends on temperature and on the load of other cores: faster on average, less "
                      "steady; turn it off for measurements"};
    const auto no_turbo = on.number(cpu + "intel_pstate/no_turbo");
    const auto boost = on.number(cpu + "cpufreq/boost");
    if (!no_turbo && !boost) {
        found.what =
            on.why_not(cpu + "cpufreq/boost") + (on.is_guest() ? "; in a virtual machine the host decides" : "");
        return found;
    }
    const bool is_on = no_turbo ? *no_turbo == 0 : *boost != 0;
    found.level = is_on ? severity::note : severity::fine;
    found.what = is_on ? "on" : "off";
    if (is_on)
        found.change = {no_turbo ? "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo"
                                 : "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost"};
    return found;
}

finding smt(const host& on) {
    finding found{.name = "SMT",
                  .why =
                      "two hardware threads share a core's L1 caches and execution units: a busy sibling can halve "
                      "the speed of a spinning thread"};
    const auto active = on.number(cpu + "smt/active");
    if (!active) {
        found.what = on.why_not(cpu + "smt/active");
        return found;
    }
    found.level = *active != 0 ? severity::note : severity::fine;
    found.what = *active != 0 ? "on" : "off or not available";
    if (*active == 0 && on.is_guest()) {
        found.level = severity::note;
        found.what += ", as this virtual machine sees it; the host may map two PUs to one core";
    }
    if (*active != 0)
        found.change = {"echo off | sudo tee /sys/devices/system/cpu/smt/control",
                        "or keep the siblings of busy PUs idle: 'weir topo' shows them"};
    return found;
}

// Over all PUs: of the enabled idle states, the one with the longest wake-up latency.
struct idle_state {
    std::string name;
    long long latency_us = -1;
};

idle_state deepest(const host& on) {
    idle_state found;
    for (const unsigned pu : on.pus(cpu + "online").value_or(pu_set{0})) {
        const auto folder = fmt::format("{}cpu{}/cpuidle/", cpu, pu);
        for (const auto& state : on.names(folder)) {
            const auto latency = on.number(folder + state + "/latency").value_or(-1);
            if (on.number(folder + state + "/disable").value_or(0) == 0 && latency > found.latency_us)
                found = {on.text(folder + state + "/name").value_or(state), latency};
        }
    }
    return found;
}

finding idle_states(const host& on) {
    constexpr long long shallow_us = 10;
    finding found{
        .name = "C-states",
        .why =
            "a thread that sleeps in a ring can run only after its core has woken: the deeper the idle state, the "
            "longer that takes; spinning threads are not affected"};
    const auto state = deepest(on);
    if (state.latency_us < 0) {
        found.what = on.why_not(cpu + "cpu0/cpuidle") +
                     (on.is_guest() ? "; in a virtual machine the host decides" : "; this kernel may have no cpuidle");
        return found;
    }
    found.level = state.latency_us > shallow_us ? severity::warning : severity::fine;
    found.what = fmt::format("the deepest enabled state is {}, with a wake-up latency of {} us ({})", state.name,
                             state.latency_us, on.text(cpu + "cpuidle/current_driver").value_or("unknown driver"));
    if (on.is_guest()) found.what += "; the host has its own idle states, which are not visible here";
    if (found.level == severity::warning)
        found.change = {fmt::format("sudo cpupower idle-set --disable-by-latency {}", shallow_us + 1),
                        "or boot with: intel_idle.max_cstate=1 processor.max_cstate=1",
                        "or let the program write a 32-bit 0 to /dev/cpu_dma_latency and keep it open"};
    return found;
}

finding clock_source(const host& on) {
    const std::string path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    finding found{.name = "clock source",
                  .why =
                      "waits with a deadline and time stamps read it; a source other than the processor's own "
                      "counter costs a system call, up to a microsecond, per reading"};
    const auto source = on.text(path);
    if (!source || source->empty()) {
        found.what = on.why_not(path);
        return found;
    }
    found.what = *source;
    const bool of_processor = *source == "tsc" || *source == "arch_sys_counter";
    const bool shared_page = *source == "kvm-clock" || source->starts_with("hyperv_clocksource");
    found.level = of_processor ? severity::fine : shared_page ? severity::note : severity::severe;
    if (shared_page) found.what += ", read without a system call, but slower than the counter itself";
    if (!of_processor)
        found.change = {"dmesg | grep -i -e tsc -e clocksource   # why the kernel rejected the counter",
                        "echo tsc | sudo tee " + path + "   # if available_clocksource lists it"};
    return found;
}

// The hypervisor's share of busy time over all PUs since boot, from /proc/stat, if the hypervisor reports it.
std::string stolen_since_boot(const host& on) {
    std::istringstream words(on.text("/proc/stat").value_or(""));
    std::string name;
    words >> name;
    double busy = 0;
    unsigned long long ticks = 0;
    for (const bool idle :
         {false, false, false, true, true, false, false, false}) {  // user nice system idle iowait irq ...
        if (name != "cpu" || !(words >> ticks)) return "";
        if (!idle) busy += static_cast<double>(ticks);
    }
    const auto steal = static_cast<double>(ticks);  // the eighth field
    return busy > 0
               ? fmt::format("; since boot, {:.2g} % of its busy time was stolen by the hypervisor", 100 * steal / busy)
               : "";
}

finding hypervisor(const host& on) {
    finding found{.name = "hypervisor",
                  .why =
                      "a PU is a thread of the host: it may stop for milliseconds at any time, and migrate to another "
                      "core; settings inside the guest do not prevent that"};
    if (!on.text("/proc/cpuinfo")) {
        found.what = on.why_not("/proc/cpuinfo");
        return found;
    }
    if (!on.is_guest()) {
        found.level = severity::fine;
        found.what = "none";
        return found;
    }
    const auto name = on.text("/sys/hypervisor/type").value_or(on.text("/sys/class/dmi/id/sys_vendor").value_or(""));
    found.level = severity::warning;
    found.what = "this is a virtual machine" + (name.empty() ? "" : " (" + name + ")") + stolen_since_boot(on);
    found.change = {
        "weir jitter --seconds 60   # how often and how long PUs are stopped",
        "on the host: pin each PU to a core of its own, with nothing else on it; or use no virtual machine"};
    return found;
}

}  // namespace

std::vector<finding> examine_processor(const host& on, const kernel_settings& kernel) {
    return {hypervisor(on), governor(on, kernel), turbo(on), smt(on), idle_states(on), clock_source(on)};
}

}  // namespace weir::tool
