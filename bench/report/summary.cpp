// SPDX-License-Identifier: MIT
#include "bench/report/summary.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace bench {
namespace {

bool every_round(std::size_t) { return true; }

template <typename Predicate>
std::vector<double> kept(const std::vector<std::optional<double>>& values, Predicate&& counts) {
    std::vector<double> some;
    for (std::size_t round = 0; round != values.size(); ++round) {
        if (values[round] && counts(round)) {
            some.push_back(*values[round]);
        }
    }
    return some;
}

bool better(metric unit, double a, double b) { return unit == metric::items_per_s ? a > b : a < b; }

/// In each round, the best sample of the rivals of this kind; empty where none was kept.
std::vector<std::optional<double>> best_samples(const contest_record& done, const std::vector<const track*>& rivals) {
    std::vector<std::optional<double>> best(done.rounds);
    for (const track* rival : rivals) {
        for (std::size_t round = 0; round != std::min(best.size(), rival->values.size()); ++round) {
            const auto& value = rival->values[round];
            if (value && (!best[round] || better(done.what.unit, *value, *best[round]))) {
                best[round] = value;
            }
        }
    }
    return best;
}

/// The rival with the highest median share of the best rival's sample in each round, over the rounds that `counts` accepts. The
/// highest median rate would do if the machine never changed its state; when it does, that could pick any rival.
template <typename Predicate>
const track* best_of(const contest_record& done, bool blocking, Predicate&& counts) {
    std::vector<const track*> rivals;
    for (const track& candidate : done.tracks) {
        if (!candidate.queue->subject && candidate.queue->blocking == blocking) {
            rivals.push_back(&candidate);
        }
    }
    const auto best_in_round = best_samples(done, rivals);
    const track* best = nullptr;
    double best_share = 0.0;
    for (const track* rival : rivals) {
        std::vector<double> shares;
        for (std::size_t round = 0; round != std::min(best_in_round.size(), rival->values.size()); ++round) {
            if (const auto& value = rival->values[round]; value && counts(round)) {
                shares.push_back(done.what.unit == metric::items_per_s ? *value / *best_in_round[round]
                                                                       : *best_in_round[round] / *value);
            }
        }
        if (!shares.empty() && median(shares) > best_share) {
            best = rival;
            best_share = median(shares);
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
        if (const auto &mine = queue.values[round], &theirs = rival->values[round]; mine && theirs) {
            ratios.push_back(unit == metric::items_per_s ? *mine / *theirs : *theirs / *mine);
        }
    }
    if (ratios.empty()) {
        return std::nullopt;
    }
    return comparison{rival->queue->name, quartiles_of(ratios), ratios.size()};
}

/// Null if no queue has that name.
const track* find_track(const contest_record& done, const std::string& name) {
    const auto found = std::find_if(done.tracks.begin(), done.tracks.end(),
                                    [&](const track& queue) { return queue.queue->name == name; });
    return found == done.tracks.end() ? nullptr : &*found;
}

std::optional<double> median_of_any(const std::vector<double>& values) {
    return values.empty() ? std::nullopt : std::optional{median(values)};
}

/// In scenarios about waiting, the rivals are queues that block.
bool rivals_block(const contest_record& done) { return done.what.plays == league::waiting; }

std::vector<machine_state> states_of(const contest_record& done) {
    const std::vector<double>& roundtrips = done.round_roundtrips_ns;
    const auto [fastest, slowest] = std::minmax_element(roundtrips.begin(), roundtrips.end());
    const auto subject = std::find_if(done.tracks.begin(), done.tracks.end(), [&](const track& queue) {
        return queue.queue->subject && queue.queue->blocking == rivals_block(done);
    });
    if (roundtrips.empty() || *slowest < 2.0 * *fastest || subject == done.tracks.end()) {
        return {};
    }
    const double border = std::sqrt(*fastest * *slowest);
    std::vector<machine_state> states;
    for (const bool slow : {false, true}) {
        const auto in_this_state = [&](std::size_t round) { return (roundtrips[round] > border) == slow; };
        std::vector<double> here;
        std::copy_if(roundtrips.begin(), roundtrips.end(), std::back_inserter(here),
                     [&](double roundtrip) { return (roundtrip > border) == slow; });
        const track* const rival = best_of(done, rivals_block(done), in_this_state);
        states.push_back(
            {median(here), here.size(), subject->queue->name, compare(*subject, rival, done.what.unit, in_this_state)});
    }
    return states;
}

}  // namespace

scenario_summary summarize(const contest_record& done, const work_calibration& work) {
    const scenario& what = done.what;
    scenario_summary all;
    all.name = what.name;
    all.unit = what.unit;
    all.kind = what.kind;
    all.scheduled_per_s = what.scheduled_per_s;
    all.waiting = what.plays == league::waiting;
    all.wakes = what.only_sleepers;
    if (what.works) {
        all.work_bound_per_s = 1e9 / work.ns_per_item;
    }
    all.rounds = done.rounds;

    std::vector<double> roundtrips;
    std::vector<double> streams;
    for (const auto& floor : done.floors) {
        roundtrips.push_back(floor.roundtrip_ns);
        streams.push_back(floor.stream_words_per_s);
    }
    all.roundtrip_floor_ns = quartiles_of(roundtrips);
    all.stream_floor_words_per_s = quartiles_of(streams);

    const track* const rival = best_of(done, rivals_block(done), every_round);
    const track* const blocking_rival = rivals_block(done) ? nullptr : best_of(done, true, every_round);
    all.best_rival = rival == nullptr ? "" : rival->queue->name;
    all.best_blocking = blocking_rival == nullptr ? "" : blocking_rival->queue->name;
    all.round_roundtrips_ns = done.round_roundtrips_ns;
    all.states = states_of(done);
    for (const track& queue : done.tracks) {
        summary_row row;
        row.queue = queue.queue->name;
        row.subject = queue.queue->subject;
        row.blocking = queue.queue->blocking;
        row.effective_capacity = queue.effective_capacity;
        row.excluded = queue.excluded;
        row.value = quartiles_of(kept(queue.values, every_round));
        row.of_floor = quartiles_of(kept(queue.of_floor, every_round));
        row.rounds = kept(queue.values, every_round).size();
        row.dropped = queue.dropped;
        row.values = queue.values;
        row.vs_best_rival = compare(queue, rival, what.unit, every_round);
        row.vs_best_blocking = compare(queue, blocking_rival, what.unit, every_round);
        row.vs_sibling = compare(queue, find_track(done, queue.queue->sibling), what.unit, every_round);
        row.producers_fairness = median_of_any(queue.producers_fairness);
        row.consumers_fairness = median_of_any(queue.consumers_fairness);
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
