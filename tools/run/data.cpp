// SPDX-License-Identifier: MIT
#include "tools/run/data.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace weir::tool {

void layout_record::add(const trial_result& trial) {
    const auto of = [](const histogram& latencies, double percentile) {
        return static_cast<double>(latencies.percentile(percentile));  // 0: nothing was delivered
    };
    p50_ns.push_back(of(trial.end_to_end_ns, 50));
    p99_ns.push_back(of(trial.end_to_end_ns, 99));
    delivered_per_s.push_back(static_cast<double>(trial.delivered) / trial.seconds);
    refused += trial.refused;
    disturbances += trial.disturbances;
    edge_nodes = trial.edge_nodes;
    edge_p50_ns.resize(trial.edge_ns.size());
    edge_p99_ns.resize(trial.edge_ns.size());
    for (std::size_t i = 0; i != trial.edge_ns.size(); ++i) {
        if (trial.edge_ns[i].count() == 0) continue;
        edge_p50_ns[i].push_back(of(trial.edge_ns[i], 50));
        edge_p99_ns[i].push_back(of(trial.edge_ns[i], 99));
    }
}

spread spread_of(std::vector<double> values) {
    if (values.empty()) return {};
    std::sort(values.begin(), values.end());
    const auto at = [&](double share) {
        const double rank = share * static_cast<double>(values.size() - 1);
        const auto below = static_cast<std::size_t>(rank);
        const auto above = std::min(below + 1, values.size() - 1);
        return values[below] + (rank - static_cast<double>(below)) * (values[above] - values[below]);
    };
    return {at(0.25), at(0.5), at(0.75)};
}

double run_data::planned_p99_ns() const {
    auto values = planned().p99_ns;
    for (std::size_t round = 0; round != values.size(); ++round)
        if (planned().delivered_per_s[round] == 0) values[round] = std::numeric_limits<double>::infinity();
    std::sort(values.begin(), values.end());
    return std::midpoint(values[(values.size() - 1) / 2], values[values.size() / 2]);
}

double sign_test(std::size_t heads, std::size_t tosses) {
    const auto n = static_cast<double>(tosses);
    const auto extreme = std::min(heads, tosses - heads);
    double tail = 0;
    for (std::size_t k = 0; k <= extreme; ++k) {
        const auto x = static_cast<double>(k);
        tail += std::exp(std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1) - n * std::log(2.0));
    }
    return std::min(1.0, 2 * tail);
}

comparison compare(const std::string& other, const std::string& figure, const std::vector<double>& of_other,
                   const std::vector<double>& of_planned) {
    comparison found{.other = other, .figure = figure, .ratio = {}};
    std::vector<double> ratios;
    std::size_t differ = 0;
    for (std::size_t round = 0; round != std::min(of_other.size(), of_planned.size()); ++round) {
        if (of_other[round] <= 0 || of_planned[round] <= 0) continue;
        ratios.push_back(of_other[round] / of_planned[round]);
        found.worse += of_other[round] > of_planned[round] ? 1 : 0;
        differ += of_other[round] != of_planned[round] ? 1 : 0;
    }
    found.rounds = ratios.size();
    found.ratio = spread_of(ratios);
    found.p_value = sign_test(found.worse, differ);
    if (found.p_value < significance) found.says = 2 * found.worse > differ ? verdict::worse : verdict::better;
    return found;
}

}  // namespace weir::tool
