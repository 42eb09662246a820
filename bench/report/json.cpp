// SPDX-License-Identifier: MIT
#include "bench/report/json.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "bench/queues/queue.hpp"
#include "src/json_text.hpp"
#include "src/replace_file.hpp"

namespace bench {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const quartiles& q) { return {{"median", q.median}, {"q1", q.q1}, {"q3", q.q3}}; }

/// [percentile, ns] from p0 to p100, denser towards the tail, for a plot of the distribution.
ordered_json percentile_curve(const weir::histogram& latencies) {
    ordered_json curve = ordered_json::array();
    constexpr int steps_per_halving = 5;
    double remaining = 1.0;
    while (remaining * static_cast<double>(latencies.count()) >= 0.5) {
        const double next = remaining / 2.0;
        for (int step = 0; step != steps_per_halving; ++step) {
            const double percentile = 100.0 * (1.0 - remaining + (remaining - next) * step / steps_per_halving);
            curve.push_back({percentile, latencies.percentile(percentile)});
        }
        remaining = next;
    }
    curve.push_back({100.0, latencies.max()});
    return curve;
}

ordered_json latency_figures(const scenario_summary& s, const summary_row& row) {
    const weir::histogram& latencies = *row.latencies_ns;
    ordered_json it = ordered_json::object();
    if (s.scheduled_per_s > 0.0) {
        it["scheduled_per_s"] = s.scheduled_per_s;
        it["achieved_per_s"] = row.achieved_per_s;
    }
    it["messages"] = latencies.count();
    it["typical_p50_ns"] = row.value.median;
    it["typical_p99_ns"] = row.typical_p99_ns;
    it["typical_p99_9_ns"] = row.typical_p99_9_ns;
    it["mean_ns"] = latencies.mean();
    it["p50_ns"] = latencies.percentile(50);
    it["p90_ns"] = latencies.percentile(90);
    it["p99_ns"] = latencies.percentile(99);
    it["p99_9_ns"] = latencies.percentile(99.9);
    it["p99_99_ns"] = latencies.percentile(99.99);
    it["max_ns"] = latencies.max();
    it["curve"] = percentile_curve(latencies);
    return it;
}

const char* key_of(metric unit) {
    switch (unit) {
    case metric::ns: return "ns";
    case metric::cpu_percent: return "cpu_percent";
    default: return "items_per_s";
    }
}

ordered_json to_json(const environment& env, const scenario_summary& s, const summary_row& row) {
    ordered_json it = {
        {"scenario", s.name}, {"queue", row.queue}, {"subject", row.subject}, {"blocking", row.blocking}};
    if (!env.pinned || env.one_core) {
        it["pinned"] = env.pinned;
        it["one_core"] = env.one_core;
    }
    if (!row.excluded.empty()) {
        it["excluded"] = row.excluded;
    }
    const char* const unit = key_of(s.unit);
    const auto or_null = [](bool known, double value) { return known ? ordered_json(value) : ordered_json(); };
    const bool kept = row.rounds != 0;
    const auto& best = row.vs_best_rival;
    it[unit] = or_null(kept, row.value.median);
    it["of_floor"] = or_null(kept, row.of_floor.median);
    it["vs_best_rival"] = or_null(best.has_value(), best ? best->ratio.median : 0.0);
    it["best_rival"] = s.best_rival.empty() ? ordered_json() : ordered_json(s.best_rival);
    it["q1"] = or_null(best.has_value(), best ? best->ratio.q1 : 0.0);
    it["q3"] = or_null(best.has_value(), best ? best->ratio.q3 : 0.0);
    it["rounds"] = row.rounds;
    it["paired_rounds"] = best ? best->rounds : 0;
    it["dropped"] = row.dropped;
    it[std::string{unit} + "_q1"] = or_null(kept, row.value.q1);
    it[std::string{unit} + "_q3"] = or_null(kept, row.value.q3);
    it["of_floor_q1"] = or_null(kept, row.of_floor.q1);
    it["of_floor_q3"] = or_null(kept, row.of_floor.q3);
    if (row.vs_best_blocking) {
        it["vs_best_blocking"] = row.vs_best_blocking->ratio.median;
        it["best_blocking"] = row.vs_best_blocking->with;
    }
    if (row.vs_sibling) {
        it["vs_sibling"] = row.vs_sibling->ratio.median;
        it["vs_sibling_q1"] = row.vs_sibling->ratio.q1;
        it["vs_sibling_q3"] = row.vs_sibling->ratio.q3;
        it["sibling"] = row.vs_sibling->with;
    }
    if (row.producers_fairness) {
        it["producers_fairness"] = *row.producers_fairness;
    }
    if (row.consumers_fairness) {
        it["consumers_fairness"] = *row.consumers_fairness;
    }
    it["samples"] =
        ordered_json::array();  // round by round, null where dropped: the ratios can be recomputed from them
    for (const auto& value : row.values) {
        it["samples"].push_back(value ? ordered_json(*value) : ordered_json());
    }
    it["item_bytes"] = s.kind.item_bytes;
    it["capacity"] = s.kind.capacity;
    it["effective_capacity"] = row.effective_capacity;
    if (s.work_bound_per_s) {
        it["work_bound_per_s"] = *s.work_bound_per_s;
    }
    if (row.latencies_ns) {
        it["latency"] = latency_figures(s, row);
    }
    return it;
}

ordered_json floor_figures(const scenario_summary& s) {
    ordered_json it = {{"scenario", s.name},
                       {"line_roundtrip_ns", to_json(s.roundtrip_floor_ns)},
                       {"stream_words_per_s", to_json(s.stream_floor_words_per_s)},
                       {"line_roundtrip_ns_by_round", s.round_roundtrips_ns},
                       {"samples", s.samples},
                       {"dropped", s.dropped}};
    for (const auto& state : s.states) {
        ordered_json& one = it["states"].emplace_back();
        one = {{"line_roundtrip_ns", state.roundtrip_ns}, {"rounds", state.rounds}};
        if (const auto& ratio = state.subject_vs_best_rival) {
            one["subject_vs_best_rival"] = to_json(ratio->ratio);
            one["best_rival"] = ratio->with;
        }
    }
    return it;
}

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why,
                         const char* remedy = "give a path in a folder that you may write to") {
    throw std::runtime_error{"--json " + path.string() + ": cannot be written (" + why + "); " + remedy};
}

}  // namespace

results_file::results_file(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code error;
    if (path_.has_parent_path()) {
        std::filesystem::create_directories(path_.parent_path(), error);
        if (error) {
            refuse(path_, error.message());
        }
    }
    if (!path_.has_filename() || std::filesystem::is_directory(path_, error)) {
        refuse(path_, "it names no file");
    }
    const bool was_there = std::filesystem::exists(path_, error);
    errno = 0;
    if (!std::ofstream{path_, std::ios::app}) {
        refuse(path_, std::strerror(errno));
    }
    if (!was_there) {
        std::filesystem::remove(path_, error);
    }
}

void results_file::write(const environment& env, const std::vector<scenario_summary>& scenarios) const {
    ordered_json all;
    all["schema_version"] = schema_version;
    all["kind"] = "weir-bench";
    all["environment"] = env;
    // Lists are built separately and moved in when complete: adding a key to an ordered_json moves the values before it.
    ordered_json floors = ordered_json::array();
    ordered_json summary = ordered_json::array();
    for (const auto& s : scenarios) {
        floors.push_back(floor_figures(s));
        for (const auto& row : s.rows) {
            summary.push_back(to_json(env, s, row));
        }
    }
    all["floors"] = std::move(floors);
    all["summary"] = std::move(summary);
    ordered_json queues = ordered_json::array();
    for (const auto& queue : built_in_queues()) {
        queues.push_back({{"queue", queue.name}, {"configuration", queue.configuration}});
    }
    all["queues"] = std::move(queues);
    ordered_json absent = ordered_json::array();
    for (const auto& library : absent_queues()) {
        absent.push_back({{"queue", library.library}, {"package", library.remedy}});
    }
    all["absent"] = std::move(absent);

    if (const int failure = weir::replace_file(path_.string(), weir::json_text(all)); failure != 0) {
        refuse(path_, std::strerror(failure), "free some space, or give another path");
    }
}

}  // namespace bench
