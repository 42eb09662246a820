// SPDX-License-Identifier: MIT
#include "tools/common/process_threads.hpp"

#include "src/cpu_list.hpp"
#include "src/thread_affinity.hpp"
#include "tools/common/command.hpp"
#include "tools/common/thread_watch.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <sstream>

namespace weir::tool {
namespace {

template <class T>
std::optional<T> number_of(std::string_view text) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// The value of a line such as "Cpus_allowed_list:	0-3" of /proc/.../status.
std::string line_of(const std::string& status, std::string_view name) {
    std::istringstream lines(status);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ':') {
            const auto first = line.find_first_not_of(" \t", name.size() + 1);
            return first == std::string::npos ? "" : line.substr(first);
        }
    return {};
}

// The name is in parentheses and may contain any character, among them ')' and line breaks.
std::optional<std::string> name_in(const std::string& stat) {
    const auto begin = stat.find('(');
    const auto end = stat.rfind(')');
    if (begin == std::string::npos || end == std::string::npos || end < begin) return std::nullopt;
    return stat.substr(begin + 1, end - begin - 1);
}

// Whether it has ended, and its parent has not asked how.
bool has_ended(const std::string& stat) {
    const auto state = stat.rfind(')') + 2;
    return state < stat.size() && (stat[state] == 'Z' || stat[state] == 'X');
}

std::optional<process_thread> read_thread(const std::string& folder, long id) {
    const auto stat = read_small_file(folder + "/stat");
    const auto status = read_small_file(folder + "/status");
    if (!stat || !status || has_ended(*stat)) return std::nullopt;
    process_thread found;
    found.id = id;
    const auto name = name_in(*stat);
    if (!name) return std::nullopt;
    found.name = *name;
    found.last_pu = last_cpu_of(*stat);
    if (const auto list = read_cpu_list(line_of(*status, "Cpus_allowed_list"))) found.may_use = pu_set(*list);
    found.involuntary_switches = number_of<std::uint64_t>(line_of(*status, "nonvoluntary_ctxt_switches"));
    if (const auto sched = read_small_file(folder + "/sched");
        sched && sched->find("nr_migrations") != std::string::npos)
        found.migrations = migrations_of(*sched);
    std::istringstream schedule(read_small_file(folder + "/schedstat").value_or(""));
    std::uint64_t ran = 0;
    std::uint64_t waited = 0;
    if (schedule >> ran >> waited) {
        found.ran_ns = ran;
        found.waited_ns = waited;
    }
    return found;
}

}  // namespace

std::string thread_name_of(const std::string& role) { return role.substr(0, thread_name_bytes); }

std::string why_thread_names_collide(const std::vector<std::string>& roles) {
    std::map<std::string, std::string> seen;
    for (const auto& role : roles)
        if (const auto [other, is_new] = seen.emplace(thread_name_of(role), role); !is_new)
            return fmt::format(
                "roles '{}' and '{}' begin with the same {} bytes, and the kernel keeps no more of a thread's name: weir pin "
                "and weir watch cannot tell them apart; rename one of them",
                other->second, role, thread_name_bytes);
    return {};
}

void check_thread_names(const std::vector<std::string>& roles) {
    if (const auto why = why_thread_names_collide(roles); !why.empty()) throw placement_error(why);
}

std::vector<process_thread> threads_of(long process) {
    std::vector<process_thread> found;
    const auto folder = fmt::format("/proc/{}/task", process);
    std::error_code error;
    for (std::filesystem::directory_iterator row(folder, error), end; !error && row != end; row.increment(error))
        if (const auto id = number_of<long>(row->path().filename().string()))
            if (auto thread = read_thread(row->path().string(), *id)) found.push_back(*std::move(thread));
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return found;
}

long read_process_id(const std::string& text) {
    const auto number = number_of<long>(text);
    if (!number || *number < 1 || *number > std::numeric_limits<int>::max())
        throw stop(wrong_usage, fmt::format("--pid '{}': give the number of a process, such as $(pidof app)", text));
    return *number;
}

std::string no_such_process(long process) {
    return fmt::format("there is no process {}, or it has ended: name one that runs, as in --pid $(pidof app)",
                       process);
}

std::string place_of(const process_thread& thread) {
    const auto on = thread.last_pu ? fmt::format("PU {}", *thread.last_pu) : "an unknown PU";
    if (thread.may_use.size() == 1) return fmt::format("PU {}", thread.may_use.front());
    return fmt::format("{} (it may run on {})", on, thread.may_use.to_string());
}

std::string set_thread_place(long thread, const pu_set& pus) {
    const auto wanted = fmt::format("{} {}", pus.size() == 1 ? "PU" : "PUs", pus.to_string());
    if (const int error = set_thread_affinity(thread, pus); error != 0) {
        if (error == ESRCH) return "it has ended";
        if (error == EPERM)
            return fmt::format("the kernel refuses {}: it belongs to another user; run weir as that user or as root",
                               wanted);
        if (error == EINVAL) return fmt::format("the cgroup of the thread has no {}, or it is offline", wanted);
        return fmt::format("the kernel refuses {}: {}", wanted, std::strerror(error));
    }
    const auto now = thread_affinity(thread);
    if (!now) return "it has ended";
    if (*now != pus) return fmt::format("the kernel grants only {} of {}", now->to_string(), wanted);
    return {};
}

}  // namespace weir::tool
