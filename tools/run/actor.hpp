// SPDX-License-Identifier: MIT
//
// One trial of `weir run`: the threads of its roles, one that conducts them, and what comes of it. A Host is the
// machine that they run on, which a test can be:
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

inline constexpr std::size_t batch = 32;  // taken from one ring before the next is looked at
inline constexpr std::uint64_t longest_latency_ns = 60'000'000'000U;  // of a latency that is told apart

struct message {
    std::uint64_t number;   // on this edge
    std::uint64_t due;      // at its source, in ticks
    std::uint64_t sent;     // on this edge, in ticks
    std::uint64_t visited;  // edges, as bits
};

using run_ring = spsc_ring<message, wait::spin>;

// What all threads of a trial share.
template <class Host>
struct stage {
    stage(const run_graph& all, Host machine, std::size_t capacity) : graph(all), host(std::move(machine)) {
        for (std::size_t i = 0; i != all.edges.size(); ++i) rings.push_back(std::make_unique<run_ring>(capacity));
    }

    const run_graph& graph;
    Host host;
    std::vector<std::unique_ptr<run_ring>> rings;
    std::atomic<std::size_t> ready = 0;
    std::atomic<std::uint64_t> begin = 0;             // in ticks; 0: not yet
    alignas(128) std::atomic<bool> stopping = false;  // sources end
    std::atomic<bool> finished = false;               // all end
};

template <class Host>
class actor {
public:
    actor(stage<Host>& on, std::size_t role, std::optional<unsigned> pu, unsigned patience, std::uint64_t warm_up)
        : on_(on), graph_(on.graph), me_(on.graph.roles[role]), pu_(pu), patience_(patience), warm_up_(warm_up) {
        const auto edges = graph_.edges.size();
        pushed.resize(edges);
        popped.resize(edges);
        part_of_item_.resize(edges);
        part_of_tick_.resize(edges);
        next_due_.resize(edges);
        for (std::size_t i = 0; i != me_.in.size(); ++i) edge_ns.emplace_back(longest_latency_ns);
    }

    // What it throws is kept for who waits for it.
    void play() noexcept {
        try {
            if (pu_) on_.host.pin(*pu_);
        } catch (...) {
            error = std::current_exception();
        }
        // (1) acq_rel: pairs with (2); what this thread set up is seen
        on_.ready.fetch_add(1, std::memory_order_acq_rel);
        if (error) return;
        try {
            perform();
        } catch (...) {
            error = std::current_exception();
        }
    }

    // The schedule begins. Latencies count a while later.
    void start(std::uint64_t begin) {
        count_from_ = begin + warm_up_;
        for (const auto edge : me_.out) next_due_[edge] = begin;
    }

    // Takes and sends on what there is, and sends what is due. Whether anything moved.
    bool turn() {
        bool moved = false;
        for (std::size_t i = 0; i != me_.in.size(); ++i) moved = receive(me_.in[i], edge_ns[i]) || moved;
        // relaxed: a flag that nothing is read behind
        if (me_.is_source && !on_.stopping.load(std::memory_order_relaxed))
            for (const auto edge : me_.out) moved = generate(edge) || moved;
        return moved;
    }

    // For who waits, after the thread has ended.
    std::exception_ptr error;
    histogram end_to_end{longest_latency_ns};
    std::vector<histogram> edge_ns;     // of the edges that lead here
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
    void perform() {
        if (pu_) on_.host.check_seat(*pu_);
        // (3) acquire: pairs with (4), the start of the schedule
        for (unsigned turns = 0; on_.begin.load(std::memory_order_acquire) == 0; ++turns) rest(turns);
        start(on_.begin.load(std::memory_order_relaxed));  // relaxed: it is set once
        const auto before = on_.host.counts();
        // relaxed: a flag that nothing is read behind
        for (unsigned turns = 0; !on_.finished.load(std::memory_order_relaxed);)
            turn() ? void(turns = 0) : rest(turns++);
        disturbances = on_.host.counts() - before;
        if (pu_) on_.host.check_seat(*pu_);
    }

    void rest(unsigned turns) const {
        if (turns < patience_)
            on_.host.pause();
        else
            on_.host.yield();
    }

    bool receive(std::size_t edge, histogram& latencies_ns) {
        std::size_t taken = 0;
        for (message item; taken != batch && on_.rings[edge]->try_pop(item); ++taken) {
            const auto now = on_.host.now_after_loads();
            if (item.number != popped[edge]++ && failure.empty())
                failure = "item " + std::to_string(item.number) + " came where item " +
                          std::to_string(popped[edge] - 1) + " was to come";
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
                copy.sent = on_.host.now();
                push(edge, copy);
            }
        }
        if (goes_on || item.due < count_from_) return;
        end_to_end.record(ns_between(item.due, now));
        ++delivered;
    }

    // Where the edge has a rate, all that is due; else one, when the last was taken.
    bool generate(std::size_t edge) {
        const auto now = on_.host.now();
        const auto rate = graph_.edges[edge].items_per_s;
        if (!rate) {
            if (on_.rings[edge]->size_approx() != 0) return false;
            push(edge, {{}, now, now, {}});
            return true;
        }
        bool moved = false;
        for (std::size_t i = 0; i != batch && next_due_[edge] <= now; ++i) {
            message item{{}, next_due_[edge], next_due_[edge], {}};
            if (!try_push(edge, item)) break;  // the schedule does not wait: it counts from when it was due
            next_due_[edge] += interval(edge, *rate);
            moved = true;
        }
        return moved;
    }

    // Ticks to the next, with what is left of a tick kept for later.
    std::uint64_t interval(std::size_t edge, double rate) {
        const double exact = 1e9 / rate / on_.host.ns_per_tick() + part_of_tick_[edge];
        const auto whole = static_cast<std::uint64_t>(exact);
        part_of_tick_[edge] = exact - static_cast<double>(whole);
        return whole;
    }

    bool try_push(std::size_t edge, message& item) {
        item.number = pushed[edge];
        item.visited |= std::uint64_t{1} << edge;
        if (!on_.rings[edge]->try_push(item)) return false;
        ++pushed[edge];
        return true;
    }

    // Waits for room, where that cannot last for ever.
    void push(std::size_t edge, message item) {
        for (unsigned turns = 0; !try_push(edge, item); ++turns) {
            if (graph_.edges[edge].on_cycle) {
                ++refused;
                return;
            }
            if (on_.finished.load(std::memory_order_relaxed)) return;
            rest(turns);
        }
    }

    // Clocks of two cores may differ by a little.
    std::uint64_t ns_between(std::uint64_t from, std::uint64_t to) const {
        return to > from ? static_cast<std::uint64_t>(on_.host.to_ns(to - from)) : 0;
    }

    stage<Host>& on_;
    const run_graph& graph_;
    const run_role& me_;
    std::optional<unsigned> pu_;
    unsigned patience_;
    std::uint64_t warm_up_;
    std::uint64_t count_from_ = 0;
    std::vector<double> part_of_item_;  // by edge: what is to be sent on but not yet a whole item
    std::vector<double> part_of_tick_;  // by edge: what the next interval is longer
    std::vector<std::uint64_t> next_due_;
};

/// How often a thread pauses before it yields.
[[nodiscard]] unsigned patience_of(const run_graph& graph, const run_layout& layout, std::size_t role,
                                   std::size_t usable_pus);

template <class Host>
using cast = std::vector<std::unique_ptr<actor<Host>>>;

/// One for each role that has something to do. Latencies count from a tenth of `seconds` on.
template <class Host>
cast<Host> cast_for(stage<Host>& on, const run_layout& layout, double seconds, std::size_t usable_pus) {
    const auto& roles = on.graph.roles;
    cast<Host> actors;
    for (std::size_t role = 0; role != roles.size(); ++role)
        if (!roles[role].in.empty() || !roles[role].out.empty())
            actors.push_back(std::make_unique<actor<Host>>(
                on, role, layout.is_pinned() ? std::optional(layout.pus[role]) : std::nullopt,
                patience_of(on.graph, layout, role, usable_pus), on.host.to_ticks(seconds * 1e8)));
    return actors;
}

/// The schedule from begin to end, then a second at least for what is under way.
template <class Host>
void conduct(stage<Host>& on, std::size_t actors, double seconds) {
    using namespace std::chrono_literals;
    // (2) acquire: pairs with (1)
    while (on.ready.load(std::memory_order_acquire) != actors) on.host.sleep(100us);
    on.begin.store(on.host.now(), std::memory_order_release);  // (4) release: pairs with (3)
    on.host.sleep(std::chrono::duration<double>(seconds));
    on.stopping.store(true, std::memory_order_relaxed);
    const auto is_empty = [](const auto& ring) { return ring->size_approx() == 0; };
    for (int looks = 0; looks != 5000 && !std::all_of(on.rings.begin(), on.rings.end(), is_empty); ++looks)
        on.host.sleep(200us);
    on.finished.store(true, std::memory_order_relaxed);
}

template <class Host>
void check_counts(const stage<Host>& on, const cast<Host>& actors, trial_result& result) {
    for (std::size_t edge = 0; edge != on.rings.size(); ++edge) {
        std::uint64_t pushed = 0;
        std::uint64_t popped = 0;
        for (const auto& one : actors) {
            pushed += one->pushed[edge];
            popped += one->popped[edge];
        }
        if (pushed != popped + on.rings[edge]->size_approx() && result.failure.empty())
            result.failure = std::to_string(pushed) + " items went into a ring, " + std::to_string(popped) +
                             " came out, and " + std::to_string(on.rings[edge]->size_approx()) + " are left";
    }
}

/// What came of it, once all threads have ended. Throws what one of them threw.
template <class Host>
trial_result result_of(const stage<Host>& on, const cast<Host>& actors, double seconds) {
    trial_result result{.end_to_end_ns = histogram(longest_latency_ns),
                        .edge_ns = {},
                        .seconds = 0.9 * seconds,
                        .disturbances = {},
                        .failure = {}};
    for (std::size_t i = 0; i != on.rings.size(); ++i) result.edge_ns.emplace_back(longest_latency_ns);
    for (const auto& one : actors) {
        if (one->error) std::rethrow_exception(one->error);
        result.end_to_end_ns.merge(one->end_to_end);
        one->merge_edges_into(result.edge_ns);
        result.delivered += one->delivered;
        result.refused += one->refused;
        result.disturbances += one->disturbances;
        if (result.failure.empty()) result.failure = one->failure;
    }
    check_counts(on, actors, result);
    return result;
}

}  // namespace weir::tool
