// SPDX-License-Identifier: MIT
#include <weir/kernel_settings.hpp>

#include "cpu_list.hpp"
#include "text.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <sstream>
#include <string_view>

namespace weir {
namespace {

std::vector<std::string> words(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> found;
    for (std::string word; stream >> word;) found.push_back(word);
    return found;
}

std::optional<std::string> value_of(const std::vector<std::string>& arguments, const std::string& name) {
    std::optional<std::string> value;
    for (const auto& argument : arguments)
        if (argument.starts_with(name + "="))
            value = argument.substr(name.size() + 1);  // the last one wins, as in the kernel
    return value;
}

// A list in the syntax of the kernel's command line: also "all", and N for the highest possible PU number.
std::optional<pu_set> read_kernel_list(std::string text, const std::optional<pu_set>& possible) {
    if (possible && !possible->empty()) {
        if (text == "all") return possible;
        const auto last = std::to_string(*(possible->end() - 1));
        for (auto n = text.find('N'); n != npos; n = text.find('N')) text.replace(n, 1, last);
    }
    auto numbers = read_cpu_list(text);
    return numbers ? std::optional(pu_set(std::move(*numbers))) : std::nullopt;
}

// isolcpus=managed_irq,domain,2-3: flags first, then the list.
std::string without_flags(std::string text) {
    while (!text.empty() && text[0] >= 'a' && text[0] <= 'z' && text != "all")
        text.erase(0, text.find(',') == npos ? text.size() : text.find(',') + 1);
    return text;
}

std::optional<pu_set> join(const std::optional<pu_set>& a, const std::optional<pu_set>& b) {
    return a && b ? *a | *b : a ? a : b;
}

void read_isolation(const std::string& root, kernel_settings& settings) {
    const auto cpu = root + "/sys/devices/system/cpu/";
    const auto possible = read_cpu_list_file(cpu + "possible");
    settings.isolated =
        join(read_cpu_list_file(cpu + "isolated"), read_cpu_list_file(root + "/sys/fs/cgroup/cpuset.cpus.isolated"));
    settings.nohz_full = read_cpu_list_file(cpu + "nohz_full");

    const auto command_line = read_small_file(root + "/proc/cmdline");
    if (!command_line) return;
    const auto arguments = words(*command_line);
    for (const auto& argument : arguments)
        for (const auto* name : {"isolcpus=", "nohz_full=", "rcu_nocbs="})
            if (argument.starts_with(name)) settings.arguments.push_back(argument);

    const auto isolcpus = value_of(arguments, "isolcpus");
    if (!settings.isolated)
        settings.isolated = isolcpus ? read_kernel_list(without_flags(*isolcpus), possible) : pu_set{};
    // A missing file means that the kernel was built without the feature. If the command line asks for it
    // nevertheless, we cannot tell: leave it unknown.
    const auto nohz_full = value_of(arguments, "nohz_full");
    if (!settings.nohz_full && !nohz_full) settings.nohz_full = pu_set{};
    const auto rcu_nocbs = value_of(arguments, "rcu_nocbs");
    const auto listed = rcu_nocbs ? read_kernel_list(*rcu_nocbs, possible) : pu_set{};
    if (listed && settings.nohz_full) settings.rcu_nocbs = *listed | *settings.nohz_full;
}

void read_governors(const std::string& root, kernel_settings& settings) {
    const auto cpu = root + "/sys/devices/system/cpu/";
    for (const unsigned pu : read_cpu_list_file(cpu + "online").value_or(pu_set{})) {
        auto path = cpu;
        path.append("cpu").append(std::to_string(pu)).append("/cpufreq/scaling_governor");
        if (const auto governor = read_small_file(path); governor && !governor->empty())
            settings.governors[*governor].insert(pu);
    }
}

// ---- the cgroup's CPU quota

std::optional<double> number(const std::string& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

constexpr double no_limit = std::numeric_limits<double>::infinity();

std::optional<double> ratio(const std::string& quota, const std::string& period) {
    if (quota == "max" || quota == "-1") return no_limit;
    const auto q = number(quota);
    const auto p = number(period);
    return q && p && *p > 0 ? std::optional(*q / *p) : std::nullopt;
}

// The quota of one cgroup folder, in cgroup v1 or v2 format.
std::optional<double> quota_in(const std::string& folder) {
    if (const auto v2 = read_small_file(folder + "/cpu.max")) {
        const auto parts = words(*v2);
        return parts.size() == 2 ? ratio(parts[0], parts[1]) : std::nullopt;
    }
    const auto quota = read_small_file(folder + "/cpu.cfs_quota_us");
    const auto period = read_small_file(folder + "/cpu.cfs_period_us");
    return quota && period ? ratio(*quota, *period) : std::nullopt;
}

// The tightest limit from the process's own cgroup up to the root, which may be the container's root.
std::optional<double> quota_along(const std::string& mount, std::string path) {
    std::optional<double> narrowest;
    for (;;) {
        if (const auto granted = quota_in(mount + path)) narrowest = std::min(narrowest.value_or(no_limit), *granted);
        if (path.empty() || path == "/") return narrowest;
        path.erase(path.rfind('/') == npos ? 0 : path.rfind('/'));
    }
}

// Whether "cpu,cpuacct" names "cpu".
bool names(std::string_view list, std::string_view wanted) {
    for (;;) {
        const auto comma = list.find(',');
        if (list.substr(0, comma) == wanted) return true;
        if (comma == npos) return false;
        list.remove_prefix(comma + 1);
    }
}

// Each line of /proc/self/cgroup is "number:controllers:path"; for cgroup v2 it is "0::path".
std::optional<double> read_quota(const std::string& root) {
    const auto groups = read_small_file(root + "/proc/self/cgroup");
    if (!groups) return std::nullopt;
    const auto mount = root + "/sys/fs/cgroup";
    std::optional<double> quota;
    bool unified = false;
    std::istringstream lines(*groups);
    for (std::string line; std::getline(lines, line);) {  // a path may hold blanks
        const auto controllers = line.find(':') + 1;
        const auto path = line.find(':', controllers) + 1;
        if (controllers == 0 || path == 0) continue;
        const auto list = line.substr(controllers, path - 1 - controllers);
        if (list.empty()) {
            unified = read_small_file(mount + "/cgroup.controllers").has_value();
            quota = quota ? quota : quota_along(mount, line.substr(path));
        } else if (names(list, "cpu")) {
            const auto here = quota_along(mount + "/" + list, line.substr(path));
            quota = here ? here : quota;
        }
    }
    // In cgroup v2 the root group has no cpu.max: a process in it has no limit.
    return quota || !unified ? quota : std::optional(no_limit);
}

}  // namespace

kernel_settings read_kernel_settings(const std::string& root) {
    kernel_settings settings;
    settings.release = read_small_file(root + "/proc/sys/kernel/osrelease");
    settings.smt_control = read_small_file(root + "/sys/devices/system/cpu/smt/control");
    settings.cpu_quota = read_quota(root);
    read_isolation(root, settings);
    read_governors(root, settings);
    return settings;
}

}  // namespace weir
