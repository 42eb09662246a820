// SPDX-License-Identifier: MIT
#include "plan_check.hpp"

#include "plan_words.hpp"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

constexpr std::size_t most_roles = 128;

void check_pin(const plan_role& role, const topology& machine) {
    const auto subject = "role '" + role.name + "' is pinned to PU " + std::to_string(*role.pinned);
    const auto& all = machine.pus();
    if (std::none_of(all.begin(), all.end(), [&](const pu_info& pu) { return pu.os_index == *role.pinned; }))
        throw placement_error(subject + ", which does not exist " + place_of(machine) + " (" +
                              may_be_used(machine.cgroup_allowed()) + "); run 'weir topo' to see them");
    if (!machine.cgroup_allowed().contains(*role.pinned))
        throw placement_error(subject + ", which the cgroup of this process does not allow (" +
                              may_be_used(machine.cgroup_allowed()) +
                              "); pin it to another, or widen the cgroup's cpuset");
    if (role.housekeeping)
        throw placement_error(subject + ", but housekeeping roles share their PUs; leave out one of the hints");
    if (role.package && machine.pu(*role.pinned).package != role.package)
        throw placement_error(subject + ", which is not in package " + std::to_string(*role.package) +
                              ", the package it asks for; leave out one of the hints");
}

void check_package(const plan_role& role, const topology& machine) {
    if (*role.package >= machine.packages().size())
        throw placement_error("role '" + role.name + "' asks for package " + std::to_string(*role.package) +
                              ", but there " + (machine.packages().size() == 1 ? "is" : "are") + " " +
                              std::to_string(machine.packages().size()) + " " + place_of(machine) +
                              ", counted from 0; run 'weir topo' to see them");
}

// nvme0 stands for its first namespace, nvme0n1, and a PCI address for its function, whatever the system calls it.
bool is_named(const device_info& device, const std::string& name) {
    return device.name == name || "pci:" + device.pci == name ||
           (name.starts_with("nvme") && name.find('n', 1) == std::string::npos && device.name.starts_with(name + "n"));
}

}  // namespace

std::string place_of(const topology& machine) {
    return machine.is_this_machine() ? "here" : "in '" + machine.source() + "'";
}

std::string may_be_used(const pu_set& pus) { return (pus.empty() ? "none" : pus.to_string()) + " may be used"; }

const plan_role& role_named(const plan_request& request, const std::string& name) {
    const auto found = std::find_if(request.roles.begin(), request.roles.end(),
                                    [&](const plan_role& role) { return role.name == name; });
    if (found == request.roles.end())
        throw placement_error("an edge names role '" + name + "', which does not exist: the roles are " +
                              names_of(request.roles));
    return *found;
}

void check_request(const plan_request& request, const topology& machine) {
    if (request.roles.empty())
        throw placement_error("there are no roles to place: give edges, as in --edge 'md->strat', or a file of roles");
    if (request.roles.size() > most_roles)
        throw placement_error("there are " + std::to_string(request.roles.size()) + " roles, but a plan takes " +
                              std::to_string(most_roles) +
                              " at most; make separate plans for groups of roles that share no edge");
    for (const auto& role : request.roles) {
        if (role.housekeeping && (role.quiet || role.package))
            throw placement_error("role '" + role.name + "' is housekeeping and " +
                                  (role.quiet ? "quiet: a quiet role needs a core of its own"
                                              : "asks for a package: housekeeping roles share their PUs") +
                                  "; leave out one of the hints");
        if (role.pinned) check_pin(role, machine);
        if (role.package) check_package(role, machine);
    }
    for (const auto& edge : request.edges) {
        static_cast<void>(role_named(request, edge.from));
        static_cast<void>(role_named(request, edge.to));
    }
}

const device_info& device_of(const plan_role& role, const std::vector<device_info>& devices, const topology& machine) {
    const auto found = std::find_if(devices.begin(), devices.end(),
                                    [&](const device_info& device) { return is_named(device, role.near); });
    if (found != devices.end()) return *found;
    std::string names;
    for (const auto& device : devices) names += (names.empty() ? "" : ", ") + device.name;
    throw placement_error(
        "role '" + role.name + "' should be near " + role.near + ", which is not " + place_of(machine) + ": " +
        (devices.empty() ? "no devices are known; save the topology on the machine with 'lstopo machine.xml'"
                         : "the devices are " + names));
}

pu_set housekeeping_pus_of(const plan_request& request, const topology& machine, const plan_settings& settings) {
    if (std::none_of(request.roles.begin(), request.roles.end(),
                     [](const plan_role& role) { return role.housekeeping; }))
        return {};
    for (const unsigned pu : settings.housekeeping)
        if (!machine.cgroup_allowed().contains(pu))
            throw placement_error("housekeeping roles cannot use PU " + std::to_string(pu) + " " + place_of(machine) +
                                  " (" + may_be_used(machine.cgroup_allowed()) + "); run 'weir topo' to see them");
    if (!settings.housekeeping.empty()) return settings.housekeeping;
    // The kernel's own work is on PU 0's core, so that other roles avoid it anyway. Cores are in the machine's order.
    const auto& isolated = settings.isolated ? *settings.isolated : machine.isolated();
    const auto may_use =
        ((settings.pus.empty() ? machine.allowed() : settings.pus) & machine.cgroup_allowed()) - settings.keep_free;
    const core_info* chosen = nullptr;
    for (const auto& core : machine.cores()) {
        if ((core.pus & may_use).empty()) continue;
        const auto merit = [&](const core_info& c) { return std::pair(c.pus.contains(0), (c.pus & isolated).empty()); };
        if (chosen == nullptr || merit(core) > merit(*chosen)) chosen = &core;
    }
    if (chosen == nullptr)
        throw placement_error("no PU is left for the housekeeping roles " + place_of(machine) + " (" +
                              may_be_used(may_use) + "); keep fewer PUs free, or name theirs with --housekeeping");
    return chosen->pus & may_use;
}

}  // namespace weir
