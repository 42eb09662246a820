// SPDX-License-Identifier: MIT
// The devices of hwloc's I/O tree. They are read apart from the rest, since most uses need none and reading them takes longer.
#include "plain_text.hpp"
#include "topology_data.hpp"

#include <array>
#include <cstdio>

namespace weir {
namespace {

std::string pci_address(const hwloc_obj& function) {
    const auto& at = function.attr->pcidev;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%x", static_cast<unsigned>(at.domain), unsigned{at.bus},
                  unsigned{at.dev}, unsigned{at.func});
    return text.data();
}

// The PCI function that a device is part of.
const hwloc_obj* function_of(const hwloc_obj* device) {
    while (device != nullptr && device->type != HWLOC_OBJ_PCI_DEVICE) device = device->parent;
    return device;
}

bool has_os_device(const hwloc_obj& function) {
    for (const auto* child = function.io_first_child; child != nullptr; child = child->next_sibling)
        if (child->type == HWLOC_OBJ_OS_DEVICE) return true;
    return false;
}

}  // namespace

std::vector<device_info> topology::devices() const {
    if (!is_this_machine() && data_->xml.empty()) return {};
    const auto tree = make_topology_handle();
    hwloc_topology_set_flags(tree.get(), HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
    hwloc_topology_set_type_filter(tree.get(), HWLOC_OBJ_PCI_DEVICE, HWLOC_TYPE_FILTER_KEEP_ALL);
    hwloc_topology_set_type_filter(tree.get(), HWLOC_OBJ_OS_DEVICE, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
    const bool is_text = !data_->xml.empty();
    const int bytes = static_cast<int>(data_->xml.size()) + 1;
    if ((is_text && hwloc_topology_set_xmlbuffer(tree.get(), data_->xml.c_str(), bytes) != 0) ||
        hwloc_topology_load(tree.get()) != 0)
        return {};

    std::vector<device_info> found;
    const auto add = [&](hwloc_obj* device, std::string name) {
        const auto* const function = function_of(device);
        auto* const place = hwloc_get_non_io_ancestor_obj(tree.get(), device);
        if (name.empty() || place == nullptr || place->cpuset == nullptr) return;
        found.push_back({std::move(name), function == nullptr ? "" : pci_address(*function), to_pu_set(place->cpuset)});
    };
    for (hwloc_obj* device = nullptr; (device = hwloc_get_next_osdev(tree.get(), device)) != nullptr;)
        add(device, device->name == nullptr ? "" : printable(device->name));
    for (hwloc_obj* device = nullptr; (device = hwloc_get_next_pcidev(tree.get(), device)) != nullptr;)
        if (!has_os_device(*device)) add(device, "pci:" + pci_address(*device));
    return found;
}

}  // namespace weir
