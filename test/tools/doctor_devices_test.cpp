// SPDX-License-Identifier: MIT
//
// `weir doctor --plan`: the cards and disks of a plan's roles, on hosts that are made of files.
#include "tools/doctor/devices.hpp"

#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/doctor_host.hpp"
#include "test/support/machine_xml.hpp"
#include "test/support/temporary_file.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace weir_test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using weir::pu_set;

// Two NUMA nodes of four PUs. A card and a disk are at the second one.
class doctor_devices : public doctor_host {
protected:
    void SetUp() override {
        put_plain("0-7");
        put("/sys/devices/system/node/node0/cpulist", "0-3");
        put("/sys/devices/system/node/node1/cpulist", "4-7");
        put_pci("0000:3b:00.0", "1", {"30", "31"});
        link("/sys/class/net/eth0/device", "/sys/devices/0000:3b:00.0");
        put_pci("0000:3c:00.0", "1", {"40"});
        link("/sys/class/nvme/nvme0/device", "/sys/devices/0000:3c:00.0");
        send("30", "4");
        send("31", "5");
        send("40", "4");
    }

    void put_pci(const std::string& address, const std::string& node, const std::vector<std::string>& irqs) const {
        const auto folder = "/sys/devices/" + address;
        put(folder + "/numa_node", node);
        put(folder + "/local_cpulist", node == "1" ? "4-7" : "0-3");
        for (const auto& irq : irqs) put(folder + "/msi_irqs/" + irq, "msix");
        link("/sys/bus/pci/devices/" + address, folder);
    }
    void link(const std::string& from, const std::string& to) const {
        std::filesystem::create_directories(std::filesystem::path(root_ + from).parent_path());
        std::filesystem::create_directory_symlink(root_ + to, root_ + from);
    }
    void send(const std::string& irq, const std::string& pus) const {
        put("/proc/irq/" + irq + "/effective_affinity_list", pus);
        put("/proc/irq/" + irq + "/smp_affinity_list", "0-7");
    }

    finding with(const std::vector<placed_role>& roles) const {
        const auto found = examine_devices(on(), roles);
        EXPECT_EQ(found.size(), 1U);
        return found.empty() ? finding{} : found.front();
    }
};

TEST_F(doctor_devices, a_role_on_the_node_of_its_card_is_fine) {
    const auto found = with({{.name = "md", .near = "eth0", .pus = pu_set{6}}});
    EXPECT_EQ(found.level, severity::fine);
    EXPECT_EQ(found.name, "eth0");
    EXPECT_EQ(found.what, "on NUMA node 1 (PUs 4-7); md on PU 6 is near it; its 2 interrupts go to PUs 4-5");
    EXPECT_THAT(found.change, IsEmpty());
}

TEST_F(doctor_devices, a_role_on_another_node_is_a_warning) {
    const auto found =
        with({{.name = "md", .near = "eth0", .pus = pu_set{2}}, {.name = "gw", .near = "eth0", .pus = pu_set{7}}});
    EXPECT_EQ(found.level, severity::warning);
    EXPECT_THAT(found.what, AllOf(HasSubstr("md on PU 2 is on another node"), HasSubstr("gw on PU 7 is near it")));
    EXPECT_THAT(found.change, ElementsAre(HasSubstr("weir plan ... --near md=eth0 --out plan.json")));
    // One PU of several is enough.
    EXPECT_EQ(with({{.name = "log", .near = "eth0", .pus = pu_set{3, 4}}}).level, severity::warning);
}

TEST_F(doctor_devices, an_interrupt_on_the_pu_of_a_quiet_role_is_a_warning) {
    std::vector<placed_role> roles{{.name = "md", .near = "eth0", .pus = pu_set{6}},
                                   {.name = "strat", .pus = pu_set{5}, .quiet = true}};
    const auto found = with(roles);
    EXPECT_EQ(found.level, severity::warning);
    EXPECT_THAT(found.what, HasSubstr("its 2 interrupts go to PUs 4-5, where a quiet role runs (PU 5)"));
    // To PUs of the card's node that no role has.
    EXPECT_THAT(found.change,
                ElementsAre("for n in 30 31; do echo 4,7 | sudo tee /proc/irq/$n/smp_affinity_list; done"));
    roles[1].quiet = false;
    EXPECT_EQ(with(roles).level, severity::fine);
}

TEST_F(doctor_devices, an_interrupt_on_another_node_is_a_warning) {
    send("31", "1");
    const auto found = with({{.name = "md", .near = "eth0", .pus = pu_set{6}}});
    EXPECT_EQ(found.level, severity::warning);
    EXPECT_THAT(found.what, HasSubstr("go to PUs 1,4, of which 1 is on another node"));
    EXPECT_THAT(found.change,
                ElementsAre("for n in 30 31; do echo 4-5,7 | sudo tee /proc/irq/$n/smp_affinity_list; done"));
}

TEST_F(doctor_devices, says_where_interrupts_came_so_far) {
    put("/proc/interrupts",
        "           CPU0       CPU1       CPU2       CPU3       CPU4       CPU5       CPU6       CPU7\n"
        "  30:          0          0          0          0         10          0          0          0  PCI-MSI 0-edge  eth0-rx-0\n"
        "  31:          0          0          0          0          0         90          0          0  PCI-MSI 1-edge  eth0-rx-1\n"
        "  99:       5000          0          0          0          0          0          0          0  PCI-MSI 2-edge  eth01\n"
        " LOC:       5000          0          0          0          0          0          0          0  Local timer interrupts");
    EXPECT_THAT(with({{.name = "md", .near = "eth0", .pus = pu_set{6}}}).what,
                HasSubstr("its 2 interrupts go to PUs 4-5; so far 90% of 100 on PU 5"));
}

// Without a list of its interrupts a device is known by the name of its handlers: a virtio device by its own.
TEST_F(doctor_devices, finds_interrupts_by_their_handlers) {
    put("/sys/devices/mmio/virtio2/vendor", "0x1");
    link("/sys/class/net/eth1/device", "/sys/devices/mmio/virtio2");
    send("50", "0");
    send("51", "1");
    put("/proc/interrupts",
        "           CPU0       CPU1\n"
        "  50:          7          0  PCI-MSI 0-edge  virtio2-input.0\n"
        "  51:          0          7  PCI-MSI 1-edge  virtio20-input.0");
    const auto found = with({{.name = "md", .near = "eth1", .pus = pu_set{6}}});
    EXPECT_EQ(
        found.what,
        "the system does not say on which NUMA node it is; its interrupt 50 goes to PU 0; so far 100% of 7 on PU 0");
    EXPECT_EQ(found.level, severity::fine);
}

TEST_F(doctor_devices, a_disk_and_a_function_are_devices_too) {
    for (const auto* name : {"nvme0", "nvme0n1", "pci:0000:3c:00.0"}) {
        const auto found = with({{.name = "rec", .near = name, .pus = pu_set{0}}});
        EXPECT_EQ(found.level, severity::warning) << name;
        EXPECT_THAT(found.what,
                    AllOf(HasSubstr("on NUMA node 1 (PUs 4-7)"), HasSubstr("its interrupt 40 goes to PU 4")));
    }
}

TEST_F(doctor_devices, that_do_not_exist_or_say_nothing_are_unknown_or_fine) {
    const auto missing = with({{.name = "md", .near = "eth7", .pus = pu_set{0}}});
    EXPECT_EQ(missing.level, severity::unknown);
    EXPECT_THAT(missing.what,
                HasSubstr("there is no such device here (/sys/class/net/eth7: No such file or directory)"));
    // -1: the firmware does not say. The kernel's list of near PUs still counts.
    put("/sys/devices/0000:3b:00.0/numa_node", "-1");
    EXPECT_THAT(with({{.name = "md", .near = "eth0", .pus = pu_set{2}}}).what,
                HasSubstr("near PUs 4-7; md on PU 2 is on another"));
    take_away("/proc/irq/30");
    take_away("/proc/irq/31");
    EXPECT_THAT(with({{.name = "md", .near = "eth0", .pus = pu_set{6}}}).what,
                HasSubstr("where its interrupts go cannot be read"));
    EXPECT_THAT(examine_devices(on(), {{.name = "a", .pus = pu_set{0}}}), IsEmpty());
}

TEST_F(doctor_devices, come_from_the_roles_of_a_plan) {
    const auto machine = machine_xml("pack:2 [numa(memory=8GB)] core:4 pu:1")
                             .device_in_last_package("eth0", "0000:3b:00.0", 2, "0200")
                             .machine();
    weir::plan_request asked;
    asked.add_edge("md->log");
    asked.add_role("md:near=eth0,quiet,pinned=1");
    asked.add_role("log:housekeeping");
    const temporary_file file;
    weir::plan(asked, machine).save(file.path());
    const auto roles = roles_of_plan(file.path());
    ASSERT_EQ(roles.size(), 2U);
    EXPECT_EQ(roles[0].near, "eth0");
    EXPECT_TRUE(roles[0].quiet);
    EXPECT_EQ(roles[0].pus, pu_set{1});
    EXPECT_EQ(roles[1].pus, pu_set{0});
    const auto all = examine(on(), roles);
    EXPECT_EQ(all.front().level <= severity::warning, true);
    const auto text = findings_as_text(all);
    EXPECT_THAT(text, HasSubstr("eth0: on NUMA node 1 (PUs 4-7); md on PU 1 is on another node"));
    const temporary_file other("{\"kind\":\"weir matrix\",\"schema_version\":1}");
    EXPECT_THROW((void)roles_of_plan(other.path()), std::runtime_error);
}

}  // namespace
