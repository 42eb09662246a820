// SPDX-License-Identifier: MIT
#include "run_trial.hpp"

#include <weir/affinity.hpp>
#include <weir/ring.hpp>

#include <sched.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <limits>
#include <memory>
#include <thread>

namespace weir::tool {
namespace {

constexpr std::size_t capacity = 1024;
constexpr std::size_t batch = 32;                      // taken from one ring before the next is looked at
constexpr std::uint64_t longest_ns = 60'000'000'000U;  // of a latency that is told apart

struct message {
    std::uint64_t number;   // on this edge
    std::uint64_t due;      // at its source, in ticks
    std::uint64_t sent;     // on this edge, in ticks
    std::uint64_t visited;  // edges, as bits
};

using ring_type = spsc_ring<message, wait::spin>;

// What all threads of a trial share.
struct stage {
    const run_graph& graph;
    const tick_clock& clock;
    std::vector<std::unique_ptr<ring_type>> rings;
    std::atomic<std::size_t> ready = 0;
    std::atomic<std::uint64_t> begin = 0;             // in ticks; 0: not yet
    alignas(128) std::atomic<bool> stopping = false;  // sources end
    std::atomic<bool> finished = false;               // all end
};

class actor {
public:
    actor(stage& on, std::size_t role, std::optional<unsigned> pu, unsigned patience, std::uint64_t warm_up)
        : on_(on), graph_(on.graph), me_(on.graph.roles[role]), pu_(pu), patience_(patience), warm_up_(warm_up) {
        const auto edges = graph_.edges.size();
        pushed.resize(edges);
        popped.resize(edges);
        carried_.resize(edges);
        next_due_.resize(edges);
        for (std::size_t i = 0; i != me_.in.size(); ++i) edge_ns.emplace_back(longest_ns);
    }

    // What it throws is kept for who waits for it.
    void play() noexcept {
        try {
            if (pu_) static_cast<void>(pin_this_thread(*pu_));
        } catch (...) {
            error = std::current_exception();
        }
        on_.ready.fetch_add(1,
                            std::memory_order_acq_rel);  // (1) acq_rel: pairs with (2); what this thread set up is seen
        if (error) return;
        try {
            perform();
        } catch (...) {
            error = std::current_exception();
        }
    }

    // For who waits, after the thread has ended.
    std::exception_ptr error;
    histogram end_to_end{longest_ns};
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
        if (pu_) check_seat(*pu_);
        std::uint64_t begin = 0;
        // (3) acquire: pairs with (4), the start of the schedule
        for (unsigned turns = 0; (begin = on_.begin.load(std::memory_order_acquire)) == 0; ++turns) {
            if (on_.finished.load(std::memory_order_relaxed)) return;  // somebody else could not be pinned
            rest(turns);
        }
        count_from_ = begin + warm_up_;
        for (const auto edge : me_.out) next_due_[edge] = begin;
        const auto before = count_this_thread();
        unsigned turns = 0;
        // relaxed: flags that nothing is read behind
        while (!on_.finished.load(std::memory_order_relaxed)) {
            bool moved = false;
            for (std::size_t i = 0; i != me_.in.size(); ++i) moved = receive(me_.in[i], edge_ns[i]) || moved;
            if (me_.is_source && !on_.stopping.load(std::memory_order_relaxed))
                for (const auto edge : me_.out) moved = generate(edge) || moved;
            moved ? void(turns = 0) : rest(turns++);
        }
        disturbances = count_this_thread() - before;
        if (pu_) check_seat(*pu_);
    }

    void rest(unsigned turns) const {
        if (turns < patience_)
            detail::pause();
        else
            ::sched_yield();
    }

    bool receive(std::size_t edge, histogram& latencies_ns) {
        std::size_t taken = 0;
        for (message item; taken != batch && on_.rings[edge]->try_pop(item); ++taken) {
            const auto now = on_.clock.now_after_loads();
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
            for (carried_[edge] += graph_.edges[edge].share; carried_[edge] >= 1; carried_[edge] -= 1) {
                message copy = item;
                copy.sent = on_.clock.now();
                push(edge, copy);
            }
        }
        if (goes_on || item.due < count_from_) return;
        end_to_end.record(ns_between(item.due, now));
        ++delivered;
    }

    // Where the edge has a rate, all that is due; else one, when the last was taken.
    bool generate(std::size_t edge) {
        const auto now = on_.clock.now();
        const auto rate = graph_.edges[edge].items_per_s;
        if (!rate) {
            if (on_.rings[edge]->size_approx() != 0) return false;
            return push(edge, {0, now, now, 0});
        }
        bool moved = false;
        for (std::size_t i = 0; i != batch && next_due_[edge] <= now; ++i) {
            message item{0, next_due_[edge], next_due_[edge], 0};
            if (!try_push(edge, item)) break;  // the schedule does not wait: it counts from when it was due
            next_due_[edge] += interval(edge, *rate);
            moved = true;
        }
        return moved;
    }

    // Ticks to the next, with what is left of a tick kept for later.
    std::uint64_t interval(std::size_t edge, double rate) {
        const double exact = 1e9 / rate / on_.clock.ns_per_tick() + carried_[edge];
        const auto whole = static_cast<std::uint64_t>(exact);
        carried_[edge] = exact - static_cast<double>(whole);
        return whole;
    }

    bool try_push(std::size_t edge, message& item) {
        item.number = pushed[edge];
        item.visited |= std::uint64_t{1} << edge;
        if (!on_.rings[edge]->try_push(item)) return false;
        ++pushed[edge];
        return true;
    }

    bool push(std::size_t edge, message item) {
        for (unsigned turns = 0; !try_push(edge, item); ++turns) {
            if (graph_.edges[edge].on_cycle) {
                ++refused;
                return false;
            }
            if (on_.finished.load(std::memory_order_relaxed)) return false;
            rest(turns);
        }
        return true;
    }

    // Clocks of two cores may differ by a little.
    std::uint64_t ns_between(std::uint64_t from, std::uint64_t to) const {
        return to > from ? static_cast<std::uint64_t>(on_.clock.to_ns(to - from)) : 0;
    }

    stage& on_;
    const run_graph& graph_;
    const run_role& me_;
    std::optional<unsigned> pu_;
    unsigned patience_;
    std::uint64_t warm_up_;
    std::uint64_t count_from_ = 0;
    std::vector<double> carried_;  // by edge: what is sent on but not yet a whole item; of a source, part of a tick
    std::vector<std::uint64_t> next_due_;
};

unsigned patience_of(const run_graph& graph, const run_layout& layout, std::size_t role, std::size_t usable_pus) {
    constexpr unsigned a_little = 1000;
    if (!layout.is_pinned()) return graph.roles.size() <= usable_pus ? a_little : 0;
    return std::count(layout.pus.begin(), layout.pus.end(), layout.pus[role]) > 1
               ? 0
               : std::numeric_limits<unsigned>::max();
}

// The schedule from begin to end, then time for what is under way.
void conduct(stage& on, std::size_t actors, double seconds) {
    using namespace std::chrono_literals;
    // (2) acquire: pairs with (1)
    while (on.ready.load(std::memory_order_acquire) != actors) std::this_thread::sleep_for(100us);
    on.begin.store(on.clock.now(), std::memory_order_release);  // (4) release: pairs with (3)
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    on.stopping.store(true, std::memory_order_relaxed);
    const auto deadline = std::chrono::steady_clock::now() + 1s;
    const auto is_empty = [](const auto& ring) { return ring->size_approx() == 0; };
    while (!std::all_of(on.rings.begin(), on.rings.end(), is_empty) && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(200us);
    on.finished.store(true, std::memory_order_relaxed);
}

void check_counts(const stage& on, const std::vector<std::unique_ptr<actor>>& actors, trial_result& result) {
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

}  // namespace

trial_result run_trial(const run_graph& graph, const run_layout& layout, double seconds, const tick_clock& clock,
                       std::size_t usable_pus) {
    stage on{graph, clock, {}};
    for (std::size_t i = 0; i != graph.edges.size(); ++i) on.rings.push_back(std::make_unique<ring_type>(capacity));
    const auto warm_up = clock.to_ticks(seconds * 1e8);
    std::vector<std::unique_ptr<actor>> actors;
    for (std::size_t role = 0; role != graph.roles.size(); ++role)
        if (!graph.roles[role].in.empty() || !graph.roles[role].out.empty())
            actors.push_back(
                std::make_unique<actor>(on, role, layout.is_pinned() ? std::optional(layout.pus[role]) : std::nullopt,
                                        patience_of(graph, layout, role, usable_pus), warm_up));
    {
        std::vector<std::jthread> threads;
        for (const auto& one : actors) threads.emplace_back([&one = *one] { one.play(); });
        conduct(on, actors.size(), seconds);
    }

    trial_result result{.end_to_end_ns = histogram(longest_ns),
                        .edge_ns = {},
                        .seconds = 0.9 * seconds,
                        .disturbances = {},
                        .failure = {}};
    for (std::size_t i = 0; i != graph.edges.size(); ++i) result.edge_ns.emplace_back(longest_ns);
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
