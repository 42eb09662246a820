// SPDX-License-Identifier: MIT
#include "tools/plan/cgroup.hpp"

#include "src/cpu_list.hpp"
#include "src/plain_text.hpp"
#include "tools/common/command.hpp"

#include <fmt/format.h>
#include <optional>
#include <vector>

namespace weir::tool {
namespace {

// The first of two names that can be read: cgroup v2 and v1.
std::optional<pu_set> read_either(const std::string& folder, const char* v2, const char* v1) {
    const auto found = read_cpu_list_file(folder + "/" + v2);
    return found ? found : read_cpu_list_file(folder + "/" + v1);
}

}  // namespace

cgroup_cpuset read_cgroup(const std::string& name, const std::string& root) {
    const auto mount = root + "/sys/fs/cgroup/";
    std::vector<std::string> folders{name};
    if (!name.starts_with('/'))
        folders = {mount + name, mount + "system.slice/" + name, mount + "cpuset/" + name, name};
    for (const auto& folder : folders) {
        const auto pus = read_either(folder, "cpuset.cpus.effective", "cpuset.effective_cpus");
        if (!pus) continue;
        if (pus->empty())
            throw stop(failed,
                       fmt::format("--cgroup {}: its cpuset has no PU; write some into cpuset.cpus, or name another",
                                   printable(name)));
        return {folder, *pus, read_either(folder, "cpuset.mems.effective", "cpuset.effective_mems").value_or(pu_set{})};
    }
    throw stop(failed,
               fmt::format("--cgroup {}: there is no cpuset.cpus.effective in {}; name a cgroup's folder, such as "
                           "system.slice/app.service, and enable its cpuset controller: echo +cpuset > "
                           "cgroup.subtree_control in the folder above",
                           printable(name), printable(folders.front())));
}

std::string plan_as_systemd(const placement_plan& made, const topology& machine) {
    pu_set pus;
    pu_set nodes;
    std::string places;
    for (const auto& role : made.roles) {
        const auto of_role = role.pus.empty() ? pu_set{role.pu} : role.pus;
        pus = pus | of_role;
        if (role.memory_node) nodes.insert(*role.memory_node);
        places += fmt::format("#   {} on PU {}\n", role.asked.name, of_role.to_string());
    }
    for (const auto& edge : made.edges)
        if (edge.memory_node) nodes.insert(*edge.memory_node);
    auto text = fmt::format(
        "# A plan of weir for {}.\n"
        "# Save it as /etc/systemd/system/NAME.service.d/50-weir.conf, then: systemctl daemon-reload\n"
        "# The service gets these PUs and no others; its threads pin themselves, or by weir pin:\n{}"
        "[Service]\nAllowedCPUs={}\n",
        machine.summary(), places, pus.to_string());
    if (!nodes.empty())
        text += fmt::format("AllowedMemoryNodes={0}\nNUMAPolicy=bind\nNUMAMask={0}\n", nodes.to_string());
    return text;
}

}  // namespace weir::tool
