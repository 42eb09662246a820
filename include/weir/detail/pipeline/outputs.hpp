// SPDX-License-Identifier: MIT
//
// The outputs of a node, one class for each kind of split.hpp. Each offers:
//
//     room()      the permits: how many items can be sent now, whatever they are
//     send(item)  sends one item; needs a permit, never waits
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/tally.hpp"
#include "weir/detail/pipeline/edge.hpp"
#include "weir/detail/pipeline/graph.hpp"
#include "weir/detail/pipeline/message_edge.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/split.hpp"

namespace weir::detail {

inline constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

/// A sink has none.
struct no_outputs {
    struct nowhere {};
    explicit no_outputs(nowhere) noexcept {}

    std::size_t room() const noexcept { return unlimited; }
    std::size_t most_room() const noexcept { return unlimited; }
    std::string prepare(const std::string&) const { return {}; }
    steady_time deadline() const noexcept { return forever; }
    void end(bool) noexcept {}
    stage_ledger ledger(std::string_view name) const noexcept { return {name, 0, 0, 0, 0}; }
};

/// What all kinds have in common. For the thread of the node; ledger() is for any.
template <class T>
class outputs_of {
public:
    using value_type = T;

    /// `gives_all`: every output gets every item, so there may be a trunk instead of edges.
    explicit outputs_of(bool gives_all = false) noexcept : gives_all_(gives_all) {}

    void add(edge<T>& output) { edges_.push_back(&output); }
    void add(trunk<T>& broadcast) noexcept { trunk_ = &broadcast; }
    void refuse_edge_beside_broadcast(const std::string& name) const {
        if (trunk_ != nullptr) {
            reject_argument("stage '" + name +
                            "' broadcasts its items, and would have another output; connect that stage to the "
                            "broadcast");
        }
    }
    void refuse_broadcast_beside_others(const std::string& name) const {
        if (trunk_ != nullptr || !edges_.empty()) {
            reject_argument("stage '" + name +
                            "' has an output, and would have a broadcast beside it; connect all its readers to one "
                            "broadcast");
        }
        if (!gives_all_) {
            reject_argument("stage '" + name +
                            "' gives each item to one of its outputs, and a broadcast gives it to all; leave the split "
                            "out");
        }
    }

    /// The largest message that may be sent; of items it says nothing.
    void set_most_bytes(std::size_t most_bytes) noexcept { most_bytes_ = most_bytes; }
    std::size_t most_bytes() const noexcept { return most_bytes_; }
    void check(const T& item) const {
        if constexpr (is_message<T>) {
            if (item.bytes.size() <= most_bytes_) return;
            reject_argument("emit() got a message of " + std::to_string(item.bytes.size()) +
                            " bytes, and the stage may emit " + std::to_string(most_bytes_) +
                            " at most; give it a higher stage_settings::most_bytes");
        }
    }

    std::string prepare(const std::string& name) const {
        if (trunk_ != nullptr && trunk_->readers() == 0)
            return "the broadcast of '" + name + "' has no reader; connect one";
        if (trunk_ == nullptr && edges_.empty())
            return "stage '" + name + "' has no output; connect it, or make it a sink";
        return {};
    }
    stage_ledger ledger(std::string_view name) const noexcept { return {name, emitted_.read(), 0, 0, 0}; }

    steady_time deadline() const noexcept { return forever; }
    void end(bool cancelled) noexcept {
        if (cancelled) return;
        for (edge<T>* const output : edges_) output->close();
        if (trunk_ != nullptr) trunk_->close();
    }

protected:
    std::vector<edge<T>*> edges_;
    trunk<T>* trunk_ = nullptr;
    ordered_count<false> emitted_;

private:
    const bool gives_all_;
    std::size_t most_bytes_ = 0;
};

template <class T, class Split>
class outputs;

template <class T>
class outputs<T, split::to_all> : public outputs_of<T> {
public:
    explicit outputs(split::to_all) noexcept : outputs_of<T>(true) {}

    std::string prepare(const std::string& name) const {
        if (!std::copy_constructible<T> && this->edges_.size() > 1) {
            return "stage '" + name + "' has " + std::to_string(this->edges_.size()) +
                   " outputs that are all to get its items, which cannot be copied; choose another split, or one output";
        }
        return outputs_of<T>::prepare(name);
    }

    std::size_t room() const noexcept {
        std::size_t least = this->trunk_ != nullptr ? this->trunk_->credits() : unlimited;
        for (const edge<T>* const output : this->edges_) least = std::min(least, output->credits());
        return least;
    }
    std::size_t most_room() const noexcept {
        std::size_t least = this->trunk_ != nullptr ? this->trunk_->capacity() : unlimited;
        for (const edge<T>* const output : this->edges_) least = std::min(least, output->most_credits());
        return least;
    }

    void send(T&& item) {
        if (this->trunk_ != nullptr) {
            this->emitted_.add();
            this->trunk_->send(std::move(item));
        } else if constexpr (std::copy_constructible<T> && !std::is_nothrow_copy_constructible_v<T>) {
            send(std::move(item), this->edges_.size() - 1);
        } else {
            this->emitted_.add();
            if constexpr (std::copy_constructible<T>) {
                for (std::size_t i = 1; i < this->edges_.size(); ++i) this->edges_[i]->send(T(std::as_const(item)));
            }
            this->edges_[0]->send(std::move(item));
        }
    }

private:
    // Sends to the first edge and the next `copies`. All copies exist, on the stack, before the first is sent: if making one
    // throws, no edge has the item.
    void send(T&& item, std::size_t copies) {
        if (copies == 0) {
            this->emitted_.add();
            this->edges_[0]->send(std::move(item));
        } else {
            T copy(std::as_const(item));
            send(std::move(item), copies - 1);
            this->edges_[copies]->send(std::move(copy));
        }
    }
};

/// Each item goes to one output of several, any that has room.
template <class T>
class outputs_to_any : public outputs_of<T> {
public:
    std::size_t room() const noexcept {
        std::size_t sum = 0;
        for (const edge<T>* const output : this->edges_) sum += output->credits();
        return sum;
    }
    std::size_t most_room() const noexcept {
        std::size_t sum = 0;
        for (const edge<T>* const output : this->edges_) sum += output->most_credits();
        return sum;
    }

protected:
    std::size_t in_turn(std::size_t i) const noexcept { return (next_ + i) % this->edges_.size(); }
    void send_to(std::size_t chosen, T&& item) noexcept {
        this->emitted_.add();
        this->edges_[chosen]->send(std::move(item));
        next_ = (chosen + 1) % this->edges_.size();
    }

private:
    std::size_t next_ = 0;
};

template <class T>
class outputs<T, split::in_turn> : public outputs_to_any<T> {
public:
    explicit outputs(split::in_turn) noexcept {}

    void send(T&& item) noexcept {
        std::size_t i = 0;
        while (this->edges_[this->in_turn(i)]->credits() == 0) ++i;  // ends: room() was not 0
        this->send_to(this->in_turn(i), std::move(item));
    }
};

template <class T>
class outputs<T, split::least_loaded> : public outputs_to_any<T> {
public:
    explicit outputs(split::least_loaded) noexcept {}

    void send(T&& item) noexcept {
        std::size_t chosen = 0;
        std::size_t fewest = unlimited;
        for (std::size_t i = 0; i < this->edges_.size(); ++i) {  // among equals the next in turn
            const edge<T>& output = *this->edges_[this->in_turn(i)];
            if (output.credits() == 0 || output.fill() >= fewest) continue;
            fewest = output.fill();
            chosen = this->in_turn(i);
        }
        this->send_to(chosen, std::move(item));
    }
};

template <class T, class Key>
class outputs<T, split::by_key<Key>> : public outputs_of<T> {
    static_assert(std::is_convertible_v<std::invoke_result_t<Key&, const T&>, std::size_t>,
                  "weir: split::by_key needs a key(const T&) that is a number; hash what is none");

public:
    explicit outputs(split::by_key<Key> how) : how_(std::move(how)) {}

    std::string prepare(const std::string& name) {
        stuck_.resize(this->edges_.size());
        return outputs_of<T>::prepare(name);
    }

    /// One while any output is full: the next item may be for that output, and is then held.
    std::size_t room() noexcept {
        if (held_ && !is_held_placed()) return 0;
        std::size_t least = unlimited;
        for (const edge<T>* const output : this->edges_) least = std::min(least, output->credits());
        return std::max<std::size_t>(least, 1);
    }
    std::size_t most_room() const noexcept { return 1; }

    void send(T&& item) {
        const std::size_t lane =
            static_cast<std::size_t>(std::invoke(how_.key, std::as_const(item))) % this->edges_.size();
        this->emitted_.add();
        if (this->edges_[lane]->credits() > 0) {
            stuck_[lane] = false;
            this->edges_[lane]->send(std::move(item));
        } else if (stuck_[lane] || how_.patience <= split::shed_at_once) {
            shed_.add();
        } else {
            held_.emplace(std::move(item));
            held_for_ = lane;
            deadline_ = deadline_after(how_.patience);
            holding_.set(1);
        }
    }

    steady_time deadline() const noexcept { return held_ ? deadline_ : forever; }

    void end(bool cancelled) noexcept {
        if (held_) {  // only after cancel(): a node that holds an item does not end otherwise
            lost_.add();
            drop_held();
        }
        outputs_of<T>::end(cancelled);
    }

    stage_ledger ledger(std::string_view name) const noexcept {
        return {name, this->emitted_.read(), holding_.read(), shed_.read(), lost_.read()};
    }

private:
    bool is_held_placed() noexcept {
        if (this->edges_[held_for_]->credits() > 0) {
            this->edges_[held_for_]->send(std::move(*held_));
        } else if (has_passed(deadline_)) {
            stuck_[held_for_] = true;
            shed_.add();
        } else {
            return false;
        }
        drop_held();
        return true;
    }
    void drop_held() noexcept {
        held_.reset();
        holding_.set(0);
    }

    split::by_key<Key> how_;
    std::vector<bool> stuck_;  // outputs that let `patience` pass, until they have room again
    std::optional<T> held_;
    std::size_t held_for_ = 0;
    steady_time deadline_ = forever;
    ordered_count<false> holding_;
    ordered_count<false> shed_;
    ordered_count<false> lost_;
};

}  // namespace weir::detail
