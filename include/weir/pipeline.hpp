// SPDX-License-Identifier: MIT
//
// Stages over rings: backpressure that travels.
//
//     weir::pipeline p;
//     auto feed = p.source<tick>("feed", [&] { return next_tick(); });          // std::optional<tick>: nullopt ends it
//     auto strat = p.stage<tick, order>("strat", [](tick t) { return decide(t); });
//     auto send = p.sink<order>("send", [](order o) { transmit(o); });
//     p.connect(feed, strat, 1000);
//     p.connect(strat, send, 100);
//     p.run();    // rejects a wrong graph with a sentence, or starts a thread for each stage
//     p.join();   // waits until the source has ended and everything is delivered
//
// A header of its own, beside the rings, which pull in no <thread>.
#pragma once

#include <version>

#if !defined(__cpp_lib_jthread)
#error \
    "weir: pipeline.hpp needs std::jthread and std::stop_token, which this standard library lacks (__cpp_lib_jthread); " \
       "use libstdc++, or libc++ 20 (18 and 19 with -fexperimental-library)"
#else

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/broadcast_stats.hpp"
#include "weir/detail/pipeline/broadcast.hpp"
#include "weir/detail/pipeline/edge.hpp"
#include "weir/detail/pipeline/functions.hpp"
#include "weir/detail/pipeline/graph.hpp"
#include "weir/detail/pipeline/inlet.hpp"
#include "weir/detail/pipeline/message_edge.hpp"
#include "weir/detail/pipeline/outputs.hpp"
#include "weir/detail/pipeline/stages.hpp"
#include "weir/detail/pipeline/untyped.hpp"
#include "weir/split.hpp"

namespace weir {

struct stage_settings {
    /// How many items a stage takes, or a source makes, before it looks at its other inputs and its outputs again: 1 at
    /// least. Items are handed on one by one, whatever the batch.
    std::size_t batch = 16;
    /// The largest message that it emits. A stage that emits messages must say so; of others it is ignored.
    std::size_t most_bytes = 0;
};

/// An end of an edge, for connect(). Valid as long as the pipeline.
template <class T>
struct output {
    detail::node* node;
    detail::outputs_of<T>* outputs;
};
template <class T>
struct input {
    detail::node* node;
    detail::inputs<T>* inputs;
};
template <class In, class Out>
struct in_and_out : input<In>, output<Out> {};
/// An output that several inputs read, for connect(): see pipeline::broadcast().
template <class T>
struct broadcast_output {
    detail::node* node;
    detail::trunk<T>* trunk;
};

/// Stages, each with a thread of its own, joined by bounded rings. A graph without cycles: a stage may have several
/// inputs, which it serves in turn (fair merge), and several outputs, which it shares as split.hpp says (fan-out,
/// distribution, partition).
///
/// - Bounded: a stage takes its permits downstream before it takes an item upstream. So when a sink freezes, its sources
///   stop after at most the sum of the capacities in between and one item for each stage.
/// - No polling: a stage with nothing to do sleeps until it has an item and room downstream. One wake-up covers all of its edges.
/// - In order along each edge. Where paths join again, their relative order is not specified.
/// - close() and cancel() do not queue behind items: they take effect even when everything is full.
/// - Each item can be accounted for: edges() and stages().
/// - If a stage's function throws, the pipeline is cancelled and failure() names the stage. Where exceptions are off,
///   a function that would throw aborts.
///
/// An edge carries items of a type or, where the type is weir::message, messages of any size. Functions take a message as two arguments,
/// its type tag and its bytes, in place and until they return; so a visitor of weir::messages fits. They emit messages by
/// `emit(weir::message)`, which copies the bytes. The capacity of such an edge is in bytes, a power of two.
///
/// Functions are called by one thread at a time, that of their stage. They take their item as T&&, const T& or T; in a
/// stage between two others it lies in its slot until they return. A function that never returns cannot be cancelled: a
/// source that may wait long should take a std::stop_token, which close() and cancel() request to stop.
///
/// Declare a pipeline after the objects that its functions use, since its destructor waits for the functions. Build, run(), join() and
/// destroy it from one thread; close(), cancel() and the ledgers are for any. Errors in building are
/// std::invalid_argument with a sentence (aborts where exceptions are off). Once it runs, nothing allocates but what
/// the functions do, a failure, and the ledgers.
class pipeline : private detail::untyped<stage_settings> {
public:
    enum class outcome : unsigned char {
        drained,    ///< every source ended or was closed, and every item was delivered
        cancelled,  ///< by cancel()
        failed,     ///< by an exception: see failure()
    };

    pipeline() = default;
    pipeline(const pipeline&) = delete;
    pipeline& operator=(const pipeline&) = delete;
    /// Cancels and joins. To have everything delivered, close() and join() before.
    ~pipeline() {
        cancel();
        join();
    }

    // ---- building --------------------------------------------------------------------------------------------

    using untyped::source, untyped::inlet, untyped::stage, untyped::flat_stage,
        untyped::sink;  // refused: without types

    /// A source that makes its items: `make()`, or `make(std::stop_token)`, returns a std::optional<T>, empty
    /// when there are no more. It is called only when there is room, and may wait for the next item. One of messages is `make(auto&
    /// emit)`, or `make(auto& emit, std::stop_token)`: it emits one message or none, and returns whether there are more.
    template <class T, class Make, class Split = split::to_all>
    output<T> source(std::string name, Make make, stage_settings settings = {}, Split how = {}) {
        using outputs = detail::outputs<T, Split>;
        constexpr bool of_messages = detail::is_message<T>;
        using made = std::conditional_t<of_messages, bool, std::optional<T>>;
        constexpr bool fits = [] {
            if constexpr (of_messages) return detail::makes_items<made, Make, detail::emitter<outputs>&>;
            return detail::makes_items<made, Make>;
        }();
        static_assert(fits || of_messages,
                      "weir: a source's function takes nothing, or a std::stop_token, and returns std::optional<T>");
        static_assert(fits || !of_messages,
                      "weir: the function of a source of messages takes auto& emit, and returns bool");
        using node = detail::source_node<detail::if_fits<fits, Make, made>, outputs>;
        node& added = add<node>(std::move(name), std::move(make), settings, std::move(how));
        return {&added, &added.outputs()};
    }

    /// A source that threads outside push into, with the pushes of a ring (detail/pipeline/inlet.hpp). It has one output, whose
    /// capacity bounds how far they may push ahead.
    template <class T>
    weir::inlet<T> inlet(std::string name) {
        static_assert(
            !detail::is_message<T>,
            "weir: an inlet takes items; let a stage behind it emit the messages, or a source take them from a "
            "message ring");
        return weir::inlet<T>(graph_.add(std::make_unique<detail::inlet_node<T>>(graph_, std::move(name))));
    }

    /// A stage that makes one item of each, or, if `f` returns std::optional<Out>, one or none (a filter).
    template <class In, class Out, class F, class Split = split::to_all>
    in_and_out<In, Out> stage(std::string name, F f, stage_settings settings = {}, Split how = {}) {
        constexpr bool takes = detail::takes_item<F, In>, fits = detail::makes<Out, F, In>;
        static_assert(takes,
                      "weir: a stage's function takes In&&, const In& or In, and a message as its type and bytes");
        static_assert(
            !detail::is_message<Out>,
            "weir: a message that is returned could outlive its bytes; use flat_stage, whose function emits it");
        static_assert(!takes || fits, "weir: a stage's function returns Out, or std::optional<Out>");
        using work = detail::mapping<Out, detail::if_fits<fits, F, Out>>;
        return add_stage<In, Out>(std::move(name), work{std::move(f)}, settings, std::move(how));
    }

    /// A stage that makes up to `most` items of each: `f(In&&, auto& emit)` calls emit(Out). It takes an item only when there is
    /// room for `most`; to emit more is a failure.
    template <class In, class Out, class F, class Split = split::to_all>
    in_and_out<In, Out> flat_stage(std::string name, std::size_t most, F f, stage_settings settings = {},
                                   Split how = {}) {
        static_assert(
            !is_by_key<Split>,
            "weir: a flat stage cannot split by key, since it has one hand to hold an item whose output is full; "
            "let it feed a stage that does");
        constexpr bool fits = detail::makes_several<F, In, detail::emitter<detail::outputs<Out, Split>>>;
        static_assert(fits, "weir: a flat stage's function takes an item and what emits others: f(In&&, auto& emit)");
        if (most == 0) detail::reject_argument("stage '" + name + "' may make 0 items of one; make it a sink");
        using work = detail::flattening<detail::if_fits<fits, F, void>>;
        return add_stage<In, Out>(std::move(name), work{std::move(f), most}, settings, std::move(how));
    }

    /// Where items end.
    template <class T, class F>
    input<T> sink(std::string name, F f, stage_settings settings = {}) {
        constexpr bool fits = detail::takes_item<F, T>;
        static_assert(fits, "weir: a sink's function takes T&&, const T& or T, and a message as its type and bytes");
        using work = detail::sinking<detail::if_fits<fits, F, void>>;
        using node = detail::worker_node<T, work, detail::no_outputs>;
        node& added = add<node>(std::move(name), work{std::move(f)}, settings, detail::no_outputs::nowhere());
        return {&added, &added.inputs()};
    }

    /// A ring of `capacity` items between the two. Refused where it would close a cycle: every stage on it could wait
    /// for the next for ever.
    template <class T, class U>
    void connect(const output<T>& from, const input<U>& to, std::size_t capacity) {
        static_assert(!detail::differ<T, U>,
                      "weir: an edge carries what the one emits and the other takes: the same type");
        if constexpr (detail::fit_together<T, U>) {
            from.outputs->refuse_edge_beside_broadcast(from.node->name());
            detail::edge<T>& edge = [&]() -> detail::edge<T>& {
                if constexpr (detail::is_message<T>) {
                    return graph_.connect<detail::edge<T>>(*from.node, *to.node, capacity, from.outputs->most_bytes());
                } else {
                    return graph_.connect<detail::edge<T>>(*from.node, *to.node, capacity);
                }
            }();
            from.outputs->add(edge);
            to.inputs->add(edge);
        }
    }
    template <class T, class U>
    void connect(const weir::inlet<T>& from, const input<U>& to, std::size_t capacity) {
        static_assert(!detail::differ<T, U>,
                      "weir: an edge carries what the one emits and the other takes: the same type");
        if constexpr (detail::fit_together<T, U>) {
            from.node_->require_free();
            detail::edge<T>& edge = graph_.connect<detail::edge<T>>(*from.node_, *to.node, capacity);
            from.node_->add(edge);
            to.inputs->add(edge);
        }
    }

    /// One ring of `capacity` items, for the only output of `from`, that any number of inputs read, up to 64, each every item: as
    /// split::to_all, but an item is stored once. T must be copyable. The slowest reader holds up the source, as any full edge does.
    template <class T>
    broadcast_output<T> broadcast(const output<T>& from, std::size_t capacity) {
        constexpr bool of_items = !detail::is_message<T>, fits = of_items && std::copy_constructible<T>;
        static_assert(of_items, "weir: a broadcast carries items; connect several edges to an output of messages");
        static_assert(fits || !of_items, "weir: every reader gets each item, so T must be copyable");
        if constexpr (fits && detail::is_named<T>) {
            from.outputs->refuse_broadcast_beside_others(from.node->name());
            auto& trunk = graph_.share<detail::broadcast_trunk<T>>(*from.node, capacity);
            from.outputs->add(trunk);
            return {from.node, &trunk};
        }
        return {};
    }
    /// A reader of a broadcast. A lossy one is never waited for: when it is more than the capacity behind, it goes on with an old item
    /// that is kept, and what it missed counts as lost on its edge. Only where T is trivially copyable.
    template <class T, class U>
    void connect(const broadcast_output<T>& from, const input<U>& to, reader_mode mode = reader_mode::gated) {
        static_assert(!detail::differ<T, U>,
                      "weir: an edge carries what the one emits and the other takes: the same type");
        if constexpr (detail::fit_together<T, U>) {
            auto& trunk = *from.trunk;
            to.inputs->add(graph_.connect<detail::edge<T>>(*from.node, *to.node, trunk.capacity(), trunk, mode));
        }
    }

    // ---- running ---------------------------------------------------------------------------------------------

    /// Starts the threads, once; refuses a graph with loose ends. Each thread first calls its copy of `on_start(name)`
    /// with its stage's name: to pin itself by its role, say. If that throws, the pipeline has failed. If a thread cannot be
    /// started, std::system_error says which and why; then the others have ended, and the pipeline is cancelled.
    template <std::invocable<std::string_view> OnStart>
        requires std::copy_constructible<OnStart>
    void run(OnStart on_start) {
        graph_.start();
        ended_unless_whole started{*this};
        for (const auto& n : graph_.nodes()) {
            if (!n->has_thread()) continue;
            start_thread(n->name(), [&node = *n, on_start]() mutable {
                node.guarded([&] { on_start(std::string_view(node.name())); });
                node.live();
            });
        }
        started.is_whole = true;
    }
    void run() {
        run([](std::string_view) {});
    }

    /// Ends the sources: they make, and inlets accept, nothing more; what was accepted is delivered, in order, and then
    /// each stage ends. Idempotent.
    void close() noexcept { graph_.close(); }

    /// Ends all stages as soon as their functions return, whatever is full. What was not delivered is destroyed with
    /// the pipeline, and counted when join() returns. Idempotent.
    void cancel() noexcept { graph_.cancel(); }

    /// Waits until all stages have ended. Not from a stage's function.
    outcome join() {
        for (std::jthread& thread : threads_) {
            if (thread.joinable()) thread.join();
        }
        if (!graph_.is_cancelled()) return outcome::drained;
        for (const auto& edge : graph_.edges()) edge->abandon();
        return graph_.failure() ? outcome::failed : outcome::cancelled;
    }

    // ---- looking ---------------------------------------------------------------------------------------------

    // What these return. Numbers are std::uint64_t, but for capacity, a std::size_t. Names are std::string_view, valid as long as the
    // pipeline, but for the strings of a failure. As text: pipeline_text.hpp.
    //     edge_ledger    from, to      the stages that it joins
    //                    capacity      items; of an edge of messages bytes
    //                    accepted      pushed
    //                    delivered     handed to the function of `to`, which has returned
    //                    queued        in the ring, or in the hands of that function
    //                    lost          left over when cancelled, in the hands of a function that threw, or missed by a lossy reader
    //     stage_ledger   name
    //                    emitted       returned by its function
    //                    held          in hand, waiting for room (split::by_key)
    //                    shed          dropped for an output that was stuck (split::by_key)
    //                    lost          in hand when the pipeline was cancelled
    //     stage_failure  stage, what   std::string: its name, and a sentence; and cause, a std::exception_ptr that can be rethrown

    /// The first failure, if there was one.
    std::optional<stage_failure> failure() const { return graph_.failure(); }

    /// In the order in which they were connected. Read so that, also while items flow, nothing delivered on one edge is
    /// missing from what was accepted upstream, apart from an inlet's pushes that have not returned.
    std::vector<edge_ledger> edges() const {
        std::vector<edge_ledger> all(graph_.edges().size());
        for (std::size_t i = 0; i < all.size(); ++i) graph_.edges()[i]->read_late_numbers(all[i]);
        for (std::size_t i = 0; i < all.size(); ++i) graph_.edges()[i]->read_early_numbers(all[i]);
        return all;
    }
    /// In the order in which they were made, sinks and inlets among them.
    std::vector<stage_ledger> stages() const {
        std::vector<stage_ledger> all;
        for (const auto& n : graph_.nodes()) all.push_back(n->ledger());
        return all;
    }

private:
    // At the end of its scope nothing runs that was started, unless all was.
    struct ended_unless_whole {
        pipeline& started;
        bool is_whole = false;
        ~ended_unless_whole() {
            if (is_whole) return;
            started.cancel();
            started.join();
        }
    };

    template <class F>
    void start_thread(const std::string& stage, F live) {
#if defined(__cpp_exceptions)
        try {
            threads_.emplace_back(std::move(live));
        } catch (const std::system_error& error) {
            throw std::system_error(error.code(), "pipeline: the thread of '" + stage + "' cannot be started, after " +
                                                      std::to_string(threads_.size()) +
                                                      " others; use fewer stages, or raise the limits on threads and "
                                                      "memory (ulimit -u, ulimit -v)");
        }
#else
        (void)stage;
        threads_.emplace_back(std::move(live));
#endif
    }

    template <class Split>
    static constexpr bool is_by_key = requires(Split how) { how.patience; };

    template <class Node, class Function, class Split>
    Node& add(std::string name, Function f, stage_settings settings, Split how) {
        if (settings.batch == 0) detail::reject_argument("stage '" + name + "' has batch 0; it must be 1 at least");
        using outputs = std::remove_reference_t<decltype(std::declval<Node&>().outputs())>;
        auto made = std::make_unique<Node>(graph_, name, std::move(f), settings.batch, std::move(how));
        if constexpr (requires { requires detail::is_message<typename outputs::value_type>; }) {
            static_assert(
                !is_by_key<Split>,
                "weir: messages cannot be split by key, since a message has no place to wait for its output; give "
                "them to all, and let each stage pick its own");
            if (settings.most_bytes == 0) {
                detail::reject_argument("stage '" + name +
                                        "' emits messages and does not say how large they may be; give it "
                                        "stage_settings::most_bytes");
            }
            made->outputs().set_most_bytes(settings.most_bytes);
        }
        return graph_.add(std::move(made));
    }

    template <class In, class Out, class Work, class Split>
    in_and_out<In, Out> add_stage(std::string name, Work work, stage_settings settings, Split how) {
        using node = detail::worker_node<In, Work, detail::outputs<Out, Split>>;
        node& added = add<node>(std::move(name), std::move(work), settings, std::move(how));
        return {{&added, &added.inputs()}, {&added, &added.outputs()}};
    }

    detail::graph graph_;
    std::vector<std::jthread> threads_;
};

}  // namespace weir

#endif
