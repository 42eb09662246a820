// SPDX-License-Identifier: MIT
#include "tools/doctor/devices.hpp"

#include "tools/common/files.hpp"
#include "tools/common/proc_counters.hpp"
#include "tools/common/read_json.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

namespace weir::tool {
namespace {

struct device_facts {
    std::string folder;  // in /sys; empty: there is no such device
    std::optional<long long> node;
    pu_set near;                        // empty: the system does not say
    std::vector<std::string> handlers;  // how /proc/interrupts may begin the name of its interrupt
};

// The controller of nvme0n1 is nvme0.
std::string nvme_controller(const std::string& name) {
    if (!name.starts_with("nvme")) return "";
    return name.substr(0, name.find_first_not_of("0123456789", 4));
}

device_facts facts_of(const host& on, const std::string& name) {
    std::vector<std::string> folders{"/sys/class/net/" + name + "/device", "/sys/class/block/" + name + "/device"};
    const auto controller = nvme_controller(name);
    if (!controller.empty()) folders.insert(folders.begin(), "/sys/class/nvme/" + controller + "/device");
    if (name.starts_with("pci:")) folders = {"/sys/bus/pci/devices/" + name.substr(4)};
    device_facts found;
    for (const auto& folder : folders)
        if (!on.names(folder).empty()) {
            found.folder = folder;
            break;
        }
    if (found.folder.empty()) return found;
    found.handlers = {controller.empty() ? name : controller};
    if (const auto target = on.link_name(found.folder); !target.empty()) found.handlers.push_back(target);
    // A device of virtio is below its PCI function.
    for (const auto* above : {"", "/.."}) {
        if (!on.text(found.folder + above + "/numa_node")) continue;
        found.folder += above;
        break;
    }
    if (const auto node = on.number(found.folder + "/numa_node"); node && *node >= 0) {
        found.node = node;
        found.near = on.pus(fmt::format("/sys/devices/system/node/node{}/cpulist", *node)).value_or(pu_set{});
    }
    if (found.near.empty()) found.near = on.pus(found.folder + "/local_cpulist").value_or(pu_set{});
    return found;
}

// "eth0-TxRx-3" and "nvme0q1" are interrupts of eth0 and nvme0, "eth01" is not.
bool begins_with_name(const std::string& handler, const std::string& name) {
    if (!handler.starts_with(name) || name.empty()) return false;
    return handler.size() == name.size() || std::isdigit(static_cast<unsigned char>(handler[name.size()])) == 0;
}

std::set<std::string> interrupts_of_device(const host& on, const device_facts& device) {
    std::set<std::string> numbers;
    for (const auto& number : on.names(device.folder + "/msi_irqs")) numbers.insert(number);
    const auto text = on.text("/proc/interrupts").value_or("");
    const auto first_pu = on.pus("/sys/devices/system/cpu/online").value_or(pu_set{0});
    if (!first_pu.empty())
        for (const auto& [name, count] : interrupts_of(text + "\n", first_pu.front())) {
            const auto space = name.find(' ');
            if (space == std::string::npos || name.find_first_not_of("0123456789") != space) continue;
            const auto handler = name.substr(space + 1);
            if (std::any_of(device.handlers.begin(), device.handlers.end(),
                            [&](const std::string& own) { return begins_with_name(handler, own); }))
                numbers.insert(name.substr(0, space));
        }
    if (const auto line = on.number(device.folder + "/irq"); numbers.empty() && line && *line > 0)
        numbers.insert(std::to_string(*line));
    return numbers;
}

// Where the kernel sends an interrupt; older kernels say only where it may go.
std::optional<pu_set> target_of(const host& on, const std::string& irq) {
    const auto to = on.pus("/proc/irq/" + irq + "/effective_affinity_list");
    return to && !to->empty() ? to : on.pus("/proc/irq/" + irq + "/smp_affinity_list");
}

std::string in_words(const pu_set& pus) { return (pus.size() == 1 ? "PU " : "PUs ") + pus.to_string(); }

// "; so far 90% of them on PU 3"
std::string taken_so_far(const host& on, const std::set<std::string>& irqs) {
    const auto text = on.text("/proc/interrupts").value_or("") + "\n";
    std::uint64_t all = 0;
    std::uint64_t most = 0;
    unsigned busiest = 0;
    for (const unsigned pu : on.pus("/sys/devices/system/cpu/online").value_or(pu_set{})) {
        std::uint64_t here = 0;
        for (const auto& [name, count] : interrupts_of(text, pu))
            if (irqs.contains(name.substr(0, name.find(' ')))) here += count;
        all += here;
        if (here <= most) continue;
        most = here;
        busiest = pu;
    }
    if (all == 0) return "";
    return fmt::format("; so far {:.0f}% of {} on PU {}", 100 * static_cast<double>(most) / static_cast<double>(all),
                       all, busiest);
}

finding examine_device(const host& on, const std::string& name, const std::vector<placed_role>& roles) {
    finding found{
        .name = name,
        .why =
            "data of a device on another NUMA node crosses between the nodes once more, and its interrupts take time from "
            "the thread on whose PU they land"};
    const auto device = facts_of(on, name);
    if (device.folder.empty()) {
        found.what = fmt::format("there is no such device here ({})", on.why_not("/sys/class/net/" + name));
        return found;
    }
    found.level = severity::fine;
    found.what = device.node           ? fmt::format("on NUMA node {} ({})", *device.node, in_words(device.near))
                 : device.near.empty() ? "the system does not say on which NUMA node it is"
                                       : fmt::format("near {}", in_words(device.near));
    pu_set planned;
    pu_set quiet;
    for (const auto& role : roles) {
        planned = planned | role.pus;
        if (role.quiet) quiet = quiet | role.pus;
        if (role.near != name || device.near.empty()) continue;
        const bool is_near = device.near.contains(role.pus);
        found.what +=
            fmt::format("; {} on {} is {}", role.name, in_words(role.pus), is_near ? "near it" : "on another node");
        if (is_near) continue;
        found.level = severity::warning;
        found.change.push_back(fmt::format("weir plan ... --near {}={} --out plan.json   # moves {} to the device",
                                           role.name, name, role.name));
    }

    const auto irqs = interrupts_of_device(on, device);
    pu_set targets;
    std::vector<std::string> readable;
    for (const auto& irq : irqs)
        if (const auto to = target_of(on, irq)) {
            targets = targets | *to;
            readable.push_back(irq);
        }
    if (readable.empty()) {
        found.what += irqs.empty() ? "; no interrupt of it was found" : "; where its interrupts go cannot be read";
        return found;
    }
    found.what += fmt::format(
        "; its {} go to {}{}",
        readable.size() == 1 ? "interrupt " + readable.front() : fmt::format("{} interrupts", readable.size()),
        in_words(targets), taken_so_far(on, irqs));
    if (readable.size() == 1) found.what.replace(found.what.find(" go to "), 7, " goes to ");
    const auto disturbed = targets & quiet;
    const auto far = device.near.empty() ? pu_set{} : targets - device.near;
    if (!disturbed.empty()) found.what += fmt::format(", where a quiet role runs ({})", in_words(disturbed));
    if (!far.empty())
        found.what += fmt::format(", of which {} {} on another node", far.to_string(), far.size() == 1 ? "is" : "are");
    if (disturbed.empty() && far.empty()) return found;
    found.level = severity::warning;
    const auto online = on.pus("/sys/devices/system/cpu/online").value_or(pu_set{0});
    auto better = (device.near.empty() ? online : device.near & online) - planned;
    if (better.empty()) better = online - planned;
    if (!better.empty())
        found.change.push_back(fmt::format("for n in {}; do echo {} | sudo tee /proc/irq/$n/smp_affinity_list; done",
                                           fmt::join(readable, " "), better.to_string()));
    return found;
}

}  // namespace

std::vector<placed_role> roles_of_plan(const std::string& file) {
    return read_named(read_file(file), file, "make a plan with 'weir plan --out'", [](const auto& plan) {
        expect_schema(plan, "weir plan", 1);
        std::vector<placed_role> roles;
        for (const auto& row : array(plan, "roles")) {
            const auto shared = text_or(row, "pus", "");
            roles.push_back({.name = text(row, "name"),
                             .near = text_or(row, "near", ""),
                             .pus = shared.empty() ? pu_set{whole(row, "pu")} : pu_set::parse(shared),
                             .quiet = flag_or(row, "quiet", false)});
        }
        return roles;
    });
}

std::vector<finding> examine_devices(const host& on, const std::vector<placed_role>& roles) {
    std::vector<finding> all;
    std::set<std::string> seen;
    for (const auto& role : roles)
        if (!role.near.empty() && seen.insert(role.near).second) all.push_back(examine_device(on, role.near, roles));
    return all;
}

}  // namespace weir::tool
