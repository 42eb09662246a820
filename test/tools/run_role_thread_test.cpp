// SPDX-License-Identifier: MIT
//
// What the threads of `weir run` do in each turn, on a simulated machine.
#include "tools/run/role_thread.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "test/support/made_up_machine.hpp"

namespace {

using weir::tool::role_thread;
using weir_test::fake_host;
using weir_test::graph_of;
using weir_test::one_role_thread;

// ---- Sources. 25 million a second are 40 ns apart: a tick and a quarter.

TEST_F(one_role_thread, that_has_a_rate_sends_due_items_with_their_due_time) {
    make_state(graph_of(3, {{.from = 0, .to = 2, .items_per_s = {}}, {.from = 0, .to = 1, .items_per_s = 25e6}}));
    push(0, {});  // occupies the edge without a rate
    auto source = started(0, 1000);
    machine_.time = 999;
    EXPECT_FALSE(source.turn());
    machine_.time = 1005;
    EXPECT_TRUE(source.turn());
    EXPECT_EQ(popped(1), "0 1000 1000 10, 1 1001 1001 10, 2 1002 1002 10, 3 1003 1003 10, 4 1005 1005 10, ");
    EXPECT_FALSE(source.turn());
    machine_.time = 1007;
    EXPECT_TRUE(source.turn());
    EXPECT_EQ(popped(1), "5 1006 1006 10, 6 1007 1007 10, ");
    EXPECT_EQ(source.pushed[1], 7U);
    EXPECT_EQ(source.pushed[0], 0U);
}

TEST_F(one_role_thread, that_has_a_rate_keeps_its_schedule_where_the_ring_is_full) {
    make_state(graph_of(2, {{.from = 0, .to = 1, .items_per_s = 25e6}}), 2);
    auto source = started(0, 1000);
    machine_.time = 1010;
    EXPECT_TRUE(source.turn());
    EXPECT_FALSE(source.turn()) << "it is full";
    EXPECT_EQ(source.pushed[0], 2U);
    EXPECT_EQ(popped(0), "0 1000 1000 1, 1 1001 1001 1, ");
    EXPECT_TRUE(source.turn());
    EXPECT_EQ(popped(0), "2 1002 1002 1, 3 1003 1003 1, ") << "from when they were due";
    EXPECT_EQ(source.refused, 0U);
}

TEST_F(one_role_thread, sends_and_takes_a_batch_at_most_in_a_turn) {
    make_state(graph_of(2, {{.from = 0, .to = 1, .items_per_s = 25e6}}));
    auto source = started(0, 1000);
    auto sink = started(1, 1000);
    machine_.time = 2000;
    EXPECT_TRUE(source.turn());
    EXPECT_EQ(state_->rings[0]->size_approx(), 32U);
    EXPECT_TRUE(source.turn());
    EXPECT_TRUE(sink.turn());
    EXPECT_EQ(state_->rings[0]->size_approx(), 32U);
    EXPECT_EQ(sink.popped[0], 32U);
    EXPECT_TRUE(sink.turn());
    EXPECT_FALSE(sink.turn());
    EXPECT_EQ(sink.delivered, 64U);
}

TEST_F(one_role_thread, that_has_no_rate_sends_the_next_when_the_last_was_taken) {
    make_state(graph_of(3, {{.from = 0, .to = 2, .items_per_s = 1}, {.from = 0, .to = 1, .items_per_s = {}}}));
    auto source = started(0, 5000);
    machine_.time = 1234;
    EXPECT_TRUE(source.turn());
    EXPECT_FALSE(source.turn());
    EXPECT_EQ(popped(1), "0 1234 1234 10, ");
    machine_.time = 1300;
    EXPECT_TRUE(source.turn());
    EXPECT_EQ(popped(1), "1 1300 1300 10, ");
}

TEST_F(one_role_thread, that_is_a_source_stops_sending_when_the_trial_is_stopping) {
    make_state(graph_of(3, {{.from = 0, .to = 1, .items_per_s = {}}, {.from = 1, .to = 2, .items_per_s = {}}}));
    auto source = started(0, 1000), middle = started(1, 1000);
    EXPECT_FALSE(middle.turn()) << "nothing came";
    state_->stopping.store(true, std::memory_order_relaxed);
    EXPECT_FALSE(source.turn());
}

// ---- Receivers

TEST_F(one_role_thread, that_receives_takes_latencies_from_the_end_of_the_warm_up_on) {
    make_state(graph_of(2, {{.from = 0, .to = 1, .items_per_s = {}}}));
    auto sink = started(1, 1000, 100);
    machine_.time = 1500;
    push(0, {0, 1099, 1400, 1});
    push(0, {1, 1100, 1403, 1});
    push(0, {2, 1113, 1203, 1});
    push(0, {3, 1503, 1503, 1});
    push(0, {4, 1600, 1700, 1});  // the clocks of two cores may differ
    EXPECT_TRUE(sink.turn());
    EXPECT_EQ(sink.popped[0], 5U);
    EXPECT_EQ(sink.delivered, 4U);
    EXPECT_EQ(sink.end_to_end.count(), 4U);
    EXPECT_EQ(sink.end_to_end.max(), 403U * 32);
    EXPECT_EQ(sink.end_to_end.mean(), (403.0 + 390) * 32 / 4);
    ASSERT_EQ(sink.edge_ns.size(), 1U);
    EXPECT_EQ(sink.edge_ns[0].count(), 4U);
    EXPECT_EQ(sink.edge_ns[0].max(), 300U * 32);
    EXPECT_EQ(sink.edge_ns[0].mean(), (100.0 + 300) * 32 / 4);
    EXPECT_EQ(sink.failure, "");
}

TEST_F(one_role_thread, that_receives_a_wrong_item_names_the_expected_one) {
    make_state(graph_of(2, {{.from = 0, .to = 1, .items_per_s = {}}}));
    auto sink = started(1, 0);
    for (const std::uint64_t number : {0U, 1U, 4U, 9U}) push(0, {number, 0, 0, 1});
    EXPECT_TRUE(sink.turn());
    EXPECT_EQ(sink.failure, "item 4 arrived instead of item 2") << "the first of them";
}

// Per two received items the first ring gets one and the second three. The third gets none: the items have passed it.
TEST_F(one_role_thread, that_forwards_sends_in_proportion_to_its_edges) {
    make_state(graph_of(3, {{.from = 0, .to = 1, .items_per_s = {}},
                            {.from = 1, .to = 2, .items_per_s = {}, .share = 0.5},
                            {.from = 1, .to = 2, .items_per_s = {}, .share = 1.5},
                            {.from = 1, .to = 0, .items_per_s = {}}}));
    auto middle = started(1, 1000);
    machine_.time = 2000;
    for (const std::uint64_t i : {0U, 1U, 2U}) push(0, {i, 1100 + i, 1200 + i, 0b1001});
    EXPECT_TRUE(middle.turn());
    EXPECT_EQ(popped(1), "0 1101 2000 1011, ");
    EXPECT_EQ(popped(2), "0 1100 2000 1101, 1 1101 2000 1101, 2 1101 2000 1101, 3 1102 2000 1101, ");
    EXPECT_EQ(popped(3), "");
    EXPECT_EQ(middle.delivered, 0U) << "they go on";
    EXPECT_EQ(middle.edge_ns[0].count(), 3U);
    EXPECT_EQ(middle.pushed[1], 1U);
    EXPECT_EQ(middle.pushed[2], 4U);
    push(0, {3, 1103, 1203, 0b1111});
    EXPECT_TRUE(middle.turn());
    EXPECT_EQ(middle.delivered, 1U) << "it has been everywhere";
    EXPECT_EQ(middle.end_to_end.max(), (2003U - 1103) * 32);
}

TEST_F(one_role_thread, receives_from_all_its_rings_and_records_each_by_itself) {
    make_state(graph_of(4, {{.from = 0, .to = 3, .items_per_s = {}},
                            {.from = 1, .to = 2, .items_per_s = {}},
                            {.from = 1, .to = 3, .items_per_s = {}}}));
    auto sink = started(3, 0);
    push(2, {0, 100, 200, 4});
    machine_.time = 1000;
    EXPECT_TRUE(sink.turn());
    push(0, {0, 100, 300, 1});
    EXPECT_TRUE(sink.turn()) << "the last ring has nothing";
    std::vector<weir::histogram> by_edge(3, weir::histogram(weir::tool::longest_latency_ns));
    sink.merge_edges_into(by_edge);
    EXPECT_EQ(by_edge[0].max(), 703U * 32);
    EXPECT_EQ(by_edge[1].count(), 0U);
    EXPECT_EQ(by_edge[2].max(), 803U * 32);
}

// A source within a cycle: neither its own items nor the forwarded ones add up to whole items or ticks.
TEST_F(one_role_thread, keeps_parts_of_items_and_parts_of_ticks_apart) {
    make_state(graph_of(
        3, {{.from = 0, .to = 1, .items_per_s = 25e6, .share = 0.5}, {.from = 1, .to = 0, .items_per_s = {}}}));
    auto both = started(0, 1000);
    machine_.time = 1002;
    EXPECT_TRUE(both.turn());
    EXPECT_EQ(both.pushed[0], 3U) << "three quarters of a tick are left";
    push(1, {0, 900, 900, 0b10});
    EXPECT_TRUE(both.turn());
    EXPECT_EQ(both.pushed[0], 3U) << "and half an item";
}

// ---- Full rings

TEST_F(one_role_thread, waits_for_room_pausing_and_then_yielding) {
    make_state(graph_of(3, {{.from = 0, .to = 1, .items_per_s = {}}, {.from = 1, .to = 2, .items_per_s = {}}}), 1);
    auto middle = started(1, 0);
    push(1, {});
    push(0, {0, 10, 20, 1});
    int rests = 0;
    machine_.on_rest = [&] {
        if (++rests == 4) popped(1);
    };
    EXPECT_TRUE(middle.turn());
    EXPECT_EQ(machine_.log, "pause pause yield yield ");
    EXPECT_EQ(popped(1), "0 10 0 11, ");
    EXPECT_EQ(middle.refused, 0U);
}

TEST_F(one_role_thread, waits_for_room_no_longer_than_the_trial_lasts) {
    make_state(graph_of(3, {{.from = 0, .to = 1, .items_per_s = {}}, {.from = 1, .to = 2, .items_per_s = {}}}), 1);
    auto middle = started(1, 0);
    push(1, {});
    push(0, {0, 10, 20, 1});
    int rests = 0;
    machine_.on_rest = [&] {
        if (++rests == 3) state_->finished.store(true, std::memory_order_relaxed);
        if (rests == 10) popped(1);
    };
    EXPECT_TRUE(middle.turn());
    EXPECT_EQ(rests, 3);
    EXPECT_EQ(middle.pushed[1], 0U);
}

TEST_F(one_role_thread, does_not_wait_for_room_on_a_cycle) {
    make_state(graph_of(2, {{.from = 0, .to = 1, .items_per_s = {}},
                            {.from = 1, .to = 0, .items_per_s = {}, .on_cycle = true, .share = 2}}),
               1);
    auto middle = started(1, 0);
    machine_.on_rest = [&] { popped(1); };
    push(0, {0, 10, 20, 1});
    EXPECT_TRUE(middle.turn());
    EXPECT_EQ(middle.pushed[1], 1U);
    EXPECT_EQ(middle.refused, 1U);
    EXPECT_EQ(machine_.log, "");
}

// ---- A thread from start to end

TEST_F(one_role_thread, plays_from_the_begin_to_the_end_of_the_trial) {
    make_state(graph_of(2, {{.from = 0, .to = 1, .items_per_s = 25e6}}));
    role_thread<fake_host> source(*state_, 0, 6U, 2, 0);
    int rests = 0;
    machine_.on_rest = [&] {
        ++rests;
        EXPECT_EQ(state_->ready.load(), 1U);
        if (rests == 3) state_->begin.store(1001);
        if (rests == 4) machine_.time = 1001;  // an item is due
        if (rests == 7) state_->finished.store(true);
    };
    source.run();
    EXPECT_EQ(machine_.log, "pin 6 check 6 pause pause yield count pause pause pause yield count check 6 ");
    EXPECT_FALSE(source.error);
    EXPECT_EQ(source.pushed[0], 1U);
    EXPECT_EQ(source.disturbances.involuntary_switches, 5U);
    EXPECT_EQ(source.disturbances.voluntary_switches, 7U);
    EXPECT_EQ(source.disturbances.migrations, 11U);
}

TEST_F(one_role_thread, that_is_not_pinned_is_not_checked) {
    make_state(graph_of(2, {{.from = 0, .to = 1, .items_per_s = {}}}));
    state_->begin.store(1);
    state_->finished.store(true);
    role_thread<fake_host> source(*state_, 0, std::nullopt, 1, 0);
    source.run();
    EXPECT_EQ(machine_.log, "count count ");
}

TEST_F(one_role_thread, that_cannot_be_pinned_is_ready_and_keeps_why) {
    make_state(graph_of(2, {{.from = 0, .to = 1, .items_per_s = {}}}));
    state_->begin.store(1);
    state_->finished.store(true);
    machine_.may_pin = false;
    role_thread<fake_host> source(*state_, 0, 6U, 1, 0);
    source.run();
    EXPECT_EQ(machine_.log, "pin 6 ");
    EXPECT_EQ(state_->ready.load(), 1U);
    EXPECT_TRUE(source.error);
    machine_.may_pin = true;
    machine_.is_in_place = false;
    role_thread<fake_host> other(*state_, 0, 6U, 1, 0);
    other.run();
    EXPECT_EQ(machine_.log, "pin 6 pin 6 check 6 ");
    EXPECT_EQ(state_->ready.load(), 2U);
    EXPECT_TRUE(other.error);
}

}  // namespace
