// SPDX-License-Identifier: MIT
//
// An inlet has the producer's operations of a ring, and each of them wakes the stage behind it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <numeric>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test/support/pipeline_support.hpp"
#include "test/support/wait_support.hpp"
#include "weir/pipeline.hpp"
#include "weir/stop.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir_test;
using testing::ElementsAre;
using testing::IsEmpty;
using weir::pipeline;
using weir::status;

/// An inlet with room for three numbers. Nothing is taken out before run().
class inlet : public testing::Test {
protected:
    inlet() {
        graph_.connect(in_, graph_.sink<int>("out", [this](int i) { arrived_.push_back(i); }), 3);
    }

    /// What the sink has got when it has got everything.
    std::vector<int> delivered() {
        in_.close();
        EXPECT_EQ(graph_.join(), pipeline::outcome::drained);
        return arrived_;
    }

    std::vector<int> arrived_;
    pipeline graph_;
    weir::inlet<int> in_ = graph_.inlet<int>("in");
};

TEST_F(inlet, refuses_in_every_form_when_it_is_full) {
    EXPECT_EQ(in_.capacity(), 3U);
    EXPECT_EQ(in_.size_approx(), 0U);
    EXPECT_EQ(in_.try_push_n(std::array{1, 2, 3, 4}), 3U);
    EXPECT_EQ(in_.size_approx(), 3U);
    EXPECT_EQ(in_.try_push_n(std::array{4}), 0U);
    const std::array five{5};
    EXPECT_EQ(in_.try_push_n(five.begin(), 1), 0U);
    EXPECT_EQ(in_.try_push(4), status::full);
    EXPECT_EQ(in_.try_emplace(4), status::full);
    EXPECT_EQ(in_.push_for(4, 1ms), status::timeout);
    EXPECT_EQ(in_.push_until(4, std::chrono::steady_clock::now()), status::timeout);
    EXPECT_EQ(in_.push_unless(4, [] { return true; }), status::full);
    EXPECT_EQ(in_.push_n_unless(std::array{4, 5}, [] { return true; }), 0U);
    EXPECT_EQ(in_.push_n_unless(
                  std::array{4, 5}, [] { return false; }, std::chrono::steady_clock::now()),
              0U);
    EXPECT_EQ(stage(graph_, "in").emitted, 3U);
    expect_balanced(graph_);
    graph_.run();
    EXPECT_THAT(delivered(), ElementsAre(1, 2, 3));
}

TEST_F(inlet, pushes_in_every_form_and_wakes_the_stage_each_time) {
    graph_.run();
    const auto rests = [this](std::size_t after) {
        return eventually([&] { return edge(graph_, "in", "out").delivered == after; });
    };
    ASSERT_TRUE(in_.try_push(1));
    EXPECT_TRUE(rests(1));
    ASSERT_TRUE(in_.try_emplace(2));
    EXPECT_TRUE(rests(2));
    ASSERT_TRUE(in_.push(3));
    EXPECT_TRUE(rests(3));
    ASSERT_TRUE(in_.emplace(4));
    EXPECT_TRUE(rests(4));
    ASSERT_TRUE(in_.push_for(5, 1h));
    EXPECT_TRUE(rests(5));
    ASSERT_TRUE(in_.push_until(6, weir::forever));
    EXPECT_TRUE(rests(6));
    ASSERT_TRUE(in_.push_unless(7, [] { return false; }));
    EXPECT_TRUE(rests(7));
    EXPECT_EQ(in_.try_push_n(std::array{8, 9}), 2U);
    EXPECT_TRUE(rests(9));
    const std::array more{10, 11};
    EXPECT_EQ(in_.try_push_n(more.begin(), 1), 1U);
    EXPECT_TRUE(rests(10));
    EXPECT_EQ(in_.push_n(std::array{11}), 1U);
    EXPECT_TRUE(rests(11));
    expect_balanced(graph_);
    std::vector<int> all(11);
    std::iota(all.begin(), all.end(), 1);
    EXPECT_EQ(delivered(), all);
}

TEST(inlet_of_records, takes_braces_and_variables_and_leaves_a_refused_item) {
    struct record {
        std::string name;
        int number;
    };
    pipeline graph;
    std::vector<std::string> arrived;
    auto in = graph.inlet<record>("in");
    graph.connect(in, graph.sink<record>("out", [&](const record& r) { arrived.push_back(r.name); }), 4);
    const record one{"one", 1};
    record two{"two", 2};
    EXPECT_TRUE(in.push(one));
    EXPECT_TRUE(in.push({"three", 3}));
    EXPECT_TRUE(in.try_push({"four", 4}));
    EXPECT_TRUE(in.push_for(two, 1h));
    EXPECT_EQ(in.push_for(std::move(two), 1ms), status::timeout);
    EXPECT_EQ(two.name, "two");
    graph.run();
    in.close();
    EXPECT_EQ(graph.join(), pipeline::outcome::drained);
    EXPECT_THAT(arrived, ElementsAre("one", "three", "four", "two"));
}

TEST_F(inlet, pushes_more_at_once_than_it_has_room_for) {
    graph_.run();
    std::vector<int> many(1000);
    std::iota(many.begin(), many.end(), 0);
    EXPECT_EQ(in_.push_n(many), many.size());
    EXPECT_EQ(stage(graph_, "in").emitted, many.size());
    EXPECT_EQ(delivered(), many);
}

TEST_F(inlet, ends_a_push_when_a_stop_is_requested) {
    ASSERT_EQ(in_.push_n(std::array{1, 2, 3}), 3U);
    std::jthread single([this](const std::stop_token& stop) { EXPECT_EQ(weir::push(in_, 4, stop), status::full); });
    std::jthread several([this](const std::stop_token& stop) {
        const std::array values{5, 6};
        EXPECT_EQ(weir::push_n(in_, values, stop), 0U);
    });
    std::this_thread::sleep_for(2ms);
    single.request_stop();
    single.join();
    several.request_stop();
    several.join();
    graph_.run();
    EXPECT_THAT(delivered(), ElementsAre(1, 2, 3));
}

TEST_F(inlet, asks_a_waiting_push_again_when_it_is_woken) {
    ASSERT_EQ(in_.push_n(std::array{1, 2, 3}), 3U);
    std::atomic<bool> enough{false};
    std::atomic<bool> asked{false};
    std::thread waiting([&] {
        EXPECT_EQ(in_.push_unless(4,
                                  [&] {
                                      asked = true;
                                      return enough.load();
                                  }),
                  status::full);
    });
    EXPECT_TRUE(eventually([&] { return asked.load(); }));
    enough = true;
    in_.wake_all();
    waiting.join();
    in_.close();
}

TEST_F(inlet, is_closed_in_every_form) {
    EXPECT_FALSE(in_.is_closed());
    ASSERT_TRUE(in_.push(1));
    in_.close();
    EXPECT_TRUE(in_.is_closed());
    EXPECT_EQ(in_.try_push(2), status::closed);
    EXPECT_EQ(in_.try_emplace(2), status::closed);
    EXPECT_EQ(in_.push(2), status::closed);
    EXPECT_EQ(in_.emplace(2), status::closed);
    EXPECT_EQ(in_.push_for(2, 1h), status::closed);
    EXPECT_EQ(in_.push_until(2, weir::forever), status::closed);
    EXPECT_EQ(in_.push_unless(2, [] { return false; }), status::closed);
    EXPECT_EQ(in_.try_push_n(std::array{2, 3}), 0U);
    EXPECT_EQ(in_.push_n(std::array{2, 3}), 0U);
    EXPECT_EQ(stage(graph_, "in").emitted, 1U);
    graph_.run();
    EXPECT_THAT(delivered(), ElementsAre(1));
}

TEST(inlet_before_it_is_connected, can_be_asked_and_closed) {
    pipeline graph;
    auto in = graph.inlet<int>("in");
    in.wake_all();
    EXPECT_EQ(in.capacity(), 0U);
    EXPECT_EQ(in.size_approx(), 0U);
    EXPECT_FALSE(in.is_closed());
    in.close();
    EXPECT_TRUE(in.is_closed());
    graph.connect(in, graph.sink<int>("out", [](int) {}), 3);
    EXPECT_TRUE(in.is_closed());
    EXPECT_EQ(in.try_push(1), status::closed);
    graph.run();
    EXPECT_EQ(graph.join(), pipeline::outcome::drained);
}

TEST(inlet_of_an_ended_pipeline, is_closed_when_it_is_connected) {
    for (const bool cancelled : {false, true}) {
        pipeline graph;
        auto in = graph.inlet<int>("in");
        cancelled ? graph.cancel() : graph.close();
        graph.connect(in, graph.sink<int>("out", [](int) {}), 3);
        graph.run();
        graph.join();
        EXPECT_EQ(in.push(1), status::closed);
        EXPECT_EQ(edge(graph, "in", "out").accepted, 0U);
        expect_balanced(graph);
    }
}

}  // namespace
