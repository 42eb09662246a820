// SPDX-License-Identifier: MIT
//
// The nodes of a pipeline: sources, inlets, and workers, which are its stages and sinks.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/base/contract.hpp"
#include "weir/detail/pipeline/edge.hpp"
#include "weir/detail/pipeline/graph.hpp"
#include "weir/detail/pipeline/message_edge.hpp"
#include "weir/detail/pipeline/outputs.hpp"

namespace weir::detail {

/// The `emit` that functions get which may make several items of one, or make messages: to be called `most` times at most in each call.
template <class Outputs>
class emitter {
public:
    emitter(Outputs& outputs, std::size_t most) noexcept : outputs_(outputs), most_(most) {}

    void operator()(typename Outputs::value_type item) {
        if (emitted_ == most_) {
            reject_argument("emit() was called more than " + std::to_string(most_) +
                            " times for one item; give the stage a higher bound");
        }
        outputs_.check(item);
        ++emitted_;
        outputs_.send(std::move(item));
    }

private:
    Outputs& outputs_;
    const std::size_t most_;
    std::size_t emitted_ = 0;
};

/// Makes items while there is room for them.
template <class Make, class Outputs>
class source_node final : public node {
public:
    template <class Split>
    source_node(graph& whole, std::string name, Make make, std::size_t batch, Split how)
        : node(whole, std::move(name)), make_(std::move(make)), batch_(batch), outputs_(std::move(how)) {}

    Outputs& outputs() noexcept { return outputs_; }
    std::string prepare() override { return outputs_.prepare(name()); }
    stage_ledger ledger() const noexcept override { return outputs_.ledger(name()); }

private:
    turn go() noexcept override {
        if (whole().is_cancelled()) return turn::finished;
        const std::size_t permits = std::min(batch_, outputs_.room());
        if (permits == 0) return turn::waiting;
        for (std::size_t i = 0; i < permits; ++i) {
            if (stop_.stop_requested() || !guarded([&] { make_one(); }) || is_exhausted_) return turn::finished;
        }
        return turn::moved;
    }

    // Calls the function with `args` and, if it takes one, a token.
    template <class... Args>
    auto make_with(Args&... args) {
        if constexpr (std::invocable<Make&, Args&..., std::stop_token>) {
            return make_(args..., stop_);
        } else {
            return make_(args...);
        }
    }

    void make_one() {
        if constexpr (is_message<typename Outputs::value_type>) {
            emitter<Outputs> emit(outputs_, 1);
            is_exhausted_ = !make_with(emit);
        } else if (auto item = make_with()) {
            outputs_.send(std::move(*item));
        } else {
            is_exhausted_ = true;
        }
    }

    steady_time deadline() const noexcept override { return outputs_.deadline(); }
    void end(bool cancelled) noexcept override { outputs_.end(cancelled); }

    Make make_;
    const std::stop_token stop_ = whole().closing();
    const std::size_t batch_;
    Outputs outputs_;
    bool is_exhausted_ = false;
};

/// Where outside threads push: a node without a thread, whose one edge they use.
template <class T>
class inlet_node final : public node {
public:
    using node::node;

    /// An inlet has one output: an item could not be handed to several in one step.
    void require_free() const {
        if (output_ != nullptr) {
            reject_argument("inlet '" + name() + "' has an output already; connect it to a stage that has several");
        }
    }
    void add(edge<T>& output) noexcept {
        output_ = &output;
        // relaxed, here and below: the flag hands over no data; from here on the edge says whether it is closed
        if (is_closed_.load(relaxed) || whole().closing().stop_requested()) output.close();
    }
    edge<T>& output() const {
        if (output_ == nullptr) reject_argument("inlet '" + name() + "' has no output; connect it before you push");
        return *output_;
    }

    void wake_all() noexcept {
        if (output_ != nullptr) output_->wake_all();
    }

    bool has_thread() const noexcept override { return false; }
    std::string prepare() override {
        return output_ == nullptr ? "inlet '" + name() + "' has no output; connect it" : std::string();
    }
    stage_ledger ledger() const noexcept override {
        return {name(), output_ == nullptr ? 0 : output_->accepted(), 0, 0, 0};
    }
    void stop_feeding() noexcept override { close(); }

    /// An inlet that is closed before it is connected is closed when it is.
    void close() noexcept {
        is_closed_.store(true, relaxed);  // relaxed: as above
        if (output_ != nullptr) output_->close();
    }
    bool is_closed() const noexcept {
        return output_ != nullptr ? output_->is_closed() : is_closed_.load(relaxed);  // relaxed: as above
    }
    std::size_t capacity() const noexcept { return output_ != nullptr ? output_->capacity() : 0; }
    std::size_t size_approx() const noexcept { return output_ != nullptr ? output_->size_approx() : 0; }

private:
    turn go() noexcept override { return turn::finished; }
    void end(bool) noexcept override {}

    edge<T>* output_ = nullptr;
    atomic<bool> is_closed_{false};
};

/// The inputs of a worker, served in turn, a batch from each, so that no input starves.
template <class T>
class inputs {
public:
    void add(edge<T>& input) { edges_.push_back(&input); }
    bool empty() const noexcept { return edges_.empty(); }

    /// Calls `take_from(edge)`, which returns whether it found something, on one input after the other until one has;
    /// the next call begins behind that one.
    template <class Take>
    turn serve_next(Take take_from) noexcept {
        bool more_to_come = false;
        for (std::size_t i = 0; i < edges_.size(); ++i) {
            edge<T>& input = *edges_[next_];
            next_ = (next_ + 1) % edges_.size();
            const bool closed = input.is_closed();  // before the look: after it, the last item may have come in between
            if (take_from(input)) return turn::moved;
            more_to_come = more_to_come || !closed || !input.is_empty();
        }
        return more_to_come ? turn::waiting : turn::finished;
    }

private:
    std::vector<edge<T>*> edges_;
    std::size_t next_ = 0;
};

/// Takes an item only when it has the permits for everything that may become of it.
template <class T, class Work, class Outputs>
class worker_node final : public node {
public:
    template <class Split>
    worker_node(graph& whole, std::string name, Work work, std::size_t batch, Split how)
        : node(whole, std::move(name)), work_(std::move(work)), batch_(batch), outputs_(std::move(how)) {}

    detail::inputs<T>& inputs() noexcept { return inputs_; }
    Outputs& outputs() noexcept { return outputs_; }

    std::string prepare() override {
        if (inputs_.empty()) return "stage '" + name() + "' has no input; connect one, or leave it out";
        std::string wrong = outputs_.prepare(name());
        if (wrong.empty() && outputs_.most_room() < work_.most) {
            wrong = "stage '" + name() + "' may make " + std::to_string(work_.most) +
                    " items of one, and has room for " + std::to_string(outputs_.most_room()) +
                    " when all is empty; give its output that capacity";
        }
        return wrong;
    }
    stage_ledger ledger() const noexcept override { return outputs_.ledger(name()); }

private:
    turn go() noexcept override {
        if (whole().is_cancelled()) return turn::finished;
        const std::size_t permits = std::min(batch_, outputs_.room() / work_.most);
        if (permits == 0) return turn::waiting;
        return inputs_.serve_next([&](edge<T>& input) noexcept {
            std::size_t taken = 0;
            while (taken < permits && !whole().is_cancelled() && input.take(handling{*this})) ++taken;
            return taken > 0;
        });
    }

    // What an input hands its items to: as T&&, and where the function is sure to take it, also as const T&.
    struct handling {
        worker_node& me;

        bool operator()(T&& item) const noexcept {
            return me.guarded([&] { me.work_(std::move(item), me.outputs_); });
        }
        bool operator()(const T& item) const noexcept
            requires(Work::template reads<T>)
        {
            return me.guarded([&] { me.work_(item, me.outputs_); });
        }
    };

    steady_time deadline() const noexcept override { return outputs_.deadline(); }
    void end(bool cancelled) noexcept override { outputs_.end(cancelled); }

    Work work_;
    const std::size_t batch_;
    detail::inputs<T> inputs_;
    Outputs outputs_;
};

// What a worker does with an item, how many items it may make of it at most, and whether it takes one that it must not change. The last
// is asked only of functions that are no templates: the body of one might not compile for a const item.

template <class F, class T>
inline constexpr bool takes_const = requires { &F::operator(); } && std::invocable<F&, const T&>;

template <class F>
struct sinking {
    F f;
    static constexpr std::size_t most = 1;
    template <class T>
    static constexpr bool reads = takes_const<F, T>;

    template <class T>
    void operator()(T&& item, no_outputs&) {
        static_assert(!std::same_as<result_of<F, T&&>, visit>,
                      "weir: in a pipeline a message is done when the function returns; let the visit return void");
        (void)call_with(f, std::move(item));
    }
};

template <class Out, class F>
struct mapping {
    F f;
    static constexpr std::size_t most = 1;
    template <class T>
    static constexpr bool reads = takes_const<F, T>;

    template <class T, class Outputs>
    void operator()(T&& item, Outputs& outputs) {
        using result = result_of<F, T&&>;
        if constexpr (std::same_as<std::remove_cvref_t<result>, std::optional<Out>>) {
            // If there is none the permit is free again.
            if (result kept = call_with(f, std::move(item))) outputs.send(std::move(*kept));
        } else {
            outputs.send(Out(call_with(f, std::move(item))));
        }
    }
};

template <class F>
struct flattening {
    F f;
    std::size_t most;
    template <class T>
    static constexpr bool reads = false;

    template <class T, class Outputs>
    void operator()(T&& item, Outputs& outputs) {
        emitter<Outputs> emit(outputs, most);
        call_with(f, std::move(item), emit);
    }
};

}  // namespace weir::detail
