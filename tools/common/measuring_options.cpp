// SPDX-License-Identifier: MIT
#include "tools/common/measuring_options.hpp"

#include "instruments/option_values.hpp"
#include "tools/common/command.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

namespace weir::tool {
namespace {

struct unit {
    std::string_view name;
    double seconds;
};
constexpr std::array units{unit{"ns", 1e-9}, unit{"us", 1e-6}, unit{"ms", 1e-3},
                           unit{"s", 1},     unit{"m", 60},    unit{"h", 3600}};

struct given_time {
    double number;
    const unit* of;  // null: without one
    double seconds() const { return of == nullptr ? 0 : number * of->seconds; }
};

std::optional<given_time> parsed(std::string_view text) {
    given_time given{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), given.number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) return given;
    given.of = std::find_if(units.begin(), units.end(), [&](const unit& u) { return u.name == text; });
    return given.of == units.end() ? std::nullopt : std::optional(given);
}

bool is_within(double seconds, double least_s, double most_s) { return seconds >= least_s && seconds <= most_s; }

// A number without a unit, completed: by the smallest unit that is not out of proportion to the bounds. Empty if none is within.
std::string with_unit(const std::string& number, double value, double least_s, double most_s) {
    for (const auto& u : units)
        if (u.seconds * 6e7 >= most_s && is_within(value * u.seconds, least_s, most_s))
            return number + std::string(u.name);
    return {};
}

// "1us, 1ms or 500ms": some of these within the bounds, the smallest and the largest among them.
std::string examples_within(double least_s, double most_s) {
    constexpr std::array written{"100ns", "1us", "50us", "1ms", "50ms", "500ms", "5s", "30s", "2m", "1h"};
    std::vector<std::string> fit;
    for (const char* const text : written)
        if (is_within(parsed(text)->seconds(), least_s, most_s)) fit.emplace_back(text);
    if (fit.size() < 3) return fmt::format("{}", fmt::join(fit, " or "));
    return fmt::format("{}, {} or {}", fit.front(), fit[fit.size() / 2], fit.back());
}

}  // namespace

double read_seconds(const std::string& text, const std::string& option, double least_s, double most_s) {
    const auto given = parsed(text);
    const bool has_no_unit = given && given->of == nullptr && given->number != 0;
    if (const auto better = has_no_unit ? with_unit(text, given->number, least_s, most_s) : ""; !better.empty())
        throw wrong_value(fmt::format("{} {}: give a unit, as in {}", option, text, better));
    if (!given || has_no_unit || !is_within(given->seconds(), least_s, most_s))
        throw wrong_value(fmt::format("{} {}: give a time from {} to {}, such as {}", option, as_given(text),
                                      seconds_in_words(least_s), seconds_in_words(most_s),
                                      examples_within(least_s, most_s)));
    return given->seconds();
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

pu_set read_pus(const std::string& list, const std::string& option) {
    try {
        return pu_set::parse(list);
    } catch (const placement_error& error) {
        throw wrong_value(option + ": " + error.what());
    }
}

void check_pus_exist(const pu_set& pus, const topology& machine, const std::string& option) {
    try {
        for (const unsigned pu : pus) static_cast<void>(machine.pu(pu));
    } catch (const placement_error& error) {
        throw wrong_value(option + ": " + error.what());
    }
}

pu_set choose_pus(const topology& machine, const std::string& list) {
    if (list.empty()) return machine.allowed();
    const auto wanted = read_pus(list, "--pus");
    check_pus_exist(wanted, machine, "--pus");
    if (const auto refused = wanted - machine.cgroup_allowed(); !refused.empty())
        throw wrong_value(
            fmt::format("--pus: PUs {} exist, but the cgroup of this process does not allow them ({} may be "
                        "used); leave them out, or widen the cgroup's cpuset",
                        refused.to_string(), machine.cgroup_allowed().to_string()));
    return wanted;
}

}  // namespace weir::tool
