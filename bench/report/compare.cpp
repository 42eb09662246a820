// SPDX-License-Identifier: MIT
#include "bench/report/compare.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "bench/report/results.hpp"
#include "bench/run/environment.hpp"
#include "instruments/option_values.hpp"

namespace bench {
namespace {

void require_same_environment(const nlohmann::json& first, const nlohmann::json& second) {
    std::string differing;
    for (const auto& key : decisive_keys()) {
        const auto a = first.value(key, nlohmann::json());
        const auto b = second.value(key, nlohmann::json());
        if (a != b) {
            differing += fmt::format("{}{} ({} and {})", differing.empty() ? "" : ", ", key, a.dump(), b.dump());
        }
    }
    if (!differing.empty()) {
        throw std::invalid_argument{"--compare: the environments differ in " + differing +
                                    "; measure both with one build, on one machine, pinned alike"};
    }
}

/// A sentence for each scenario whose floors show that the machine was in another state.
std::string state_changes(const nlohmann::json& first, const nlohmann::json& second) {
    std::string text;
    for (const auto& a : first.value("floors", nlohmann::json::array())) {
        for (const auto& b : second.value("floors", nlohmann::json::array())) {
            if (a["scenario"] != b["scenario"]) {
                continue;
            }
            const double was = a["line_roundtrip_ns"]["median"];
            const double is = b["line_roundtrip_ns"]["median"];
            if (std::max(was, is) > 1.25 * std::min(was, is)) {
                text +=
                    fmt::format("{}: the machine was in another state, the line round trip took {:.0f} and {:.0f} ns\n",
                                a["scenario"].get<std::string>(), was, is);
            }
        }
    }
    return text;
}

}  // namespace

int compare_results(const std::string& first_file, const std::string& second_file) {
    const auto first = read_results(first_file);
    const auto second = read_results(second_file);
    require_same_environment(first["environment"], second["environment"]);

    weir::write_to_stdout(fmt::format(
        "TWO SEPARATE RUNS: INDICATIVE ONLY. The machine may have been in another state; only samples taken in turns can be\n"
        "compared (./dev bench --against COMMIT for two commits). Ratios second / first, above 1 is better; of floor: the\n"
        "same after dividing each by the floors of its own run.\n\n{:<40}{:<27}{:>8}{:>10}\n",
        "", "", "ratio", "of floor"));
    for (const auto& a : first["summary"]) {
        for (const auto& b : second["summary"]) {
            if (a["scenario"] != b["scenario"] || a["queue"] != b["queue"] || !figure_of(a).is_number() ||
                !figure_of(b).is_number() || !a["of_floor"].is_number() || !b["of_floor"].is_number()) {
                continue;
            }
            const bool rate = unit_of(a) == "items_per_s";
            const auto ratio = [rate](double was, double is) { return rate ? is / was : was / is; };
            weir::write_to_stdout(fmt::format("{:<40}{:<27}{:>8.2f}{:>10.2f}\n", a["scenario"].get<std::string>(),
                                              a["queue"].get<std::string>(), ratio(figure_of(a), figure_of(b)),
                                              ratio(a["of_floor"], b["of_floor"])));
        }
    }
    weir::write_to_stdout(state_changes(first, second));
    return 0;
}

}  // namespace bench
