// SPDX-License-Identifier: MIT
#include <weir/kernel_settings.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

namespace {

using testing::ElementsAre;
using weir::pu_set;
using weir::read_kernel_settings;

/// A folder that acts as "/", with files of /proc and /sys created by the test.
class kernel_settings : public testing::Test {
protected:
    kernel_settings() { std::filesystem::remove_all(root_); }
    ~kernel_settings() override { std::filesystem::remove_all(root_); }

    void put(const std::string& path, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
        std::ofstream(root_ + path) << text << "\n";
    }

    const std::string root_ = testing::TempDir() + "weir_kernel_" +
                              testing::UnitTest::GetInstance()->current_test_info()->name() + "_" +
                              std::to_string(::getpid());
    const std::string cpu_ = "/sys/devices/system/cpu/";
};

TEST_F(kernel_settings, are_unknown_where_nothing_can_be_read) {
    const auto kernel = read_kernel_settings(root_);
    EXPECT_FALSE(kernel.release);
    EXPECT_FALSE(kernel.isolated);
    EXPECT_FALSE(kernel.nohz_full);
    EXPECT_FALSE(kernel.rcu_nocbs);
    EXPECT_FALSE(kernel.smt_control);
    EXPECT_FALSE(kernel.cpu_quota);
    EXPECT_TRUE(kernel.governors.empty());
    EXPECT_TRUE(kernel.arguments.empty());
}

TEST_F(kernel_settings, of_a_tuned_host) {
    put("/proc/sys/kernel/osrelease", "6.1.0-rt");
    put("/proc/cmdline", "quiet isolcpus=managed_irq,domain,2-7 nohz_full=2-7 rcu_nocbs=1-7 mitigations=off");
    put(cpu_ + "possible", "0-7");
    put(cpu_ + "online", "0-7");
    put(cpu_ + "isolated", "2-7");
    put(cpu_ + "nohz_full", "2-7");
    put(cpu_ + "smt/control", "off");
    for (int pu = 0; pu < 8; ++pu)
        put(cpu_ + "cpu" + std::to_string(pu) + "/cpufreq/scaling_governor", pu < 2 ? "powersave" : "performance");
    const auto kernel = read_kernel_settings(root_);
    EXPECT_EQ(kernel.release, "6.1.0-rt");
    EXPECT_EQ(kernel.isolated, pu_set::parse("2-7"));
    EXPECT_EQ(kernel.nohz_full, pu_set::parse("2-7"));
    EXPECT_EQ(kernel.rcu_nocbs, pu_set::parse("1-7"));
    EXPECT_EQ(kernel.smt_control, "off");
    EXPECT_THAT(kernel.arguments, ElementsAre("isolcpus=managed_irq,domain,2-7", "nohz_full=2-7", "rcu_nocbs=1-7"));
    EXPECT_THAT(kernel.governors, ElementsAre(std::pair("performance", pu_set::parse("2-7")),
                                              std::pair("powersave", pu_set::parse("0-1"))));
}

TEST_F(kernel_settings, are_none_where_the_kernel_says_so) {
    put("/proc/cmdline", "quiet splash");
    put(cpu_ + "isolated", "");
    put(cpu_ + "nohz_full", "(null)");
    const auto kernel = read_kernel_settings(root_);
    EXPECT_EQ(kernel.isolated, pu_set{});
    EXPECT_EQ(kernel.nohz_full, pu_set{});
    EXPECT_EQ(kernel.rcu_nocbs, pu_set{});
}

TEST_F(kernel_settings, asked_for_but_not_confirmed_are_unknown) {
    put("/proc/cmdline", "nohz_full=1-3");
    EXPECT_FALSE(read_kernel_settings(root_).nohz_full);
    EXPECT_FALSE(read_kernel_settings(root_).rcu_nocbs) << "nohz_full would imply it";
}

TEST_F(kernel_settings, come_from_the_command_line_where_there_is_no_file) {
    put(cpu_ + "possible", "0-15");
    const std::pair<const char*, const char*> cases[] = {
        {"isolcpus=1-3", "1-3"},      {"isolcpus=1 isolcpus=2", "2"}, {"isolcpus=domain,managed_irq,4,6", "4,6"},
        {"isolcpus=8-N", "8-15"},     {"isolcpus=all", "0-15"},       {"isolcpus=", ""},
        {"isolcpus=8-N,3", "3,8-15"}, {"isolcpus=N,1-N:7", "1,8,15"},
    };
    for (const auto& [line, expected] : cases) {
        put("/proc/cmdline", line);
        EXPECT_EQ(read_kernel_settings(root_).isolated, pu_set::parse(expected)) << line;
    }
    put("/proc/cmdline", "isolcpus=1-3,what");
    EXPECT_FALSE(read_kernel_settings(root_).isolated);
}

TEST_F(kernel_settings, all_and_the_last_pu_are_unknown_where_the_kernel_does_not_say_what_is_possible) {
    for (const auto* line : {"isolcpus=all", "isolcpus=1-N", "isolcpus=~,1"}) {
        put("/proc/cmdline", line);
        EXPECT_FALSE(read_kernel_settings(root_).isolated) << line;
    }
    put(cpu_ + "possible", "");
    for (const auto* line : {"isolcpus=all", "isolcpus=1-N"}) {
        put("/proc/cmdline", line);
        EXPECT_FALSE(read_kernel_settings(root_).isolated) << line;
    }
}

TEST_F(kernel_settings, are_each_read_from_the_right_file) {
    put("/proc/sys/kernel/osrelease", "6.2.3 \n");
    put("/proc/cmdline", "isolcpus=5 rcu_nocbs=3");
    put(cpu_ + "possible", "0-9");
    put(cpu_ + "online", "0-8");
    put(cpu_ + "isolated", "1");
    put(cpu_ + "nohz_full", "2");
    put(cpu_ + "smt/control", "forceoff");
    put(cpu_ + "cpu4/cpufreq/scaling_governor", "schedutil");
    put(cpu_ + "cpu7/cpufreq/scaling_governor", "");
    put(cpu_ + "cpu9/cpufreq/scaling_governor", "powersave");
    const auto kernel = read_kernel_settings(root_);
    EXPECT_EQ(kernel.release, "6.2.3");
    EXPECT_EQ(kernel.isolated, pu_set{1}) << "the file, not the command line";
    EXPECT_EQ(kernel.nohz_full, pu_set{2});
    EXPECT_EQ(kernel.rcu_nocbs, (pu_set{2, 3})) << "and nohz_full";
    EXPECT_EQ(kernel.smt_control, "forceoff");
    EXPECT_THAT(kernel.arguments, ElementsAre("isolcpus=5", "rcu_nocbs=3"));
    EXPECT_THAT(kernel.governors, ElementsAre(std::pair("schedutil", pu_set{4}))) << "of PUs that are online";
    EXPECT_FALSE(kernel.cpu_quota);
}

TEST_F(kernel_settings, are_none_where_neither_a_file_nor_the_command_line_has_them) {
    put("/proc/cmdline", "quiet");
    const auto kernel = read_kernel_settings(root_);
    EXPECT_EQ(kernel.isolated, pu_set{});
    EXPECT_EQ(kernel.nohz_full, pu_set{});
    EXPECT_EQ(kernel.rcu_nocbs, pu_set{});
}

TEST_F(kernel_settings, one_that_is_unknown_leaves_the_others_as_they_are) {
    put("/proc/cmdline", "isolcpus=5 nohz_full=4 rcu_nocbs=what");
    put(cpu_ + "isolated", "2-3");
    const auto without_nohz = read_kernel_settings(root_);
    EXPECT_EQ(without_nohz.isolated, pu_set::parse("2-3"));
    EXPECT_FALSE(without_nohz.nohz_full);
    EXPECT_FALSE(without_nohz.rcu_nocbs);
    std::filesystem::remove(root_ + cpu_ + "isolated");
    put(cpu_ + "nohz_full", "1");
    const auto without_isolated = read_kernel_settings(root_);
    EXPECT_EQ(without_isolated.isolated, pu_set{5});
    EXPECT_EQ(without_isolated.nohz_full, pu_set{1});
    EXPECT_FALSE(without_isolated.rcu_nocbs) << "what is no list";
}

TEST_F(kernel_settings, an_isolated_cpuset_partition_counts_alone) {
    put("/sys/fs/cgroup/cpuset.cpus.isolated", "4-5");
    EXPECT_EQ(read_kernel_settings(root_).isolated, pu_set::parse("4-5"));
}

TEST_F(kernel_settings, isolated_cpuset_partitions_count) {
    put(cpu_ + "isolated", "1");
    put("/sys/fs/cgroup/cpuset.cpus.isolated", "4-5");
    EXPECT_EQ(read_kernel_settings(root_).isolated, pu_set::parse("1,4-5"));
}

TEST_F(kernel_settings, the_tightest_quota_up_to_the_root_counts) {
    put("/proc/self/cgroup", "0::/slice/pod/box");
    put("/sys/fs/cgroup/cgroup.controllers", "cpu cpuset");
    EXPECT_TRUE(std::isinf(read_kernel_settings(root_).cpu_quota.value()));
    put("/sys/fs/cgroup/slice/pod/box/cpu.max", "max 100000");
    EXPECT_TRUE(std::isinf(read_kernel_settings(root_).cpu_quota.value()));
    put("/sys/fs/cgroup/slice/pod/cpu.max", "150000 100000");
    EXPECT_DOUBLE_EQ(read_kernel_settings(root_).cpu_quota.value(), 1.5);
    put("/sys/fs/cgroup/slice/cpu.max", "400000 100000");
    EXPECT_DOUBLE_EQ(read_kernel_settings(root_).cpu_quota.value(), 1.5);
}

TEST_F(kernel_settings, a_group_may_have_blanks_in_its_name) {
    put("/proc/self/cgroup", "5:cpuset:/my pod\n4:cpu,cpuacct:/my pod/box\n0::/my pod");
    put("/sys/fs/cgroup/cpu,cpuacct/my pod/box/cpu.cfs_quota_us", "50000");
    put("/sys/fs/cgroup/cpu,cpuacct/my pod/box/cpu.cfs_period_us", "100000");
    EXPECT_EQ(read_kernel_settings(root_).cpu_quota, 0.5);
    put("/proc/self/cgroup", "0::/my pod");
    put("/sys/fs/cgroup/cgroup.controllers", "cpu");
    put("/sys/fs/cgroup/my pod/cpu.max", "150000 100000");
    EXPECT_EQ(read_kernel_settings(root_).cpu_quota, 1.5);
}

// A container sees its own cgroup as the root, and may have created cgroups below it.
TEST_F(kernel_settings, the_quota_of_the_root_group_applies_to_groups_below_it) {
    put("/sys/fs/cgroup/cgroup.controllers", "cpu cpuset");
    put("/sys/fs/cgroup/cpu.max", "250000 100000");
    for (const auto* path : {"/", "/box", "/slice/box", "/slice/pod/box"}) {
        put("/proc/self/cgroup", "0::" + std::string(path));
        EXPECT_EQ(read_kernel_settings(root_).cpu_quota, 2.5) << path;
    }
    put("/sys/fs/cgroup/slice/pod/box/cpu.max", "300000 100000");
    EXPECT_EQ(read_kernel_settings(root_).cpu_quota, 2.5) << "the group's own is wider";
    put("/sys/fs/cgroup/slice/pod/box/cpu.max", "max 100000");
    EXPECT_EQ(read_kernel_settings(root_).cpu_quota, 2.5) << "the group has none";
    put("/sys/fs/cgroup/slice/cpu.max", "150000 100000");
    EXPECT_EQ(read_kernel_settings(root_).cpu_quota, 1.5) << "one between them is narrower";
    put("/sys/fs/cgroup/slice/pod/box/cpu.max", "50000 100000");
    EXPECT_EQ(read_kernel_settings(root_).cpu_quota, 0.5) << "the group's own is narrower";
}

TEST_F(kernel_settings, the_quota_of_the_root_group_of_cgroup_v1_applies_to_groups_below_it) {
    const std::string top = "/sys/fs/cgroup/cpu,cpuacct";
    const auto put_quota = [&](const std::string& group, const char* quota_us) {
        put(top + group + "/cpu.cfs_quota_us", quota_us);
        put(top + group + "/cpu.cfs_period_us", "100000");
    };
    put_quota("", "250000");
    for (const auto* path : {"/", "/box", "/slice/box"}) {
        put("/proc/self/cgroup", "3:cpu,cpuacct:" + std::string(path) + "\n0::/");
        EXPECT_EQ(read_kernel_settings(root_).cpu_quota, 2.5) << path;
    }
    put_quota("/slice/box", "-1");
    EXPECT_EQ(read_kernel_settings(root_).cpu_quota, 2.5) << "the group has none";
    put_quota("/slice/box", "300000");
    EXPECT_EQ(read_kernel_settings(root_).cpu_quota, 2.5) << "the group's own is wider";
    put_quota("/slice/box", "50000");
    EXPECT_EQ(read_kernel_settings(root_).cpu_quota, 0.5) << "the group's own is narrower";
}

TEST_F(kernel_settings, the_tightest_quota_counts_at_any_depth) {
    const std::string groups[] = {"", "/a", "/a/b", "/a/b/c", "/a/b/c/d"};
    put("/proc/self/cgroup", "0::/a/b/c/d");
    for (const auto& narrowest : groups) {
        for (const auto& other : groups) {
            std::filesystem::remove_all(root_ + "/sys/fs/cgroup");
            put("/sys/fs/cgroup" + other + "/cpu.max", "200000 100000");
            put("/sys/fs/cgroup" + narrowest + "/cpu.max", "150000 100000");
            EXPECT_EQ(read_kernel_settings(root_).cpu_quota, 1.5) << "'" << narrowest << "' and '" << other << "'";
        }
    }
}

TEST_F(kernel_settings, quotas_of_other_groups_do_not_count) {
    put("/proc/self/cgroup", "0::/slice/box");
    for (const auto* other : {"/slice/other", "/slice/box/below", "/box", "/other", "/slice/bo", "/sliced"})
        put("/sys/fs/cgroup" + std::string(other) + "/cpu.max", "50000 100000");
    EXPECT_FALSE(read_kernel_settings(root_).cpu_quota);
    put("/sys/fs/cgroup/slice/box/cpu.max", "150000 100000");
    EXPECT_EQ(read_kernel_settings(root_).cpu_quota, 1.5);
}

TEST_F(kernel_settings, a_quota_of_cgroup_version_1_counts) {
    put("/proc/self/cgroup", "4:memory:/x\n3:cpu,cpuacct:/box\n0::/");
    put("/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "50000");
    put("/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000");
    EXPECT_DOUBLE_EQ(read_kernel_settings(root_).cpu_quota.value(), 0.5);
    put("/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "-1");
    EXPECT_TRUE(std::isinf(read_kernel_settings(root_).cpu_quota.value()));
}

TEST_F(kernel_settings, a_quota_is_divided_by_its_period) {
    put("/proc/self/cgroup", "0::/box");
    const std::pair<const char*, std::optional<double>> cases[] = {
        {"max 100000", HUGE_VAL}, {"-1 100000", HUGE_VAL},        {"150000 50000", 3},      {"3 1", 3},
        {"3 0", std::nullopt},    {"1e999 100000", std::nullopt}, {"5x 100", std::nullopt}, {"5 x", std::nullopt},
        {"50000", std::nullopt},  {"1 2 3", std::nullopt},        {"", std::nullopt},
    };
    for (const auto& [text, expected] : cases) {
        put("/sys/fs/cgroup/box/cpu.max", text);
        EXPECT_EQ(read_kernel_settings(root_).cpu_quota, expected) << text;
    }
}

TEST_F(kernel_settings, a_cgroup_v1_quota_needs_both_files) {
    put("/proc/self/cgroup", "5:cpuset,cpu:/box");
    for (const auto* quota : {"-1", "max", "70000"}) {
        put("/sys/fs/cgroup/cpuset,cpu/box/cpu.cfs_quota_us", quota);
        EXPECT_FALSE(read_kernel_settings(root_).cpu_quota) << quota;
    }
    put("/sys/fs/cgroup/cpuset,cpu/box/cpu.cfs_period_us", "20000");
    EXPECT_EQ(read_kernel_settings(root_).cpu_quota, 3.5);
    std::filesystem::remove(root_ + "/sys/fs/cgroup/cpuset,cpu/box/cpu.cfs_quota_us");
    EXPECT_FALSE(read_kernel_settings(root_).cpu_quota);
}

TEST_F(kernel_settings, only_the_group_of_the_cpu_controller_has_a_quota) {
    for (const auto* folder : {"cpuset", "cpuacct,cpuset", "cpu"}) {
        put("/sys/fs/cgroup/" + std::string(folder) + "/cpu.cfs_quota_us", "70000");
        put("/sys/fs/cgroup/" + std::string(folder) + "/cpu.cfs_period_us", "20000");
    }
    for (const auto* groups : {"4:memory:/", "4:cpuset:/", "4:cpuacct,cpuset:/", "nonsense", "4:cpu", ""}) {
        put("/proc/self/cgroup", groups);
        EXPECT_FALSE(read_kernel_settings(root_).cpu_quota) << groups;
    }
    put("/proc/self/cgroup", "4:cpu\n3:cpu:/\n2:cpuset:/");
    EXPECT_EQ(read_kernel_settings(root_).cpu_quota, 3.5);
}

TEST_F(kernel_settings, of_this_machine_can_be_read) {
    const auto kernel = read_kernel_settings();
    EXPECT_TRUE(kernel.release.has_value());
    EXPECT_FALSE(kernel.cpu_quota && *kernel.cpu_quota <= 0);
}

}  // namespace
