// SPDX-License-Identifier: MIT
// Kernel memory management that interrupts a program.
#include "tools/doctor/doctor.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <sstream>

namespace weir::tool {
namespace {

finding transparent_huge_pages(const host& on) {
    const std::string path = "/sys/kernel/mm/transparent_hugepage/enabled";
    finding found{.name = "transparent huge pages",
                  .why =
                      "the kernel merges pages into huge ones while the program runs, and a thread that accesses one "
                      "waits for the copy; with 'madvise', only memory that requests it has huge pages, as rings do"};
    const auto line = on.text(path);
    const auto open = line ? line->find('[') : std::string::npos;
    const auto close = line ? line->find(']') : std::string::npos;
    if (close == std::string::npos || close < open) {
        found.what = on.why_not(path);
        return found;
    }
    found.what = line->substr(open + 1, close - open - 1);
    found.level = found.what == "always" ? severity::warning : severity::fine;
    if (found.what == "always") found.change = {"echo madvise | sudo tee " + path};
    return found;
}

std::optional<std::string> meminfo(const host& on, const std::string& key) {
    std::istringstream lines(on.text("/proc/meminfo").value_or(""));
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(key + ":")) {
            std::istringstream words(line.substr(key.size() + 1));
            std::string value;
            if (words >> value) return value;
        }
    return std::nullopt;
}

finding reserved_huge_pages(const host& on) {
    finding found{.name = "huge pages",
                  .why =
                      "storage::huge_pages uses reserved huge pages, and falls back to ordinary memory if there are "
                      "none; a large ring then has TLB misses"};
    const auto total = meminfo(on, "HugePages_Total");
    const auto free = meminfo(on, "HugePages_Free");
    if (!total || !free) {
        found.what = on.why_not("/proc/meminfo");
        return found;
    }
    const auto size = meminfo(on, "Hugepagesize").value_or("?");
    found.level = *free == "0" ? severity::note : severity::fine;
    found.what = *total == "0" ? "none are reserved" : fmt::format("{} of {} kB each, {} free", *total, size, *free);
    if (*free == "0") found.change = {"sudo sysctl vm.nr_hugepages=64   # at boot, before memory is fragmented"};
    return found;
}

finding swap(const host& on) {
    finding found{.name = "swap", .why = "accessing a slot whose page was swapped out takes milliseconds"};
    const auto table = on.text("/proc/swaps");
    if (!table) {
        found.what = on.why_not("/proc/swaps");
        return found;
    }
    const auto areas = std::count(table->begin(), table->end(), '\n');  // the first line is a heading
    const auto swappiness = on.text("/proc/sys/vm/swappiness").value_or("unknown");
    found.level = areas == 0 ? severity::fine : severity::warning;
    found.what = areas == 0 ? "none"
                            : fmt::format("{} in use, swappiness {}",
                                          areas == 1 ? "one area is" : fmt::format("{} areas are", areas), swappiness);
    if (areas != 0)
        found.change = {"sudo swapoff --all", "or lock the program's memory: mlockall(MCL_CURRENT | MCL_FUTURE)"};
    return found;
}

finding numa_balancing(const host& on) {
    const std::string path = "/proc/sys/kernel/numa_balancing";
    finding found{
        .name = "NUMA balancing",
        .why =
            "the kernel unmaps pages for a moment to see which node accesses them, and migrates them: page faults "
            "in the middle of a push"};
    const auto value = on.number(path);
    if (!value) {
        found.level = on.text("/proc/meminfo") && !on.text(path) ? severity::fine : severity::unknown;
        found.what = found.level == severity::fine ? "not built into this kernel" : on.why_not(path);
        return found;
    }
    found.level = *value == 0 ? severity::fine : severity::warning;
    found.what = *value == 0 ? "off" : "on";
    if (*value != 0) found.change = {"sudo sysctl kernel.numa_balancing=0"};
    return found;
}

}  // namespace

std::vector<finding> examine_memory(const host& on) {
    return {swap(on), transparent_huge_pages(on), reserved_huge_pages(on), numa_balancing(on)};
}

}  // namespace weir::tool
