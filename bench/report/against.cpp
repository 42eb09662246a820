// SPDX-License-Identifier: MIT
#include "bench/report/against.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bench/report/results.hpp"
#include "bench/run/environment.hpp"
#include "instruments/option_values.hpp"

namespace bench {
namespace {

using nlohmann::json;

constexpr std::size_t enough_pairs = 8;
constexpr double steady = 1.25;  // as between two floors of one run: see floor_reading::steady()

/// A key that the build determines, not the machine.
bool is_of_the_build(const std::string& key) {
    return key == "compiler" || key == "compiler_flags" || key == "build_type" || key == "assertions";
}

void add_once(std::vector<std::string>& to, const std::string& text) {
    if (std::find(to.begin(), to.end(), text) == to.end()) {
        to.push_back(text);
    }
}

/// Where the environments differ, of the keys that both have.
std::vector<std::string> differences(const json& first, const json& second, bool of_the_build) {
    std::vector<std::string> found;
    for (const auto& key : decisive_keys()) {
        if (is_of_the_build(key) == of_the_build && first.contains(key) && second.contains(key) &&
            first[key] != second[key]) {
            found.push_back(fmt::format("{} ({} and {})", key, first[key].dump(), second[key].dump()));
        }
    }
    return found;
}

const json* row_of(const json& results, const std::string& scenario, const std::string& queue) {
    for (const auto& row : results["summary"]) {
        if (row["scenario"] == scenario && row["queue"] == queue) {
            return &row;
        }
    }
    return nullptr;
}

bool has_scenario(const json& results, const std::string& scenario) {
    return std::any_of(results["summary"].begin(), results["summary"].end(),
                       [&](const json& row) { return row["scenario"] == scenario; });
}

/// Round by round, or only the median of the run.
std::vector<std::optional<double>> samples_of(const json& row, bool by_round) {
    std::vector<std::optional<double>> samples;
    const json values = by_round ? row["samples"] : json::array({figure_of(row)});
    for (const auto& value : values) {
        samples.push_back(value.is_number() && value.get<double>() > 0.0 ? std::optional(value.get<double>())
                                                                         : std::nullopt);
    }
    return samples;
}

struct floors_of_run {
    std::vector<double> roundtrips_ns;  ///< by round; one for all rounds in results of the first versions
    double stream_words_per_s = 0.0;

    double roundtrip_ns(std::size_t round) const {
        return roundtrips_ns.empty() ? 0.0 : roundtrips_ns[std::min(round, roundtrips_ns.size() - 1)];
    }
};

floors_of_run floors_of(const json& results, const std::string& scenario) {
    for (const auto& floor : results.value("floors", json::array())) {
        if (floor["scenario"] == scenario) {
            floors_of_run found{floor.value("line_roundtrip_ns_by_round", std::vector<double>{}),
                                floor["stream_words_per_s"]["median"].get<double>()};
            if (found.roundtrips_ns.empty()) {
                found.roundtrips_ns = {floor["line_roundtrip_ns"]["median"].get<double>()};
            }
            return found;
        }
    }
    return {};
}

bool alike(double a, double b) { return std::max(a, b) <= steady * std::min(a, b); }

/// The ratios of one queue in two neighbouring runs, by round: `after` against `before`.
struct ratios_of_two {
    std::vector<paired_sample> samples;
    std::size_t dropped = 0;
};

ratios_of_two compare_runs(const json& before, const json& after, const std::string& scenario,
                           const std::string& queue) {
    ratios_of_two found;
    const json& row_before = *row_of(before, scenario, queue);
    const json& row_after = *row_of(after, scenario, queue);
    const std::string unit = unit_of(row_before);
    // The first versions of weir-bench wrote only the median: one pair then.
    const bool by_round = row_before.contains("samples") && row_after.contains("samples");
    const auto values_before = samples_of(row_before, by_round);
    const auto values_after = samples_of(row_after, by_round);
    const auto floors_before = floors_of(before, scenario);
    const auto floors_after = floors_of(after, scenario);
    const bool same_machine = differences(before["environment"], after["environment"], false).empty();
    // Processor time while nothing happens does not depend on the floors.
    const bool floors_matter = unit != "cpu_percent";
    for (std::size_t round = 0; round != std::max(values_before.size(), values_after.size()); ++round) {
        const double trip_before = floors_before.roundtrip_ns(round);
        const double trip_after = floors_after.roundtrip_ns(round);
        const bool steady_floors =
            !floors_matter || (alike(trip_before, trip_after) &&
                               alike(floors_before.stream_words_per_s, floors_after.stream_words_per_s));
        if (round >= values_before.size() || round >= values_after.size() || !values_before[round] ||
            !values_after[round] || !same_machine || !steady_floors || unit_of(row_after) != unit) {
            ++found.dropped;
            continue;
        }
        const double ratio = *values_after[round] / *values_before[round];
        found.samples.push_back({unit == "items_per_s" ? ratio : 1.0 / ratio, (trip_before + trip_after) / 2.0});
    }
    return found;
}

class pairing {
public:
    void add_pair(const json& other, const json& here) {
        for (const auto& text : differences(other["environment"], here["environment"], true)) {
            add_once(all_.build_differences, text);
        }
        for (const auto& text : differences(other["environment"], here["environment"], false)) {
            add_once(all_.machine_differences, text);
        }
        name_missing(other, here, all_.only_in_other);
        name_missing(here, other, all_.only_in_this);
        for_each_in_both(other, here, [&](const std::string& scenario, const std::string& queue, paired_row& row) {
            const auto ratios = compare_runs(other, here, scenario, queue);
            row.samples.insert(row.samples.end(), ratios.samples.begin(), ratios.samples.end());
            row.dropped += ratios.dropped;
            for (const json* results : {&other, &here}) {
                const json& one = *row_of(*results, scenario, queue);
                if (one.contains("excluded")) {
                    add_once(row.excluded, fmt::format("{}: {}", results == &other ? "other commit" : "this tree",
                                                       one["excluded"].get<std::string>()));
                }
            }
        });
    }

    void add_same_program(const json& before, const json& after) {
        for_each_in_both(before, after, [&](const std::string& scenario, const std::string& queue, paired_row& row) {
            for (const auto& sample : compare_runs(before, after, scenario, queue).samples) {
                row.same_program.push_back(sample.ratio);
            }
        });
    }

    paired_comparison take() { return std::move(all_); }

private:
    static void name_missing(const json& from, const json& in, std::vector<std::string>& list) {
        for (const auto& row : from["summary"]) {
            if (row_of(in, row["scenario"], row["queue"]) == nullptr) {
                add_once(list,
                         fmt::format("{}: {}", row["scenario"].get<std::string>(), row["queue"].get<std::string>()));
            }
        }
    }

    template <typename F>
    void for_each_in_both(const json& first, const json& second, F&& visit) {
        for (const auto& row : first["summary"]) {
            const std::string scenario = row["scenario"];
            const std::string queue = row["queue"];
            if (row_of(second, scenario, queue) != nullptr) {
                visit(scenario, queue, find(scenario, unit_of(row), queue));
            }
        }
    }

    paired_row& find(const std::string& scenario, const std::string& unit, const std::string& queue) {
        auto place = std::find_if(all_.scenarios.begin(), all_.scenarios.end(),
                                  [&](const paired_scenario& s) { return s.name == scenario; });
        if (place == all_.scenarios.end()) {
            place = all_.scenarios.insert(place, {scenario, unit, {}});
        }
        const auto row =
            std::find_if(place->rows.begin(), place->rows.end(), [&](const paired_row& r) { return r.queue == queue; });
        if (row != place->rows.end()) {
            return *row;
        }
        paired_row& added = place->rows.emplace_back();
        added.queue = queue;
        return added;
    }

    paired_comparison all_;
};

bool share_a_scenario(const json& first, const json& second) {
    return std::any_of(first["summary"].begin(), first["summary"].end(),
                       [&](const json& row) { return has_scenario(second, row["scenario"].get<std::string>()); });
}

template <typename Predicate>
std::vector<double> ratios_where(const paired_row& row, Predicate&& counts) {
    std::vector<double> some;
    for (const auto& sample : row.samples) {
        if (counts(sample)) {
            some.push_back(sample.ratio);
        }
    }
    return some;
}

std::vector<double> ratios_of(const paired_row& row) {
    return ratios_where(row, [](const paired_sample&) { return true; });
}

std::string quartile_range(const quartiles& q) { return fmt::format("{:.2f}-{:.2f}", q.q1, q.q3); }

const char* word_for(verdict v) {
    switch (v) {
    case verdict::better: return "better";
    case verdict::worse: return "WORSE";
    case verdict::too_few: return "too few pairs";
    default: return "no difference";
    }
}

/// A line for each state of the machine, if the line round trip more than doubled between pairs: the host moves the cores of a
/// virtual machine, and what wins near can lose far.
std::string states_text(const paired_row& row) {
    if (row.samples.empty()) {
        return {};
    }
    const auto [fastest, slowest] = std::minmax_element(
        row.samples.begin(), row.samples.end(),
        [](const paired_sample& a, const paired_sample& b) { return a.roundtrip_ns < b.roundtrip_ns; });
    if (slowest->roundtrip_ns < 2.0 * fastest->roundtrip_ns) {
        return {};
    }
    const double border = std::sqrt(fastest->roundtrip_ns * slowest->roundtrip_ns);
    std::string text;
    for (const bool slow : {false, true}) {
        const auto here = [&](const paired_sample& sample) { return (sample.roundtrip_ns > border) == slow; };
        std::vector<double> trips;
        for (const auto& sample : row.samples) {
            if (here(sample)) {
                trips.push_back(sample.roundtrip_ns);
            }
        }
        const auto ratio = quartiles_of(ratios_where(row, here));
        text += fmt::format("      {} pairs at a line round trip near {:.0f} ns: {:.2f} ({})\n", trips.size(),
                            median(trips), ratio.median, quartile_range(ratio));
    }
    return text;
}

std::string row_text(const paired_row& row) {
    std::string text = fmt::format("  {:<32}", row.queue);
    if (row.samples.empty()) {
        text += fmt::format("no pair kept, {} dropped\n", row.dropped);
    } else {
        const auto ratio = quartiles_of(ratios_of(row));
        text += fmt::format("{:>6.2f}  {:<12}{:>6}{:>9}   {:<14}{}\n", ratio.median, quartile_range(ratio),
                            row.samples.size(), row.dropped,
                            row.same_program.empty() ? "-" : quartile_range(quartiles_of(row.same_program)),
                            word_for(verdict_of(row)));
    }
    for (const auto& sentence : row.excluded) {
        text += fmt::format("      EXCLUDED in {}\n", sentence);
    }
    return text + states_text(row);
}

std::string list_text(const std::string& head, const std::vector<std::string>& items) {
    return items.empty() ? std::string{} : fmt::format("{}\n    {}\n", head, fmt::join(items, "\n    "));
}

std::vector<std::string> without(std::vector<std::string> from, const std::vector<std::string>& others) {
    std::erase_if(from,
                  [&](const std::string& one) { return std::find(others.begin(), others.end(), one) != others.end(); });
    return from;
}

program_list read_list(const std::filesystem::path& path) {
    std::ifstream file{path};
    program_list list;
    if (!std::getline(file, list.name)) {
        throw std::invalid_argument{
            fmt::format("--paired {}: {} is missing; give a folder that './dev bench --against COMMIT' has left",
                        path.parent_path().string(), path.filename().string())};
    }
    for (std::string line; std::getline(file, line);) {
        list.scenarios.push_back(line);
    }
    return list;
}

}  // namespace

paired_comparison pair_up(const std::vector<program_run>& runs) {
    pairing all;
    for (std::size_t i = 0; i + 1 < runs.size(); ++i) {
        const program_run& first = runs[i];
        const program_run& second = runs[i + 1];
        if (i % 2 == 0 && first.other != second.other) {
            all.add_pair((first.other ? first : second).results, (first.other ? second : first).results);
        } else if (i % 2 == 1 && first.other == second.other && share_a_scenario(first.results, second.results)) {
            all.add_same_program(first.results, second.results);
        }
    }
    return all.take();
}

verdict verdict_of(const paired_row& row) {
    if (row.samples.size() < enough_pairs) {
        return verdict::too_few;
    }
    const auto ratio = quartiles_of(ratios_of(row));
    const auto noise = row.same_program.empty() ? quartiles{1.0, 1.0, 1.0} : quartiles_of(row.same_program);
    if (ratio.q1 > 1.0 && ratio.median > noise.q3) {
        return verdict::better;
    }
    return ratio.q3 < 1.0 && ratio.median < noise.q1 ? verdict::worse : verdict::unclear;
}

std::string paired_text(const paired_comparison& all, const program_list& other, const program_list& here) {
    std::string text = fmt::format("{}\nagainst {}\n", here.name, other.name);
    text += list_text("THE BUILDS DIFFER (other commit's value first):", all.build_differences);
    text += list_text("THE MACHINE CHANGED between runs; pairs of such runs are dropped:", all.machine_differences);
    for (const auto& scenario : all.scenarios) {
        text += fmt::format("\n{}   {}\n  {:<32}{:>6}  {:<12}{:>6}{:>9}   {:<14}\n", scenario.name,
                            scenario.unit == "items_per_s" ? "rate: this / other" : "time: other / this", "", "ratio",
                            "quartiles", "pairs", "dropped", "same program");
        while (text.ends_with(" \n")) {
            text.erase(text.size() - 2, 1);
        }
        for (const auto& row : scenario.rows) {
            text += row_text(row);
        }
    }
    text +=
        "\nratio: median over pairs of samples taken one right after the other; above 1 this tree is better, for rates and for times.\n"
        "same program: quartiles of the same ratio between two neighbouring runs of one and the same program: the noise.\n"
        "better, WORSE: three quarters of the ratios are on that side of 1, and the median is outside the noise. Among many rows a few\n"
        "are so by chance, and code that merely moved in memory can cost or gain some percent: measure such a row again.\n"
        "dropped: pairs without a ratio, because a sample was missing or the floors of the two runs differed by more than a quarter.\n";
    text += list_text("Scenarios of the other commit alone:", without(other.scenarios, here.scenarios));
    text += list_text("Scenarios of this tree alone:", without(here.scenarios, other.scenarios));
    text += list_text("Queues of the other commit alone:", all.only_in_other);
    return text + list_text("Queues of this tree alone:", all.only_in_this);
}

int print_paired(const std::string& folder) {
    const std::filesystem::path path{folder};
    const program_list other = read_list(path / "other.txt");
    const program_list here = read_list(path / "this.txt");
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator{path}) {
        if (entry.path().extension() == ".json") {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    std::vector<program_run> runs;
    for (const auto& file : files) {
        runs.push_back({file.stem().string().ends_with("-other"), read_results(file.string())});
    }
    if (runs.size() < 2) {
        throw std::invalid_argument{fmt::format(
            "--paired {}: holds {} runs, at least 2 are needed; give a folder that './dev bench --against COMMIT' has left",
            folder, runs.size())};
    }
    weir::write_to_stdout(paired_text(pair_up(runs), other, here));
    return 0;
}

}  // namespace bench
