// SPDX-License-Identifier: MIT
#include "tools/run/trial.hpp"

#include "instruments/why_no_thread.hpp"
#include "tools/run/role_thread.hpp"

#include <weir/affinity.hpp>
#include <weir/detail/base/pause.hpp>

#include <sched.h>
#include <algorithm>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

namespace weir::tool {
namespace {

constexpr std::size_t capacity = 1024;

class real_host : public tick_clock {
public:
    explicit real_host(const tick_clock& clock) : tick_clock(clock) {}

    static void pin(unsigned pu) { static_cast<void>(pin_this_thread(pu)); }
    static void check_seat(unsigned pu) { tool::check_seat(pu); }
    static thread_counts counts() { return count_this_thread(); }
    static void pause() { detail::pause(); }
    static void yield() { ::sched_yield(); }
    static void sleep(std::chrono::duration<double> time) { std::this_thread::sleep_for(time); }
};

}  // namespace

unsigned spin_limit_of(const run_graph& graph, const run_layout& layout, std::size_t role, std::size_t usable_pus) {
    constexpr unsigned a_little = 1000;
    if (!layout.is_pinned()) return graph.roles.size() <= usable_pus ? a_little : 0;
    return std::count(layout.pus.begin(), layout.pus.end(), layout.pus[role]) > 1
               ? 0
               : std::numeric_limits<unsigned>::max();
}

namespace {

// The node of each ring's slots. They hold nothing yet, so that all of them can be reserved.
template <class State>
std::vector<std::optional<unsigned>> nodes_of(State& state) {
    std::vector<std::optional<unsigned>> nodes;
    for (const auto& ring : state.rings) {
        const auto slots = ring->try_reserve(capacity);
        nodes.push_back(slots.empty() ? std::nullopt : numa_node_of(slots.first().data()));
    }
    return nodes;
}

template <class State>
trial_result run_state(State& state, const run_layout& layout, double seconds, std::size_t usable_pus) {
    const auto workers = make_role_threads(state, layout, seconds, usable_pus);
    {
        std::vector<std::jthread> threads;
        try {
            for (const auto& one : workers) threads.emplace_back([&one = *one] { one.run(); });
        } catch (const std::system_error& error) {
            release(state);  // those that have started wait for the schedule
            throw std::runtime_error(why_no_thread(threads.size() + 1, workers.size(), error));
        }
        run_schedule(state, workers.size(), seconds);
    }
    return result_of(state, workers, seconds);
}

}  // namespace

trial_result run_trial(const run_graph& graph, const run_layout& layout, double seconds, const tick_clock& clock,
                       std::size_t usable_pus) {
    if (layout.memory.empty()) {
        trial_state<real_host> state(graph, real_host(clock), capacity);
        return run_state(state, layout, seconds, usable_pus);
    }
    trial_state<real_host, node_ring> state(graph, real_host(clock), capacity, layout.memory);
    const auto nodes = nodes_of(state);
    for (std::size_t edge = 0; edge != nodes.size(); ++edge)
        if (nodes[edge] && *nodes[edge] != layout.memory[edge])
            throw placement_error("the slots of a ring were bound to NUMA node " + std::to_string(layout.memory[edge]) +
                                  ", but the kernel says that they are on node " + std::to_string(*nodes[edge]));
    auto result = run_state(state, layout, seconds, usable_pus);
    result.edge_nodes = nodes;
    return result;
}

std::string why_no_memory_on(const std::vector<unsigned>& nodes) {
    try {
        for (const unsigned node : std::set<unsigned>(nodes.begin(), nodes.end()))
            static_cast<void>(node_ring(capacity, storage::on_node(node)));
        return "";
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

}  // namespace weir::tool
