// SPDX-License-Identifier: MIT
//
// Each finding of `weir doctor` at, below and above its thresholds; the full texts are in test/data/golden.
#include "tools/doctor/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/doctor_host.hpp"
#include "test/support/golden.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace weir_test;

class doctor_findings : public doctor_host {
protected:
    void SetUp() override {
        put_plain("0-7");
        text_ = "";
    }

    void say(const std::string& when, const std::string& name) {
        const auto found = of(name);
        text_ += when + "\n  " + found.name + ", " + std::string(to_string(found.level)) + ": " + found.what + "\n";
        for (const auto& line : found.change) text_ += "    > " + line + "\n";
    }
    void say_with(const std::string& file, const std::vector<std::string>& contents, const std::string& name) {
        for (const auto& content : contents) {
            put(file, content);
            say(file.substr(file.rfind('/') + 1) + " = " + content, name);
        }
    }

    std::string text_;
};

TEST_F(doctor_findings, of_the_processor) {
    say("no governor", "governor");
    put(cpu_ + "cpu0/cpufreq/scaling_governor", "performance");
    say("one governor", "governor");
    put(cpu_ + "cpu3/cpufreq/scaling_governor", "powersave");
    say("two governors", "governor");
    say("no turbo", "turbo");
    say_with(cpu_ + "cpufreq/boost", {"0", "1", "2", "x"}, "turbo");
    put(cpu_ + "cpufreq/boost", "1");
    say_with(cpu_ + "intel_pstate/no_turbo", {"1", "0"}, "turbo");
    say_with(cpu_ + "smt/active", {"0", "1", "x"}, "SMT");
    say("no idle states", "C-states");
    put_idle_state(2, 1, "C1", 0, false);
    say("C1 at once", "C-states");
    put_idle_state(2, 2, "C2", 10, false);
    say("C2 of 10 us", "C-states");
    put(cpu_ + "cpuidle/current_driver", "a driver");
    put_idle_state(3, 3, "C3", 11, false);
    put_idle_state(4, 3, "C3 again", 11, false);
    put_idle_state(5, 4, "C4", 12, true);
    say("C3 of 11 us, and C4 disabled", "C-states");
    put_idle_state(9, 5, "C5", 500, false);
    say("a PU that is offline has C5", "C-states");
    say_with("/sys/devices/system/clocksource/clocksource0/current_clocksource",
             {"tsc", "arch_sys_counter", "kvm-clock", "hyperv_clocksource_msr", "hpet", ""}, "clock source");
    say("on bare metal", "hypervisor");
    put("/proc/cpuinfo", "processor : 0\nflags : fpu hypervisor_not\nflags : hypervisor");
    say("of the first PU's flags only", "hypervisor");
    put("/proc/cpuinfo", "processor : 0\nflags : fpu hypervisor");
    put("/proc/stat", "cpu  10 20 30 4000 5000 60 70 10 0 0\ncpu0 1");
    say("a guest", "hypervisor");
    put("/sys/class/dmi/id/sys_vendor", "a vendor");
    put("/sys/hypervisor/type", "xen");
    put("/proc/stat", "cpu  0 0 0 4000 5000 0 0 0 0 0");
    say("a guest that did nothing", "hypervisor");
    put("/proc/stat", "cpu  1 2 3 4 5 6 7");
    say("a guest of an old kernel", "hypervisor");
    for (const auto* name : {"SMT", "C-states", "turbo", "irqbalance"}) say("a guest", name);
    take_away(cpu_ + "smt");
    take_away(cpu_ + "cpu0");
    take_away(cpu_ + "cpu3/cpufreq");
    take_away(cpu_ + "cpufreq");
    take_away(cpu_ + "intel_pstate");
    for (unsigned pu = 0; pu != 10; ++pu) take_away(cpu_ + "cpu" + std::to_string(pu) + "/cpuidle");
    for (const auto* name : {"governor", "turbo", "SMT", "C-states"}) say("a guest without", name);
    put("/proc/cpuinfo", "processor : 0");
    say("no flags but a hypervisor's type", "hypervisor");
    put("/proc/cpuinfo", "flags : fpu");
    say("flags without it", "hypervisor");
    expect_golden("doctor_processor.txt", text_);
}

TEST_F(doctor_findings, of_isolation) {
    for (const auto* online : {"0-7", "0-3", "0-2", "0-1", "0"}) {
        put(cpu_ + "online", online);
        say("of PUs " + std::string(online), "isolcpus");
    }
    put(cpu_ + "online", "0-7");
    say("nothing isolated", "nohz_full");
    say("nothing isolated", "rcu_nocbs");
    put(cpu_ + "nohz_full", "5-6");
    say("nothing isolated", "nohz_full");
    put(cpu_ + "isolated", "5-6");
    say("isolated", "isolcpus");
    say("isolated alike", "nohz_full");
    say("isolated alike", "rcu_nocbs");
    put(cpu_ + "isolated", "4-6");
    say("isolated more", "nohz_full");
    say("isolated more", "rcu_nocbs");
    put("/proc/cmdline", "rcu_nocbs=4");
    say("asked for as well", "rcu_nocbs");
    put("/proc/cmdline", "rcu_nocbs=what");
    say("asked for what", "rcu_nocbs");
    take_away("/proc/cmdline");
    say("no command line", "rcu_nocbs");

    take_away("/proc/irq");
    say("no interrupts", "interrupts");
    put("/proc/irq/1/other", "");
    say("one that says nothing", "interrupts");
    put("/proc/irq/7/smp_affinity_list", "0-7");
    put("/proc/irq/7/effective_affinity_list", "");
    say("one of two that may go to isolated PUs", "interrupts");
    put("/proc/irq/7/effective_affinity_list", "3");
    say("it does not", "interrupts");
    for (unsigned irq = 20; irq != 28; ++irq) put("/proc/irq/" + std::to_string(irq) + "/smp_affinity_list", "6");
    say("eight do", "interrupts");
    put("/proc/irq/30/smp_affinity_list", "5");
    say("nine do", "interrupts");
    put(cpu_ + "isolated", "");
    say("nothing isolated", "interrupts");

    say("one process", "irqbalance");
    put("/proc/1x/comm", "irqbalance");
    say("no process by its name", "irqbalance");
    put("/proc/17/comm", "irqbalance");
    say("it runs", "irqbalance");
    take_away("/proc/17");
    take_away("/proc/1");
    say("no process", "irqbalance");
    expect_golden("doctor_isolation.txt", text_);
}

TEST_F(doctor_findings, of_limits) {
    const auto allowed = [&](const std::string& list) {
        put("/proc/self/status",
            "Name:\tweir\nCpus_allowed:\tff\nCpus_allowed_list:\t" + list + "\nCapEff:\t0000000000000000");
        say("may run on " + list, "cpuset");
    };
    for (const auto* list : {"0-7", "0-6", "3-4", "3", "3,8", "x"}) allowed(list);
    take_away(cpu_ + "online");
    say("online is unknown", "cpuset");
    put(cpu_ + "online", "0-7");

    say("no quota", "CPU quota");
    put("/proc/self/cgroup", "0::/box");
    say_with("/sys/fs/cgroup/box/cpu.max", {"max 100000", "155000 100000"}, "CPU quota");
    put("/proc/self/cgroup", "4:memory:/");
    say("no group of the controller", "CPU quota");
    take_away("/proc/self/cgroup");
    say("no group", "CPU quota");

    say_with("/proc/sys/kernel/sched_rt_runtime_us", {"950000", "999999", "1000000", "1000001", "-1", "0", "x"},
             "RT throttling");
    put("/proc/sys/kernel/sched_rt_runtime_us", "0");
    take_away("/proc/sys/kernel/sched_rt_period_us");
    say("no period", "RT throttling");

    const auto limits = [&](const char* memory, const char* priority, const char* capabilities) {
        put("/proc/self/limits",
            "Max locked memory  " + std::string(memory) + "  7  bytes\nMax realtime priority  " + priority + "  8");
        put("/proc/self/status", "CapEff:\t" + std::string(capabilities));
        const auto when = std::string(memory) + ", " + priority + ", " + capabilities;
        say(when, "memlock");
        say(when, "rtprio");
    };
    limits("64", "0", "0");
    limits("65", "1", "0000000000004000");
    limits("unlimited", "95", "0000000000800000");
    limits("66", "96", "00000000ff7fbfff");
    take_away("/proc/self/limits");
    say("no limits", "memlock");
    say("no limits", "rtprio");

    for (const long commands : {0L, 7L, 8L, 9L, 16L}) {
        membarrier_ = commands;
        say("commands " + std::to_string(commands), "membarrier");
    }
    expect_golden("doctor_limits.txt", text_);
}

TEST_F(doctor_findings, of_memory) {
    say_with("/sys/kernel/mm/transparent_hugepage/enabled",
             {"[always] madvise never", "always [madvise] never", "always madvise [never]", "always", "][", "[]"},
             "transparent huge pages");
    for (const auto& [total, free] : {std::pair("0", "0"), {"64", "0"}, {"65", "1"}}) {
        put("/proc/meminfo",
            "HugePages_Total: " + std::string(total) + "\nHugePages_Free: " + free + "\nHugepagesize: 2048 kB");
        say(std::string(total) + " pages, free " + free, "huge pages");
    }
    put("/proc/meminfo", "HugePages_Total: 3\nHugePages_Free: 2");
    say("of no size", "huge pages");
    put("/proc/meminfo", "HugePages_Total: 3");
    say("free is unknown", "huge pages");
    put("/proc/sys/vm/swappiness", "61");
    say_with("/proc/swaps", {"Filename", "Filename\n/dev/a", "Filename\n/dev/a\n/dev/b"}, "swap");
    take_away("/proc/sys/vm/swappiness");
    say("swappiness is unknown", "swap");
    say_with("/proc/sys/kernel/numa_balancing", {"0", "1", "2", "x"}, "NUMA balancing");
    take_away("/proc/sys/kernel/numa_balancing");
    say("no file", "NUMA balancing");
    take_away("/proc/meminfo");
    say("no proc", "NUMA balancing");
    take_away("/proc/swaps");
    say("no swaps", "swap");
    expect_golden("doctor_memory.txt", text_);
}

TEST(doctor_words, wrap_at_a_hundred_columns_and_count_by_level) {
    const auto words = [](std::size_t letters) {
        std::string text;
        for (std::size_t i = 0; i != letters; ++i)
            text += i % 7 == 6 && i + 1 != letters ? ' ' : static_cast<char>('a' + i % 26);
        return text;
    };
    std::vector<finding> findings;
    for (const std::size_t letters : {91U, 92U, 93U, 95U, 96U, 97U, 200U})
        findings.push_back({"name", severity::note, words(letters), words(letters + 1), {"a command", "another one"}});
    findings.push_back({"first", severity::severe, "what", "why", {}});
    findings.push_back({"second", severity::severe, "what", "why", {}});
    findings.push_back({"third", severity::warning, "what", "why", {"do"}});
    findings.push_back({"fourth", severity::unknown, "what", "why", {"do"}});
    for (int i = 0; i != 5; ++i) findings.push_back({"fifth", severity::fine, words(200), "why", {"do"}});
    const auto text = findings_as_text(findings);
    expect_golden("doctor.txt", text);
    std::istringstream lines(text);
    std::size_t widest = 0;
    for (std::string line; std::getline(lines, line);) widest = std::max(widest, line.size());
    EXPECT_EQ(widest, 100U);
    auto all = nlohmann::ordered_json::parse(findings_as_json(findings, {"a fingerprint", "a summary"}));
    all.erase("weir_version");
    expect_golden("doctor.json", all.dump(1) + "\n");
}

}  // namespace
