// SPDX-License-Identifier: MIT
//
// A host made of files, for `weir doctor`.
#pragma once

#include "tools/doctor/doctor.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>

namespace weir_test {

using namespace weir::tool;

inline constexpr long private_expedited = 1L << 3;

class doctor_host : public testing::Test {
protected:
    doctor_host() { std::filesystem::remove_all(root_); }
    ~doctor_host() override { std::filesystem::remove_all(root_); }

    void put(const std::string& path, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
        std::ofstream(root_ + path) << text << "\n";
    }
    void take_away(const std::string& path) const { std::filesystem::remove_all(root_ + path); }

    host on() const {
        auto made_up = host::in_folder(root_);
        made_up.membarrier = membarrier_;
        return made_up;
    }

    finding of(const std::string& name) const {
        for (const auto& one : examine(on()))
            if (one.name == name) return one;
        ADD_FAILURE() << "there is no finding '" << name << "'";
        return {};
    }

    std::multiset<std::string> names_of(severity level) const {
        std::multiset<std::string> names;
        for (const auto& one : examine(on()))
            if (one.level == level) names.insert(one.name);
        return names;
    }

    /// What every Linux has, as it is fresh from the shelf.
    void put_plain(const std::string& pus) const {
        put(cpu_ + "online", pus);
        put(cpu_ + "possible", pus);
        put(cpu_ + "isolated", "");
        put(cpu_ + "nohz_full", "(null)");
        put(cpu_ + "smt/active", "0");
        put("/proc/cmdline", "quiet");
        put("/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu tsc sse2");
        put("/proc/stat", "cpu  100 0 100 0 0 0 0 0 0 0");
        put("/proc/self/status", "Name:\tweir\nCpus_allowed_list:\t" + pus + "\nCapEff:\t0000000000000000");
        put("/proc/self/limits",
            "Limit                     Soft Limit           Hard Limit           Units     \n"
            "Max locked memory         8388608              8388608              bytes     \n"
            "Max realtime priority     0                    0                    ");
        put("/proc/self/cgroup", "0::/user.slice");
        put("/sys/fs/cgroup/cgroup.controllers", "cpu cpuset");
        put("/proc/sys/kernel/sched_rt_runtime_us", "950000");
        put("/proc/sys/kernel/sched_rt_period_us", "1000000");
        put("/proc/sys/kernel/numa_balancing", "0");
        put("/proc/swaps", "Filename\tType\tSize\tUsed\tPriority");
        put("/proc/meminfo",
            "MemTotal: 1 kB\nHugePages_Total:       0\nHugePages_Free:        0\nHugepagesize:       2048 kB");
        put("/proc/1/comm", "systemd");
        put("/proc/irq/24/smp_affinity_list", pus);
        put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never");
        put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc");
    }

    void put_idle_state(unsigned pu, unsigned state, const std::string& name, int latency_us, bool disabled) const {
        const auto folder = cpu_ + "cpu" + std::to_string(pu) + "/cpuidle/state" + std::to_string(state) + "/";
        put(folder + "name", name);
        put(folder + "latency", std::to_string(latency_us));
        put(folder + "disable", disabled ? "1" : "0");
    }

    std::optional<long> membarrier_ = private_expedited;
    const std::string root_ = testing::TempDir() + "weir_doctor_" +
                              testing::UnitTest::GetInstance()->current_test_info()->name() + "_" +
                              std::to_string(::getpid());
    const std::string cpu_ = "/sys/devices/system/cpu/";
};

}  // namespace weir_test
