// SPDX-License-Identifier: MIT
#include "tools/common/measuring_options.hpp"

#include "tools/common/command.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

namespace weir::tool {
namespace {

struct unit {
    std::string_view name;
    double seconds;
};
constexpr std::array units{unit{"ns", 1e-9}, unit{"us", 1e-6}, unit{"ms", 1e-3}, unit{"s", 1},
                           unit{"m", 60},    unit{"h", 3600},  unit{"", 1}};

std::optional<double> seconds_of(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto* const found = std::find_if(units.begin(), units.end(), [&](const unit& u) { return u.name == text; });
    return found == units.end() ? std::nullopt : std::optional(number * found->seconds);
}

}  // namespace

double read_seconds(const std::string& text, const std::string& option, double least_s, double most_s) {
    const auto seconds = seconds_of(text);
    if (!seconds || !(*seconds >= least_s && *seconds <= most_s))
        throw stop(wrong_usage,
                   fmt::format("{} {}: give a time from {} to {}, such as 30s, 500ms or 2m", option,
                               text.empty() ? "''" : text, seconds_in_words(least_s), seconds_in_words(most_s)));
    return *seconds;
}

std::string seconds_in_words(double seconds) {
    if (seconds >= 3600) return fmt::format("{:.3g} h", seconds / 3600);
    if (seconds >= 1) return fmt::format("{:.4g} s", seconds);
    if (seconds >= 1e-3) return fmt::format("{:.3g} ms", seconds * 1e3);
    return seconds >= 1e-6 ? fmt::format("{:.3g} us", seconds * 1e6) : fmt::format("{:.3g} ns", seconds * 1e9);
}

topology machine_to_measure() {
    auto machine = topology::this_machine();
    if (!machine.is_this_machine())
        throw stop(not_here, machine.source() +
                                 " makes hwloc describe another machine, and only this one can "
                                 "be measured; unset it");
    return machine;
}

std::string why_no_pus(const std::string& list) {
    return list.empty() ? "'' names no PU: name at least one, such as 0, or leave the option out" : "";
}

pu_set choose_pus(const topology& machine, const std::string& list) {
    if (list.empty()) return machine.allowed();
    const auto wanted = pu_set::parse(list);
    for (const unsigned pu : wanted) static_cast<void>(machine.pu(pu));  // throws if it does not exist
    if (const auto refused = wanted - machine.cgroup_allowed(); !refused.empty())
        throw placement_error(
            fmt::format("PUs {} exist, but the cgroup of this process does not allow them ({} may be "
                        "used); leave them out, or widen the cgroup's cpuset",
                        refused.to_string(), machine.cgroup_allowed().to_string()));
    return wanted;
}

}  // namespace weir::tool
