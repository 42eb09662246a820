// SPDX-License-Identifier: MIT
//
// split::by_key, one item at a time: how long the stage waits for an output that is full, and what it remembers of it.
// No test expects anything to be done within a time: only that a wait was no shorter than the patience, and that of
// several answers that must come at once the quickest was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "test/support/pipeline_support.hpp"
#include "weir/pipeline.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir_test;
using outcome = weir::pipeline::outcome;
using testing::ElementsAre;

constexpr auto a_while = 20ms;

struct itself {
    std::size_t operator()(const int& item) const noexcept { return static_cast<std::size_t>(item); }
};

/// Items go to the output of their number.
class lanes : public stepwise<weir::split::by_key<itself>> {
public:
    lanes(const std::vector<std::size_t>& capacities, std::chrono::nanoseconds patience)
        : stepwise(capacities, weir::split::by_key{itself{}, patience}) {}

    /// Gives an item for which there is room.
    void expect_taken(int lane) {
        const std::uint64_t before = edge_of(lane).accepted;
        feed.give(lane);
        EXPECT_EQ(edge_of(lane).accepted, before + 1) << "by output " << lane;
        expect_ledger();
    }
    /// Gives an item for which there is none.
    auto give_in_vain(int lane) {
        const std::uint64_t before = edge_of(lane).accepted;
        const auto time = feed.give(lane);
        EXPECT_EQ(edge_of(lane).accepted, before) << "by output " << lane;
        EXPECT_EQ(stage(p, "feed").shed, ++shed);
        expect_ledger();
        return time;
    }
    void expect_waited_for(int lane) { EXPECT_GE(give_in_vain(lane), a_while) << "for output " << lane; }
    void expect_shed_at_once(int lane) {
        auto quickest = give_in_vain(lane);
        for (int i = 0; i < 4; ++i) quickest = std::min(quickest, give_in_vain(lane));
        EXPECT_LT(quickest, a_while) << "for output " << lane;
    }

    void expect_ledger() {
        const auto feed_now = stage(p, "feed");
        std::uint64_t accepted = 0;
        for (const auto& e : p.edges()) accepted += e.accepted;
        EXPECT_EQ(feed_now.emitted, accepted + feed_now.held + feed_now.shed + feed_now.lost);
        expect_balanced(p);
    }

    std::uint64_t shed = 0;

private:
    weir::edge_ledger edge_of(int lane) const { return p.edges()[static_cast<std::size_t>(lane)]; }
};

TEST(pipeline, an_output_that_was_stuck_and_has_recovered_is_waited_for_again) {
    lanes t({2, 3}, a_while);
    t.expect_taken(0);
    t.expect_taken(0);
    t.expect_waited_for(0);
    t.expect_shed_at_once(0);
    t.finish(0);
    t.expect_taken(0);
    t.expect_waited_for(0);
    t.expect_shed_at_once(0);
    t.finish(0);
    t.finish(0);
    t.expect_taken(0);
    t.expect_taken(0);
    t.expect_waited_for(0);
    t.end();
    EXPECT_EQ(t.p.join(), outcome::drained);
    t.expect_ledger();
}

TEST(pipeline, an_output_that_is_stuck_costs_the_others_none_of_their_patience) {
    lanes t({1, 2, 3}, a_while);
    for (const int lane : {0, 1, 1, 2, 2}) t.expect_taken(lane);
    t.expect_waited_for(0);
    t.expect_waited_for(1);
    t.expect_taken(2);
    t.expect_waited_for(2);
    for (const int lane : {1, 0, 2}) t.expect_shed_at_once(lane);
}

TEST(pipeline, an_output_that_is_stuck_stays_so_whatever_becomes_of_the_others) {
    lanes t({1, 2, 6}, a_while);
    t.expect_taken(0);
    t.expect_waited_for(0);
    auto quickest = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 5; ++i) {
        t.expect_taken(2);
        quickest = std::min(quickest, t.give_in_vain(0));
    }
    EXPECT_LT(quickest, a_while) << "another one took an item each time";
    for (int i = 0; i < 2; ++i) t.expect_taken(1);
    t.expect_waited_for(1);
    t.finish(0);
    t.expect_taken(0);
    t.expect_shed_at_once(1);
    t.expect_waited_for(0);
    EXPECT_THAT(t.queued(), ElementsAre(1, 2, 5));
}

TEST(pipeline, an_output_that_takes_the_held_item_in_time_is_not_stuck) {
    lanes t({1, 2}, 1h);
    t.expect_taken(0);
    for (std::uint64_t times = 1; times <= 3; ++times) {
        t.feed.post(0);
        ASSERT_TRUE(eventually([&] { return stage(t.p, "feed").held == 1; }));
        EXPECT_EQ(stage(t.p, "feed").emitted, times + 1);
        t.expect_ledger();
        t.finish(0);
        ASSERT_TRUE(eventually([&] { return stage(t.p, "feed").held == 0; }));
        EXPECT_THAT(t.queued(), ElementsAre(1, 0));
        t.expect_ledger();
    }
    t.expect_taken(1);
    EXPECT_EQ(stage(t.p, "feed").shed, 0U);
}

TEST(pipeline, without_patience_an_output_is_shed_for_only_while_it_is_full) {
    for (const auto patience : {weir::split::shed_at_once, std::chrono::nanoseconds(-1h)}) {
        lanes t({2, 1}, patience);
        t.expect_taken(0);
        t.expect_taken(0);
        for (int i = 0; i < 3; ++i) t.give_in_vain(0);
        t.expect_taken(1);
        t.give_in_vain(1);
        t.finish(0);
        t.expect_taken(0);
        t.give_in_vain(0);
        EXPECT_THAT(t.queued(), ElementsAre(2, 1));
    }
}

}  // namespace
