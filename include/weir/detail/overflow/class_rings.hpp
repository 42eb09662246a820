// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/cursor/closing.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/detail/mpmc/core.hpp"
#include "weir/stats.hpp"
#include "weir/status.hpp"
#include "weir/wait.hpp"

namespace weir::detail {

/// A queue for each class under one capacity, for one consumer and one producer, which may take items back.
///
/// Each class has room for the whole capacity, so that none is full before all are. What is queued in all of them is
/// the difference of three counts, each with one writer: claimed and gone are the producer's, taken is the consumer's.
/// The bound is exact at every moment: room is made before it is used.
///
/// To accept is one step with closing, and comes first: an item gives way only to one that is accepted. A
/// consumer suspended in the middle of a pop delays no push: its item counts as queued, and each class has slots for all
/// items that may be queued, so no push reaches that slot.
///
/// Statistics are those of a ring: what went in and came out, an item that was taken back among them.
template <class T, std::size_t Classes, class Given>
class class_rings {
    using core = mpmc_core<T, typename Given::memory, typename Given::counter>;
    using lot = typename Given::waiting::lot;

public:
    static constexpr bool has_many_producers = false;
    static constexpr bool has_many_consumers = true;  // as each class has: what is claimed cannot go back
    static constexpr bool has_descriptors = requires(lot& l) { l.fd(); };
    static constexpr bool keeps_statistics = std::same_as<typename Given::statistics, stats::on>;
    static constexpr progress try_push_progress = progress::lock_free;
    static constexpr progress try_pop_progress = core::try_pop_progress;

    enum class room { free, made, none };

    using memory_source = detail::memory_source<typename Given::memory>;
    // Each class has slots for all: their bytes together must be counted, too.
    static constexpr std::size_t most_capacity = core::most_capacity / std::bit_ceil(Classes);
    static constexpr std::size_t memory_alignment = core::memory_alignment;
    static constexpr std::size_t bytes_for(std::size_t capacity) noexcept { return Classes * bytes_of_class(capacity); }

    class_rings(std::size_t capacity, std::uint64_t start, const memory_source& from = {})
        : class_rings(capacity, start, checked_source<class_rings>(capacity, from),
                      std::make_index_sequence<Classes>()) {}

    // ---- producer --------------------------------------------------------------------------------------------

    /// Accepts one item, unless the queue was closed. What follows is make_room(), then push() or, without room,
    /// give_up().
    bool accept() noexcept {
        const std::uint64_t claimed = claimed_.load(relaxed);  // relaxed: only this thread writes it
        const bool accepted = closing_.claim(claimed_, claimed, claimed + 1);
        if (!accepted) made_.refused(status::closed, capacity_);
        return accepted;
    }
    /// Room for the accepted item, made, if need be, by taking the oldest one of the lowest class below `its`.
    room make_room(std::size_t its) noexcept {
        if (has_room()) return room::free;
        made_.refused(status::full, capacity_);
        for (std::size_t lower = 0; lower < its; ++lower) {
            if (cores_[lower].try_take([](T&) noexcept {})) {
                give_up();
                taken_counts_.passed(1);
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
        made_.pushed(1, [this]() noexcept { return size_approx(); });
        if (items_.notify(1)) made_.woke();
    }
    /// The accepted item, or one that was taken back, goes nowhere.
    void give_up() noexcept {
        gone_.store(gone_.load(relaxed) + 1, relaxed);  // relaxed, both: a number to compare, see drained()
    }

    // ---- consumer --------------------------------------------------------------------------------------------

    /// Calls `visit(item, its_class)` on the oldest item of the highest class.
    template <class F>
    status try_consume_one(F visit) {
        const status answer = attempt(visit);
        if (answer == status::empty) found_empty();
        note(answer);
        return answer;
    }
    /// The same, but waits for one until `stop()` says true or the deadline has passed.
    template <class F, class Stop>
    status consume_one_unless(F visit, Stop stop, steady_time deadline) {
        status answer = attempt(visit);
        note(answer);
        if (!is_to_wait(answer)) return answer;
        if (stop()) return attempt(visit);
        bool is_stopped = false;
        const auto done = [&] {
            is_stopped = stop();  // first: what came before that is still visited
            return !is_to_wait(answer = attempt(visit)) || is_stopped;
        };
        bool in_time = sleep_until([&] { return done() || is_closed(); }, deadline);
        // Closed, but a push from before is still under way: there is no notification when that is over.
        if (in_time && is_to_wait(answer) && !is_stopped) in_time = wait::sleep::lot(true).wait(done, deadline);
        if (!in_time) answer = status::timeout;
        if (!is_to_wait(answer)) note(answer);
        return answer;
    }
    template <class F>
    status consume_one_until(F visit, steady_time deadline) {
        return consume_one_unless(
            visit, [] { return false; }, deadline);
    }
    /// As try_consume_one() on as many as there are now, `most` at most; returns how many. If `visit` throws, that item is
    /// gone, and those after it stay.
    template <class F>
    std::size_t consume(F& visit, std::size_t most) {
        const std::size_t count = std::min(most, size_approx());
        std::size_t visited = 0;
        while (visited < count && consume_highest(visit)) ++visited;
        if (visited == 0 && most > 0) {
            found_empty();
            if constexpr (keeps_statistics) {
                note(drained() ? status::closed : size_approx() > 0 ? status::busy : status::empty);
            }
        }
        return visited;
    }

    /// To wait at several rings, as of ring_ends.
    auto& lot_of_items() noexcept { return items_; }
    status look_for_items() noexcept {
        if (has_items()) return status::success;
        if (drained()) return status::closed;
        return is_closed() ? status::busy : status::empty;
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    void close() noexcept {
        closing_.end();
        wake_all();
    }
    void wake_all() noexcept { items_.notify_all(); }
    bool is_closed() const noexcept { return closing_.is_ended(); }
    std::size_t capacity() const noexcept { return capacity_; }
    std::size_t size_approx() const noexcept {
        std::size_t sum = 0;
        for (const core& c : cores_) sum += c.size_approx();
        return std::min(sum, capacity_);
    }
    /// Of all classes together.
    memory_report memory() const noexcept {
        memory_report sum = cores_[0].memory();
        for (std::size_t its = 1; its < Classes; ++its) {
            const memory_report one = cores_[its].memory();
            sum.bytes += one.bytes;
            if (one.degraded()) sum.error = one.error;
        }
        return sum;
    }
    stats::snapshot snapshot() const noexcept
        requires keeps_statistics
    {
        return {capacity_, size_approx(), made_.of_producer(), taken_counts_.of_consumer()};
    }
    int items_fd() const noexcept
        requires has_descriptors
    {
        return items_.fd();
    }

private:
    template <std::size_t... Class>
    class_rings(std::size_t capacity, std::uint64_t start, const memory_source& from, std::index_sequence<Class...>)
        : cores_{{make_core<Class>(capacity, start, from)...}},
          capacity_(capacity),
          closing_(is_asymmetric<typename Given::waiting::fence_policy>()) {}

    static constexpr std::size_t bytes_of_class(std::size_t capacity) noexcept {
        constexpr std::size_t line = core::memory_alignment;
        return (core::bytes_for(capacity) + line - 1) / line * line;
    }

    template <std::size_t Class>
    static core make_core(std::size_t capacity, std::uint64_t start, const memory_source& from) {
        if constexpr (borrows_memory<core>) {
            return core(capacity, start, false,
                        from.subspan(Class * bytes_of_class(capacity), core::bytes_for(capacity)));
        } else {
            return core(capacity, start, false, from);
        }
    }

    static constexpr bool is_to_wait(status answer) noexcept {
        return answer == status::empty || answer == status::busy;
    }

    template <class F>
    status attempt(F& visit) {
        bool busy = false;
        for (std::size_t its = Classes; its-- > 0;) {
            const status answer =
                cores_[its].try_take([&](T& item) noexcept(noexcept(visit(item, its))) { visit(item, its); });
            if (answer == status::success) {
                count_taken(1);
                return status::success;
            }
            busy = busy || answer == status::busy;
        }
        return busy ? status::busy : drained() ? status::closed : status::empty;
    }
    // One item, which may be gone without a return: a visit may throw.
    template <class F>
    bool consume_highest(F& visit) {
        for (std::size_t its = Classes; its-- > 0;) {
            const auto with_class = [&](T& item) noexcept(noexcept(visit(item, its))) { visit(item, its); };
            if (cores_[its].consume(with_class, 1, [this](std::size_t n) noexcept { count_taken(n); }) > 0) return true;
        }
        return false;
    }
    void count_taken(std::uint64_t n) noexcept {
        // relaxed: only this thread writes it. (1) release: pairs with (2), the slot is free
        taken_.store(taken_.load(relaxed) + n, release);
        taken_counts_.passed(n);
    }

    void note(status answer) noexcept {
        if (!answer) taken_counts_.refused(answer, 0);
    }
    void found_empty() noexcept {
        if constexpr (has_descriptors) {
            if (!is_closed()) items_.found_nothing([this] { return is_closed() || has_items(); });
        }
    }
    bool has_items() noexcept {
        return std::any_of(cores_.begin(), cores_.end(), [](core& c) { return c.has_items(); });
    }
    template <class Done>
    bool sleep_until(Done done, steady_time deadline) {
        const auto parked = [this]() noexcept { taken_counts_.parked(); };
        if constexpr (keeps_statistics && requires { items_.wait(done, deadline, parked); }) {
            return items_.wait(done, deadline, parked);
        } else {
            return items_.wait(done, deadline);
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
    alignas(separation_bytes) closing<std::uint64_t> closing_;  // on a line that is only read
    alignas(separation_bytes) atomic<std::uint64_t> claimed_{0};
    atomic<std::uint64_t> gone_{0};
    alignas(separation_bytes) atomic<std::uint64_t> taken_{0};
    bool drained_ = false;  // the consumer's
    lot items_{false};
    [[no_unique_address]] typename Given::statistics::template ledger<0, false> made_;
    // Written by the producer, too, that takes an item back.
    [[no_unique_address]] typename Given::statistics::template ledger<1, true> taken_counts_;
};

}  // namespace weir::detail
