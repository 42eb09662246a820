// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/cursor/closing.hpp"
#include "weir/detail/mpmc/core.hpp"
#include "weir/status.hpp"
#include "weir/wait.hpp"

namespace weir::detail {

/// A queue for each class under one capacity, of one producer, who may take back, and one consumer.
///
/// Each class has room for the whole capacity, so that none is full before all are. What is queued in all of them is
/// the difference of three counts, each with one writer: claimed and gone are the producer's, taken is the consumer's.
/// The bound is exact at every moment: room is made before it is used.
///
/// To accept is one step with closing, and comes first: an item gives way only to one that is accepted. That the
/// consumer is suspended in the middle of a pop holds up nobody: its item counts as queued, and the slots of a class
/// are as many as all that may be queued, so that no push comes to that slot before.
template <class T, std::size_t Classes, class Wait, class Storage>
class class_rings {
    using core = mpmc_core<T, Storage, std::uint64_t>;

public:
    static constexpr bool has_many_consumers = true;

    enum class room { free, made, none };

    using memory_source = detail::memory_source<Storage>;
    static constexpr std::size_t most_capacity = core::most_capacity;
    static constexpr std::size_t memory_alignment = core::memory_alignment;
    static constexpr std::size_t bytes_for(std::size_t capacity) noexcept { return Classes * bytes_of_class(capacity); }

    explicit class_rings(std::size_t capacity)
        requires(!borrows_memory<core>)
        : class_rings(capacity, memory_source{}) {}
    class_rings() : class_rings(fixed_capacity<Storage>) {}
    class_rings(std::size_t capacity, const memory_source& from)
        : class_rings(capacity, checked_source<class_rings>(capacity, from), std::make_index_sequence<Classes>()) {}

    // ---- producer --------------------------------------------------------------------------------------------

    /// Accepts one item, unless the queue was closed. What follows is make_room(), then push() or, without room,
    /// give_up().
    bool accept() noexcept {
        const std::uint64_t claimed = claimed_.load(relaxed);  // relaxed: only this thread writes it
        return closing_.claim(claimed_, claimed, claimed + 1);
    }
    /// Room for the accepted item, made, if need be, by taking the oldest one of the lowest class below `its`.
    room make_room(std::size_t its) noexcept {
        if (has_room()) return room::free;
        for (std::size_t lower = 0; lower < its; ++lower) {
            if (cores_[lower].try_take([](T&) noexcept {})) {
                give_up();
                return room::made;
            }
        }
        // While this looked through the classes the consumer may have taken what this did not find.
        return has_room() ? room::free : room::none;
    }
    template <class Item>
    void push(std::size_t its, Item&& item) noexcept {
        // There is room, and in this very class: neither full nor busy, and the cores are never closed.
        (void)cores_[its].try_emplace(std::forward<Item>(item));
        items_.notify(1);
    }
    /// The accepted item, or one that was taken back, goes nowhere.
    void give_up() noexcept {
        gone_.store(gone_.load(relaxed) + 1, relaxed);  // relaxed, both: a number to compare, see drained()
    }

    // ---- consumer --------------------------------------------------------------------------------------------

    /// Calls `visit(item, its_class)` on the oldest item of the highest class.
    template <class F>
    status try_consume_one(F visit) {
        bool busy = false;
        for (std::size_t its = Classes; its-- > 0;) {
            const status answer =
                cores_[its].try_take([&](T& item) noexcept(noexcept(visit(item, its))) { visit(item, its); });
            if (answer == status::success) {
                // relaxed: only this thread writes it. (1) release: pairs with (2), the slot is free
                taken_.store(taken_.load(relaxed) + 1, release);
                return status::success;
            }
            busy = busy || answer == status::busy;
        }
        return busy ? status::busy : drained() ? status::closed : status::empty;
    }
    template <class F>
    status consume_one_until(F visit, steady_time deadline) {
        status answer = status::empty;
        const auto done = [&] {
            answer = try_consume_one(visit);
            return answer == status::success || answer == status::closed;
        };
        bool in_time = done() || items_.wait([&] { return done() || is_closed(); }, deadline);
        // Closed, but a push from before is still under way: nobody tells when that is over.
        if (in_time && answer != status::success && answer != status::closed) {
            in_time = wait::sleep::lot(true).wait(done, deadline);
        }
        return in_time ? answer : status::timeout;
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    void close() noexcept {
        closing_.end();
        items_.notify_all();
    }
    bool is_closed() const noexcept { return closing_.is_ended(); }
    std::size_t capacity() const noexcept { return capacity_; }
    std::size_t size_approx() const noexcept {
        std::size_t sum = 0;
        for (const core& c : cores_) sum += c.size_approx();
        return std::min(sum, capacity_);
    }

private:
    template <std::size_t... Class>
    class_rings(std::size_t capacity, const memory_source& from, std::index_sequence<Class...>)
        : cores_{{make_core<Class>(capacity, from)...}},
          capacity_(capacity),
          closing_(is_asymmetric<typename Wait::fence_policy>()) {}

    static constexpr std::size_t bytes_of_class(std::size_t capacity) noexcept {
        constexpr std::size_t line = core::memory_alignment;
        return (core::bytes_for(capacity) + line - 1) / line * line;
    }

    template <std::size_t Class>
    static core make_core(std::size_t capacity, const memory_source& from) {
        if constexpr (borrows_memory<core>) {
            return core(capacity, 0, false, from.subspan(Class * bytes_of_class(capacity), core::bytes_for(capacity)));
        } else {
            return core(capacity, 0, false, from);
        }
    }

    // Whether one more than is queued, besides the one that is accepted, would be within the capacity.
    bool has_room() const noexcept {
        // relaxed, both: only this thread writes them. (2) acquire: pairs with (1), the slots are free
        const std::uint64_t queued = claimed_.load(relaxed) - 1 - gone_.load(relaxed) - taken_.load(acquire);
        return queued < capacity_;
    }

    bool drained() noexcept {
        if (drained_) return true;
        // relaxed, both: only this thread writes the one, and an old value of the other falls short of all that was claimed
        const std::uint64_t ended = taken_.load(relaxed) + gone_.load(relaxed);
        // To be remembered: a claim that is about to be refused shows for a moment.
        drained_ = closing_.is_drained(claimed_, ended);
        return drained_;
    }

    std::array<core, Classes> cores_;
    const std::size_t capacity_;
    alignas(separation_bytes) closing<std::uint64_t> closing_;  // on a line that nobody writes
    alignas(separation_bytes) atomic<std::uint64_t> claimed_{0};
    atomic<std::uint64_t> gone_{0};
    alignas(separation_bytes) atomic<std::uint64_t> taken_{0};
    bool drained_ = false;  // the consumer's
    typename Wait::lot items_{false};
};

}  // namespace weir::detail
