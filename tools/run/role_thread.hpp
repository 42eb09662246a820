// SPDX-License-Identifier: MIT
//
// One trial of `weir run`: a thread for each role, a driver that starts and stops them, and the collected results.
// Host is the machine interface, which tests replace:
//
//     std::uint64_t now(), now_after_loads()     ticks
//     double to_ns(ticks), ns_per_tick()
//     std::uint64_t to_ticks(ns)
//     void pin(pu), check_seat(pu)               the calling thread; throw
//     thread_counts counts()                     of the calling thread
//     void pause(), yield()
//     void sleep(std::chrono::duration<double>)
#pragma once

#include "tools/run/trial.hpp"

#include <weir/node_memory.hpp>
#include <weir/ring.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::tool {

inline constexpr std::size_t batch = 32;  // most items taken from one ring before the next one is polled
inline constexpr std::uint64_t longest_latency_ns = 60'000'000'000U;  // longer latencies are recorded as this

struct message {
    std::uint64_t number;   // counted per edge
    std::uint64_t due;      // when its source should send it, in ticks
    std::uint64_t sent;     // when it was pushed to this edge, in ticks
    std::uint64_t visited;  // bit set of the edges it has passed
};

using run_ring = spsc_ring<message, wait::spin>;
using node_ring = spsc_ring<message, wait::spin, storage::on_node>;

// Shared by all threads of a trial.
template <class Host, class Ring = run_ring>
struct trial_state {
    trial_state(const run_graph& all, Host machine, std::size_t capacity) : graph(all), host(std::move(machine)) {
        for (std::size_t i = 0; i != all.edges.size(); ++i) rings.push_back(std::make_unique<Ring>(capacity));
    }
    // With the slots of each ring on its NUMA node.
    trial_state(const run_graph& all, Host machine, std::size_t capacity, const std::vector<unsigned>& nodes)
        : graph(all), host(std::move(machine)) {
        for (std::size_t i = 0; i != all.edges.size(); ++i)
            rings.push_back(std::make_unique<Ring>(capacity, storage::on_node(nodes.at(i))));
    }

    const run_graph& graph;
    Host host;
    std::vector<std::unique_ptr<Ring>> rings;
    std::atomic<std::size_t> ready = 0;
    std::atomic<std::uint64_t> begin = 0;             // in ticks; 0: not yet
    alignas(128) std::atomic<bool> stopping = false;  // sources stop sending
    std::atomic<bool> finished = false;               // all threads end
};

template <class Host, class Ring = run_ring>
class role_thread {
public:
    role_thread(trial_state<Host, Ring>& state, std::size_t role, std::optional<unsigned> pu, unsigned spin_limit,
                std::uint64_t warm_up)
        : state_(state),
          graph_(state.graph),
          me_(state.graph.roles[role]),
          pu_(pu),
          spin_limit_(spin_limit),
          warm_up_(warm_up) {
        const auto edges = graph_.edges.size();
        pushed.resize(edges);
        popped.resize(edges);
        part_of_item_.resize(edges);
        part_of_tick_.resize(edges);
        next_due_.resize(edges);
        for (std::size_t i = 0; i != me_.in.size(); ++i) edge_ns.emplace_back(longest_latency_ns);
    }

    // An exception is stored in `error`, which the joining thread reads.
    void run() noexcept {
        try {
            if (pu_) state_.host.pin(*pu_);
        } catch (...) {
            error = std::current_exception();
        }
        // (1) acq_rel: pairs with (2); makes this thread's setup visible
        state_.ready.fetch_add(1, std::memory_order_acq_rel);
        if (error) return;
        try {
            run_loop();
        } catch (...) {
            error = std::current_exception();
        }
    }

    // Sets the start of the schedule. Latencies are recorded from the end of the warm-up state.
    void start(std::uint64_t begin) {
        count_from_ = begin + warm_up_;
        for (const auto edge : me_.out) next_due_[edge] = begin;
    }

    // One turn: receives and forwards the available items, and sends items that are due. True if it did anything.
    bool turn() {
        bool moved = false;
        for (std::size_t i = 0; i != me_.in.size(); ++i) moved = receive(me_.in[i], edge_ns[i]) || moved;
        // relaxed: the flag publishes no other data
        if (me_.is_source && !state_.stopping.load(std::memory_order_relaxed))
            for (const auto edge : me_.out) moved = generate(edge) || moved;
        return moved;
    }

    // Results, to be read after the thread has ended.
    std::exception_ptr error;
    histogram end_to_end{longest_latency_ns};
    std::vector<histogram> edge_ns;     // of this role's incoming edges
    std::vector<std::uint64_t> pushed;  // by edge
    std::vector<std::uint64_t> popped;
    std::uint64_t delivered = 0;
    std::uint64_t refused = 0;
    thread_counts disturbances;
    std::string failure;

    void merge_edges_into(std::vector<histogram>& by_edge) const {
        for (std::size_t i = 0; i != me_.in.size(); ++i) by_edge[me_.in[i]].merge(edge_ns[i]);
    }

private:
    void run_loop() {
        if (pu_) state_.host.check_seat(*pu_);
        for (const auto edge : me_.out)
            state_.rings[edge]->adopt_producer();  // the slots were looked at by another thread
        // (3) acquire: pairs with (4), the start of the schedule
        for (unsigned turns = 0; state_.begin.load(std::memory_order_acquire) == 0; ++turns) wait_turn(turns);
        start(state_.begin.load(std::memory_order_relaxed));  // relaxed: it is set only once
        const auto before = state_.host.counts();
        // relaxed: the flag publishes no other data
        for (unsigned turns = 0; !state_.finished.load(std::memory_order_relaxed);)
            turn() ? void(turns = 0) : wait_turn(turns++);
        disturbances = state_.host.counts() - before;
        if (pu_) state_.host.check_seat(*pu_);
    }

    void wait_turn(unsigned turns) const {
        if (turns < spin_limit_)
            state_.host.pause();
        else
            state_.host.yield();
    }

    bool receive(std::size_t edge, histogram& latencies_ns) {
        std::size_t taken = 0;
        for (message item; taken != batch && state_.rings[edge]->try_pop(item); ++taken) {
            const auto now = state_.host.now_after_loads();
            if (item.number != popped[edge]++ && failure.empty())
                failure = "item " + std::to_string(item.number) + " arrived instead of item " +
                          std::to_string(popped[edge] - 1);
            if (item.due >= count_from_) latencies_ns.record(ns_between(item.sent, now));
            pass_on(item, now);
        }
        return taken != 0;
    }

    void pass_on(message& item, std::uint64_t now) {
        bool goes_on = false;
        for (const auto edge : me_.out) {
            if ((item.visited >> edge & 1U) != 0) continue;
            goes_on = true;
            for (part_of_item_[edge] += graph_.edges[edge].share; part_of_item_[edge] >= 1; part_of_item_[edge] -= 1) {
                message copy = item;
                copy.sent = state_.host.now();
                push(edge, copy);
            }
        }
        if (goes_on || item.due < count_from_) return;
        end_to_end.record(ns_between(item.due, now));
        ++delivered;
    }

    // With a rate, sends all items that are due; without, sends one as soon as the previous one was taken.
    bool generate(std::size_t edge) {
        const auto now = state_.host.now();
        const auto rate = graph_.edges[edge].items_per_s;
        if (!rate) {
            if (state_.rings[edge]->size_approx() != 0) return false;
            push(edge, {{}, now, now, {}});
            return true;
        }
        bool moved = false;
        for (std::size_t i = 0; i != batch && next_due_[edge] <= now; ++i) {
            message item{{}, next_due_[edge], next_due_[edge], {}};
            if (!try_push(edge, item)) break;  // retried later; its latency counts from its due time
            next_due_[edge] += interval(edge, *rate);
            moved = true;
        }
        return moved;
    }

    // Ticks until the next item; the fraction of a tick is carried over.
    std::uint64_t interval(std::size_t edge, double rate) {
        const double exact = 1e9 / rate / state_.host.ns_per_tick() + part_of_tick_[edge];
        const auto whole = static_cast<std::uint64_t>(exact);
        part_of_tick_[edge] = exact - static_cast<double>(whole);
        return whole;
    }

    bool try_push(std::size_t edge, message& item) {
        item.number = pushed[edge];
        item.visited |= std::uint64_t{1} << edge;
        if (!state_.rings[edge]->try_push(item)) return false;
        ++pushed[edge];
        return true;
    }

    // Waits for room, except on a cycle, where that could deadlock.
    void push(std::size_t edge, message item) {
        for (unsigned turns = 0; !try_push(edge, item); ++turns) {
            if (graph_.edges[edge].on_cycle) {
                ++refused;
                return;
            }
            if (state_.finished.load(std::memory_order_relaxed)) return;
            wait_turn(turns);
        }
    }

    // The clocks of two cores may differ slightly.
    std::uint64_t ns_between(std::uint64_t from, std::uint64_t to) const {
        return to > from ? static_cast<std::uint64_t>(state_.host.to_ns(to - from)) : 0;
    }

    trial_state<Host, Ring>& state_;
    const run_graph& graph_;
    const run_role& me_;
    std::optional<unsigned> pu_;
    unsigned spin_limit_;
    std::uint64_t warm_up_;
    std::uint64_t count_from_ = 0;
    std::vector<double> part_of_item_;  // by edge: fraction of an item still to be forwarded
    std::vector<double> part_of_tick_;  // by edge: fraction of a tick to add to the next interval
    std::vector<std::uint64_t> next_due_;
};

/// The number of pauses of a waiting thread before it starts to yield.
[[nodiscard]] unsigned spin_limit_of(const run_graph& graph, const run_layout& layout, std::size_t role,
                                     std::size_t usable_pus);

template <class Host, class Ring = run_ring>
using role_threads = std::vector<std::unique_ptr<role_thread<Host, Ring>>>;

/// One thread for each role that has edges. Latencies are recorded after the first tenth of `seconds`.
template <class Host, class Ring>
role_threads<Host, Ring> make_role_threads(trial_state<Host, Ring>& state, const run_layout& layout, double seconds,
                                           std::size_t usable_pus) {
    const auto& roles = state.graph.roles;
    role_threads<Host, Ring> workers;
    for (std::size_t role = 0; role != roles.size(); ++role)
        if (!roles[role].in.empty() || !roles[role].out.empty())
            workers.push_back(std::make_unique<role_thread<Host, Ring>>(
                state, role, layout.is_pinned() ? std::optional(layout.pus[role]) : std::nullopt,
                spin_limit_of(state.graph, layout, role, usable_pus), state.host.to_ticks(seconds * 1e8)));
    return workers;
}

/// Ends threads that wait for the schedule, which does not come.
template <class Host, class Ring>
void release(trial_state<Host, Ring>& state) {
    state.finished.store(true, std::memory_order_relaxed);  // (4) makes it visible
    state.stopping.store(true, std::memory_order_relaxed);
    state.begin.store(1, std::memory_order_release);  // (4) release: pairs with (3)
}

/// Runs the schedule from start to end, then waits until the rings are empty, for one second or a little longer.
template <class Host, class Ring>
void run_schedule(trial_state<Host, Ring>& state, std::size_t workers, double seconds) {
    using namespace std::chrono_literals;
    // (2) acquire: pairs with (1)
    while (state.ready.load(std::memory_order_acquire) != workers) state.host.sleep(100us);
    state.begin.store(state.host.now(), std::memory_order_release);  // (4) release: pairs with (3)
    state.host.sleep(std::chrono::duration<double>(seconds));
    state.stopping.store(true, std::memory_order_relaxed);
    const auto is_empty = [](const auto& ring) { return ring->size_approx() == 0; };
    for (int looks = 0; looks != 5000 && !std::all_of(state.rings.begin(), state.rings.end(), is_empty); ++looks)
        state.host.sleep(200us);
    state.finished.store(true, std::memory_order_relaxed);
}

template <class Host, class Ring>
void check_counts(const trial_state<Host, Ring>& state, const role_threads<Host, Ring>& workers, trial_result& result) {
    for (std::size_t edge = 0; edge != state.rings.size(); ++edge) {
        std::uint64_t pushed = 0;
        std::uint64_t popped = 0;
        for (const auto& one : workers) {
            pushed += one->pushed[edge];
            popped += one->popped[edge];
        }
        if (pushed != popped + state.rings[edge]->size_approx() && result.failure.empty())
            result.failure = std::to_string(pushed) + " items were pushed into a ring, " + std::to_string(popped) +
                             " were popped, and " + std::to_string(state.rings[edge]->size_approx()) + " are left";
    }
}

/// Collects the results after all threads have ended. Rethrows an exception of any of them.
template <class Host, class Ring>
trial_result result_of(const trial_state<Host, Ring>& state, const role_threads<Host, Ring>& workers, double seconds) {
    trial_result result{.end_to_end_ns = histogram(longest_latency_ns),
                        .edge_ns = {},
                        .seconds = 0.9 * seconds,
                        .disturbances = {},
                        .failure = {}};
    for (std::size_t i = 0; i != state.rings.size(); ++i) result.edge_ns.emplace_back(longest_latency_ns);
    for (const auto& one : workers) {
        if (one->error) std::rethrow_exception(one->error);
        result.end_to_end_ns.merge(one->end_to_end);
        one->merge_edges_into(result.edge_ns);
        result.delivered += one->delivered;
        result.refused += one->refused;
        result.disturbances += one->disturbances;
        if (result.failure.empty()) result.failure = one->failure;
    }
    check_counts(state, workers, result);
    return result;
}

}  // namespace weir::tool
