// SPDX-License-Identifier: MIT
#pragma once

#include <weir/topology.hpp>

#include "bitmap.hpp"

#include <memory>
#include <utility>

namespace weir {

/// How much longer an access from one NUMA node to another takes than within it, by their logical indexes.
class numa_ratios {
public:
    numa_ratios() = default;
    numa_ratios(std::size_t nodes, std::vector<double> by_pair) : nodes_(nodes), by_pair_(std::move(by_pair)) {}

    [[nodiscard]] bool is_known() const noexcept { return !by_pair_.empty(); }
    [[nodiscard]] double between(unsigned from, unsigned to, double if_unknown) const {
        return is_known() ? by_pair_[from * nodes_ + to] : if_unknown;
    }

private:
    std::size_t nodes_ = 0;
    std::vector<double> by_pair_;
};

/// Which kind of memory to prefer for a ring, lowest first: ordinary; high-bandwidth, whose latency is higher; any other.
[[nodiscard]] int memory_rank(const numa_node_info& node);

/// The contents of a topology: hwloc's tree, kept to look up locations, and the tables built from it.
struct topology::data {
    std::shared_ptr<hwloc_topology> tree;  // shared by copies that may use other PUs
    std::string source;
    bool is_this_machine = false;
    std::string xml;  // the text that it was read from; empty if it was read from none

    std::vector<package_info> packages;
    std::vector<numa_node_info> numa_nodes;
    std::vector<cache_info> caches;
    std::vector<core_info> cores;
    std::vector<core_kind_info> core_kinds;
    std::vector<pu_info> pus;
    weir::numa_ratios numa_ratios;
    std::vector<std::optional<unsigned>> homes;  // by row of `pus`: the NUMA node that it is in, with memory or without
    double nearest_package = 1;                  // the least ratio between two packages
    std::vector<std::size_t> row_of_pu;          // maps a PU number to its row in `pus`, or no_row

    pu_set cgroup_allowed;
    pu_set allowed;
    pu_set isolated;

    static constexpr std::size_t no_row = ~std::size_t{0};

    /// Takes a loaded tree and fills every table; sets allowed and cgroup_allowed from the tree.
    data(topology_handle loaded, std::string from);

    [[nodiscard]] static topology from_checked_xml(const std::string& text, const std::string& path);

    [[nodiscard]] std::size_t row(unsigned os_index) const noexcept {
        return os_index < row_of_pu.size() ? row_of_pu[os_index] : no_row;
    }

    /// For error messages: "here", or "in machine.xml".
    [[nodiscard]] std::string place() const { return is_this_machine ? "here" : "in '" + source + "'"; }

    /// For error messages: "0-1 are allowed".
    [[nodiscard]] std::string bound() const {
        return cgroup_allowed.to_string() + (cgroup_allowed.size() == 1 ? " is allowed" : " are allowed");
    }

    [[noreturn]] void throw_no_such_pu(std::string_view number) const;

    /// Throws placement_error unless the PU exists and is in cgroup_allowed.
    void check_allowed(unsigned os_index) const;

    /// Picks one PU of `place`: the first allowed one. `name` is the location as the user wrote it, for error
    /// messages.
    [[nodiscard]] unsigned first_allowed(const pu_set& place, std::string_view name) const;
};

}  // namespace weir
