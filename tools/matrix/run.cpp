// SPDX-License-Identifier: MIT
#include "tools/matrix/run.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <random>

#include "instruments/statistics.hpp"

namespace weir::tool {
namespace {

percentiles_ns percentiles(const std::map<std::uint64_t, std::uint64_t>& tally, double median) {
    histogram all(pair_sample::longest_ns, 2);
    for (const auto& [ns, times] : tally) all.record(ns, times);
    return {median, static_cast<double>(all.percentile(99)), static_cast<double>(all.percentile(99.9))};
}

std::vector<pair_cost> costs_of(const std::vector<pair_record>& records) {
    std::vector<pair_cost> costs;
    for (const auto& record : records)
        if (auto cost = record.cost()) costs.push_back(*cost);
    return costs;
}

}  // namespace

void pair_record::merge(tally& into, const histogram& from) {
    from.for_each_bucket([&](const histogram::bucket& one) { into[one.lowest] += one.count; });
}

void pair_record::add(const pair_sample& sample) {
    auto& to = sample.steady ? steady_ : unsteady_;
    if (!sample.steady) ++dropped_;
    to.clock_medians_ns.push_back(static_cast<double>(sample.by_clocks_ns.percentile(50)));
    to.half_medians_ns.push_back(static_cast<double>(sample.by_half_ns.percentile(50)));
    to.items_per_s.push_back(sample.items_per_s);
    to.line_roundtrips_ns.push_back(sample.floor.roundtrip_ns);
    to.stream_words_per_s.push_back(sample.floor.stream_words_per_s);
    to.clock_offsets_ns.push_back(sample.clock_offset.ns);
    merge(to.by_clocks_ns, sample.by_clocks_ns);
    merge(to.by_half_ns, sample.by_half_ns);
    to.clocks_agree &= sample.clocks_agree;
    disturbances_ += sample.disturbances;
}

std::optional<pair_cost> pair_record::cost() const {
    const bool steady = rounds() != 0;
    const auto& of = steady ? steady_ : unsteady_;
    if (of.items_per_s.empty()) return std::nullopt;
    const auto over_rounds = bench::quartiles_of(of.clocks_agree ? of.clock_medians_ns : of.half_medians_ns);
    return pair_cost{
        .from = pair_.from,
        .to = pair_.to,
        .kind = pair_.kind,
        .one_way_ns = percentiles(of.clocks_agree ? of.by_clocks_ns : of.by_half_ns, over_rounds.median),
        .q1_ns = over_rounds.q1,
        .q3_ns = over_rounds.q3,
        .items_per_s = bench::median(of.items_per_s),
        .rounds = static_cast<unsigned>(rounds()),
        .dropped = static_cast<unsigned>(dropped_),
        .measured = true,
        .steady = steady,
        .from_clocks = of.clocks_agree,
        .clock_offset_ns = bench::median(of.clock_offsets_ns),
        .line_roundtrip_ns = bench::median(of.line_roundtrips_ns),
        .stream_words_per_s = bench::median(of.stream_words_per_s),
        .involuntary_switches = static_cast<unsigned>(disturbances_.involuntary_switches),
        .migrations = static_cast<unsigned>(disturbances_.migrations),
    };
}

std::vector<pair_cost> measure_pairs(
    const topology& machine, const pair_plan& plan, const matrix_budget& budget,
    const std::function<void(double share, const directed_pair& pair, std::size_t round)>& on_sample) {
    using clock = std::chrono::steady_clock;
    const tick_clock ticks;
    const auto begin = clock::now();
    return measure_pairs(
        plan, budget, [&](const directed_pair& pair) { return sample_pair(machine, pair, ticks); },
        [&] { return std::chrono::duration<double>(clock::now() - begin).count(); }, on_sample);
}

std::vector<pair_cost> measure_pairs(
    const pair_plan& plan, const matrix_budget& budget,
    const std::function<pair_sample(const directed_pair& pair)>& sample, const std::function<double()>& used_s,
    const std::function<void(double share, const directed_pair& pair, std::size_t round)>& on_sample) {
    const auto used = [&] { return used_s() / budget.seconds; };
    std::vector<pair_record> records(plan.pairs.begin(), plan.pairs.end());
    const double all = static_cast<double>(records.size() * budget.rounds);
    double done = 0;

    std::vector<std::size_t> order(records.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::mt19937_64 shuffler(budget.seed);
    // A dropped sample is repeated, but not for ever on a machine that is never steady.
    for (std::size_t round = 0; round != 2 * budget.rounds; ++round) {
        for (std::size_t i = 0; i != order.size(); ++i) {
            auto& record = records[order[i]];
            if (record.rounds() >= budget.rounds) continue;
            const bool must = round == 0 && i < plan.first_of_classes;
            if (!must && used() >= 1) return costs_of(records);
            on_sample(std::max(used(), done / all), record.pair(), round);
            const auto before = record.rounds();
            try {
                record.add(sample(record.pair()));
            } catch (const bench::stuck&) {
                record.add_failure();
            }
            done += static_cast<double>(record.rounds() - before);
        }
        std::shuffle(order.begin(), order.end(), shuffler);
    }
    return costs_of(records);
}

}  // namespace weir::tool
