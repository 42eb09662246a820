// SPDX-License-Identifier: MIT
#include <weir/topology.hpp>

#include <cstdint>

namespace weir {
namespace {

std::string or_dash(std::optional<unsigned> index) { return index ? std::to_string(*index) : "-"; }

// The properties that a measurement or plan depends on, as text. Excluded because they can change on the same
// machine: memory sizes, ranks of core kinds (newer versions of hwloc know more), and what we may use.
std::string portrait(const topology& machine) {
    std::string text;
    for (const auto& package : machine.packages())
        text += "package " + std::to_string(package.index) + " " + package.model + "\n";
    for (const auto& cache : machine.caches())
        text += "cache " + std::to_string(cache.level) + " " + std::to_string(cache.size_bytes) + " " +
                cache.pus.to_string() + "\n";
    for (const auto& pu : machine.pus())
        text += "pu " + std::to_string(pu.os_index) + " core " + std::to_string(pu.core) + " numa " +
                or_dash(pu.numa_node) + " package " + or_dash(pu.package) + "\n";
    return text;
}

// 64-bit FNV-1a. It does not protect against forgery, which would serve no purpose here.
std::uint64_t hash(const std::string& text) {
    std::uint64_t value = 0xcbf29ce484222325U;
    for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return value;
}

}  // namespace

std::string fingerprint(const topology& machine) {
    auto value = hash(portrait(machine));
    std::string digits(16, '0');
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, value >>= 4U)
        *digit = "0123456789abcdef"[value & 15U];
    const auto count = [](std::size_t n, const char* unit) { return std::to_string(n) + unit + "-"; };
    return count(machine.packages().size(), "p") + count(machine.cores().size(), "c") +
           count(machine.pus().size(), "t") + digits;
}

}  // namespace weir
