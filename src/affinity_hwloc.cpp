// SPDX-License-Identifier: MIT
// Thread affinity through hwloc, for systems other than Linux. hwloc cannot pin threads on macOS.
#include <weir/affinity.hpp>

#include "bitmap.hpp"
#include "thread_affinity.hpp"

#include <cerrno>
#include <cstring>

namespace weir {
namespace {

hwloc_topology* machine() {
    static const topology_handle loaded = [] {
        topology_handle fresh = make_topology_handle();
        if (hwloc_topology_load(fresh.get()) != 0)
            throw placement_error("hwloc cannot read this machine, so threads cannot be pinned");
        return fresh;
    }();
    return loaded.get();
}

int set_mask(const pu_set& pus) {
    return hwloc_set_cpubind(machine(), to_bitmap(pus).get(), HWLOC_CPUBIND_THREAD | HWLOC_CPUBIND_STRICT) == 0 ? 0
                                                                                                                : errno;
}

}  // namespace

// hwloc takes handles of this process's threads alone.
int set_thread_affinity(long, const pu_set&) { return ENOSYS; }
std::optional<pu_set> thread_affinity(long) { return std::nullopt; }

pu_set this_thread_affinity() {
    const auto mask = make_bitmap();
    if (hwloc_get_cpubind(machine(), mask.get(), HWLOC_CPUBIND_THREAD) != 0)
        throw placement_error(std::string("this system does not report a thread's affinity: ") + std::strerror(errno));
    return to_pu_set(mask.get());
}

pu_set set_this_thread_affinity(const pu_set& pus) {
    if (pus.empty()) throw placement_error("no PU was given to run a thread on: name at least one");
    const auto known = to_pu_set(hwloc_topology_get_topology_cpuset(machine()));
    if (!known.contains(pus))
        throw placement_error("there is no PU " + (pus - known).to_string() + " here (" + known.to_string() +
                              " are online); run 'weir topo' to see them");
    const auto before = this_thread_affinity();
    if (const int error = set_mask(pus))
        throw placement_error("this system cannot pin a thread to PU " + pus.to_string() + ": " + std::strerror(error) +
                              "; run it unpinned");
    auto now = this_thread_affinity();
    if (now == pus) return now;
    set_mask(before);
    throw placement_error("this system grants only PUs " + now.to_string() + " of " + pus.to_string() +
                          "; leave out the others");
}

pu_set pin_this_thread(unsigned pu) {
    const auto before = this_thread_affinity();
    auto mask = set_this_thread_affinity(pu_set{pu});
    if (const auto here = current_pu(); here != pu) {
        set_mask(before);
        throw placement_error("this thread was pinned to PU " + std::to_string(pu) + ", but runs on PU " +
                              std::to_string(here));
    }
    return mask;
}

unsigned current_pu() {
    const auto where = make_bitmap();
    if (hwloc_get_last_cpu_location(machine(), where.get(), HWLOC_CPUBIND_THREAD) != 0 ||
        hwloc_bitmap_weight(where.get()) != 1)
        throw placement_error(std::string("this system does not report which PU a thread is on: ") +
                              std::strerror(errno));
    return static_cast<unsigned>(hwloc_bitmap_first(where.get()));
}

}  // namespace weir
