// SPDX-License-Identifier: MIT
//
// Edges of different capacity beside each other: what a stage does must not depend on which of them is the larger,
// unless it says so. Nothing moves but what the test moves, so every choice of a stage is a certain one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "test/support/pipeline_support.hpp"
#include "weir/pipeline.hpp"

namespace {

using namespace weir_test;
using weir::pipeline;
using outcome = weir::pipeline::outcome;
using testing::ElementsAre;

/// Which outputs the next `items` items go to.
template <class Split>
std::vector<std::size_t> choices(stepwise<Split>& t, int items) {
    std::vector<std::size_t> all;
    for (int i = 0; i < items; ++i) {
        all.push_back(t.output_for(i));
        expect_balanced(t.p);
    }
    return all;
}

TEST(pipeline, least_loaded_goes_by_what_is_queued_not_by_what_is_free) {
    stepwise t({4, 9, 6}, weir::split::least_loaded{});
    ASSERT_THAT(choices(t, 6), ElementsAre(0, 1, 2, 0, 1, 2)) << "the largest has no more queued than the smallest";
    t.finish(2);
    t.finish(2);
    ASSERT_THAT(choices(t, 2), ElementsAre(2, 2)) << "queued were 2, 2 and 0";
    t.finish(0);
    ASSERT_THAT(choices(t, 1), ElementsAre(0)) << "queued were 1, 2 and 2";
    ASSERT_THAT(choices(t, 8), ElementsAre(1, 2, 0, 1, 2, 0, 1, 2)) << "among equals the next in turn";
    EXPECT_THAT(t.queued(), ElementsAre(4, 5, 5));
    ASSERT_THAT(choices(t, 4), ElementsAre(1, 2, 1, 1)) << "a full one is passed over";
    EXPECT_EQ(stage(t.p, "feed").emitted, 21U);
}

TEST(pipeline, in_turn_goes_round_those_with_room_whatever_is_queued_or_free) {
    stepwise t({2, 5, 3}, weir::split::in_turn{});
    ASSERT_THAT(choices(t, 3), ElementsAre(0, 1, 2));
    t.finish(1);
    ASSERT_THAT(choices(t, 6), ElementsAre(0, 1, 2, 1, 2, 1)) << "an empty one waits for its turn";
    EXPECT_THAT(t.queued(), ElementsAre(2, 3, 3));
    ASSERT_THAT(choices(t, 1), ElementsAre(1));
    t.finish(2);
    t.finish(0);
    ASSERT_THAT(choices(t, 2), ElementsAre(2, 0));
}

TEST(pipeline, fan_out_waits_for_the_output_with_the_least_room_not_for_the_smallest) {
    stepwise t({4, 2, 7}, weir::split::to_all{});
    t.feed.give(0);
    t.feed.post(1);  // nothing is asked for after that: the second output is full
    ASSERT_TRUE(eventually([&] { return t.queued() == std::vector<std::uint64_t>{2, 2, 2}; }));
    t.finish(1);
    t.finish(1);
    t.feed.give(2);
    t.finish(1);
    t.feed.post(3);
    ASSERT_TRUE(eventually([&] { return t.queued() == std::vector<std::uint64_t>{4, 1, 4}; }));
    expect_balanced(t.p);
    t.finish(0);  // now the first is the one to wait for
    t.feed.post(4);
    ASSERT_TRUE(eventually([&] { return t.queued() == std::vector<std::uint64_t>{4, 2, 5}; }));
    expect_balanced(t.p);
    EXPECT_EQ(stage(t.p, "feed").emitted, 5U);
    t.end();
    EXPECT_EQ(t.p.join(), outcome::drained);
    for (const auto& items : t.arrived) EXPECT_EQ(items, numbers_to(5));
}

/// How many items a flat stage that makes three of one has taken when its outputs, which nobody empties, have no room
/// left for what another one may become.
template <class Split>
std::uint64_t items_of_three_that_fit(std::vector<std::size_t> capacities, Split how) {
    gate frozen;
    pipeline p;
    const opened_at_end thaw{frozen};
    const auto feed = p.source<int>("feed", count_for_ever());
    const auto triple = p.flat_stage<int, int>(
        "triple", 3,
        [](int i, auto& emit) {
            for (int n = 0; n < 3; ++n) emit(i);
        },
        {}, how);
    p.connect(feed, triple, 2);
    for (std::size_t i = 0; i < capacities.size(); ++i) {
        p.connect(triple, p.sink<int>("out " + std::to_string(i), [&](int) { frozen.wait(); }), capacities[i]);
    }
    std::uint64_t fit = 0;
    for (const std::size_t capacity : capacities) fit += capacity;
    fit = std::same_as<Split, weir::split::to_all> ? *std::ranges::min_element(capacities) / 3 : fit / 3;
    p.run();
    EXPECT_TRUE(eventually([&] {
        const auto e = edge(p, "feed", "triple");
        return e.delivered >= fit && e.accepted - e.delivered == e.capacity;
    }));
    const std::uint64_t taken = edge(p, "feed", "triple").delivered;
    EXPECT_EQ(stage(p, "triple").emitted, 3 * taken);
    p.cancel();
    frozen.open();
    EXPECT_EQ(p.join(), outcome::cancelled) << "no edge was given more than it holds";
    expect_balanced(p);
    return taken;
}

TEST(pipeline, a_flat_stage_counts_the_least_room_or_all_of_it_as_it_shares_its_items) {
    EXPECT_EQ(items_of_three_that_fit({11, 7, 9}, weir::split::to_all{}), 2U);
    EXPECT_EQ(items_of_three_that_fit({2, 7, 4}, weir::split::in_turn{}), 4U);
    EXPECT_EQ(items_of_three_that_fit({2, 7, 4}, weir::split::least_loaded{}), 4U);
}

TEST(pipeline, merge_serves_inputs_of_different_capacity_alike) {
    constexpr std::size_t batch = 2;
    const std::array<std::size_t, 3> capacities{3, 9, 5};
    gate frozen;
    std::atomic<int> entered{-1};
    std::vector<int> arrived;
    pipeline p;
    const opened_at_end thaw{frozen};
    auto in = p.inlet<int>("in");
    const auto out = p.sink<int>("out",
                                 [&](int i) {
                                     if (entered < 0) entered = i;
                                     frozen.wait();
                                     arrived.push_back(i);
                                 },
                                 {.batch = batch});
    p.connect(in, out, capacities[0]);
    for (std::size_t i = 1; i < capacities.size(); ++i) {
        const auto make = [i, n = std::size_t{0}, &capacities]() mutable {
            return n++ < capacities[i] ? std::optional(static_cast<int>(i)) : std::nullopt;
        };
        p.connect(p.source<int>("feed " + std::to_string(i), make), out, capacities[i]);
    }
    for (std::size_t n = 0; n < capacities[0]; ++n) ASSERT_TRUE(in.push(0));
    in.close();
    p.run();
    ASSERT_TRUE(eventually([&] {
        const auto edges = p.edges();
        return entered >= 0 && std::ranges::all_of(edges, [](const auto& e) { return e.accepted == e.capacity; });
    }));
    frozen.open();
    EXPECT_EQ(p.join(), outcome::drained);

    std::array<std::size_t, 3> left = capacities;
    std::vector<int> expected;
    for (auto its = static_cast<std::size_t>(entered); expected.size() < 3 + 9 + 5; its = (its + 1) % left.size()) {
        const std::size_t served = std::min(batch, left[its]);
        expected.insert(expected.end(), served, static_cast<int>(its));
        left[its] -= served;
    }
    EXPECT_EQ(arrived, expected);
    expect_balanced(p);
}

}  // namespace
