// SPDX-License-Identifier: MIT
#include "tools/matrix/memory.hpp"

#include "tools/common/text_table.hpp"
#include "tools/common/words.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <numeric>
#include <optional>
#include <random>

#include "instruments/statistics.hpp"

namespace weir::tool {
namespace {

struct two_nodes {
    unsigned producer;
    unsigned consumer;
};

std::optional<two_nodes> nodes_of(const topology& machine, const directed_pair& pair) {
    const auto producer = machine.memory_node(pair.from);
    const auto consumer = machine.memory_node(pair.to);
    if (!producer || !consumer || producer == consumer) return std::nullopt;
    return two_nodes{*producer, *consumer};
}

// One node's figures, by round.
struct slots_record {
    std::vector<double> p50_ns;
    std::vector<double> p99_ns;
    std::vector<double> items_per_s;

    void add(const pair_sample& sample) {
        const auto& one_way = sample.clocks_agree ? sample.by_clocks_ns : sample.by_half_ns;
        p50_ns.push_back(static_cast<double>(one_way.percentile(50)));
        p99_ns.push_back(static_cast<double>(one_way.percentile(99)));
        items_per_s.push_back(sample.items_per_s);
    }
    [[nodiscard]] memory_cost::slots medians(unsigned node) const {
        return {node, bench::median(p50_ns), bench::median(p99_ns), bench::median(items_per_s)};
    }
};

struct both_records {
    slots_record producer;
    slots_record consumer;
};

struct memory_record {
    both_records steady;
    both_records unsteady;
    unsigned dropped = 0;

    void add(pair_sample at_producer, pair_sample at_consumer) {
        // Both are read by the same clocks, or their ratio would compare a difference of clocks with half a round trip.
        at_producer.clocks_agree = at_consumer.clocks_agree = at_producer.clocks_agree && at_consumer.clocks_agree;
        const bool is_steady = at_producer.steady && at_consumer.steady;
        dropped += is_steady ? 0 : 1;
        auto& to = is_steady ? steady : unsteady;
        to.producer.add(at_producer);
        to.consumer.add(at_consumer);
    }
};

bench::quartiles ratios(const std::vector<double>& above, const std::vector<double>& below) {
    std::vector<double> all;
    for (std::size_t i = 0; i != above.size(); ++i) all.push_back(std::max(above[i], 0.1) / std::max(below[i], 0.1));
    return bench::quartiles_of(all);
}

std::optional<memory_cost> cost_of_slots(const memory_record& record, const directed_pair& pair,
                                         const two_nodes& nodes) {
    const auto& of = record.steady.producer.p50_ns.empty() ? record.unsteady : record.steady;
    if (of.producer.p50_ns.empty()) return std::nullopt;
    const auto latency = ratios(of.producer.p50_ns, of.consumer.p50_ns);
    const auto stream = ratios(of.consumer.items_per_s, of.producer.items_per_s);  // of times
    return memory_cost{.from = pair.from,
                       .to = pair.to,
                       .kind = pair.kind,
                       .rounds = static_cast<unsigned>(record.steady.producer.p50_ns.size()),
                       .dropped = record.dropped,
                       .at_producer = of.producer.medians(nodes.producer),
                       .at_consumer = of.consumer.medians(nodes.consumer),
                       .latency_q1 = latency.q1,
                       .latency_q3 = latency.q3,
                       .stream_q1 = stream.q1,
                       .stream_q3 = stream.q3};
}

std::string rate(const memory_cost::slots& of) { return fmt::format("{:.3g} M/s", of.items_per_s / 1e6); }

}  // namespace

memory_cost::verdict memory_cost::better_at() const {
    constexpr double margin = 0.02;
    for (const auto& [q1, q3] : {std::pair(latency_q1, latency_q3), std::pair(stream_q1, stream_q3)}) {
        if (q1 > 1 + margin) return verdict::consumer;
        if (q3 < 1 - margin) return verdict::producer;
    }
    return verdict::no_difference;
}

std::vector<directed_pair> pairs_on_two_nodes(const topology& machine, const pair_plan& plan) {
    std::vector<directed_pair> some;
    for (const auto& pair : plan.pairs)
        if (nodes_of(machine, pair)) some.push_back(pair);
    return some;
}

std::vector<memory_cost> measure_memory(
    const topology& machine, const std::vector<directed_pair>& pairs, const matrix_budget& budget,
    const std::function<pair_sample(const directed_pair& pair, unsigned node)>& sample,
    const std::function<double()>& used_s,
    const std::function<void(double share, const directed_pair& pair, std::size_t round)>& on_sample) {
    std::vector<memory_record> records(pairs.size());
    std::vector<std::size_t> order(pairs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::mt19937_64 shuffler(budget.seed);
    for (std::size_t round = 0; round != budget.rounds; ++round) {
        for (const auto index : order) {
            if (round != 0 && used_s() >= budget.seconds) break;
            const auto& pair = pairs[index];
            on_sample(used_s() / budget.seconds, pair, round);
            const auto nodes = *nodes_of(machine, pair);
            try {
                const bool producer_first = (shuffler() & 1U) != 0;
                auto first = sample(pair, producer_first ? nodes.producer : nodes.consumer);
                auto second = sample(pair, producer_first ? nodes.consumer : nodes.producer);
                if (!producer_first) std::swap(first, second);
                records[index].add(std::move(first), std::move(second));
            } catch (const bench::stuck&) {
                ++records[index].dropped;
            }
        }
        std::shuffle(order.begin(), order.end(), shuffler);
    }
    std::vector<memory_cost> costs;
    for (std::size_t i = 0; i != pairs.size(); ++i)
        if (auto cost = cost_of_slots(records[i], pairs[i], *nodes_of(machine, pairs[i]))) costs.push_back(*cost);
    return costs;
}

std::string memory_as_text(const matrix_data& matrix) {
    if (matrix.memory.empty()) return "";
    std::vector<table_line> lines{{"slots of a ring", "at producer", "", "at consumer", "", "producer/consumer",
                                   "kept/dropped", "better kept at"}};
    for (const auto& of : matrix.memory)
        lines.push_back(
            {fmt::format("PU {} to PU {}: {}", of.from, of.to, in_words(of.kind)), ns_in_words(of.at_producer.p50_ns),
             rate(of.at_producer), ns_in_words(of.at_consumer.p50_ns), rate(of.at_consumer),
             fmt::format("{:.2f}..{:.2f}", of.latency_q1, of.latency_q3), fmt::format("{}/{}", of.rounds, of.dropped),
             of.better_at() == memory_cost::verdict::producer   ? fmt::format("producer, node {}", of.at_producer.node)
             : of.better_at() == memory_cost::verdict::consumer ? fmt::format("consumer, node {}", of.at_consumer.node)
                                                                : "no difference"});
    return "\n" +
           aligned(lines, {side::left, side::right, side::right, side::right, side::right, side::right, side::right}) +
           "  one way, p50, and a stream; the ratio is of latencies, quartiles over rounds; weir plan --matrix uses the verdict\n";
}

}  // namespace weir::tool
