// SPDX-License-Identifier: MIT
//
// One producer, many readers, and each of them sees everything, in order.
//
//     weir::broadcast_ring<tick> feed(1024);
//
//     auto book = feed.join();                                  // gated: the producer waits for it, so it misses nothing
//     auto store = feed.join({.name = "store"});
//     auto risk = feed.join({.name = "risk", .after = {&book, &store}});   // sees what both have finished
//     auto screen = feed.join({.name = "screen", .mode = weir::reader_mode::lossy});   // never waited for
//     (void)feed.push(t);                                       // waits for the slowest gated reader
//
//     while (auto t = book.pop()) book_it(*t);                  // in the thread of the book
//
//     while (auto t = screen.pop()) {
//         if (screen.gap() > 0) resynchronise();                // so many items were missed right before this one
//         draw(*t);
//     }
#pragma once

#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/user_code.hpp"
#include "weir/detail/broadcast/producer.hpp"
#include "weir/detail/broadcast/reader.hpp"
#include "weir/detail/broadcast/slots.hpp"
#include "weir/detail/broadcast/state.hpp"
#include "weir/detail/options.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/ring.hpp"
#include "weir/status.hpp"
#include "weir/wait.hpp"

namespace weir {

/// A bounded ring of one producer and many readers.
///
/// - The bound is exact: a push succeeds while the slowest gated reader has fewer than capacity() items to read. Without gated
///   readers every push succeeds.
/// - Readers join and leave at any time. One that joins sees what is pushed from then on. One that is destroyed frees the producer.
/// - A gated reader that comes `after` others sees an item when all of them have finished it (and, being gated, it holds up the
///   producer like any other).
/// - A lossy reader that falls more than capacity() behind goes on with the oldest item that is kept: received + missed() =
///   pushed since it joined, exactly. It never sees an item that was being overwritten. Only where T is trivially copyable.
/// - close() ends the pushing: readers see the rest, and only then `closed`, which is never confused with a gap.
/// - Nothing allocates after construction but readers(), and try-operations make no syscall, as of other rings.
template <class T, class... Options>
class broadcast_ring {
    using given = detail::options<detail::ring_family::broadcast, T, Options...>;
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                  "weir: T must be nothrow-move-constructible and nothrow-destructible, since slots are overwritten");
    static_assert(std::same_as<typename given::statistics, stats::off>,
                  "weir: a broadcast_ring keeps no statistics; readers() shows their lag, and a reader what it missed");
    static_assert(!std::same_as<typename given::memory, storage::borrowed>,
                  "weir: the slots of a broadcast_ring are on the heap, in huge pages or in the ring, not in a span");
    static_assert(std::copy_constructible<T>, "weir: every reader gets each item, so T must be copyable");
    using state = detail::broadcast_state<given::readers>;
    using slots = detail::broadcast_slots<T>;
    using seat = detail::broadcast_seat;
    using lot = typename given::waiting::lot;
    static constexpr std::size_t all = static_cast<std::size_t>(-1);
    static constexpr std::size_t fixed_capacity = detail::fixed_capacity<typename given::memory>;

public:
    using value_type = T;
    using memory_source = detail::memory_source<typename given::memory>;
    static constexpr bool has_many_producers = false;
    static constexpr bool can_be_lossy = slots::can_be_overtaken;
    static constexpr std::size_t most_readers = given::readers;
    static constexpr std::size_t most_capacity = detail::most_slots<typename slots::slot>;
    static constexpr progress try_push_progress = progress::wait_free;
    static constexpr progress try_pop_progress = progress::wait_free;

    class reader;

    /// How a reader joins.
    struct join_settings {
        std::string_view name = {};  ///< 23 characters are kept
        reader_mode mode = reader_mode::gated;
        std::initializer_list<const reader*> after = {};  ///< four at most, gated, and of this ring
    };

    explicit broadcast_ring(std::size_t capacity, start_at start = {})
        requires(fixed_capacity == 0)
        : broadcast_ring(capacity, start, memory_source{}) {}
    explicit broadcast_ring(start_at start = {})
        requires(fixed_capacity != 0)
        : broadcast_ring(fixed_capacity, start, memory_source{}) {}
    broadcast_ring(const broadcast_ring&) = delete;
    broadcast_ring& operator=(const broadcast_ring&) = delete;
    ~broadcast_ring() {
        const std::uint64_t end =
            shared_.sent.load(detail::relaxed);  // relaxed: no other thread uses the ring any more
        mapped().destroy(producer_.first_kept(shared_), end);
    }

    // ---- the producer: one thread ----------------------------------------------------------------------------

    /// Appends if the slowest gated reader leaves room: success, full or closed. A refused item is untouched. O(1); one push in
    /// capacity() also O(readers).
    status try_push(const T& item) noexcept(std::is_nothrow_copy_constructible_v<T>) {
        if constexpr (std::is_trivially_copyable_v<T>) {
            return put(item);
        } else {
            if (!producer_.has_room(shared_)) return is_closed() ? status::closed : status::full;
            return put(T(item));
        }
    }
    status try_push(T&& item) noexcept { return put(std::move(item)); }

    /// The same, but waits for room: success or closed; timeout, after that time, or at that time of any clock; or, if `stop()` said
    /// true, full.
    template <class U = T>
        requires std::constructible_from<T, U>
    status push(U&& item) {
        return push_until(std::forward<U>(item), detail::forever);
    }
    template <class U = T, class Rep, class Period>
        requires std::constructible_from<T, U>
    status push_for(U&& item, std::chrono::duration<Rep, Period> time) {
        return push_until(std::forward<U>(item), detail::deadline_after(time));
    }
    template <class U = T>
        requires std::constructible_from<T, U>
    status push_until(U&& item, detail::any_time_point deadline) {
        return push_unless(std::forward<U>(item), detail::never, deadline);
    }
    template <class U, std::predicate Stop>
        requires std::constructible_from<T, U>
    status push_unless(U&& item, Stop stop, detail::any_time_point deadline = detail::forever) {
        status answer = try_push(std::forward<U>(item));
        if (answer != status::full || stop()) return answer;
        const auto done = [&] {
            answer = try_push(std::forward<U>(item));
            return answer != status::full || stop();
        };
        return space_.wait(done, deadline) ? answer : status(status::timeout);
    }

    /// The calling thread is the producer from now on, as of basic_ring.
    void adopt_producer() noexcept { producer_.adopt(); }

    // ---- any thread ------------------------------------------------------------------------------------------

    /// A new reader. It belongs to one thread at a time and must not outlive the ring. Rejects a reader too many, and elders
    /// that are not gated or of another ring, with std::invalid_argument. Not while the ring is destroyed.
    [[nodiscard]] reader join(join_settings how = {}) { return reader(*this, how); }

    /// Ends the pushing, as of basic_ring. Idempotent.
    void close() noexcept {
        shared_.closing.end();
        wake_all();
    }
    bool is_closed() const noexcept { return shared_.closing.is_ended(); }
    /// Makes every waiter look again, and ask again whether to stop.
    void wake_all() noexcept {
        items_.notify_all();
        finished_.notify_all();
        space_.notify_all();
    }
    std::size_t capacity() const noexcept { return static_cast<std::size_t>(shared_.capacity); }

    /// The name, mode and lag of every reader. Allocates. O(most_readers).
    std::vector<reader_info> readers() const {
        std::vector<reader_info> found;
        for (const seat& s : shared_.seats) {
            const std::uint32_t mode = seat::mode(s.state.load(detail::relaxed));  // relaxed: a statistic
            if (mode != seat::gated && mode != seat::lossy) continue;
            const auto name = s.get_name();
            const std::uint64_t at = s.position.load(detail::relaxed);  // relaxed, both: a statistic
            const std::uint64_t lag = shared_.sent.load(detail::relaxed) - at;
            found.push_back({name.data(), mode == seat::gated ? reader_mode::gated : reader_mode::lossy, lag});
        }
        return found;
    }

    /// A reader of a ring: it has the pops of a ring with one consumer. Movable; leaves the ring when it is destroyed.
    class reader {
        using end = detail::broadcast_reader<T, given::readers>;

    public:
        using value_type = T;

        reader(reader&& other) noexcept : ring_(std::exchange(other.ring_, nullptr)), end_(other.end_) {}
        reader& operator=(reader&& other) noexcept {
            if (this != &other) {
                leave();
                ring_ = std::exchange(other.ring_, nullptr);
                end_ = other.end_;
            }
            return *this;
        }
        ~reader() { leave(); }

        /// Leaves the ring: the producer waits for it no longer. Afterwards only assign to it, or destroy it.
        void leave() noexcept {
            if (ring_ == nullptr) return;
            end_.leave(ring_->shared_);
            // The producer may wait for this reader alone, and the readers after it, too.
            ring_->wake_all();
            ring_ = nullptr;
        }

        /// Copies the next item: success, empty, or closed, when there will be none.
        status try_pop(T& out) { return try_consume_one(detail::copy_to(out)); }
        [[nodiscard]] std::optional<T> try_pop() {
            std::optional<T> out;
            (void)try_consume_one(detail::copy_to(out));
            return out;
        }
        /// The same, but waits for an item: success or closed; timeout, after that time, or at that time of any clock; or, if
        /// `stop()` said true, empty.
        status pop(T& out) { return pop_until(out, detail::forever); }
        template <class Rep, class Period>
        status pop_for(T& out, std::chrono::duration<Rep, Period> time) {
            return pop_until(out, detail::deadline_after(time));
        }
        status pop_until(T& out, detail::any_time_point deadline) { return pop_unless(out, detail::never, deadline); }
        template <std::predicate Stop>
        status pop_unless(T& out, Stop stop, detail::any_time_point deadline = detail::forever) {
            return consume_one_unless(detail::copy_to(out), stop, deadline);
        }
        [[nodiscard]] std::optional<T> pop() { return pop_until(detail::forever); }
        template <class Rep, class Period>
        [[nodiscard]] std::optional<T> pop_for(std::chrono::duration<Rep, Period> time) {
            return pop_until(detail::deadline_after(time));
        }
        [[nodiscard]] std::optional<T> pop_until(detail::any_time_point deadline) {
            std::optional<T> out;
            (void)consume_one_unless(detail::copy_to(out), detail::never, deadline);
            return out;
        }

        /// Calls `f(const T&)` on min(`most`, available) items, in order. Returns how many. If `f` throws, that item and those after
        /// it stay. The producer gets their room back some at a time.
        template <std::invocable<const T&> F>
        std::size_t consume(F&& f, std::size_t most = all) {
            return consume_now(f, most);
        }
        template <std::invocable<const T&> F>
        status try_consume_one(F f) {
            return consume_now(f, 1) > 0 ? status(status::success) : shortage();
        }
        /// The same, but waits for an item, as pop does.
        template <std::invocable<const T&> F, std::predicate Stop>
        status consume_one_unless(F f, Stop stop, detail::any_time_point deadline = detail::forever) {
            return wait_to_consume(f, 1, stop, deadline) > 0 ? status::success : answer_;
        }
        template <std::invocable<const T&> F>
        std::size_t consume_some(F&& f, std::size_t most = all) {
            return consume_some_unless(f, detail::never, detail::forever, most);
        }
        template <std::invocable<const T&> F, class Rep, class Period>
        std::size_t consume_some_for(F&& f, std::chrono::duration<Rep, Period> time, std::size_t most = all) {
            return consume_some_unless(f, detail::never, detail::deadline_after(time), most);
        }
        template <std::invocable<const T&> F, std::predicate Stop>
        std::size_t consume_some_unless(F&& f, Stop stop, detail::any_time_point deadline = detail::forever,
                                        std::size_t most = all) {
            return wait_to_consume(f, most, stop, deadline);
        }

        /// How many items were missed right before the latest one; and in all, since this reader joined. 0 for a gated one.
        std::uint64_t gap() const noexcept { return end_.gap(); }
        std::uint64_t missed() const noexcept { return end_.missed(); }
        /// How many items were pushed that this reader has not finished.
        std::uint64_t lag() const noexcept { return end_.lag(ring_->shared_); }

    private:
        friend broadcast_ring;

        reader(broadcast_ring& ring, const join_settings& how)
            : ring_(&ring), end_(ring.shared_, ring.mapped(), mode_of(how), how.name, elders_of(ring, how)) {}

        static seat::mode_type mode_of(const join_settings& how) {
            if (how.mode == reader_mode::gated) return seat::gated;
            if (!can_be_lossy) {
                detail::reject_argument(
                    "a lossy reader copies items while they may be overwritten, so T must be trivially copyable; join gated");
            }
            return seat::lossy;
        }
        static detail::broadcast_elders elders_of(const broadcast_ring& ring, const join_settings& how) {
            detail::broadcast_elders found;
            for (const reader* const other : how.after) {
                if (other == nullptr || other->ring_ != &ring || !other->end_.is_gated()) {
                    detail::reject_argument(
                        "a reader comes after gated readers of the same ring; name others of this ring, or none");
                }
                if (found.count == found.all.size()) {
                    detail::reject_argument("a reader comes after " + std::to_string(how.after.size()) +
                                            " others; at most " + std::to_string(found.all.size()) + " are possible");
                }
                found.all[found.count++] = other->end_.as_elder();
            }
            if (how.after.size() > 0 && how.mode != reader_mode::gated)
                detail::reject_argument("a reader that comes after others is gated; join it gated, or without `after`");
            return found;
        }

        template <class F>
        std::size_t consume_now(F& f, std::size_t most) {
            return end_.consume(ring_->shared_, f, most, [this](std::size_t) noexcept { ring_->tell_read(); });
        }
        status shortage() const noexcept { return end_.drained(ring_->shared_) ? status::closed : status::empty; }

        template <class F, class Stop>
        std::size_t wait_to_consume(F& f, std::size_t most, Stop& stop, detail::steady_time deadline) {
            std::size_t visited = consume_now(f, most);
            answer_ = status::empty;
            if (visited > 0 || most == 0) return visited;
            const auto done = [&] {
                visited = consume_now(f, most);
                answer_ = visited > 0 ? status(status::success) : shortage();
                return answer_ != status::empty || stop();
            };
            bool in_time = true;
            for (bool is_done = false; in_time && !is_done;) {
                // The readers before this one may leave meanwhile: then it is the producer that it waits for.
                const bool is_after = end_.is_after_others(ring_->shared_);
                lot& place = is_after ? ring_->finished_ : ring_->items_;
                in_time = place.wait(
                    [&] {
                        is_done = done() || ring_->is_closed();
                        return is_done || is_after != end_.is_after_others(ring_->shared_);
                    },
                    deadline);
            }
            // Closed, but a push from before, or a reader before this one, is still at work.
            if (in_time && answer_ == status::empty && !stop()) in_time = wait::sleep::lot(true).wait(done, deadline);
            if (!in_time) answer_ = status::timeout;
            return visited;
        }

        broadcast_ring* ring_;
        end end_;
        status answer_ = status::empty;
    };

private:
    broadcast_ring(std::size_t capacity, start_at start, const memory_source& from)
        : memory_(std::bit_ceil(detail::checked_capacity(capacity, most_capacity)), from),
          shared_(capacity, start.position, detail::is_asymmetric<typename given::waiting::fence_policy>()),
          producer_(shared_, constructed(capacity)) {}

    slots constructed(std::size_t capacity) noexcept {
        slots mapped(memory_.data(), capacity);
        mapped.construct();
        return mapped;
    }
    slots mapped() noexcept { return slots(memory_.data(), capacity()); }

    template <class U>
    status put(U&& item) noexcept {
        const status answer = producer_.try_put(shared_, std::forward<U>(item));
        if (answer == status::success) [[likely]] {
            tell_all(items_);
        }
        return answer;
    }
    // A reader has finished items: there may be room for the producer, and items for the readers after it.
    void tell_read() noexcept {
        (void)space_.notify(1);
        tell_all(finished_);
    }
    // Every waiter of a lot. Where one wakes by a descriptor, it would take the signal from the others.
    static void tell_all(lot& place) noexcept {
        if constexpr (requires { place.fd(); }) {
            place.notify_all();
        } else {
            (void)place.notify(std::numeric_limits<std::size_t>::max());
        }
    }

    detail::slot_memory<typename slots::slot, typename given::memory> memory_;
    state shared_;
    detail::broadcast_producer<T, given::readers> producer_;
    lot items_{false};     // where readers wait for the producer
    lot finished_{false};  // where readers wait for others
    lot space_{true};      // where the producer waits
};

}  // namespace weir
