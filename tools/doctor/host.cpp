// SPDX-License-Identifier: MIT
#include "tools/doctor/devices.hpp"
#include "tools/doctor/doctor.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#if defined(__linux__)
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace weir::tool {

std::string_view to_string(severity level) noexcept {
    switch (level) {
    case severity::severe: return "severe";
    case severity::warning: return "warning";
    case severity::note: return "note";
    case severity::unknown: return "unknown";
    case severity::fine: return "fine";
    }
    return "unknown";
}

host host::this_one() {
    host here;
#if defined(__linux__)
    const long commands = ::syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0U, 0);
    if (commands >= 0)
        here.membarrier = commands;
    else
        here.why_no_membarrier = std::string("the kernel answers: ") + std::strerror(errno);
#else
    here.why_no_membarrier = "membarrier exists on Linux only";
#endif
    return here;
}

host host::in_folder(const std::string& root) {
    host other;
    other.root = root;
    other.why_no_membarrier = "it can be queried only on the host itself, and --root names the files of another";
    return other;
}

std::optional<std::string> host::text(const std::string& path) const {
    std::ifstream file(root + path);
    std::string content;
    for (char c = 0; file.get(c);) content += c;  // some files in /sys can be opened but not read
    if (!file.is_open() || file.bad()) return std::nullopt;
    content.erase(content.find_last_not_of(" \t\n") + 1);
    return content;
}

std::optional<pu_set> host::pus(const std::string& path) const {
    const auto list = text(path);
    if (!list) return std::nullopt;
    try {
        return pu_set::parse(*list);
    } catch (const placement_error&) {
        return std::nullopt;
    }
}

std::optional<long long> host::number(const std::string& path) const {
    const auto digits = text(path);
    if (!digits) return std::nullopt;
    long long value = 0;
    const auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), value);
    return error == std::errc{} && end == digits->data() + digits->size() ? std::optional(value) : std::nullopt;
}

std::string host::link_name(const std::string& path) const {
    std::error_code ignored;
    return std::filesystem::read_symlink(root + path, ignored).filename().string();
}

std::string host::why_not(const std::string& path) const {
    errno = ENOENT;
    std::ifstream file(root + path);
    file.peek();
    if (file.is_open() && (!file.bad() || errno == EISDIR)) return path + " has contents that weir does not understand";
    return path + ": " + std::strerror(errno);
}

std::vector<std::string> host::names(const std::string& path) const {
    std::vector<std::string> found;
    std::error_code ignored;
    for (std::filesystem::directory_iterator at(root + path, ignored), end; !ignored && at != end;
         at.increment(ignored))
        found.push_back(at->path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
}

bool host::is_guest() const {
    std::istringstream lines(text("/proc/cpuinfo").value_or(""));
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("flags")) return (line + " ").find(" hypervisor ") != std::string::npos;
    return text("/sys/hypervisor/type").has_value();
}

std::vector<finding> examine(const host& on) { return examine(on, {}); }

std::vector<finding> examine(const host& on, const std::vector<placed_role>& roles) {
    const auto kernel = read_kernel_settings(on.root);
    std::vector<finding> all;
    for (const auto& part : {examine_devices(on, roles), examine_processor(on, kernel), examine_isolation(on, kernel),
                             examine_limits(on, kernel), examine_memory(on)})
        all.insert(all.end(), part.begin(), part.end());
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.level < b.level; });
    return all;
}

}  // namespace weir::tool
