// SPDX-License-Identifier: MIT
//
// Stages of many inputs and many outputs: merge, fan-out, distribution, partition.
#include "weir/pipeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test/support/pipeline_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir_test;
using weir::pipeline;
using outcome = weir::pipeline::outcome;
using testing::ElementsAre;

class merge : public testing::TestWithParam<std::size_t> {};

TEST_P(merge, serves_its_inputs_in_turn_a_batch_from_each) {
    constexpr int inputs = 3;
    const std::size_t batch = GetParam();
    gate frozen;
    std::vector<int> arrived;
    pipeline p;
    const opened_at_end thaw{frozen};
    const auto out = p.sink<int>("out",
                                 [&](int i) {
                                     frozen.wait();
                                     arrived.push_back(i);
                                 },
                                 {.batch = batch});
    for (int i = 0; i < inputs; ++i) {
        const auto feed = p.source<int>("feed " + std::to_string(i), [i, n = 0]() mutable -> std::optional<int> {
            return n++ < 1000 ? std::optional(i) : std::nullopt;
        });
        p.connect(feed, out, 2 * batch + 12);
    }
    p.run();
    ASSERT_TRUE(eventually([&] { return all_full(p); }));
    frozen.open();
    EXPECT_EQ(p.join(), outcome::drained);
    // Each had that many when the sink began to thaw. Whatever the sources did meanwhile, these came in turn, a
    // batch each.
    std::size_t at = 0;
    while (arrived[at] == arrived[0]) ++at;
    EXPECT_LE(at, batch);
    for (std::size_t turns = 0; turns < 5; ++turns) {
        const std::vector<int> turn(arrived.begin() + static_cast<long>(at),
                                    arrived.begin() + static_cast<long>(at + batch));
        EXPECT_THAT(turn, testing::Each((arrived[at - 1] + 1) % inputs)) << "turn " << turns;
        at += batch;
    }
    EXPECT_EQ(arrived.size(), 3000U);
}
INSTANTIATE_TEST_SUITE_P(batch, merge, testing::Values(1, 4), testing::PrintToStringParamName());

TEST(pipeline, fan_out_gives_each_of_ten_consumers_everything_and_waits_for_the_slowest) {
    constexpr std::size_t consumers = 10;
    gate frozen;
    std::array<std::vector<std::string>, consumers> arrived;
    pipeline p;
    const opened_at_end thaw{frozen};
    const auto feed = p.source<std::string>("feed", [n = 0]() mutable -> std::optional<std::string> {
        return n < 500 ? std::optional("item " + std::to_string(n++)) : std::nullopt;
    });
    for (std::size_t i = 0; i < consumers; ++i) {
        p.connect(feed,
                  p.sink<std::string>("out " + std::to_string(i),
                                      [&, i](std::string&& item) {
                                          if (i == 3) frozen.wait();
                                          arrived[i].push_back(std::move(item));
                                      }),
                  5 + i);
    }
    p.run();
    ASSERT_TRUE(eventually([&] { return edge(p, "feed", "out 3").queued == 8; }));
    ASSERT_TRUE(eventually([&] { return edge(p, "feed", "out 9").delivered == 8; })) << "others wait for what is there";
    EXPECT_EQ(stage(p, "feed").emitted, 8U);
    frozen.open();
    EXPECT_EQ(p.join(), outcome::drained);
    for (const auto& items : arrived) {
        ASSERT_EQ(items.size(), 500U);
        for (std::size_t n = 0; n < items.size(); ++n) EXPECT_EQ(items[n], "item " + std::to_string(n));
    }
    expect_balanced(p);
}

template <class Split>
class distribution : public testing::Test {};
using distributions = testing::Types<weir::split::in_turn, weir::split::least_loaded>;
TYPED_TEST_SUITE(distribution, distributions);

TYPED_TEST(distribution, gives_each_item_to_one_and_passes_the_full_ones_over) {
    gate frozen;
    std::array<std::vector<int>, 3> arrived;
    pipeline p;
    const opened_at_end thaw{frozen};
    const auto feed = p.source<int>("feed", count_to(600), {}, TypeParam{});
    for (std::size_t i = 0; i < arrived.size(); ++i) {
        p.connect(feed,
                  p.sink<int>("out " + std::to_string(i),
                              [&, i](int item) {
                                  if (i == 1) frozen.wait();
                                  arrived[i].push_back(item);
                              }),
                  4);
    }
    p.run();
    // least_loaded gives the frozen one less than it could take if the others are quick enough.
    std::uint64_t kept = 0;
    ASSERT_TRUE(eventually([&] {
        kept = edge(p, "feed", "out 1").queued;
        return edge(p, "feed", "out 0").delivered + edge(p, "feed", "out 2").delivered + kept == 600;
    })) << "the frozen one stopped the others";
    EXPECT_LE(kept, 4U);
    if (std::same_as<TypeParam, weir::split::in_turn>) {
        EXPECT_EQ(kept, 4U);
    }
    frozen.open();
    EXPECT_EQ(p.join(), outcome::drained);
    std::multiset<int> all;
    for (const auto& items : arrived) {
        EXPECT_TRUE(std::ranges::is_sorted(items));
        EXPECT_FALSE(items.empty());
        all.insert(items.begin(), items.end());
    }
    EXPECT_EQ(std::vector<int>(all.begin(), all.end()), numbers_to(600));
    EXPECT_EQ(stage(p, "feed").emitted, 600U);
    expect_balanced(p);
}

/// Three keys, the first of which is frozen until `frozen` opens.
struct partition {
    template <class Make>
    partition(Make make, std::chrono::nanoseconds patience) {
        const auto feed = p.source<int>("feed", make);
        const auto key = [](int i) { return i % 3; };
        const auto deal = p.stage<int, int>("deal", pass(), {}, weir::split::by_key{key, patience});
        p.connect(feed, deal, 5);
        for (std::size_t i = 0; i < arrived.size(); ++i) {
            const auto out = p.sink<int>("out " + std::to_string(i), [this, i](int item) {
                if (i == 0) frozen.wait();
                arrived[i].push_back(item);
                if (i != 0) ++arrived_of_others;
            });
            p.connect(deal, out, 4);
        }
    }
    ~partition() { frozen.open(); }

    void expect_order() const {
        for (std::size_t i = 0; i < arrived.size(); ++i) {
            EXPECT_TRUE(std::ranges::is_sorted(arrived[i]));
            for (const int item : arrived[i]) EXPECT_EQ(item % 3, static_cast<int>(i));
        }
    }
    void expect_ledger() const {
        const weir::stage_ledger deal = stage(p, "deal");
        std::uint64_t accepted = 0;
        for (const auto& e : p.edges()) accepted += e.from == "deal" ? e.accepted : 0;
        EXPECT_EQ(deal.emitted, accepted + deal.held + deal.shed + deal.lost);
        expect_balanced(p);
    }

    gate frozen;
    std::array<std::vector<int>, 3> arrived;
    std::atomic<int> arrived_of_others{0};
    pipeline p;
};

class patience : public testing::TestWithParam<std::chrono::milliseconds> {};

TEST_P(patience, that_ends_lets_other_keys_pass_a_frozen_one_whose_items_are_shed) {
    // Items come no faster than the other keys are served, so that none of theirs is ever in vain.
    std::atomic<int>* served = nullptr;
    const auto make = [&, n = 0](std::stop_token stop) mutable -> std::optional<int> {
        const int before_of_others = n - (n + 2) / 3;
        while (*served < before_of_others && !stop.stop_requested()) std::this_thread::yield();
        return n < 300 ? std::optional(n++) : std::nullopt;
    };
    partition t(make, GetParam());
    served = &t.arrived_of_others;
    t.p.run();
    ASSERT_TRUE(eventually([&] { return t.arrived_of_others == 200; })) << "the frozen key stopped the others";
    t.frozen.open();
    EXPECT_EQ(t.p.join(), outcome::drained);
    t.expect_order();
    t.expect_ledger();
    EXPECT_EQ(stage(t.p, "deal").emitted, 300U);
    EXPECT_EQ(stage(t.p, "deal").shed, 96U) << "all of the frozen key but what it had room for";
    EXPECT_THAT(t.arrived[0], ElementsAre(0, 3, 6, 9));
}
INSTANTIATE_TEST_SUITE_P(of, patience, testing::Values(0ms, 20ms),
                         [](const auto& of) { return std::to_string(of.param.count()) + "_ms"; });

TEST(pipeline, patience_without_end_lets_a_frozen_key_stop_all_and_loses_nothing) {
    partition t(count_to(300), weir::split::block_for_ever);
    t.p.run();
    ASSERT_TRUE(eventually([&] { return stage(t.p, "deal").held == 1 && edge(t.p, "feed", "deal").queued == 5; }));
    EXPECT_EQ(edge(t.p, "deal", "out 0").queued, 4U);
    t.expect_ledger();
    t.frozen.open();
    EXPECT_EQ(t.p.join(), outcome::drained);
    t.expect_order();
    t.expect_ledger();
    for (const auto& items : t.arrived) EXPECT_EQ(items.size(), 100U);
    EXPECT_EQ(stage(t.p, "deal").shed, 0U);
}

TEST(pipeline, a_key_that_is_slow_but_moves_within_the_patience_slows_and_sheds_nothing) {
    std::atomic<int> arrived{0};
    pipeline p;
    const auto feed = p.source<int>("feed", count_to(100), {}, weir::split::by_key{[](int i) { return i % 2; }, 1h});
    p.connect(feed, p.sink<int>("slow", [&](int) { std::this_thread::sleep_for(1ms), ++arrived; }), 2);
    p.connect(feed, p.sink<int>("fast", [&](int) { ++arrived; }), 2);
    p.run();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(arrived, 100);
    EXPECT_EQ(stage(p, "feed").shed, 0U);
}

TEST(pipeline, an_item_held_for_a_full_output_when_it_is_cancelled_counts_as_lost) {
    partition t(count_to(300), weir::split::block_for_ever);
    t.p.run();
    ASSERT_TRUE(eventually([&] { return stage(t.p, "deal").held == 1 && edge(t.p, "feed", "deal").queued == 5; }));
    t.p.cancel();
    t.frozen.open();
    EXPECT_EQ(t.p.join(), outcome::cancelled);
    EXPECT_EQ(stage(t.p, "deal").lost, 1U);
    EXPECT_EQ(stage(t.p, "deal").held, 0U);
    t.expect_ledger();
}

}  // namespace
