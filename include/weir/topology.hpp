// SPDX-License-Identifier: MIT
#pragma once

// The machine's topology for placement decisions: packages, NUMA nodes, caches, cores and PUs, the distance between
// two PUs, and which pair of PUs suits a producer and its consumer. Read through hwloc, which stays an implementation
// detail.

#include <weir/affinity.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// How far apart two PUs are, by the closest resource that they share. Ordered, nearest first.
enum class distance {
    same_pu,
    smt,            ///< two hardware threads of one core
    same_l2,        ///< two cores behind one L2 cache
    same_l3,        ///< two cores behind one L3 cache (on AMD: one CCX)
    same_package,   ///< one package, but no common cache
    cross_package,  ///< two packages
};

/// Which pair of PUs to choose for a producer and its consumer. See topology::choose_pair.
enum class pair_policy {
    automatic,  ///< two distinct cores, at the least cost: see topology::choose_pair
    smt,
    same_l2,
    same_l3,
    cross_numa,
};

[[nodiscard]] std::string_view to_string(distance) noexcept;     ///< "same-pu", "smt", "same-l2", ...
[[nodiscard]] std::string_view to_string(pair_policy) noexcept;  ///< "auto", "smt", "same-l2", "same-l3", "cross-numa"

struct pu_pair {
    unsigned producer;  ///< PU numbers
    unsigned consumer;
    weir::distance distance;
    std::string reason;  ///< one sentence: why this pair was chosen
};

// Rows of the machine's tables. Every `index` is hwloc's logical index, counted over the whole machine: the N in
// "core:N".

struct pu_info {
    unsigned os_index;  ///< the PU's number
    unsigned index;
    unsigned core;
    std::optional<unsigned> l2;  ///< index of the cache, where there is one
    std::optional<unsigned> l3;
    std::optional<unsigned> numa_node;  ///< the nearest one that has memory
    std::optional<unsigned> package;
    std::optional<unsigned> die;  ///< a part of a package
    std::optional<unsigned> group;  ///< the innermost group that the system names: a cluster of cores, a group of packages
};

struct core_info {
    unsigned index;
    std::optional<unsigned> kind;  ///< index into core_kinds()
    pu_set pus;                    ///< more than one: SMT siblings
};

/// Cores of one type. A hybrid machine (big and little, P and E cores) has several kinds.
struct core_kind_info {
    unsigned index;
    std::optional<unsigned> performance;  ///< rank, higher is faster; unknown where hwloc cannot rank the kinds
    std::string name;                     ///< the system's name for it, such as "IntelCore"; may be empty
    pu_set pus;
    /// How fast a core of this kind is, compared with the fastest kind: 0 to 1. Unknown where the system says too little.
    std::optional<double> capacity{};
    std::string capacity_from{};  ///< "cpu_capacity" of Linux, "base frequency" or "maximum frequency"; empty if unknown
};

struct cache_info {
    unsigned level;  ///< 1 to 5, data or unified
    unsigned index;  ///< among the caches of this level
    std::uint64_t size_bytes;
    unsigned line_bytes;  ///< 0 where unknown
    pu_set pus;
};

struct numa_node_info {
    unsigned index;
    unsigned os_index;
    std::uint64_t memory_bytes;
    pu_set pus;          ///< may be empty: a memory-only node
    std::string type{};  ///< the system's word for memory of another kind, such as "MCDRAM", "HBM" or "NVM"; else empty
    bool allowed = true;  ///< whether the cgroup lets this process use its memory
};

struct package_info {
    unsigned index;
    std::string model;  ///< may be empty
    pu_set pus;
};

/// A device of the machine's I/O tree: a network card, a disk, a function of a PCI card.
struct device_info {
    std::string name;  ///< the system's name for it, such as eth0 or nvme0n1; pci:0000:3b:00.0 for a function without one
    std::string pci;  ///< "0000:3b:00.0"; empty where it is on no PCI bus
    pu_set pus;       ///< the PUs that are close to it
};

/// A machine's topology. Immutable once loaded: copies are cheap and share the data, and any number of threads may
/// use one object concurrently. Loading takes milliseconds; queries are table look-ups, but for devices() and choose_pair().
class topology {
public:
    /// This machine, including PUs that this process may not use. Throws placement_error if it cannot be read.
    [[nodiscard]] static topology this_machine();

    /// A topology that `weir topo --save machine.xml`, to_xml() or lstopo saved as XML. In a container
    /// `lstopo machine.xml` leaves out the PUs that it may not use; `lstopo --disallowed machine.xml` does not. The file is validated
    /// before hwloc parses it: a damaged file is a placement_error that names the line, never a crash.
    [[nodiscard]] static topology from_xml_file(const std::string& path);

    /// The same from the text of such a file, or from to_xml(); `name` is returned by source() and used in error
    /// messages.
    [[nodiscard]] static topology from_xml(const std::string& text, const std::string& name);

    /// A synthetic machine in hwloc's notation: "package:2 l3:2 core:4 pu:2". Throws placement_error if that cannot be read.
    [[nodiscard]] static topology synthetic(const std::string& description);

    /// True only for a topology that this_machine() read from the running system. False for a file or a synthetic
    /// description, even a file saved on this machine: hot-plugging, firmware settings and containers change the
    /// machine but not the file. Also false if HWLOC_XMLFILE or HWLOC_SYNTHETIC made hwloc report a machine other
    /// than the kernel's.
    [[nodiscard]] bool is_this_machine() const noexcept;

    /// The origin: "this machine", the file's path, or the synthetic description.
    [[nodiscard]] const std::string& source() const noexcept;

    /// hwloc XML (version 2) as lstopo would save it, without the host's name, serial numbers and the like;
    /// from_xml() reads it. It does not contain startup_affinity() and isolated(). Throws placement_error if hwloc
    /// cannot export.
    [[nodiscard]] std::string to_xml() const;

    /// One line: "1 package, 1 NUMA node, 1 L3 cache, 2 cores, 2 PUs".
    [[nodiscard]] std::string summary() const;

    // The tables, in hwloc's logical order: neighbours in the machine are neighbours here.
    [[nodiscard]] const std::vector<package_info>& packages() const noexcept;
    [[nodiscard]] const std::vector<numa_node_info>& numa_nodes() const noexcept;
    [[nodiscard]] const std::vector<cache_info>& caches() const noexcept;
    [[nodiscard]] const std::vector<core_info>& cores() const noexcept;
    [[nodiscard]] const std::vector<core_kind_info>& core_kinds() const noexcept;
    [[nodiscard]] const std::vector<pu_info>& pus() const noexcept;

    /// The row of one PU; throws placement_error if it does not exist.
    [[nodiscard]] const pu_info& pu(unsigned os_index) const;

    /// The kernel's number of the NUMA node that the memory of a thread on this PU should come from. Of the nodes that have memory
    /// and that the cgroup allows: one of its own; else the one with the least NUMA distance, or one of its package, or the first.
    /// Ordinary memory comes before high-bandwidth memory (MCDRAM, HBM), whose latency is higher, and both before other kinds (NVM,
    /// a GPU's). Where no node states its memory, as in many synthetic descriptions, all count as if they had some. Empty where no
    /// node is left. Throws placement_error if the PU does not exist.
    [[nodiscard]] std::optional<unsigned> memory_node(unsigned os_index) const;

    /// How much longer an access to the memory of memory_node() takes than one to memory of the PU's own node: 1 where it is that; else
    /// the ratio of the kernel's NUMA distances; where they are unknown, 1.2 within a package, and 2. Throws placement_error if
    /// the PU does not exist.
    [[nodiscard]] double memory_remoteness(unsigned os_index) const;

    /// Throws placement_error if one of the two PUs does not exist.
    [[nodiscard]] weir::distance distance_between(unsigned a, unsigned b) const;

    /// How much farther apart two PUs are than their distance says, 1 or more. Between packages: the ratio of the kernel's NUMA
    /// distances (ACPI SLIT), divided by that of the nearest two packages; 1 if unknown. Between nodes of one package: that ratio, at most
    /// 1.9; 1.2 if unknown. On one node: 1.2 if the cores share no L2 and are on two dies or in two groups, else 1. Where packages are
    /// unknown: the ratio, or 2. Throws placement_error if one of the two PUs does not exist.
    [[nodiscard]] double remoteness(unsigned a, unsigned b) const;

    /// The same machine, as a process sees it that may use these PUs, and memory of these NUMA nodes (the kernel's numbers; empty:
    /// of all): for a plan within the cpuset of another cgroup. Throws placement_error if a PU does not exist, or if there are none.
    [[nodiscard]] topology within(const pu_set& pus, const pu_set& nodes) const;

    /// The devices, in the order of the I/O tree. Read anew by each call, which takes tens of milliseconds; empty for a synthetic
    /// description, and for a file that was saved without devices.
    [[nodiscard]] std::vector<device_info> devices() const;

    /// The PUs that the kernel's cpuset (the cgroup) lets this process bind to. A PU that is named explicitly must be
    /// one of these.
    [[nodiscard]] const pu_set& cgroup_allowed() const noexcept;

    /// The default PUs: cgroup_allowed() without those that startup_affinity() excludes. Policies choose among these
    /// only. Smaller than cgroup_allowed() under taskset, and on hosts with kernel-isolated PUs: these are in no
    /// default mask, and another program's pinned threads may run on them. weir therefore uses an isolated PU only if
    /// it is named, or if taskset includes it.
    [[nodiscard]] const pu_set& allowed() const noexcept;

    /// The number of cores with at least one allowed() PU. With fewer than two, no two threads can run in parallel on
    /// separate cores.
    [[nodiscard]] std::size_t allowed_cores() const noexcept;

    /// PUs that the kernel's scheduler does not use by itself (isolcpus, isolated cpuset partitions). Empty for a
    /// loaded topology.
    [[nodiscard]] const pu_set& isolated() const noexcept;

    /// The best pair of allowed() PUs that satisfies the policy:
    ///   automatic   two distinct cores
    ///   smt         two PUs of one core
    ///   same_l2     two cores that share an L2 cache
    ///   same_l3     two cores that share an L3 cache, but no L2
    ///   cross_numa  two PUs whose NUMA nodes differ
    /// Best means the least cost by the model of plan() for two roles that are not quiet, without measurements: the
    /// assumed latency of the pair, and for each end whether it is isolated from the kernel's scheduler where others are,
    /// how much slower its core is than the fastest, how far its memory is, and whether it is on the core of PU 0, where
    /// timers, interrupts and housekeeping run. Of equal pairs, that with the lowest indexes, so that the result is deterministic.
    /// Throws placement_error if no pair qualifies; the sentence says which policies would succeed.
    /// A pure function of the tables, quadratic in the number of PUs.
    [[nodiscard]] pu_pair choose_pair(pair_policy policy) const;

    /// The same with an explicit set of isolated PUs: for a loaded topology, which does not record them.
    [[nodiscard]] pu_pair choose_pair(pair_policy policy, const pu_set& isolated) const;

    /// Parses a pair, producer first:
    ///   auto, smt, same-l2, same-l3, cross-numa   a policy, as above
    ///   core:0,core:1   or   pu:0 pu:1            two hwloc locations, separated by comma or space
    ///   package:1.core:0,package:1.core:2         logical indexes of the whole machine, allowed or not
    ///                                             ("hwloc-calc --disallowed" counts the same way)
    ///   core:0-1                                  a range of locations
    ///   0,1   or   2-3                            PU numbers, as for taskset
    /// A location stands for its first allowed PU. A named PU may be any of cgroup_allowed(). Naming one PU twice is
    /// the only way to get a pair in which both ends share a PU. Throws placement_error for text that cannot be parsed,
    /// and for PUs that do not exist or may not be used.
    [[nodiscard]] pu_pair parse_pair(std::string_view text) const;

    /// pin_this_thread(pu), after checking that this topology is this machine's and that `pu` exists and is in
    /// cgroup_allowed(). Throws placement_error otherwise.
    pu_set bind_this_thread(unsigned pu) const;

private:
    struct data;
    explicit topology(std::shared_ptr<const data> loaded) noexcept;

    std::shared_ptr<const data> data_;
};

/// Identifies a machine: "2p-16c-32t-" (packages, cores, PUs) and a 16-digit hash of its processors, caches and PU
/// numbering. Equal for identical machines, and for a machine and its saved topology, regardless of which part of it
/// the process may use. Measurements and plans carry it, so that they are not applied to a different machine. A pure
/// function of the tables.
[[nodiscard]] std::string fingerprint(const topology& machine);

}  // namespace weir
