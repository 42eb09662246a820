// SPDX-License-Identifier: MIT
//
// The inside of a pipeline: nodes, the edges between them, and the graph that owns them all.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/tally.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/ring.hpp"
#include "weir/status.hpp"
#include "weir/wait.hpp"

namespace weir {

/// The items of one edge. At a quiet moment, also while functions hang, and always after join():
/// accepted = delivered + queued + lost, exact to one item.
struct edge_ledger {
    std::string_view from;
    std::string_view to;
    std::size_t capacity;
    std::uint64_t accepted;   ///< pushed
    std::uint64_t delivered;  ///< handed to the function of `to`, which has returned
    std::uint64_t queued;     ///< in the ring, or in the hands of that function
    std::uint64_t lost;       ///< left over when the pipeline was cancelled, or in the hands of a function that threw
};

/// The items that a stage emitted. emitted = held + shed + lost + accepted, where `accepted` is the sum over its outputs, or,
/// with split::to_all, that of each output.
struct stage_ledger {
    std::string_view name;
    std::uint64_t emitted;  ///< returned by its function, except an item whose copy or key threw
    std::uint64_t held;     ///< in hand, waiting for room (split::by_key)
    std::uint64_t shed;     ///< dropped for an output that was stuck (split::by_key)
    std::uint64_t lost;     ///< in hand when the pipeline was cancelled
};

/// Why a pipeline failed: the first exception that left a stage's function.
struct stage_failure {
    std::string stage;
    std::string what;          ///< a sentence that names the stage
    std::exception_ptr cause;  ///< can be rethrown
};

namespace detail {

/// The outcome of one turn of a node: it did something, it could do nothing, or it never will do anything more.
enum class turn : unsigned char { moved, waiting, finished };

class graph;

/// A source, stage or sink: one thread, and a bell that its neighbours ring after they have pushed to it, popped from
/// it, or changed anything else that it may be waiting for. Edges are used by try-operations only, so this is the one
/// place where the thread sleeps, whatever number of edges it has. The bell is a wait::park::lot, and its protocol is
/// that of a ring: publish, then ring; a thread that goes to sleep registers first and then looks at everything again.
class node {
public:
    node(graph& whole, std::string name) : graph_(whole), name_(std::move(name)) {}
    node(const node&) = delete;
    node& operator=(const node&) = delete;
    virtual ~node() = default;

    const std::string& name() const noexcept { return name_; }
    wait::park::lot& bell() noexcept { return bell_; }
    graph& whole() const noexcept { return graph_; }
    std::vector<node*>& followers() noexcept { return followers_; }

    /// Makes the node ready to run. Returns a sentence that says what is missing, empty if nothing is.
    virtual std::string prepare() = 0;
    virtual stage_ledger ledger() const noexcept = 0;
    virtual bool has_thread() const noexcept { return true; }
    /// The pipeline was closed or cancelled: any thread.
    virtual void stop_feeding() noexcept {}

    /// What the thread of the node does from beginning to end.
    void live() noexcept;

    /// Calls `f`, and returns whether it returned; if it threw, the pipeline has failed.
    template <class F>
    bool guarded(F&& f) noexcept;

protected:
    /// Does what can be done now without waiting.
    virtual turn go() noexcept = 0;
    /// When to look again without a bell.
    virtual steady_time deadline() const noexcept { return forever; }
    /// No more items come: closes the outputs, or, when the pipeline was `cancelled`, counts the lost items.
    virtual void end(bool cancelled) noexcept = 0;

private:
    graph& graph_;
    const std::string name_;
    std::vector<node*> followers_;
    wait::park::lot bell_{false};
};

/// The part of an edge that does not depend on the type of its items.
class edge_base {
public:
    edge_base(node& from, node& to, std::size_t capacity) noexcept : from_(from), to_(to), capacity_(capacity) {}
    edge_base(const edge_base&) = delete;
    edge_base& operator=(const edge_base&) = delete;
    virtual ~edge_base() = default;

    std::size_t capacity() const noexcept { return capacity_; }
    bool joins(const node& from, const node& to) const noexcept { return &from_ == &from && &to_ == &to; }

    /// To be called for all edges: first for the numbers that items reach last, then for the others. So an item that counts as
    /// delivered anywhere also counts as accepted upstream, even while items flow.
    void read_late_numbers(edge_ledger& into) const {
        into = {from_.name(), to_.name(), capacity_, 0, delivered_.read(), 0, lost_.read()};
    }
    void read_early_numbers(edge_ledger& into) const {
        into.queued =
            abandoned_.load(acquire) ? 0 : queued();  // (2) acquire: pairs with (1), the lost ones are counted
        into.accepted = accepted();
    }
    std::uint64_t accepted() const noexcept { return accepted_.read() + offered_.read(); }

    /// Counts the remaining items as lost, after all threads have ended.
    void abandon() noexcept {
        if (abandoned_.load(relaxed)) return;  // relaxed: only the thread that joins writes it
        lost_.add(queued());
        abandoned_.store(true, release);  // (1) release: pairs with (2)
    }

protected:
    virtual std::uint64_t queued() const noexcept = 0;

    node& from_;
    node& to_;
    const std::size_t capacity_;
    atomic<bool> abandoned_{false};
    alignas(separation_bytes) ordered_count<false> accepted_;   // counted by the node upstream
    ordered_count<true> offered_;                               // accepted from any thread, behind an inlet
    alignas(separation_bytes) ordered_count<false> delivered_;  // the rest by the node downstream
    ordered_count<false> lost_;
    ordered_count<false> in_hand_;
};

/// A bounded ring from one node to another. Between two nodes that have a thread each it is an spsc_ring; behind an
/// inlet, where any thread may push, an mpmc_ring whose space outside threads wait for.
template <class T>
class edge final : public edge_base {
public:
    edge(node& from, node& to, std::size_t capacity) : edge_base(from, to, capacity) {
        if (from.has_thread()) {
            lone_.emplace(capacity);
        } else {
            shared_.emplace(capacity);
        }
    }

    // ---- the thread of the node upstream ---------------------------------------------------------------------

    /// Permits: how many items send() can take. They stay valid until they are used, since no other thread sends.
    std::size_t credits() const noexcept { return lone_->credits(); }

    /// Needs a permit. Counts first, so that no item is seen as delivered before it was accepted.
    void send(T&& item) noexcept {
        accepted_.add();
        if (!lone_->try_push(std::move(item))) abort_with("pipeline: an edge refused an item that had a permit");
        to_.bell().notify(1);
    }

    // ---- any thread, behind an inlet -------------------------------------------------------------------------

    /// Calls `push(ring)`; an item that the ring accepts is counted, and the reader woken.
    template <class Push>
    status offer(Push push) {
        const status answer = push(shared_.operator*());
        if (answer == status::success) {
            offered_.add();
            to_.bell().notify(1);
        }
        return answer;
    }

    /// The same where `push(ring)` returns how many items the ring accepted.
    template <class Push>
    std::size_t offer_several(Push push) {
        const std::size_t accepted = push(shared_.operator*());
        if (accepted > 0) {
            offered_.add(accepted);
            to_.bell().notify(1);
        }
        return accepted;
    }

    void wake_all() noexcept { shared_->wake_all(); }

    /// No more items come. To be called by the thread of the node upstream; behind an inlet, by any thread.
    void close() noexcept {
        lone_ ? lone_->close() : shared_->close();
        to_.bell().notify_all();
    }

    // ---- the thread of the node downstream -------------------------------------------------------------------

    /// Hands the oldest item, if there is one, to `handle(T&&)`, which returns whether it could.
    template <class Handle>
    bool take(Handle handle) noexcept {
        const auto visit = [&](T& item) noexcept { (handle(std::move(item)) ? delivered_ : lost_).add(); };
        if (lone_) {
            // In its slot: the item that the function works on still counts against the capacity.
            if (lone_->consume(visit, 1) == 0) return false;
            from_.bell().notify(1);
            return true;
        }
        // Out of its slot: otherwise outside threads that come to the slot would get `busy`. Counted before it leaves the ring.
        in_hand_.set(1);
        std::optional<T> item = shared_->try_pop();
        if (item) visit(item.operator*());
        in_hand_.set(0);
        return item.has_value();
    }

    /// Whether no more items come than there are now. To be asked before the look that finds none.
    bool is_closed() const noexcept { return lone_ ? lone_->is_closed() : shared_->is_closed(); }
    /// Exact when it is closed.
    bool is_empty() const noexcept { return size_approx() == 0; }
    std::size_t size_approx() const noexcept { return lone_ ? lone_->size_approx() : shared_->size_approx(); }

private:
    std::uint64_t queued() const noexcept override { return size_approx() + in_hand_.read(); }

    std::optional<spsc_ring<T, wait::spin>> lone_;    // its threads wait at the bells
    std::optional<mpmc_ring<T, wait::park>> shared_;  // outside threads have no bell
};

/// The edges of one side of a node. Their addresses lose their type in the vector: with it, its iterators' operators would be looked
/// for in the namespaces of whatever T points to, which completes that. For the same reason nothing here writes & or * of a T.
template <class T>
class edges_of {
public:
    void add(edge<T>& added) { all_.push_back(std::addressof(added)); }
    std::size_t size() const noexcept { return all_.size(); }
    bool empty() const noexcept { return all_.empty(); }
    edge<T>& operator[](std::size_t i) const noexcept { return static_cast<edge<T>&>(*all_[i]); }

private:
    std::vector<edge_base*> all_;
};

/// All nodes and edges, and the signals that do not queue: closing, cancelling, failing.
class graph {
public:
    template <class Node>
    Node& add(std::unique_ptr<Node> made) {
        const std::string& name = made->name();
        if (is_started_) reject_argument("stage '" + name + "' comes after run(); build the whole pipeline first");
        if (name.empty()) reject_argument("a stage without a name; failures and ledgers need one to speak of");
        if (std::ranges::any_of(nodes_, [&](const auto& n) { return n->name() == name; })) {
            reject_argument("there are two stages named '" + name + "'; failures and ledgers need to tell them apart");
        }
        Node* const added = made.get();
        nodes_.push_back(std::move(made));
        return *added;
    }

    template <class T>
    edge<T>& connect(node& from, node& to, std::size_t capacity) {
        const std::string name = "edge '" + from.name() + "' -> '" + to.name() + "'";
        if (&from.whole() != this || &to.whole() != this) reject_argument(name + " would lead to another pipeline");
        if (is_started_) reject_argument(name + " comes after run(); build the whole pipeline first");
        if (capacity == 0) reject_argument(name + " has capacity 0; it needs 1 at least to let anything through");
        if (std::ranges::any_of(edges_, [&](const auto& e) { return e->joins(from, to); })) {
            reject_argument(name + " exists already; give that one the capacity of both");
        }
        refuse_cycle(from, to);
        auto made = std::make_unique<edge<T>>(from, to, capacity);
        edge<T>* const added = made.get();
        edges_.push_back(std::move(made));
        from.followers().push_back(&to);
        return *added;
    }

    /// The graph is complete: rejects it with a sentence if something is wrong with it.
    void start() {
        if (is_started_) reject_argument("run() was called a second time; a pipeline runs once");
        if (nodes_.empty()) reject_argument("the pipeline has no stages; there is nothing to run");
        for (const auto& n : nodes_) {
            if (const std::string wrong = n->prepare(); !wrong.empty()) reject_argument(wrong);
        }
        is_started_ = true;
    }

    const std::vector<std::unique_ptr<node>>& nodes() const noexcept { return nodes_; }
    const std::vector<std::unique_ptr<edge_base>>& edges() const noexcept { return edges_; }

    // ---- any thread ------------------------------------------------------------------------------------------

    bool is_cancelled() const noexcept { return cancelled_.load(acquire); }  // (4) acquire: pairs with (3)
    std::stop_token closing() const noexcept { return closing_.get_token(); }

    void close() noexcept {
        closing_.request_stop();
        for (const auto& n : nodes_) n->stop_feeding();
        wake_all();
    }
    void cancel() noexcept {
        cancelled_.store(true, release);  // (3) release: pairs with (4); the bells wake the threads that sleep
        close();
    }

    void fail(const std::string& stage, const std::string& what, std::exception_ptr cause) {
        {
            const std::lock_guard lock(mutex_);
            if (!failure_) failure_ = stage_failure{stage, "stage '" + stage + "' threw: " + what, std::move(cause)};
        }
        cancel();
    }
    std::optional<stage_failure> failure() const {
        const std::lock_guard lock(mutex_);
        return failure_;
    }

private:
    void wake_all() noexcept {
        for (const auto& n : nodes_) n->bell().notify_all();
    }

    // Depth first from `at`, past those `seen`: the names on a way to `end`, or nothing.
    static std::string way(node& at, const node& end, std::vector<const node*>& seen) {
        if (&at == &end) return "'" + at.name() + "'";
        if (std::ranges::count(seen, &at) != 0) return {};
        seen.push_back(&at);
        for (node* const next : at.followers()) {
            if (const std::string rest = way(*next, end, seen); !rest.empty()) return "'" + at.name() + "' -> " + rest;
        }
        return {};
    }

    static void refuse_cycle(node& from, node& to) {
        std::vector<const node*> seen;
        if (const std::string back = way(to, from, seen); !back.empty()) {
            reject_argument(
                "the stages '" + from.name() + "' -> " + back +
                " would form a cycle, in which each can wait for room behind the next for ever; send what must "
                "go back through an inlet, with try_push, which says when there is none");
        }
    }

    std::vector<std::unique_ptr<node>> nodes_;
    std::vector<std::unique_ptr<edge_base>> edges_;
    bool is_started_ = false;
    std::stop_source closing_;
    mutable std::mutex mutex_;
    std::optional<stage_failure> failure_;
    alignas(separation_bytes) atomic<bool> cancelled_{false};
};

inline void node::live() noexcept {
    for (turn last = turn::moved; last != turn::finished;) {
        last = go();
        if (last == turn::waiting) bell_.wait([&]() noexcept { return (last = go()) != turn::waiting; }, deadline());
    }
    end(graph_.is_cancelled());
}

template <class F>
bool node::guarded(F&& f) noexcept {
#if defined(__cpp_exceptions)
    try {
        f();
        return true;
    } catch (const std::exception& thrown) {
        graph_.fail(name_, thrown.what(), std::current_exception());
    } catch (...) {
        graph_.fail(name_, "something that is no std::exception", std::current_exception());
    }
    return false;
#else
    f();
    return true;
#endif
}

}  // namespace detail
}  // namespace weir
