// SPDX-License-Identifier: MIT
#pragma once

// The machine as a placement sees it: packages, NUMA nodes, caches, cores and PUs, how near two PUs are, and which two
// a producer and its consumer should have. Read through hwloc, which stays an implementation detail.

#include <weir/affinity.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// How far apart two PUs are: what the nearest thing they share is. Ordered, nearest first.
enum class distance {
    same_pu,
    smt,            ///< two hardware threads of one core
    same_l2,        ///< two cores behind one L2 cache
    same_l3,        ///< two cores behind one L3 cache (on AMD: one CCX)
    same_package,   ///< no cache
    cross_package,  ///< not even the package
};

/// Which pair of PUs is wanted for a producer and its consumer. See topology::choose_pair.
enum class pair_policy {
    automatic,  ///< the nearest two distinct cores
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
    std::string reason;  ///< one sentence: why these two
};

// Rows of the machine's tables. Every `index` is hwloc's logical one, counted over the whole machine: the N in
// "core:N".

struct pu_info {
    unsigned os_index;  ///< the PU's number
    unsigned index;
    unsigned core;
    std::optional<unsigned> l2;  ///< index of the cache, where there is one
    std::optional<unsigned> l3;
    std::optional<unsigned> numa_node;
    std::optional<unsigned> package;
};

struct core_info {
    unsigned index;
    std::optional<unsigned> kind;  ///< index into core_kinds()
    pu_set pus;                    ///< more than one: SMT siblings
};

/// Cores of one make. A machine whose cores differ (big and little, P and E) has several.
struct core_kind_info {
    unsigned index;
    std::optional<unsigned> performance;  ///< rank, higher is faster; unknown where hwloc cannot rank the kinds
    std::string name;                     ///< what the system calls them, such as "IntelCore"; may be empty
    pu_set pus;
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
    pu_set pus;  ///< may be empty: a node of memory only
};

struct package_info {
    unsigned index;
    std::string model;  ///< may be empty
    pu_set pus;
};

/// A machine's topology, read once and never changed: copies are cheap and share it, and any number of threads may use
/// one object at once. Loading takes milliseconds; queries are table look-ups.
class topology {
public:
    /// The machine we run on, PUs that we may not use included.
    [[nodiscard]] static topology this_machine();

    /// A topology that lstopo or hwloc saved as XML (`lstopo machine.xml`). The file is checked before hwloc sees it:
    /// a damaged one is a placement_error with the line, never a crash.
    [[nodiscard]] static topology from_xml_file(const std::string& path);

    /// The same from the text of such a file, or from to_xml(); `name` is what source() and sentences call it.
    [[nodiscard]] static topology from_xml(const std::string& text, const std::string& name);

    /// A made-up machine in hwloc's synthetic notation: "package:2 l3:2 core:4 pu:2".
    [[nodiscard]] static topology synthetic(const std::string& description);

    /// True for a topology read live by this_machine(). Never true for one that was loaded from a file or made up, not
    /// even a file saved on this machine: hot-plugging, firmware settings and containers change a machine while the
    /// file stays as it is. Nor true when HWLOC_XMLFILE or HWLOC_SYNTHETIC told hwloc to see another machine than the
    /// kernel.
    [[nodiscard]] bool is_this_machine() const noexcept;

    /// Where it comes from: "this machine", the file's path, or the synthetic description.
    [[nodiscard]] const std::string& source() const noexcept;

    /// hwloc's XML (of version 2), as lstopo would save it, without the host's name, serial numbers and the like: what
    /// from_xml() reads. The startup_affinity() and isolated() are not in it. Throws placement_error if hwloc cannot.
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

    /// The row of one PU; throws placement_error when there is no such PU.
    [[nodiscard]] const pu_info& pu(unsigned os_index) const;

    /// Throws placement_error when one of them does not exist.
    [[nodiscard]] weir::distance distance_between(unsigned a, unsigned b) const;

    /// The PUs that the kernel's cpuset (the cgroup) lets this process bind to. Whoever names a PU gets it if it is
    /// here.
    [[nodiscard]] const pu_set& cgroup_allowed() const noexcept;

    /// The PUs that we were given to run on: cgroup_allowed(), less what the startup_affinity() leaves out. Policies
    /// choose among these only. Smaller than cgroup_allowed() under taskset, and on hosts with kernel-isolated PUs:
    /// those are in nobody's default mask, perhaps somebody's pinned production threads are on them, and so nothing but
    /// their name, or a taskset that includes them, makes us use them.
    [[nodiscard]] const pu_set& allowed() const noexcept;

    /// How many cores have at least one allowed() PU. Below two, nothing can run side by side.
    [[nodiscard]] std::size_t allowed_cores() const noexcept;

    /// PUs that the kernel keeps its scheduler off (isolcpus, isolated cpuset partitions). Empty for a loaded topology.
    [[nodiscard]] const pu_set& isolated() const noexcept;

    /// The best pair of allowed() PUs that satisfies the policy:
    ///   automatic   two distinct cores
    ///   smt         two PUs of one core
    ///   same_l2     two cores that share an L2 cache
    ///   same_l3     two cores that share an L3 cache, but no L2
    ///   cross_numa  two PUs whose NUMA nodes differ
    /// Best means, in this order:
    ///   1. both isolated from the kernel's scheduler, where such a pair is allowed: they were set aside for this;
    ///   2. the fastest kind of core, as far as the slower of the two has it;
    ///   3. the least distance, and within it the same NUMA node;
    ///   4. not the core of PU 0: timers, interrupts and housekeeping land there unless somebody moved them;
    ///   5. the lowest indexes, so that the answer is always the same.
    /// Throws placement_error, saying what this machine has instead, when no pair qualifies.
    /// A pure function of the tables, quadratic in the number of PUs.
    [[nodiscard]] pu_pair choose_pair(pair_policy policy) const;

    /// The same with the isolated PUs given: for a loaded topology, which does not know them.
    [[nodiscard]] pu_pair choose_pair(pair_policy policy, const pu_set& isolated) const;

    /// Reads a pair as a person writes it, producer first:
    ///   auto, smt, same-l2, same-l3, cross-numa     a policy, as above
    ///   core:0,core:1    pu:0 pu:1                  two hwloc locations, by comma or space: logical indexes over the
    ///   whole package:1.core:0,package:1.core:2           machine, allowed or not ("hwloc-calc --disallowed" counts
    ///   the same); core:0-1                                    the place means its first allowed PU 0,1    2-3 PU
    ///   numbers, as taskset takes them
    /// What is named may be any PU of cgroup_allowed(), and may be one PU twice: only then do both ends share a PU.
    /// Throws placement_error for what cannot be read, does not exist or may not be used.
    [[nodiscard]] pu_pair parse_pair(std::string_view text) const;

    /// pin_this_thread(pu), once it is clear that this topology is this machine's and that `pu` exists and is in
    /// cgroup_allowed(); throws placement_error otherwise.
    pu_set bind_this_thread(unsigned pu) const;

private:
    struct data;
    explicit topology(std::shared_ptr<const data> loaded) noexcept;

    std::shared_ptr<const data> data_;
};

/// What a machine is told by: "2p-16c-32t-" (packages, cores, PUs) and 16 digits that stand for its processors, caches
/// and how PUs are numbered. Equal for equal machines, and for a machine and what was saved of it, whatever part of it
/// we may use; measurements and plans carry it, so that nobody takes them for those of another machine. A pure function
/// of the tables.
[[nodiscard]] std::string fingerprint(const topology& machine);

}  // namespace weir
