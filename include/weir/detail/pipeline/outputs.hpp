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

#include "weir/detail/base/tally.hpp"
#include "weir/detail/pipeline/graph.hpp"
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

    void add(edge<T>& output) { edges_.add(output); }

    std::string prepare(const std::string& name) const {
        if (edges_.empty()) return "stage '" + name + "' has no output; connect it, or make it a sink";
        return {};
    }
    stage_ledger ledger(std::string_view name) const noexcept { return {name, emitted_.read(), 0, 0, 0}; }

    steady_time deadline() const noexcept { return forever; }
    void end(bool cancelled) noexcept {
        if (cancelled) return;
        for (std::size_t i = 0; i < edges_.size(); ++i) edges_[i].close();
    }

protected:
    edges_of<T> edges_;
    ordered_count<false> emitted_;
};

template <class T, class Split>
class outputs;

template <class T>
class outputs<T, split::to_all> : public outputs_of<T> {
public:
    explicit outputs(split::to_all) noexcept {}

    std::string prepare(const std::string& name) const {
        if (!std::copy_constructible<T> && this->edges_.size() > 1) {
            return "stage '" + name + "' has " + std::to_string(this->edges_.size()) +
                   " outputs that are all to get its items, which cannot be copied; choose another split, or one output";
        }
        return outputs_of<T>::prepare(name);
    }

    std::size_t room() const noexcept {
        std::size_t least = unlimited;
        for (std::size_t i = 0; i < this->edges_.size(); ++i) least = std::min(least, this->edges_[i].credits());
        return least;
    }
    std::size_t most_room() const noexcept {
        std::size_t least = unlimited;
        for (std::size_t i = 0; i < this->edges_.size(); ++i) least = std::min(least, this->edges_[i].capacity());
        return least;
    }

    void send(T&& item) {
        if constexpr (std::copy_constructible<T> && !std::is_nothrow_copy_constructible_v<T>) {
            send(std::move(item), this->edges_.size() - 1);
        } else {
            this->emitted_.add();
            if constexpr (std::copy_constructible<T>) {
                for (std::size_t i = 1; i < this->edges_.size(); ++i) this->edges_[i].send(T(std::as_const(item)));
            }
            this->edges_[0].send(std::move(item));
        }
    }

private:
    // Sends to the first edge and the next `copies`. All copies exist, on the stack, before the first is sent: if making one
    // throws, no edge has the item.
    void send(T&& item, std::size_t copies) {
        if (copies == 0) {
            this->emitted_.add();
            this->edges_[0].send(std::move(item));
        } else {
            T copy(std::as_const(item));
            send(std::move(item), copies - 1);
            this->edges_[copies].send(std::move(copy));
        }
    }
};

/// Each item goes to one output of several, any that has room.
template <class T>
class outputs_to_any : public outputs_of<T> {
public:
    std::size_t room() const noexcept {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < this->edges_.size(); ++i) sum += this->edges_[i].credits();
        return sum;
    }
    std::size_t most_room() const noexcept {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < this->edges_.size(); ++i) sum += this->edges_[i].capacity();
        return sum;
    }

protected:
    std::size_t in_turn(std::size_t i) const noexcept { return (next_ + i) % this->edges_.size(); }
    void send_to(std::size_t chosen, T&& item) noexcept {
        this->emitted_.add();
        this->edges_[chosen].send(std::move(item));
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
        while (this->edges_[this->in_turn(i)].credits() == 0) ++i;  // ends: room() was not 0
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
            const edge<T>& output = this->edges_[this->in_turn(i)];
            const std::size_t credits = output.credits();
            if (credits == 0 || output.capacity() - credits >= fewest) continue;
            fewest = output.capacity() - credits;
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
        if (held_.has_value() && !is_held_placed()) return 0;
        std::size_t least = unlimited;
        for (std::size_t i = 0; i < this->edges_.size(); ++i) least = std::min(least, this->edges_[i].credits());
        return std::max<std::size_t>(least, 1);
    }
    std::size_t most_room() const noexcept { return 1; }

    void send(T&& item) {
        const std::size_t lane =
            static_cast<std::size_t>(std::invoke(how_.key, std::as_const(item))) % this->edges_.size();
        this->emitted_.add();
        if (this->edges_[lane].credits() > 0) {
            stuck_[lane] = false;
            this->edges_[lane].send(std::move(item));
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
        if (this->edges_[held_for_].credits() > 0) {
            this->edges_[held_for_].send(std::move(held_.operator*()));
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
