// SPDX-License-Identifier: MIT
//
// `weir doctor` with files that are missing, truncated, empty or invalid.
#include "tools/doctor/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/doctor_host.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace weir::tool;
using testing::ElementsAre;
using testing::IsEmpty;

class doctor_edges : public weir_test::doctor_host {
protected:
    void SetUp() override { put_plain("0-7"); }

    void expect(const std::string& name, severity level, const std::string& what) const {
        const auto found = of(name);
        EXPECT_EQ(to_string(found.level), to_string(level)) << name;
        EXPECT_EQ(found.what, what) << name;
    }
    void put_guest() const { put("/proc/cpuinfo", "flags : fpu hypervisor"); }
};

// ---- The files

TEST_F(doctor_edges, numbers_are_whole_and_in_range) {
    const auto number = [this](const std::string& text) {
        put("/number", text);
        return on().number("/number");
    };
    EXPECT_EQ(number("17"), 17);
    EXPECT_EQ(number("-3 \t\n"), -3);
    EXPECT_EQ(number("9223372036854775807"), 9223372036854775807);
    for (const auto* wrong : {"", "x", "12x", "1 2", "9223372036854775808", "-"}) EXPECT_FALSE(number(wrong)) << wrong;
    EXPECT_FALSE(on().number("/no_number"));
}

TEST_F(doctor_edges, files_that_cannot_be_read_have_no_text_and_a_reason) {
    EXPECT_EQ(on().text("/proc/1/comm"), "systemd");
    put("/empty", " \t\n");
    EXPECT_EQ(on().text("/empty"), "");
    EXPECT_EQ(on().text("/no_file"), std::nullopt);
    EXPECT_EQ(on().why_not("/no_file"), "/no_file: No such file or directory");
    EXPECT_EQ(on().why_not("/proc/swaps/x"), "/proc/swaps/x: Not a directory");
    EXPECT_EQ(on().text("/proc"), std::nullopt) << "it can be opened but not read";
    EXPECT_EQ(on().why_not("/proc"), "/proc has contents that weir does not understand");
    const auto here = host::this_one();
    EXPECT_EQ(here.text("/proc/self/mem"), std::nullopt) << "nothing lies at address 0";
    EXPECT_EQ(here.why_not("/proc/self/mem"), "/proc/self/mem: Input/output error");
    EXPECT_EQ(on().why_not("/proc/swaps"), "/proc/swaps has contents that weir does not understand");
    put("/list", "1-x");
    EXPECT_EQ(on().pus("/list"), std::nullopt);
    EXPECT_EQ(on().pus("/no_file"), std::nullopt);
}

TEST_F(doctor_edges, names_in_a_folder_are_sorted_and_none_where_there_is_no_folder) {
    for (const auto* name : {"b", "c", "a"}) put("/folder/" + std::string(name), "");
    EXPECT_THAT(on().names("/folder"), ElementsAre("a", "b", "c"));
    EXPECT_THAT(on().names("/no_folder"), IsEmpty());
    EXPECT_THAT(on().names("/proc/swaps"), IsEmpty());
}

TEST_F(doctor_edges, findings_of_one_level_stay_in_the_order_of_the_families) {
    take_away("/proc");
    take_away("/sys");
    membarrier_ = std::nullopt;
    std::vector<std::string> names;
    for (const auto& one : examine(on())) names.push_back(one.name);
    EXPECT_THAT(names, ElementsAre("hypervisor", "governor", "turbo", "SMT", "C-states", "clock source", "isolcpus",
                                   "nohz_full", "rcu_nocbs", "interrupts", "irqbalance", "cpuset", "CPU quota",
                                   "RT throttling", "rtprio", "memlock", "membarrier", "swap", "transparent huge pages",
                                   "huge pages", "NUMA balancing"));
}

TEST_F(doctor_edges, this_host_answers_whether_it_has_membarrier) {
    const auto here = host::this_one();
    EXPECT_EQ(here.root, "");
    const long commands = ::syscall(SYS_membarrier, 0 /* query */, 0U, 0);
    EXPECT_EQ(here.membarrier, commands >= 0 ? std::optional(commands) : std::nullopt);
    EXPECT_EQ(here.why_no_membarrier.starts_with("the kernel answers: "), commands < 0);
    EXPECT_EQ(here.why_no_membarrier.empty(), commands >= 0);
    EXPECT_EQ(host::in_folder(root_).why_no_membarrier,
              "it can be queried only on the host itself, and --root names the files of another");
}

TEST_F(doctor_edges, files_that_fail_when_they_are_read_are_unknown) {
    for (const auto* path : {"/sys/devices/system/cpu/isolated", "/proc/cmdline", "/proc/swaps"}) {
        take_away(path);
        put(path + std::string("/folder"), "");
    }
    expect("isolcpus", severity::unknown, cpu_ + "isolated has contents that weir does not understand");
    expect("swap", severity::unknown, "/proc/swaps has contents that weir does not understand");
}

// ---- The processor

TEST_F(doctor_edges, smt_off_in_a_guest_may_be_on_at_the_host) {
    expect("SMT", severity::fine, "off or not available");
    put_guest();
    expect("SMT", severity::note,
           "off or not available, as this virtual machine sees it; the host may map two PUs to one core");
    EXPECT_THAT(of("SMT").change, IsEmpty());
    put(cpu_ + "smt/active", "1");
    expect("SMT", severity::note, "on");
}

TEST_F(doctor_edges, idle_states_without_a_latency_are_none_and_without_a_switch_are_enabled) {
    put(cpu_ + "cpu0/cpuidle/state1/name", "C1");
    expect("C-states", severity::unknown,
           cpu_ + "cpu0/cpuidle has contents that weir does not understand; this kernel may have no cpuidle");
    put(cpu_ + "cpu0/cpuidle/state1/latency", "7");
    take_away(cpu_ + "online");
    expect("C-states", severity::fine,
           "the deepest enabled state is C1, with a wake-up latency of 7 us (unknown driver)");
}

TEST_F(doctor_edges, stolen_time_is_a_share_of_busy_time) {
    put_guest();
    const auto stolen = [this](const std::string& stat) {
        put("/proc/stat", stat);
        return of("hypervisor").what;
    };
    const std::string guest = "this is a virtual machine";
    const std::string share = guest + "; since boot, ";
    EXPECT_EQ(stolen("cpu 0 0 0 0 0 0 0 1"), share + "1e+02 % of its busy time was stolen by the hypervisor");
    EXPECT_EQ(stolen("cpu 1 0 0 500 600 0 0 99 9"), share + "99 % of its busy time was stolen by the hypervisor");
    EXPECT_EQ(stolen("cpu 1 2 4 800 1600 8 16 32"), share + "51 % of its busy time was stolen by the hypervisor");
    take_away("/proc/cpuinfo");
    expect("hypervisor", severity::unknown, "/proc/cpuinfo: No such file or directory");
    put_guest();
    for (const auto* wrong : {"cpu 0 0 0 5 6 0 0 0", "cpu0 1 2 3 4 5 6 7 8", "cpu 1 2 3 4 5 6 7", "cpu x", ""})
        EXPECT_EQ(stolen(wrong), guest) << wrong;
}

// ---- Isolation

TEST_F(doctor_edges, the_example_pus_to_isolate_are_the_last_ones_if_there_are_few) {
    put(cpu_ + "online", "0,5");
    EXPECT_EQ(of("isolcpus").change.front(), "boot with: isolcpus=managed_irq,domain,5");
    take_away(cpu_ + "online");
    EXPECT_EQ(of("isolcpus").change.front(), "boot with: isolcpus=managed_irq,domain,1");
}

TEST_F(doctor_edges, interrupts_are_sent_to_the_first_pu_where_it_is_unknown_which_are_online) {
    put(cpu_ + "isolated", "2-3");
    put("/proc/irq/24/smp_affinity_list", "3");
    take_away(cpu_ + "online");
    expect("interrupts", severity::warning, "1 of 1 go to isolated PUs: 24");
    EXPECT_THAT(of("interrupts").change,
                ElementsAre("for n in 24; do echo 0 | sudo tee /proc/irq/$n/smp_affinity_list; done",
                            "boot with: irqaffinity=0"));
}

TEST_F(doctor_edges, irqbalance_of_the_host_is_mentioned_if_processes_are_visible) {
    put_guest();
    expect("irqbalance", severity::fine, "not running among the visible processes; the host may run its own");
    take_away("/proc/1");
    expect("irqbalance", severity::unknown, "no process is visible in /proc");
    put("/proc/2/other", "");
    expect("irqbalance", severity::unknown, "no process is visible in /proc");
}

// ---- Limits

TEST_F(doctor_edges, a_cpuset_needs_both_lists) {
    take_away(cpu_ + "online");
    expect("cpuset", severity::unknown, cpu_ + "online: No such file or directory");
    put(cpu_ + "online", "0-7");
    put("/proc/self/status", "Cpus_allowed_list:\nCapEff:\t0");
    EXPECT_EQ(of("cpuset").level, severity::severe) << "none";
    put("/proc/self/status", "Cpus_allowed_list:0-7\nCapEff:\t0");
    expect("cpuset", severity::fine, "we may run on PUs 0-7 of 0-7");
    take_away("/proc/self/status");
    expect("cpuset", severity::unknown, "/proc/self/status: No such file or directory");
}

TEST_F(doctor_edges, a_process_whose_capabilities_are_unknown_has_none) {
    take_away("/proc/self/status");
    expect("rtprio", severity::note, "not permitted");
    expect("memlock", severity::note, "8388608 bytes");
}

// ---- Memory

TEST_F(doctor_edges, huge_pages_without_brackets_or_numbers_are_unknown) {
    const std::string path = "/sys/kernel/mm/transparent_hugepage/enabled";
    for (const auto* wrong : {"always [madvise", "always madvise]", "]madvise["}) {
        put(path, wrong);
        expect("transparent huge pages", severity::unknown, path + " has contents that weir does not understand");
    }
    for (const auto* wrong : {"HugePages_Free: 3", "HugePages_Total: 3", "HugePages_Total:\nHugePages_Free: 3", ""}) {
        put("/proc/meminfo", wrong);
        expect("huge pages", severity::unknown, "/proc/meminfo has contents that weir does not understand");
    }
    put("/proc/meminfo", "HugePages_Total:5\nHugePages_Free:3\nHugepagesize:7 kB");
    expect("huge pages", severity::fine, "5 of 7 kB each, 3 free");
}

}  // namespace
