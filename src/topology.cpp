// SPDX-License-Identifier: MIT
#include "topology_data.hpp"

#include <weir/kernel_settings.hpp>

#include "cpu_list.hpp"
#include "read_input.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

namespace weir {
namespace {

topology_handle new_tree() {
    auto tree = make_topology_handle();
    // Include PUs that we may not use; they are marked as such.
    hwloc_topology_set_flags(tree.get(), HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
    return tree;
}

// hwloc obeys its environment variables and may then describe another machine. Compare with the kernel's list of PUs.
bool kernel_agrees(hwloc_topology* tree) {
    if (hwloc_topology_is_thissystem(tree) == 0) return false;
    const auto online = read_cpu_list_file("/sys/devices/system/cpu/online");
    return !online || *online == to_pu_set(hwloc_topology_get_topology_cpuset(tree));
}

}  // namespace

topology::topology(std::shared_ptr<const data> loaded) noexcept : data_(std::move(loaded)) {}

topology topology::this_machine() {
    auto tree = new_tree();
    errno = 0;
    if (hwloc_topology_load(tree.get()) != 0)
        throw placement_error(std::string("hwloc cannot read this machine's topology: ") + std::strerror(errno) +
                              "; unset HWLOC_XMLFILE and HWLOC_SYNTHETIC if they are set");
    const bool live = kernel_agrees(tree.get());
    auto read = std::make_shared<data>(std::move(tree), live ? "this machine" : "HWLOC_XMLFILE or HWLOC_SYNTHETIC");
    read->is_this_machine = live;
    if (live) {
        if (!startup_affinity().empty()) read->allowed = read->cgroup_allowed & startup_affinity();
        read->isolated = read_kernel_settings().isolated.value_or(pu_set{});
    }
    return topology(std::move(read));
}

topology topology::from_xml_file(const std::string& path) {
    return data::from_checked_xml(read_topology_file(path), path);
}

topology topology::from_xml(const std::string& text, const std::string& name) {
    const auto plain = without_windows_marks(text);
    check_topology_xml(plain, name);
    return data::from_checked_xml(plain, name);
}

topology topology::data::from_checked_xml(const std::string& text, const std::string& path) {
    auto tree = new_tree();
    if (hwloc_topology_set_xmlbuffer(tree.get(), text.c_str(), static_cast<int>(text.size()) + 1) != 0 ||
        hwloc_topology_load(tree.get()) != 0)
        throw placement_error(
            "topology file '" + path +
            "': hwloc cannot build a topology from it; save it again with 'weir topo --save machine.xml'");
    auto read = std::make_shared<data>(std::move(tree), path);
    read->xml = text;
    return topology(std::move(read));
}

topology topology::synthetic(const std::string& description) {
    check_synthetic(description);
    auto tree = new_tree();
    if (hwloc_topology_set_synthetic(tree.get(), description.c_str()) != 0 || hwloc_topology_load(tree.get()) != 0)
        throw_unreadable_synthetic(description);
    return topology(std::make_shared<data>(std::move(tree), description));
}

bool topology::is_this_machine() const noexcept { return data_->is_this_machine; }
const std::string& topology::source() const noexcept { return data_->source; }
const std::vector<package_info>& topology::packages() const noexcept { return data_->packages; }
const std::vector<numa_node_info>& topology::numa_nodes() const noexcept { return data_->numa_nodes; }
const std::vector<cache_info>& topology::caches() const noexcept { return data_->caches; }
const std::vector<core_info>& topology::cores() const noexcept { return data_->cores; }
const std::vector<core_kind_info>& topology::core_kinds() const noexcept { return data_->core_kinds; }
const std::vector<pu_info>& topology::pus() const noexcept { return data_->pus; }
const pu_set& topology::cgroup_allowed() const noexcept { return data_->cgroup_allowed; }
const pu_set& topology::allowed() const noexcept { return data_->allowed; }
const pu_set& topology::isolated() const noexcept { return data_->isolated; }

std::size_t topology::allowed_cores() const noexcept {
    return static_cast<std::size_t>(std::count_if(cores().begin(), cores().end(), [&](const core_info& core) {
        return std::any_of(core.pus.begin(), core.pus.end(), [&](unsigned pu) { return allowed().contains(pu); });
    }));
}

std::string topology::summary() const {
    const auto count = [](std::size_t n, std::string one) {
        return std::to_string(n) + " " + std::move(one) + (n == 1 ? "" : "s");
    };
    const auto l3 =
        std::count_if(caches().begin(), caches().end(), [](const cache_info& cache) { return cache.level == 3; });
    std::string line;
    if (!packages().empty()) line += count(packages().size(), "package") + ", ";
    if (!numa_nodes().empty()) line += count(numa_nodes().size(), "NUMA node") + ", ";
    if (l3 != 0) line += count(static_cast<std::size_t>(l3), "L3 cache") + ", ";
    return line + count(cores().size(), "core") + ", " + count(pus().size(), "PU");
}

void topology::data::throw_no_such_pu(std::string_view number) const {
    throw placement_error("there is no PU " + std::string(number) + " " + place() + " (" + bound() +
                          "); run 'weir topo' to see them");
}

void topology::data::check_allowed(unsigned os_index) const {
    if (row(os_index) == no_row) throw_no_such_pu(std::to_string(os_index));
    if (!cgroup_allowed.contains(os_index))
        throw placement_error("PU " + std::to_string(os_index) +
                              " exists, but the cgroup of this process does not allow it (" + bound() +
                              "); name another, or widen the cgroup's cpuset");
}

unsigned topology::data::first_allowed(const pu_set& where, std::string_view name) const {
    for (const auto* usable : {&allowed, &cgroup_allowed})
        if (const auto here = where & *usable; !here.empty()) return here.front();
    if (where.empty())
        throw placement_error("'" + std::string(name) + "' has no PU: it is memory only; name a core, such as core:0");
    throw placement_error("'" + std::string(name) + "' has no PU that the cgroup of this process allows (" + bound() +
                          "); name another location, or widen the cgroup's cpuset");
}

const pu_info& topology::pu(unsigned os_index) const {
    const auto row = data_->row(os_index);
    if (row == data::no_row) data_->throw_no_such_pu(std::to_string(os_index));
    return pus()[row];
}

std::optional<unsigned> topology::memory_node(unsigned os_index) const {
    const auto& row = pu(os_index);
    const auto home = data_->homes[data_->row(os_index)];
    const bool are_sizes_known = std::any_of(numa_nodes().begin(), numa_nodes().end(),
                                             [](const numa_node_info& node) { return node.memory_bytes != 0; });
    const auto away = [&](const numa_node_info& node) {
        const bool in_package = std::any_of(node.pus.begin(), node.pus.end(),
                                            [&](unsigned other) { return pu(other).package == row.package; });
        const int rank = memory_rank(node);
        return std::tuple(rank == 2, !node.pus.contains(os_index), rank, node.index != row.numa_node,
                          home ? data_->numa_ratios.between(*home, node.index, 1) : 1, !in_package);
    };
    const numa_node_info* best = nullptr;
    for (const auto& node : numa_nodes()) {
        if (!node.allowed || (are_sizes_known && node.memory_bytes == 0)) continue;
        if (best == nullptr || away(node) < away(*best)) best = &node;
    }
    return best == nullptr ? std::nullopt : std::optional(best->os_index);
}

double topology::memory_remoteness(unsigned os_index) const {
    const auto home = data_->homes[data_->row(pu(os_index).os_index)];
    const auto number = memory_node(os_index);
    const auto node = std::find_if(numa_nodes().begin(), numa_nodes().end(),
                                   [&](const numa_node_info& one) { return one.os_index == number; });
    if (!home || node == numa_nodes().end() || node->pus.contains(os_index)) return 1;
    const bool in_package = std::any_of(node->pus.begin(), node->pus.end(), [&](unsigned other) {
        return pu(other).package && pu(other).package == pu(os_index).package;
    });
    return data_->numa_ratios.between(*home, node->index, in_package ? 1.2 : 2);
}

weir::distance topology::distance_between(unsigned a, unsigned b) const {
    const auto& one = pu(a);
    const auto& other = pu(b);
    const auto share = [](std::optional<unsigned> x, std::optional<unsigned> y) { return x && x == y; };
    return a == b                         ? distance::same_pu
           : one.core == other.core       ? distance::smt
           : share(one.l2, other.l2)      ? distance::same_l2
           : share(one.l3, other.l3)      ? distance::same_l3
           : one.package == other.package ? distance::same_package
                                          : distance::cross_package;
}

double topology::remoteness(unsigned a, unsigned b) const {
    const auto& one = pu(a);
    const auto& other = pu(b);
    const auto from = data_->homes[data_->row(a)];
    const auto to = data_->homes[data_->row(b)];
    const auto far = distance_between(a, b);
    constexpr double between_parts = 1.2;
    const auto differ = [](std::optional<unsigned> x, std::optional<unsigned> y) { return x && y && x != y; };
    const bool is_divided = (far == distance::same_l3 || far == distance::same_package) &&
                            (differ(one.die, other.die) || differ(one.group, other.group));
    const double least = is_divided ? between_parts : 1;
    if (!from || !to || from == to) return least;
    const auto ratio = [&](double if_unknown) { return data_->numa_ratios.between(*from, *to, if_unknown); };
    if (far == distance::cross_package) return ratio(1) / data_->nearest_package;

    constexpr double within_package = 1.2;
    constexpr double between_packages = 2;
    constexpr double most = 1.9;  // so that it never outweighs the next distance, which is twice as far or more
    const bool may_be_packages = far == distance::same_package && packages().empty();
    if (may_be_packages) return ratio(between_packages);
    return std::min(most, ratio(within_package));
}

topology topology::within(const pu_set& pus, const pu_set& nodes) const {
    if (pus.empty()) throw placement_error("no PU may be used " + data_->place() + "; name at least one");
    for (const unsigned one : pus) static_cast<void>(pu(one));
    auto other = std::make_shared<data>(*data_);
    other->cgroup_allowed = pus;
    other->allowed = pus;
    for (auto& node : other->numa_nodes) node.allowed = nodes.empty() || nodes.contains(node.os_index);
    return topology(std::move(other));
}

pu_set topology::bind_this_thread(unsigned os_index) const {
    if (!is_this_machine())
        throw placement_error("this topology was read from '" + source() +
                              "', not from this machine: plan with it, but pin threads with topology::this_machine()");
    data_->check_allowed(os_index);
    return pin_this_thread(os_index);
}

}  // namespace weir
