// SPDX-License-Identifier: MIT
#include "topology_data.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace weir {
namespace {

// Whether a line identifies this individual machine. Exported topologies describe the hardware, not its owner.
bool names_this_very_machine(std::string_view line) {
    if (line.find("<info name=\"") == std::string_view::npos) return false;
    constexpr std::array<std::string_view, 4> names{"HostName", "Serial", "UUID", "AssetTag"};
    for (const auto name : names)
        if (const auto at = line.find(name); at != std::string_view::npos && at < line.find("\" value=")) return true;
    return false;
}

}  // namespace

std::string topology::to_xml() const {
    auto* const tree = data_->tree.get();
    char* buffer = nullptr;
    int length = 0;  // including the terminating 0
    if (hwloc_topology_export_xmlbuffer(tree, &buffer, &length, 0) != 0)
        throw placement_error("hwloc cannot write the topology of " + source() +
                              " as XML; try 'lstopo --disallowed machine.xml'");
    const auto release = [tree](char* text) { hwloc_free_xmlbuffer(tree, text); };
    const std::unique_ptr<char, decltype(release)> owned(buffer, release);
    std::string text;
    for (std::string_view rest(buffer); !rest.empty();) {
        const auto line = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
        if (!names_this_very_machine(line)) text += line;
        rest.remove_prefix(line.size());
    }
    return text;
}

}  // namespace weir
