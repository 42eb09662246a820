// SPDX-License-Identifier: MIT
#include "tools/common/thread_watch.hpp"

#include <weir/affinity.hpp>

#include <sys/resource.h>
#include <fstream>
#include <sstream>

namespace weir::tool {
namespace {

std::string read_own(const char* file) {
    std::ifstream from(std::string("/proc/thread-self/") + file);
    std::ostringstream text;
    text << from.rdbuf();  // does not throw if reading fails
    return text.str();
}

}  // namespace

thread_counts count_this_thread() {
    thread_counts counts;
#if defined(RUSAGE_THREAD)
    rusage usage{};
    if (::getrusage(RUSAGE_THREAD, &usage) == 0) {
        counts.involuntary_switches = static_cast<std::uint64_t>(usage.ru_nivcsw);
        counts.voluntary_switches = static_cast<std::uint64_t>(usage.ru_nvcsw);
    }
#endif
    counts.migrations = migrations_of(read_own("sched"));
    return counts;
}

thread_counts operator-(const thread_counts& after, const thread_counts& before) {
    return {after.involuntary_switches - before.involuntary_switches,
            after.voluntary_switches - before.voluntary_switches, after.migrations - before.migrations};
}

thread_counts& operator+=(thread_counts& sum, const thread_counts& more) {
    sum.involuntary_switches += more.involuntary_switches;
    sum.voluntary_switches += more.voluntary_switches;
    sum.migrations += more.migrations;
    return sum;
}

std::optional<unsigned> last_cpu_of(const std::string& stat) {
    constexpr int fields_between = 36;  // from the third, the state, to the 39th
    const auto name_end = stat.rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream fields(stat.substr(name_end + 1));
    std::string skipped;
    for (int i = 0; i < fields_between; ++i) fields >> skipped;
    unsigned cpu = 0;
    return fields >> cpu ? std::optional(cpu) : std::nullopt;
}

std::uint64_t migrations_of(const std::string& sched) {
    std::istringstream lines(sched);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name, colon;
        std::uint64_t count = 0;
        if (words >> name >> colon >> count && name.ends_with("nr_migrations") && colon == ":") return count;
    }
    return 0;
}

void check_seat(unsigned pu) {
    const auto seen = current_pu();
    check_seat(pu, seen, last_cpu_of(read_own("stat")).value_or(seen));
}

void check_seat(unsigned pu, unsigned seen, unsigned last) {
    if (seen != pu || last != pu)
        throw placement_error("this thread was pinned to PU " + std::to_string(pu) + ", but was found on PU " +
                              std::to_string(seen != pu ? seen : last) +
                              "; do not change cpusets or take PUs offline during a measurement");
}

}  // namespace weir::tool
