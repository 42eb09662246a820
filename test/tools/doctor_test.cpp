// SPDX-License-Identifier: MIT
//
// `weir doctor` on simulated hosts: a tuned trading box, a laptop, a container, and one without readable files.
#include "tools/doctor/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/doctor_host.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using namespace weir::tool;

using weir_test::private_expedited;

class doctor : public weir_test::doctor_host {};

// ---- Whole hosts

TEST_F(doctor, has_no_complaint_on_a_tuned_trading_box) {
    put_plain("0-7");
    put("/proc/cmdline", "isolcpus=managed_irq,domain,2-7 nohz_full=2-7 rcu_nocbs=2-7 irqaffinity=0-1");
    put(cpu_ + "isolated", "2-7");
    put(cpu_ + "nohz_full", "2-7");
    put(cpu_ + "intel_pstate/no_turbo", "1");
    for (unsigned pu = 0; pu != 8; ++pu) {
        put(cpu_ + "cpu" + std::to_string(pu) + "/cpufreq/scaling_governor", "performance");
        put_idle_state(pu, 0, "POLL", 0, false);
        put_idle_state(pu, 1, "C1", 2, false);
        put_idle_state(pu, 2, "C6", 133, true);
    }
    put(cpu_ + "cpuidle/current_driver", "intel_idle");
    put("/proc/irq/24/smp_affinity_list", "0-7");
    put("/proc/irq/24/effective_affinity_list", "1");
    put("/proc/sys/kernel/sched_rt_runtime_us", "-1");
    put("/proc/self/limits", "Max locked memory unlimited unlimited bytes\nMax realtime priority 95 95");
    put("/proc/meminfo", "HugePages_Total: 64\nHugePages_Free: 60\nHugepagesize: 2048 kB");
    for (const auto level : {severity::severe, severity::warning, severity::note, severity::unknown})
        EXPECT_THAT(names_of(level), IsEmpty()) << to_string(level);
    EXPECT_EQ(of("isolcpus").what, "PUs 2-7");
    EXPECT_EQ(of("huge pages").what, "64 of 2048 kB each, 60 free");
    EXPECT_THAT(of("C-states").what, HasSubstr("C1, with a wake-up latency of 2 us (intel_idle)"));
    EXPECT_EQ(of("interrupts").what, "none of 1 goes to an isolated PU");
}

TEST_F(doctor, warns_of_power_saving_on_a_laptop) {
    put_plain("0-7");
    for (unsigned pu = 0; pu != 8; ++pu) {
        put(cpu_ + "cpu" + std::to_string(pu) + "/cpufreq/scaling_governor", pu < 4 ? "powersave" : "schedutil");
        put_idle_state(pu, 3, "C10", 1048, false);
    }
    put(cpu_ + "cpufreq/boost", "1");
    put(cpu_ + "smt/active", "1");
    put("/proc/swaps", "Filename Type Size Used Priority\n/swap.img file 8388604 1024 -2\n/dev/zram0 partition 1 0 5");
    put("/proc/sys/vm/swappiness", "60");
    put("/sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never");
    put("/proc/812/comm", "irqbalance");
    put("/proc/sys/kernel/numa_balancing", "1");
    EXPECT_THAT(names_of(severity::severe), IsEmpty());
    EXPECT_THAT(names_of(severity::warning),
                ElementsAre("C-states", "NUMA balancing", "governor", "irqbalance", "swap", "transparent huge pages"));
    EXPECT_THAT(names_of(severity::note), ElementsAre("RT throttling", "SMT", "huge pages", "interrupts", "isolcpus",
                                                      "memlock", "nohz_full", "rcu_nocbs", "rtprio", "turbo"));
    EXPECT_EQ(of("governor").what, "powersave on PUs 0-3, schedutil on PUs 4-7");
    EXPECT_THAT(of("C-states").what, HasSubstr("C10, with a wake-up latency of 1048 us"));
    EXPECT_EQ(of("irqbalance").what, "it is running (process 812)");
    EXPECT_EQ(of("swap").what, "2 areas are in use, swappiness 60");
    EXPECT_THAT(of("isolcpus").change.front(), HasSubstr("isolcpus=managed_irq,domain,2-7"));
    for (const auto& one : examine(on()))
        if (one.level == severity::warning) {
            EXPECT_THAT(one.change, Not(IsEmpty())) << one.name;
        }
}

TEST_F(doctor, calls_a_quota_and_a_single_pu_of_a_container_severe) {
    put_plain("0-63");
    put("/proc/self/status", "Cpus_allowed_list:\t5\nCapEff:\t0000000000804000");
    put("/proc/self/cgroup", "0::/");
    put("/sys/fs/cgroup/cpu.max", "150000 100000");
    put("/proc/cpuinfo", "flags : fpu hypervisor tsc");
    put("/sys/class/dmi/id/sys_vendor", "A Cloud");
    put("/proc/stat", "cpu  50 0 40 1000 0 0 0 10 0 0");
    take_away("/proc/irq");
    EXPECT_THAT(names_of(severity::severe), ElementsAre("CPU quota", "cpuset"));
    EXPECT_EQ(of("CPU quota").what, "1.50 PUs' worth of time");
    EXPECT_EQ(of("cpuset").what, "we may run on PUs 5 of 0-63");
    EXPECT_EQ(of("hypervisor").level, severity::warning);
    EXPECT_THAT(of("hypervisor").what,
                AllOf(HasSubstr("A Cloud"), HasSubstr("10 % of its busy time was stolen by the hypervisor")));
    EXPECT_EQ(of("rtprio").level, severity::fine) << "by its capabilities";
    EXPECT_EQ(of("memlock").level, severity::fine);
    EXPECT_EQ(of("interrupts").level, severity::unknown);
    EXPECT_THAT(of("governor").what, HasSubstr("in a virtual machine the host decides"));
    EXPECT_EQ(examine(on()).front().level, severity::severe) << "most severe first";
}

TEST_F(doctor, reports_unreadable_settings_as_unknown_with_the_reason) {
    membarrier_ = std::nullopt;
    std::filesystem::create_directories(root_);
    for (const auto& one : examine(on())) {
        EXPECT_EQ(one.level, severity::unknown) << one.name;
        EXPECT_NE(one.what, "") << one.name;
        EXPECT_THAT(one.change, IsEmpty()) << one.name << ": nobody knows that there is something to change";
    }
    EXPECT_THAT(of("swap").what, StartsWith("/proc/swaps: No such file or directory"));
    EXPECT_THAT(of("membarrier").what, HasSubstr("it can be queried only on the host itself"));
}

TEST_F(doctor, survives_files_with_unexpected_contents) {
    put_plain("0-3");
    for (const auto& file : std::filesystem::recursive_directory_iterator(root_))
        if (file.is_regular_file()) std::ofstream(file.path()) << "\xff%s {} <nonsense>";
    for (const auto& one : examine(on())) EXPECT_NE(one.what, "") << one.name;
    const auto found = nlohmann::json::parse(findings_as_json(examine(on())), nullptr, false);
    EXPECT_FALSE(found.is_discarded()) << "though names may not be UTF-8";
}

// ---- Single findings

TEST_F(doctor, distinguishes_clocks_that_cost_a_system_call) {
    put_plain("0-3");
    const std::pair<const char*, severity> cases[] = {
        {"tsc", severity::fine},       {"arch_sys_counter", severity::fine},
        {"kvm-clock", severity::note}, {"hyperv_clocksource_tsc_page", severity::note},
        {"hpet", severity::severe},    {"acpi_pm", severity::severe}};
    for (const auto& [source, level] : cases) {
        put("/sys/devices/system/clocksource/clocksource0/current_clocksource", source);
        EXPECT_EQ(of("clock source").level, level) << source;
    }
}

TEST_F(doctor, finds_interrupts_on_isolated_pus_and_says_how_to_move_them) {
    put_plain("0-3");
    put(cpu_ + "isolated", "2-3");
    put(cpu_ + "nohz_full", "3");
    for (unsigned irq = 30; irq != 42; ++irq) put("/proc/irq/" + std::to_string(irq) + "/smp_affinity_list", "3");
    put("/proc/irq/24/smp_affinity_list", "0-1");
    put("/proc/irq/30/effective_affinity_list", "1");
    const auto found = of("interrupts");
    EXPECT_EQ(found.level, severity::warning);
    EXPECT_EQ(found.what, "11 of 13 go to isolated PUs: 31, 32, 33, 34, 35, 36, 37, 38, ...");
    EXPECT_THAT(found.change.front(),
                AllOf(HasSubstr("for n in 31 32 "), HasSubstr(" 41; do echo 0-1 | sudo tee /proc/irq/$n/")));
    EXPECT_EQ(of("nohz_full").level, severity::warning);
    EXPECT_EQ(of("nohz_full").what, "PUs 3, but PUs 2 are isolated without it");
    EXPECT_THAT(of("nohz_full").change, ElementsAre("boot with: nohz_full=2-3"));
}

TEST_F(doctor, does_not_trust_a_kernel_argument_without_confirmation) {
    put_plain("0-3");
    put("/proc/cmdline", "nohz_full=1-3");
    take_away(cpu_ + "nohz_full");
    EXPECT_EQ(of("nohz_full").level, severity::unknown);
    EXPECT_THAT(of("nohz_full").what, HasSubstr("not confirmed by this kernel"));
}

TEST_F(doctor, knows_real_time_limits_and_capabilities) {
    put_plain("0-3");
    EXPECT_EQ(of("RT throttling").what, "real-time threads may run 950000 of 1000000 us");
    put("/proc/sys/kernel/sched_rt_runtime_us", "1000000");
    EXPECT_EQ(of("RT throttling").level, severity::fine);
    EXPECT_EQ(of("rtprio").what, "not permitted");
    put("/proc/self/limits", "Max realtime priority     95                   95                   ");
    EXPECT_EQ(of("rtprio").what, "up to 95");
    EXPECT_EQ(of("memlock").level, severity::unknown);
}

TEST_F(doctor, reports_whether_membarrier_is_available) {
    put_plain("0-3");
    EXPECT_EQ(of("membarrier").level, severity::fine);
    membarrier_ = 1;
    EXPECT_EQ(of("membarrier").level, severity::warning);
}

// ---- This host, and the report

TEST(doctor_here, examines_this_host_and_every_finding_has_what_and_why) {
    const auto findings = examine(host::this_one());
    std::set<std::string> names;
    for (const auto& one : findings) {
        EXPECT_TRUE(names.insert(one.name).second) << one.name << " appears twice";
        EXPECT_NE(one.what, "") << one.name;
        EXPECT_NE(one.why, "") << one.name;
    }
    for (const auto* name : {"governor",      "turbo",        "SMT",           "C-states",   "isolcpus",
                             "nohz_full",     "rcu_nocbs",    "interrupts",    "irqbalance", "transparent huge pages",
                             "cpuset",        "CPU quota",    "RT throttling", "rtprio",     "memlock",
                             "membarrier",    "clock source", "hypervisor",    "swap",       "huge pages",
                             "NUMA balancing"})
        EXPECT_TRUE(names.contains(name)) << name;
}

TEST(doctor_report, lists_the_most_severe_first_and_does_not_wrap_commands) {
    const std::string command =
        "a command so long that it would be broken into two lines if it were not for the sake of "
        "whoever copies it into a shell";
    const std::vector<finding> findings{{"quota", severity::severe, "1.5", "it stops", {command}},
                                        {"swap", severity::warning, "there", "it waits", {"swapoff"}},
                                        {"turbo", severity::unknown, "no file", "it varies", {}},
                                        {"SMT", severity::fine, "off", "siblings", {}}};
    const auto text = findings_as_text(findings);
    EXPECT_THAT(text, HasSubstr("      > " + command + "\n"));
    EXPECT_LT(text.find("quota"), text.find("swap"));
    EXPECT_LT(text.find("Unknown"), text.find("Fine"));
    EXPECT_THAT(text, HasSubstr("severe 1, warning 1, note 0, unknown 1, fine 1, and nothing was changed."));
    const auto json = nlohmann::json::parse(findings_as_json(findings));
    EXPECT_EQ(json["schema_version"], 1);
    EXPECT_EQ(json["kind"], "weir doctor");
    EXPECT_EQ(json["counts"]["severe"], 1);
    EXPECT_EQ(
        json["findings"][0],
        nlohmann::json(
            {{"name", "quota"}, {"severity", "severe"}, {"what", "1.5"}, {"why", "it stops"}, {"change", {command}}}));
}

}  // namespace
