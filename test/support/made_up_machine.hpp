// SPDX-License-Identifier: MIT
//
// A fake machine for the threads of `weir run` on which nothing happens but what the test says.
#pragma once

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tools/run/role_thread.hpp"

namespace weir_test {

using weir::tool::message;
using weir::tool::role_thread;
using weir::tool::run_graph;
using weir::tool::run_layout;
using weir::tool::thread_counts;
using weir::tool::trial_state;

/// The time is what the test says, a tick lasts 32 ns, and a reading after loads is 3 ticks later.
struct made_up_machine {
    std::uint64_t time = 0;
    thread_counts counted;
    std::string log;
    std::function<void()> on_rest = [] {};
    bool may_pin = true;
    bool is_in_place = true;
};

class fake_host {
public:
    explicit fake_host(made_up_machine& on) : on_(&on) {}

    std::uint64_t now() const { return on_->time; }
    std::uint64_t now_after_loads() const { return on_->time + 3; }
    static double ns_per_tick() { return 32; }
    static double to_ns(std::uint64_t ticks) { return static_cast<double>(ticks) * 32; }
    static std::uint64_t to_ticks(double ns) { return static_cast<std::uint64_t>(ns / 32); }
    void pin(unsigned pu) const {
        on_->log += fmt::format("pin {} ", pu);
        if (!on_->may_pin) throw std::runtime_error("not there");
    }
    void check_seat(unsigned pu) const {
        on_->log += fmt::format("check {} ", pu);
        if (!on_->is_in_place) throw std::runtime_error("not in place");
    }
    thread_counts counts() const {
        on_->log += "count ";
        on_->counted.involuntary_switches += 5;
        on_->counted.voluntary_switches += 7;
        on_->counted.migrations += 11;
        return on_->counted;
    }
    void pause() const {
        on_->log += "pause ";
        on_->on_rest();
    }
    void yield() const {
        on_->log += "yield ";
        on_->on_rest();
    }
    void sleep(std::chrono::duration<double> time) const {
        on_->log += fmt::format("{:g} ", time.count());
        on_->on_rest();
    }

private:
    made_up_machine* on_;
};

/// Role 0 is a source.
inline run_graph graph_of(std::size_t roles, const std::vector<weir::tool::run_edge>& edges) {
    run_graph graph;
    graph.roles.resize(roles);
    graph.edges = edges;
    for (std::size_t i = 0; i != edges.size(); ++i) {
        graph.roles[edges[i].from].out.push_back(i);
        graph.roles[edges[i].to].in.push_back(i);
    }
    graph.roles[0].is_source = true;
    return graph;
}

/// A trial_state with one role_thread of it or several.
class one_role_thread : public testing::Test {
protected:
    trial_state<fake_host>& make_state(const run_graph& graph, std::size_t capacity = 64) {
        graph_ = graph;
        return state_.emplace(graph_, fake_host(machine_), capacity);
    }
    void push(std::size_t edge, const message& item) { ASSERT_TRUE(state_->rings[edge]->try_push(item)); }
    /// "number due sent visited" of what is in the ring.
    std::string popped(std::size_t edge, std::size_t most = 1000) {
        std::string text;
        for (message item{}; most != 0 && state_->rings[edge]->try_pop(item); --most)
            text += fmt::format("{} {} {} {:b}, ", item.number, item.due, item.sent, item.visited);
        return text;
    }
    role_thread<fake_host> started(std::size_t role, std::uint64_t begin, std::uint64_t warm_up = 0) {
        role_thread<fake_host> one(*state_, role, std::nullopt, 2, warm_up);
        one.start(begin);
        return one;
    }

    made_up_machine machine_;
    run_graph graph_;
    std::optional<trial_state<fake_host>> state_;
};

}  // namespace weir_test
