// SPDX-License-Identifier: MIT
#include "summary.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace bench {
namespace {

std::vector<double> kept(const std::vector<std::optional<double>>& values) {
    std::vector<double> some;
    for (const auto& value : values) {
        if (value) {
            some.push_back(*value);
        }
    }
    return some;
}

bool better(metric unit, double a, double b) { return unit == metric::items_per_s ? a > b : a < b; }

const track* best_of(const contest& done, bool blocking) {
    const track* best = nullptr;
    double best_median = 0.0;
    for (const track& candidate : done.tracks()) {
        const auto values = kept(candidate.values);
        if (candidate.queue->subject || candidate.queue->blocking != blocking || values.empty()) {
            continue;
        }
        const double its_median = median(values);
        if (best == nullptr || better(done.what().unit, its_median, best_median)) {
            best = &candidate;
            best_median = its_median;
        }
    }
    return best;
}

/// Over the rounds that `counts` accepts.
template <typename Predicate>
std::optional<comparison> compare(const track& queue, const track* rival, metric unit, Predicate&& counts) {
    if (rival == nullptr) {
        return std::nullopt;
    }
    std::vector<double> ratios;
    for (std::size_t round = 0; round != std::min(queue.values.size(), rival->values.size()); ++round) {
        if (!counts(round)) {
            continue;
        }
        if (const auto& mine = queue.values[round], &theirs = rival->values[round]; mine && theirs) {
            ratios.push_back(unit == metric::items_per_s ? *mine / *theirs : *theirs / *mine);
        }
    }
    if (ratios.empty()) {
        return std::nullopt;
    }
    return comparison{rival->queue->name, quartiles_of(ratios), ratios.size()};
}

bool every_round(std::size_t) { return true; }

std::vector<machine_state> states_of(const contest& done, const track* rival) {
    const std::vector<double>& roundtrips = done.round_roundtrips_ns();
    const auto [fastest, slowest] = std::minmax_element(roundtrips.begin(), roundtrips.end());
    const auto subject = std::find_if(done.tracks().begin(), done.tracks().end(),
                                      [](const track& queue) { return queue.queue->subject; });
    if (roundtrips.empty() || *slowest < 2.0 * *fastest || subject == done.tracks().end()) {
        return {};
    }
    const double border = std::sqrt(*fastest * *slowest);
    std::vector<machine_state> states;
    for (const bool slow : {false, true}) {
        const auto in_this_state = [&](std::size_t round) { return (roundtrips[round] > border) == slow; };
        std::vector<double> here;
        std::copy_if(roundtrips.begin(), roundtrips.end(), std::back_inserter(here),
                     [&](double roundtrip) { return (roundtrip > border) == slow; });
        states.push_back({median(here), here.size(), compare(*subject, rival, done.what().unit, in_this_state)});
    }
    return states;
}

}  // namespace

scenario_summary summarize(const contest& done, const work_calibration& work) {
    const scenario& what = done.what();
    scenario_summary all;
    all.name = what.name;
    all.unit = what.unit;
    all.kind = what.kind;
    all.scheduled_per_s = what.scheduled_per_s;
    if (what.works) {
        all.work_bound_per_s = 1e9 / work.ns_per_item;
    }
    all.rounds = done.rounds();

    std::vector<double> roundtrips;
    std::vector<double> streams;
    for (const auto& floor : done.floors()) {
        roundtrips.push_back(floor.roundtrip_ns);
        streams.push_back(floor.stream_words_per_s);
    }
    all.roundtrip_floor_ns = quartiles_of(roundtrips);
    all.stream_floor_words_per_s = quartiles_of(streams);

    const track* const rival = best_of(done, false);
    const track* const blocking_rival = best_of(done, true);
    all.best_rival = rival == nullptr ? "" : rival->queue->name;
    all.best_blocking = blocking_rival == nullptr ? "" : blocking_rival->queue->name;
    all.round_roundtrips_ns = done.round_roundtrips_ns();
    all.states = states_of(done, rival);
    for (const track& queue : done.tracks()) {
        summary_row row;
        row.queue = queue.queue->name;
        row.subject = queue.queue->subject;
        row.blocking = queue.queue->blocking;
        row.effective_capacity = queue.effective_capacity;
        row.excluded = queue.excluded;
        row.value = quartiles_of(kept(queue.values));
        row.of_floor = quartiles_of(kept(queue.of_floor));
        row.rounds = kept(queue.values).size();
        row.dropped = queue.dropped;
        row.values = queue.values;
        row.vs_best_rival = compare(queue, rival, what.unit, every_round);
        row.vs_best_blocking = compare(queue, blocking_rival, what.unit, every_round);
        row.latencies_ns = queue.latencies_ns;
        row.typical_p99_ns = median(queue.p99_ns);
        row.typical_p99_9_ns = median(queue.p99_9_ns);
        row.achieved_per_s = median(queue.achieved_per_s);
        all.dropped += row.dropped;
        all.samples += row.rounds + row.dropped;
        all.rows.push_back(std::move(row));
    }
    std::stable_sort(all.rows.begin(), all.rows.end(), [&](const summary_row& a, const summary_row& b) {
        if (a.subject != b.subject) {
            return a.subject;
        }
        if ((a.rounds == 0) != (b.rounds == 0)) {
            return b.rounds == 0;
        }
        return better(what.unit, a.value.median, b.value.median);
    });
    return all;
}

}  // namespace bench
