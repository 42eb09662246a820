// SPDX-License-Identifier: MIT
//
// The edges of a pipeline that carry items. Those of messages are in message_edge.hpp.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "weir/broadcast_stats.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/pipeline/graph.hpp"
#include "weir/ring.hpp"
#include "weir/status.hpp"
#include "weir/wait.hpp"

namespace weir::detail {

/// Where a reader of a broadcast hands an item to: as it lies in the ring or, if `in_place` is null, as a copy.
template <class T>
struct item_taker {
    void* context;
    void (*copied)(void* context, T&& item) noexcept;
    void (*in_place)(void* context, const T& item) noexcept;
};

/// A reader of a broadcast: the receiving end of its edge. Abstract, like trunk, so that only a program with a broadcast compiles the
/// ring of one. For the thread of the node downstream, but for lag() and is_closed().
template <class T>
class branch {
public:
    branch() = default;
    branch(const branch&) = delete;
    branch& operator=(const branch&) = delete;
    virtual ~branch() = default;

    /// Hands over the next item, if there is one. Throws what T's copy constructor throws; then the item stays.
    virtual bool take(const item_taker<T>& to) = 0;
    /// How many items were overwritten right before the latest one.
    virtual std::uint64_t gap() const noexcept = 0;
    /// Items that were sent and that the reader has neither finished nor missed.
    virtual std::uint64_t lag() const noexcept = 0;
    virtual bool is_closed() const noexcept = 0;
};

/// The ring of a broadcast: the sending end of its edges. For the thread of the node upstream, but for accepted().
template <class T>
class trunk : public shared_part {
public:
    virtual std::unique_ptr<branch<T>> join(node& reader, reader_mode mode) = 0;
    virtual std::size_t readers() const noexcept = 0;
    virtual std::size_t capacity() const noexcept = 0;

    /// As of an edge.
    virtual std::size_t credits() const noexcept = 0;
    virtual void send(T&& item) noexcept = 0;
    virtual void close() noexcept = 0;
    virtual std::uint64_t accepted() const noexcept = 0;
};

/// A bounded ring from one node to another. Between two nodes that have a thread each it is an spsc_ring; behind an
/// inlet, where any thread may push, an mpmc_ring whose space outside threads wait for; and with a trunk, one reader of a broadcast,
/// whose items the trunk sends.
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
    edge(node& from, node& to, std::size_t capacity, trunk<T>& sends, reader_mode mode)
        : edge_base(from, to, capacity), trunk_(&sends), branch_(sends.join(to, mode)) {}

    // ---- the thread of the node upstream ---------------------------------------------------------------------

    /// Permits: how many items send() can take. They stay valid until they are used, since no other thread sends.
    std::size_t credits() const noexcept { return lone_->credits(); }
    /// Those of an empty edge.
    std::size_t most_credits() const noexcept { return capacity(); }
    /// How full the edge is, to be compared with others of its kind.
    std::size_t fill() const noexcept { return capacity() - credits(); }

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
        const status answer = push(*shared_);
        if (answer == status::success) {
            offered_.add();
            to_.bell().notify(1);
        }
        return answer;
    }

    /// The same where `push(ring)` returns how many items the ring accepted.
    template <class Push>
    std::size_t offer_several(Push push) {
        const std::size_t accepted = push(*shared_);
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

    /// Hands the oldest item, if there is one, to `handle(T&&)`, which returns whether it could. An item of a broadcast is handed over
    /// as a copy, or in place where there is a `handle(const T&)`.
    template <class Handle>
    bool take(Handle handle) noexcept {
        const auto visit = [&](T& item) noexcept { (handle(std::move(item)) ? delivered_ : lost_).add(); };
        if (lone_) {
            // In its slot: the item that the function works on still counts against the capacity.
            if (lone_->consume(visit, 1) == 0) return false;
        } else if (shared_) {
            // Out of its slot: otherwise outside threads that come to the slot would get `busy`. Counted before it leaves the ring.
            in_hand_.set(1);
            std::optional<T> item = shared_->try_pop();
            if (item) visit(*item);
            in_hand_.set(0);
            return item.has_value();
        } else if (!take_broadcast(handle)) {
            return false;
        }
        from_.bell().notify(1);
        return true;
    }

    /// Whether no more items come than there are now. To be asked before the look that finds none.
    bool is_closed() const noexcept {
        return lone_ ? lone_->is_closed() : shared_ ? shared_->is_closed() : branch_->is_closed();
    }
    /// Exact when it is closed.
    bool is_empty() const noexcept { return size_approx() == 0; }
    std::size_t size_approx() const noexcept {
        if (lone_) return lone_->size_approx();
        if (shared_) return shared_->size_approx();
        return branch_ ? static_cast<std::size_t>(std::min<std::uint64_t>(branch_->lag(), capacity_)) : 0;
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    std::uint64_t accepted() const noexcept override { return trunk_ ? trunk_->accepted() : edge_base::accepted(); }

private:
    template <class Handle>
    struct broadcast_handling {
        edge& me;
        Handle& handle;

        template <class Item>
        void operator()(Item&& item) noexcept {
            me.lost_.add(me.branch_->gap());
            me.in_hand_.set(1);  // a lossy reader works on a copy, whose slot may be overwritten meanwhile
            (handle(std::forward<Item>(item)) ? me.delivered_ : me.lost_).add();
        }
    };

    template <class Handle>
    bool take_broadcast(Handle& handle) noexcept {
        using handling = broadcast_handling<Handle>;
        handling hand{*this, handle};
        item_taker<T> to{&hand, [](void* h, T&& item) noexcept { (*static_cast<handling*>(h))(std::move(item)); },
                         nullptr};
        if constexpr (std::invocable<Handle&, const T&>) {
            to.in_place = [](void* h, const T& item) noexcept { (*static_cast<handling*>(h))(item); };
        }
        bool found = true;
        // If a copy cannot be made the pipeline has failed, and the item stays, to be counted as lost.
        (void)to_.guarded([&] { found = branch_->take(to); });
        in_hand_.set(0);
        return found;
    }

    rest remaining() const noexcept override {
        const std::uint64_t in_hand = in_hand_.read();
        if (!branch_) return {size_approx() + in_hand, 0};
        const std::uint64_t behind = branch_->lag();
        const std::uint64_t waiting = behind - std::min(behind, in_hand);
        const std::uint64_t kept = std::min<std::uint64_t>(waiting, capacity_);
        return {behind - waiting + kept, waiting - kept};
    }

    std::optional<spsc_ring<T, wait::spin>> lone_;    // its threads wait at the bells
    std::optional<mpmc_ring<T, wait::park>> shared_;  // outside threads have no bell
    trunk<T>* trunk_ = nullptr;
    std::unique_ptr<branch<T>> branch_;
};

}  // namespace weir::detail
