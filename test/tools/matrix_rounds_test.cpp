// SPDX-License-Identifier: MIT
//
// When and how often `weir matrix` measures each pair, and when it stops; samples and time are simulated.
#include "tools/matrix/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace {

using namespace weir::tool;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::Field;
using testing::UnorderedElementsAreArray;

using ends = std::pair<unsigned, unsigned>;

pair_plan four_pairs() {
    pair_plan plan;
    plan.pairs = {{3, 5, {}}, {5, 3, {}}, {7, 3, {}}, {9, 7, {}}};
    plan.all_pairs = 4;
    plan.first_of_classes = 2;
    return plan;
}

pair_sample steady_sample(bool steady = true) {
    pair_sample one;
    one.by_clocks_ns.record(40);
    one.by_half_ns.record(50);
    one.items_per_s = 6e6;
    one.floor = {70, 8e8};
    one.steady = steady;
    return one;
}

class matrix_rounds : public testing::Test {
protected:
    std::vector<pair_cost> measure(const matrix_budget& budget) {
        return measure_pairs(
            four_pairs(), budget,
            [this](const directed_pair& pair) {
                sampled_.emplace_back(pair.from, pair.to);
                return sample_(pair);
            },
            [this] { return used_s_(); },
            [this](double share, const directed_pair& pair, std::size_t round) {
                shares_.push_back(share);
                told_.emplace_back(pair.from, pair.to);
                rounds_.push_back(round);
            });
    }

    std::size_t times(const ends& pair) const {
        return static_cast<std::size_t>(std::count(sampled_.begin(), sampled_.end(), pair));
    }

    std::function<pair_sample(const directed_pair&)> sample_ = [](const directed_pair&) { return steady_sample(); };
    std::function<double()> used_s_ = [] { return 0.0; };
    std::vector<ends> sampled_, told_;
    std::vector<double> shares_;
    std::vector<std::size_t> rounds_;
    const std::vector<ends> in_plan_{{3, 5}, {5, 3}, {7, 3}, {9, 7}};
};

TEST_F(matrix_rounds, measure_each_pair_once_in_each_round_first_in_the_plans_order_then_in_others) {
    const auto costs = measure({.seconds = 10, .rounds = 20, .seed = 3});
    ASSERT_EQ(sampled_.size(), 80U);
    EXPECT_EQ(told_, sampled_);
    std::size_t as_planned = 0;
    for (std::size_t round = 0; round != 20; ++round) {
        const std::vector<ends> of_round(sampled_.begin() + static_cast<std::ptrdiff_t>(4 * round),
                                         sampled_.begin() + static_cast<std::ptrdiff_t>(4 * round + 4));
        EXPECT_THAT(of_round, UnorderedElementsAreArray(in_plan_));
        if (round == 0) {
            EXPECT_EQ(of_round, in_plan_);
        }
        as_planned += of_round == in_plan_ ? 1 : 0;
    }
    EXPECT_LT(as_planned, 10U);
    for (std::size_t i = 0; i != 80; ++i) {
        EXPECT_EQ(rounds_[i], i / 4);
        EXPECT_DOUBLE_EQ(shares_[i], static_cast<double>(i) / 80);
    }
    ASSERT_EQ(costs.size(), 4U);
    EXPECT_THAT(costs, Each(AllOf(Field(&pair_cost::rounds, 20U), Field(&pair_cost::dropped, 0U))));
    EXPECT_EQ(costs[3].from, 9U);
    EXPECT_EQ(costs[3].to, 7U);
}

TEST_F(matrix_rounds, report_progress_by_time_or_samples_whichever_is_further) {
    used_s_ = [] { return 2.5; };
    static_cast<void>(measure({.seconds = 10, .rounds = 2, .seed = 1}));
    EXPECT_THAT(shares_, ElementsAre(0.25, 0.25, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875));
}

TEST_F(matrix_rounds, measure_one_of_each_class_whatever_the_time) {
    used_s_ = [] { return 10.0; };
    const auto costs = measure({.seconds = 10, .rounds = 2, .seed = 1});
    EXPECT_THAT(sampled_, ElementsAre(ends{3, 5}, ends{5, 3}));
    EXPECT_THAT(shares_, ElementsAre(1, 1));
    EXPECT_EQ(costs.size(), 2U) << "those of which nothing is known are left out";
}

TEST_F(matrix_rounds, go_on_until_the_time_is_over) {
    used_s_ = [this] { return sampled_.size() < 7 ? 9.999 : 10.0; };
    static_cast<void>(measure({.seconds = 10, .rounds = 9, .seed = 1}));
    EXPECT_EQ(sampled_.size(), 7U);
}

TEST_F(matrix_rounds, stop_in_later_rounds_when_the_time_is_over) {
    used_s_ = [this] { return 2.5 * static_cast<double>(sampled_.size()); };
    static_cast<void>(measure({.seconds = 10, .rounds = 9, .seed = 1}));
    EXPECT_THAT(sampled_, ElementsAreArray(in_plan_));
    EXPECT_THAT(shares_, ElementsAre(0, 0.25, 0.5, 0.75));
}

TEST_F(matrix_rounds, repeat_dropped_samples_at_most_as_often_again) {
    sample_ = [this](const directed_pair& pair) {
        const auto so_far = times({pair.from, pair.to});
        if (pair.from == 3) return steady_sample(false);
        if (pair.from == 5 && so_far == 1) throw bench::stuck("no end");
        return steady_sample(pair.from != 7 || so_far == 2);
    };
    const auto costs = measure({.seconds = 10, .rounds = 3, .seed = 1});
    EXPECT_EQ(times({3, 5}), 6U) << "never steady";
    EXPECT_EQ(times({5, 3}), 4U) << "once without an end";
    EXPECT_EQ(times({7, 3}), 6U) << "steady once";
    EXPECT_EQ(times({9, 7}), 3U);
    EXPECT_EQ(costs[0].rounds, 0U);
    EXPECT_EQ(costs[0].dropped, 6U);
    EXPECT_EQ(costs[1].rounds, 3U);
    EXPECT_EQ(costs[1].dropped, 1U);
    EXPECT_EQ(costs[2].rounds, 1U);
    EXPECT_EQ(costs[2].dropped, 5U);
    EXPECT_DOUBLE_EQ(shares_[4], 1.0 / 12) << "of the first round only that of PU 9 counts";
}

TEST_F(matrix_rounds, propagate_exceptions_of_a_sample) {
    sample_ = [](const directed_pair&) -> pair_sample { throw weir::placement_error("no such PU"); };
    EXPECT_THROW(static_cast<void>(measure({})), weir::placement_error);
    EXPECT_EQ(sampled_.size(), 1U);
}

// ---- Results of samples

TEST(pair_record, has_the_median_the_99th_and_the_999th_of_a_thousand) {
    const auto spread = [](std::uint64_t unit) {
        weir::histogram all{pair_sample::longest_ns, 2};
        all.record(1 * unit, 500);
        all.record(2 * unit, 490);
        all.record(4 * unit, 9);
        all.record(8 * unit, 1);
        return all;
    };
    for (const bool clocks_agree : {true, false}) {
        pair_record record({0, 1, {}});
        pair_sample sample;
        sample.by_clocks_ns = spread(10);
        sample.by_half_ns = spread(11);
        sample.clocks_agree = clocks_agree;
        sample.steady = true;
        record.add(sample);
        const auto unit = clocks_agree ? 10 : 11;
        const auto found = record.cost().value();
        EXPECT_EQ(found.one_way_ns.p50, 1 * unit);
        EXPECT_EQ(found.one_way_ns.p99, 2 * unit);
        EXPECT_EQ(found.one_way_ns.p99_9, 4 * unit);
    }
}

}  // namespace
