// SPDX-License-Identifier: MIT
//
// How a trial of `weir run` is set up, run and evaluated, on a simulated machine.
#include "tools/run/trial.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "test/support/made_up_machine.hpp"

namespace {

using weir::tool::role_thread;
using weir::tool::run_graph;
using weir::tool::run_layout;
using weir_test::fake_host;
using weir_test::graph_of;
using weir_test::one_role_thread;

run_layout pinned_to(const std::vector<unsigned>& pus) { return {"here", pus}; }

TEST(spin_limit, depends_on_how_many_roles_share_a_pu) {
    run_graph graph;
    graph.roles.resize(3);
    constexpr unsigned for_ever = std::numeric_limits<unsigned>::max();
    const auto all = [&](const run_layout& layout, std::size_t usable) {
        std::vector<unsigned> found;
        for (std::size_t role = 0; role != 3; ++role)
            found.push_back(weir::tool::spin_limit_of(graph, layout, role, usable));
        return found;
    };
    EXPECT_THAT(all(pinned_to({4, 5, 6}), 1), testing::ElementsAre(for_ever, for_ever, for_ever));
    EXPECT_THAT(all(pinned_to({4, 5, 4}), 9), testing::ElementsAre(0, for_ever, 0));
    EXPECT_THAT(all({"free", {}}, 3), testing::ElementsAre(1000, 1000, 1000));
    EXPECT_THAT(all({"free", {}}, 2), testing::ElementsAre(0, 0, 0));
}

class trial : public one_role_thread {
protected:
    std::vector<std::unique_ptr<role_thread<fake_host>>> all_of(const run_layout& layout, double seconds = 0) {
        return make_role_threads(*state_, layout, seconds, 9);
    }
};

TEST_F(trial, has_a_thread_for_each_role_that_has_a_ring) {
    make_state(graph_of(3, {{.from = 0, .to = 2, .items_per_s = {}}}));
    state_->begin.store(1);
    state_->finished.store(true);
    const auto pinned = all_of(pinned_to({4, 5, 6}));
    ASSERT_EQ(pinned.size(), 2U);
    pinned[0]->run();
    pinned[1]->run();
    EXPECT_EQ(machine_.log, "pin 4 check 4 count count check 4 pin 6 check 6 count count check 6 ");
    machine_.log.clear();
    state_->begin.store(0);
    machine_.on_rest = [&] { state_->begin.store(1); };
    all_of({"free", {}})[1]->run();
    EXPECT_EQ(machine_.log, "pause count count ") << "each may have a PU";
}

TEST_F(trial, counts_latencies_from_a_tenth_of_its_seconds_on) {
    make_state(graph_of(2, {{.from = 0, .to = 1, .items_per_s = {}}}));
    const auto workers = all_of({"free", {}}, 3.2e-6);  // a tenth is 10 ticks
    workers[1]->start(1000);
    push(0, {0, 1009, 1009, 1});
    push(0, {1, 1010, 1010, 1});
    workers[1]->turn();
    EXPECT_EQ(workers[1]->delivered, 1U);
}

TEST_F(trial, is_begun_stopped_and_finished_when_the_rings_are_empty) {
    make_state(graph_of(3, {{.from = 0, .to = 1, .items_per_s = {}}, {.from = 1, .to = 2, .items_per_s = {}}}));
    machine_.time = 77;
    int sleeps = 0;
    std::string seen;
    machine_.on_rest = [&] {
        ++sleeps;
        seen += fmt::format("{}{}{} ", state_->begin.load(), state_->stopping.load() ? " stopping" : "",
                            state_->finished.load() ? " finished" : "");
        if (sleeps == 2) state_->ready.store(3);
        if (sleeps == 3) {
            push(0, {});
            push(1, {});
        }
        if (sleeps == 4) popped(0);
        if (sleeps == 6) popped(1);
    };
    run_schedule(*state_, 3, 1.5);
    EXPECT_EQ(machine_.log, "0.0001 0.0001 1.5 0.0002 0.0002 0.0002 ");
    EXPECT_EQ(seen, "0 0 77 77 stopping 77 stopping 77 stopping ");
    EXPECT_TRUE(state_->finished.load());
}

TEST_F(trial, is_finished_after_a_second_whatever_is_in_the_rings) {
    make_state(graph_of(2, {{.from = 0, .to = 1, .items_per_s = {}}}));
    push(0, {});
    int sleeps = 0;
    machine_.on_rest = [&] { ++sleeps; };
    run_schedule(*state_, 0, 1.5);
    EXPECT_EQ(sleeps, 5001);
    EXPECT_TRUE(state_->finished.load());
}

TEST_F(trial, adds_up_the_results_of_its_threads) {
    make_state(graph_of(3, {{.from = 0, .to = 1, .items_per_s = {}}, {.from = 1, .to = 2, .items_per_s = {}}}));
    const auto workers = all_of({"free", {}});
    for (std::uint64_t i = 0; i != 3; ++i) {
        auto& one = *workers[i];
        one.end_to_end.record(100 + i);
        one.delivered = 10 + i;
        one.refused = 20 + i;
        one.disturbances.migrations = 30 + i;
        one.pushed = {i == 0 ? 50U : 0, i == 1 ? 60U : 0};
        one.popped = {i == 1 ? 49U : 0, i == 2 ? 60U : 0};
        if (i != 0) one.edge_ns[0].record(200 + i);
    }
    push(0, {});
    auto result = result_of(*state_, workers, 4);
    EXPECT_EQ(result.failure, "");
    EXPECT_EQ(result.end_to_end_ns.mean(), 101);
    EXPECT_EQ(result.delivered, 33U);
    EXPECT_EQ(result.refused, 63U);
    EXPECT_EQ(result.disturbances.migrations, 93U);
    EXPECT_DOUBLE_EQ(result.seconds, 3.6);
    ASSERT_EQ(result.edge_ns.size(), 2U);
    EXPECT_EQ(result.edge_ns[0].max(), 201U);
    EXPECT_EQ(result.edge_ns[1].max(), 202U);
    workers[2]->popped[1] = 57;
    workers[1]->popped[0] = 40;
    EXPECT_EQ(result_of(*state_, workers, 4).failure,
              "50 items were pushed into a ring, 40 were popped, and 1 are left");
    workers[1]->failure = "the second";
    workers[2]->failure = "the third";
    EXPECT_EQ(result_of(*state_, workers, 4).failure, "the second");
    workers[2]->error = std::make_exception_ptr(std::runtime_error("why"));
    EXPECT_THROW((void)result_of(*state_, workers, 4), std::runtime_error);
}

TEST_F(trial, has_lost_items_where_the_last_ring_has_fewer) {
    make_state(graph_of(3, {{.from = 0, .to = 1, .items_per_s = {}}, {.from = 1, .to = 2, .items_per_s = {}}}));
    const auto workers = all_of({"free", {}});
    workers[1]->pushed[1] = 8;
    workers[2]->popped[1] = 6;
    push(1, {});
    EXPECT_EQ(result_of(*state_, workers, 4).failure, "8 items were pushed into a ring, 6 were popped, and 1 are left");
}

}  // namespace
