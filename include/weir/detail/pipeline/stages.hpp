// SPDX-License-Identifier: MIT
//
// The nodes of a pipeline: sources, inlets, and workers, which are its stages and sinks.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/base/contract.hpp"
#include "weir/detail/pipeline/graph.hpp"
#include "weir/detail/pipeline/outputs.hpp"

namespace weir::detail {

/// Stands for a function of the wrong kind, so that the sentence that refuses it is the only error.
template <class Result>
struct any_function {
    template <class F>
        requires(!std::same_as<F, any_function>)
    any_function(F) noexcept;
    template <class... Args>
    Result operator()(Args&&...);
};
template <bool Fits, class F, class Result>
using if_fits = std::conditional_t<Fits, F, any_function<Result>>;

/// What a source's function returns; void if it cannot be called.
template <class Make>
struct made {
    using type = void;
};
template <std::invocable<std::stop_token> Make>
struct made<Make> {
    using type = std::invoke_result_t<Make, std::stop_token>;
};
template <std::invocable Make>
    requires(!std::invocable<Make, std::stop_token>)
struct made<Make> {
    using type = std::invoke_result_t<Make>;
};
template <class Make>
using made_by = typename made<Make&>::type;

/// Whether F makes an Out of an In, or none.
template <class Out, class F, class In>
inline constexpr bool makes = false;
template <class Out, class F, class In>
    requires std::invocable<F&, In&&>
inline constexpr bool makes<Out, F, In> =
    std::same_as<std::remove_cvref_t<std::invoke_result_t<F&, In&&>>, std::optional<Out>> ||
    std::constructible_from<Out, std::invoke_result_t<F&, In&&>>;

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

    void make_one() {
        auto item = [&] {
            if constexpr (std::invocable<Make&, std::stop_token>) {
                return make_(stop_);
            } else {
                return make_();
            }
        }();
        if (item) {
            outputs_.send(std::move(item.operator*()));
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
        output_ = std::addressof(output);
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
    void add(edge<T>& input) { edges_.add(input); }
    bool empty() const noexcept { return edges_.empty(); }

    /// Calls `take_from(edge)`, which returns whether it found something, on one input after the other until one has;
    /// the next call begins behind that one.
    template <class Take>
    turn serve_next(Take take_from) noexcept {
        bool more_to_come = false;
        for (std::size_t i = 0; i < edges_.size(); ++i) {
            edge<T>& input = edges_[next_];
            next_ = (next_ + 1) % edges_.size();
            const bool closed = input.is_closed();  // before the look: after it, the last item may have come in between
            if (take_from(input)) return turn::moved;
            more_to_come = more_to_come || !closed || !input.is_empty();
        }
        return more_to_come ? turn::waiting : turn::finished;
    }

private:
    edges_of<T> edges_;
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
            while (taken < permits && !whole().is_cancelled() && input.take([this](T&& item) noexcept {
                return guarded([&] { work_(std::move(item), outputs_); });
            })) {
                ++taken;
            }
            return taken > 0;
        });
    }

    steady_time deadline() const noexcept override { return outputs_.deadline(); }
    void end(bool cancelled) noexcept override { outputs_.end(cancelled); }

    Work work_;
    const std::size_t batch_;
    detail::inputs<T> inputs_;
    Outputs outputs_;
};

// What a worker does with an item, and how many items it may make of it at most.

template <class F>
struct sinking {
    F f;
    static constexpr std::size_t most = 1;

    template <class T>
    void operator()(T&& item, no_outputs&) {
        f(std::move(item));
    }
};

template <class Out, class F>
struct mapping {
    F f;
    static constexpr std::size_t most = 1;

    template <class T, class Outputs>
    void operator()(T&& item, Outputs& outputs) {
        using result = std::invoke_result_t<F&, T&&>;
        if constexpr (std::same_as<std::remove_cvref_t<result>, std::optional<Out>>) {
            if (result kept = f(std::move(item)))
                outputs.send(std::move(kept.operator*()));  // else the permit is free again
        } else {
            outputs.send(Out(f(std::move(item))));
        }
    }
};

/// The `emit` that the function of a flat stage gets: to be called `most` times at most for each item.
template <class Outputs>
class emitter {
public:
    emitter(Outputs& outputs, std::size_t most) noexcept : outputs_(outputs), most_(most) {}

    void operator()(typename Outputs::value_type item) {
        if (emitted_ == most_) {
            reject_argument("emit() was called more than " + std::to_string(most_) +
                            " times for one item; give the stage a higher bound");
        }
        ++emitted_;
        outputs_.send(std::move(item));
    }

private:
    Outputs& outputs_;
    const std::size_t most_;
    std::size_t emitted_ = 0;
};

template <class F>
struct flattening {
    F f;
    std::size_t most;

    template <class T, class Outputs>
    void operator()(T&& item, Outputs& outputs) {
        emitter<Outputs> emit(outputs, most);
        f(std::move(item), emit);
    }
};

}  // namespace weir::detail
