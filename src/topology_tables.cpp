// SPDX-License-Identifier: MIT
// Builds weir's tables from hwloc's tree.
#include "core_kinds.hpp"
#include "plain_text.hpp"
#include "topology_data.hpp"

#include <hwloc/distances.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <tuple>
#include <utility>

namespace weir {
namespace {

// Calls f(object) for each object of one type, in logical order.
template <class F>
void for_each(hwloc_topology* tree, hwloc_obj_type_t type, F f) {
    for (hwloc_obj* object = nullptr; (object = hwloc_get_next_obj_by_type(tree, type, object)) != nullptr;) f(*object);
}

std::string info(hwloc_obj& object, const char* name) {
    const char* const text = hwloc_obj_get_info_by_name(&object, name);
    return text ? printable(text) : "";
}

std::optional<unsigned> index_of(const hwloc_obj* object) {
    return object ? std::optional(object->logical_index) : std::nullopt;
}

std::vector<package_info> read_packages(hwloc_topology* tree) {
    std::vector<package_info> packages;
    for_each(tree, HWLOC_OBJ_PACKAGE, [&](hwloc_obj& package) {
        auto model = info(package, "CPUModel");
        if (model.empty())  // some architectures report it only for the whole machine
            model = info(*hwloc_get_root_obj(tree), "CPUModel");
        packages.push_back({package.logical_index, std::move(model), to_pu_set(package.cpuset)});
    });
    return packages;
}

std::vector<numa_node_info> read_numa_nodes(hwloc_topology* tree) {
    std::vector<numa_node_info> nodes;
    const auto* const allowed = hwloc_topology_get_allowed_nodeset(tree);
    for_each(tree, HWLOC_OBJ_NUMANODE, [&](hwloc_obj& node) {
        const std::string type = node.subtype == nullptr ? "" : printable(node.subtype);
        nodes.push_back({node.logical_index, node.os_index, node.attr->numanode.local_memory, to_pu_set(node.cpuset),
                         type == "DRAM" ? "" : type, hwloc_bitmap_isset(allowed, node.os_index) != 0});
    });
    return nodes;
}

std::vector<cache_info> read_caches(hwloc_topology* tree) {
    constexpr std::array cache_types{HWLOC_OBJ_L5CACHE, HWLOC_OBJ_L4CACHE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L2CACHE,
                                     HWLOC_OBJ_L1CACHE};
    std::vector<cache_info> caches;
    for (const auto type : cache_types)
        for_each(tree, type, [&](hwloc_obj& cache) {
            const auto& what = cache.attr->cache;
            caches.push_back({what.depth, cache.logical_index, what.size, what.linesize, to_pu_set(cache.cpuset)});
        });
    return caches;
}

// A matrix of distances between NUMA nodes, divided by the distance within a node. Empty where hwloc knows none for all nodes.
numa_ratios read_numa_ratios(hwloc_topology* tree, std::size_t nodes) {
    unsigned count = 1;
    hwloc_distances_s* found = nullptr;  // stays so where there are none
    hwloc_distances_get_by_type(tree, HWLOC_OBJ_NUMANODE, &count, &found, HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0);
    const auto release = [tree](hwloc_distances_s* matrix) { hwloc_distances_release(tree, matrix); };
    const std::unique_ptr<hwloc_distances_s, decltype(release)> matrix(found, release);
    if (matrix == nullptr || matrix->nbobjs != nodes) return {};

    constexpr double farthest = 100;  // the kernel's distances go from 10 to 254
    std::vector<double> ratios(nodes * nodes, 1);
    for (std::size_t from = 0; from != nodes; ++from)
        for (std::size_t to = 0; to != nodes; ++to) {
            const auto value = [&](std::size_t a, std::size_t b) { return matrix->values[a * nodes + b]; };
            const auto local = std::min(value(from, from), value(to, to));
            const auto remote = std::max(value(from, to), value(to, from));
            if (local == 0 || matrix->objs[from] == nullptr || matrix->objs[to] == nullptr) return {};
            const auto row = std::size_t{matrix->objs[from]->logical_index} * nodes;
            ratios[row + matrix->objs[to]->logical_index] =
                from == to ? 1 : std::clamp(static_cast<double>(remote) / static_cast<double>(local), 1.0, farthest);
        }
    return {nodes, std::move(ratios)};
}

// The NUMA node that a PU is in, with memory or without: of those that are close to it, the one that is close to the fewest other
// PUs. This skips memory that belongs to the whole machine (CXL).
std::optional<unsigned> home_node(unsigned pu, const std::vector<numa_node_info>& nodes) {
    const numa_node_info* home = nullptr;
    const auto rank = [](const numa_node_info& n) { return std::pair(n.pus.size(), memory_rank(n)); };
    for (const auto& node : nodes)
        if (node.pus.contains(pu) && (home == nullptr || rank(node) < rank(*home))) home = &node;
    return home == nullptr ? std::nullopt : std::optional(home->index);
}

// The nearest node that has memory: of those that are close to the PU the one that is close to the fewest others, or the nearest to
// these. Its home, where no node has memory.
std::optional<unsigned> own_node(unsigned pu, const std::vector<numa_node_info>& nodes, const numa_ratios& ratios) {
    const numa_node_info* own = nullptr;
    for (const auto& node : nodes) {
        if (!node.pus.contains(pu)) continue;
        const auto rank = [](const numa_node_info& n) {
            return std::tuple(n.memory_bytes == 0, memory_rank(n), n.pus.size());
        };
        if (own == nullptr || rank(node) < rank(*own)) own = &node;
    }
    if (own == nullptr) return std::nullopt;
    if (own->memory_bytes != 0 || !ratios.is_known()) return own->index;

    const numa_node_info* nearest = own;
    for (const auto& node : nodes) {
        const auto away = [&](const numa_node_info& n) {
            return std::tuple(n.memory_bytes == 0, memory_rank(n), ratios.between(own->index, n.index, 1));
        };
        if (away(node) < away(*nearest)) nearest = &node;
    }
    return nearest->index;
}

// The least ratio between the NUMA nodes of two packages.
double least_between_packages(const std::vector<pu_info>& pus, const std::vector<std::optional<unsigned>>& homes,
                              const std::vector<numa_node_info>& nodes, const numa_ratios& ratios) {
    std::vector<std::optional<unsigned>> package_of(nodes.size());
    for (std::size_t row = 0; row != pus.size(); ++row)
        if (homes[row]) package_of[*homes[row]] = pus[row].package;
    double least = std::numeric_limits<double>::infinity();
    for (const auto& from : nodes)
        for (const auto& to : nodes)
            if (package_of[from.index] && package_of[to.index] && package_of[from.index] != package_of[to.index])
                least = std::min(least, ratios.between(from.index, to.index, 1));
    return std::isfinite(least) ? least : 1;
}

// The innermost group around a PU. Groups have a depth for each of their levels, so their numbers count all of them: the first PU
// identifies one.
std::optional<unsigned> group_of(hwloc_topology* tree, hwloc_obj& pu) {
    for (const auto* above = pu.parent; above != nullptr; above = above->parent)
        if (above->type == HWLOC_OBJ_GROUP && !hwloc_bitmap_isequal(above->cpuset, hwloc_get_root_obj(tree)->cpuset))
            return hwloc_get_pu_obj_by_os_index(tree, static_cast<unsigned>(hwloc_bitmap_first(above->cpuset)))
                ->logical_index;
    return std::nullopt;
}

std::vector<pu_info> read_pus(hwloc_topology* tree, const std::vector<numa_node_info>& nodes,
                              const numa_ratios& ratios) {
    std::vector<pu_info> pus;
    for_each(tree, HWLOC_OBJ_PU, [&](hwloc_obj& pu) {
        const auto above = [&](hwloc_obj_type_t type) {
            return index_of(hwloc_get_ancestor_obj_by_type(tree, type, &pu));
        };
        pus.push_back({
            .os_index = pu.os_index,
            .index = pu.logical_index,
            .core = above(HWLOC_OBJ_CORE).value_or(pu.logical_index),  // without core information, each PU is a core
            .l2 = above(HWLOC_OBJ_L2CACHE),
            .l3 = above(HWLOC_OBJ_L3CACHE),
            .numa_node = own_node(pu.os_index, nodes, ratios),
            .package = above(HWLOC_OBJ_PACKAGE),
            .die = above(HWLOC_OBJ_DIE),
            .group = group_of(tree, pu),
        });
    });
    return pus;
}

std::vector<core_info> read_cores(const std::vector<pu_info>& pus, const std::vector<core_kind_info>& kinds) {
    std::vector<core_info> cores;
    for (const auto& pu : pus) {
        if (cores.empty() || cores.back().index != pu.core) {
            const auto kind =
                std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.pus.contains(pu.os_index); });
            cores.push_back({pu.core, kind == kinds.end() ? std::nullopt : std::optional(kind->index), {}});
        }
        cores.back().pus.insert(pu.os_index);
    }
    return cores;
}

}  // namespace

int memory_rank(const numa_node_info& node) {
    if (node.type.empty()) return 0;
    const bool is_fast = node.type == "MCDRAM" || node.type == "HBM" || node.type == "SPM";  // in bandwidth
    return is_fast ? 1 : 2;
}

topology::data::data(topology_handle loaded, std::string from) : tree(std::move(loaded)), source(std::move(from)) {
    packages = read_packages(tree.get());
    numa_nodes = read_numa_nodes(tree.get());
    caches = read_caches(tree.get());
    core_kinds = read_core_kinds(tree.get());
    numa_ratios = read_numa_ratios(tree.get(), numa_nodes.size());
    pus = read_pus(tree.get(), numa_nodes, numa_ratios);
    for (const auto& pu : pus) homes.push_back(home_node(pu.os_index, numa_nodes));
    nearest_package = least_between_packages(pus, homes, numa_nodes, numa_ratios);
    cores = read_cores(pus, core_kinds);

    const auto all = to_pu_set(hwloc_topology_get_topology_cpuset(tree.get()));
    row_of_pu.assign(all.empty() ? 0 : *(all.end() - 1) + 1, no_row);
    for (std::size_t row = 0; row < pus.size(); ++row) row_of_pu[pus[row].os_index] = row;

    cgroup_allowed = to_pu_set(hwloc_topology_get_allowed_cpuset(tree.get())) & all;
    allowed = cgroup_allowed;
}

}  // namespace weir
