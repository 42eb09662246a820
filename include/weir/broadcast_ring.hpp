// SPDX-License-Identifier: MIT
//
// One producer or many, many readers, and each of them sees everything, in order.
//
//     weir::broadcast_ring<tick> feed(1024);
//
//     auto book = feed.join();                                  // gated: the producer waits for it, so it misses nothing
//     auto store = feed.join({.name = "store"});
//     auto risk = feed.join({.name = "risk", .after = {&book, &store}});   // sees what both have finished
//     auto screen = feed.join({.name = "screen", .mode = weir::reader_mode::lossy});   // never waited for
//     (void)feed.push(t);                                       // waits for the slowest gated reader
//
//     std::thread booking([in = std::move(book)]() mutable {    // a reader is moved to its thread
//         while (auto t = in.pop()) book_it(*t);                // until the ring is closed and all is read
//     });
//
//     while (auto t = screen.pop()) {
//         if (screen.gap() > 0) resynchronise();                // so many items were missed right before this one
//         draw(*t);
//     }
//
// Options, in any order: many_producers, a waiting strategy, stats::on, storage::heap, huge_pages or fixed<N>, and max_readers<N>
// (16 if it is not given).
//
// A reader may pass from thread to thread, one at a time. Its operations, with their contracts in detail/broadcast/ring_reader.hpp;
// `f` is called with a const T&: a copy, valid during the call, if T is trivially copyable; else the item in its slot.
//
//     status      try_pop(out)                             success, empty, closed
//     optional<T> try_pop(), pop(), pop_for(time), pop_until(at)
//     status      pop(out)                                 waits for an item: success, closed
//     status      pop_for(out, time), pop_until(out, at)   ... timeout
//     status      pop_unless(out, stop[, at])              ... empty if stop() returned true
//     size_t      consume(f[, most])                       those there are
//     status      try_consume_one(f), consume_one_unless(f, stop[, at])
//     size_t      consume_some(f[, most]), consume_some_for(f, time[, most]), consume_some_unless(f, stop[, at[, most]])
//     uint64_t    gap(), missed(), lag()                   missed right before the latest item; in all; not finished yet
//     reader_mode mode()                                   gated or lossy; of a late one as its lag_limit says
//     bool        is_ended()                               by its lag_limit: no more items
//     void        leave(), wake_all()
//
// A gated reader that is late can be given up: join({.limit = {.time = 50ms, .then = weir::when_late::ended}}).
//
//     lag_limit   nanoseconds time = 0                     for how long it may hold up the producer; 0: no limit
//                 when_late   then = when_late::lossy      lossy: it stays, and is waited for no longer; ended: it gets no more items
#pragma once

#include <algorithm>
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
#include "weir/detail/base/element.hpp"
#include "weir/detail/base/user_code.hpp"
#include "weir/detail/broadcast/producer.hpp"
#include "weir/detail/broadcast/ring_reader.hpp"
#include "weir/detail/broadcast/slots.hpp"
#include "weir/detail/broadcast/slowest.hpp"
#include "weir/detail/broadcast/state.hpp"
#include "weir/detail/options.hpp"
#include "weir/detail/refusals.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/ring.hpp"
#include "weir/status.hpp"
#include "weir/wait.hpp"

namespace weir {

/// A bounded ring of one producer, or with the option many_producers of any number, and many readers.
///
/// - The bound is exact: a push succeeds while the slowest gated reader has fewer than capacity() items to read. Without gated
///   readers every push succeeds.
/// - With many_producers items are seen in the order of their claims. A producer that is suspended between its claim and the end of its
///   push holds up the readers, and once capacity() items were claimed behind its own also the others, whose pushes answer `busy`.
/// - Readers join and leave at any time. One that joins sees what is pushed from then on. One that is destroyed frees the producer.
/// - A gated reader that comes `after` others sees an item when all of them have finished it (and, being gated, it holds up the
///   producer like any other).
/// - A gated reader with a lag_limit that is late for too long becomes lossy or is ended; readers after it wait for it no longer.
/// - A lossy reader that falls more than capacity() behind goes on with the oldest item that is kept, or, if it was overtaken during a
///   copy, a quarter of the capacity later: received + missed() = pushed since it joined, exactly. Only where T is trivially copyable.
/// - close() ends the pushing: readers see the rest, and only then `closed`, which is never confused with a gap. A reader that was
///   ended by its lag_limit gets `closed` at once, and what it had not read is not counted: ask is_ended().
/// - Nothing allocates after construction but readers(), slowest() and snapshot(), and join() where T is larger than 4 KiB: readers
///   copy such items there, not to the stack. Try-operations make no syscall, as of other rings. While a reader has a lag_limit, a
///   look at the readers reads the steady clock.
template <class T, class... Options>
class broadcast_ring : public detail::option_refusals<broadcast_ring<T, Options...>, stats::broadcast_snapshot>,
                       public detail::reading_refusals<broadcast_ring<T, Options...>, T> {
    using refused = detail::option_refusals<broadcast_ring, stats::broadcast_snapshot>;
    using tokens = detail::token_refusals<T>;
    using given = detail::options<detail::ring_family::broadcast, T, Options...>;
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                  "weir: T must be nothrow-move-constructible and nothrow-destructible, since slots are overwritten");
    static_assert(!std::same_as<typename given::memory, storage::borrowed>,
                  "weir: the slots of a broadcast_ring are on the heap, in huge pages or in the ring, not in a span");
    static_assert(std::copy_constructible<T>, "weir: every reader gets each item, so T must be copyable");
    static constexpr bool many = std::same_as<typename given::producers, many_producers>;
    using producer = std::conditional_t<many, detail::broadcast_producers<T, given::readers>,
                                        detail::broadcast_producer<T, given::readers>>;
    using state = typename producer::state;
    using slots = detail::broadcast_slots<T>;
    using seat = detail::broadcast_seat;
    using lot = typename given::waiting::lot;
    static constexpr std::size_t fixed_capacity = detail::fixed_capacity<typename given::memory>;
    using shape = detail::core_of_capacity<fixed_capacity>;

public:
    using value_type = T;
    using memory_source = detail::memory_source<typename given::memory>;
    static constexpr bool has_many_producers = many;
    static constexpr bool keeps_statistics = std::same_as<typename given::statistics, stats::on>;
    static constexpr bool can_be_lossy = slots::can_be_overtaken;
    static constexpr std::size_t most_readers = given::readers;
    static constexpr std::size_t most_capacity = detail::most_slots<typename slots::slot>;
    static constexpr progress try_push_progress = many ? progress::may_be_busy : progress::wait_free;
    static constexpr progress try_pop_progress = progress::wait_free;

    using reader = broadcast_reader<broadcast_ring>;

    /// How a reader joins; name the members in this order.
    struct join_settings {
        std::string_view name = {};  ///< 23 bytes are kept, as many whole characters of UTF-8 as fit
        reader_mode mode = reader_mode::gated;
        std::initializer_list<const reader*> after = {};  ///< four at most, gated, and of this ring
        lag_limit limit = {};                             ///< of a gated reader that is after no others
    };

    explicit broadcast_ring(std::size_t capacity, start_at start = {})
        requires(fixed_capacity == 0)
        : broadcast_ring(capacity, start, memory_source{}) {}
    broadcast_ring()
        requires(fixed_capacity != 0)
        : broadcast_ring(start_at{}) {}
    explicit broadcast_ring(start_at start)
        requires(fixed_capacity != 0)
        : broadcast_ring(fixed_capacity, start, memory_source{}) {}
    // What a broadcast ring cannot be built from, refused with a sentence.
    template <class... Args>
        requires detail::is_misbuilt<shape, Args...>
    explicit broadcast_ring(const Args&...) : broadcast_ring(fixed_capacity, start_at{}, memory_source{}) {
        detail::refuse_to_build<shape, Args...>();
    }

    broadcast_ring(const broadcast_ring&) = delete;
    broadcast_ring& operator=(const broadcast_ring&) = delete;
    ~broadcast_ring() {
        const std::uint64_t end =
            shared_.sent.load(detail::relaxed);  // relaxed: no other thread uses the ring any more
        mapped().destroy(producer_.first_kept(shared_), end);
    }

    // ---- the producer: one thread, or any ---------------------------------------------------------------------

    /// Appends if the slowest gated reader leaves room: success, full or closed; with many producers also busy, see progress. A
    /// refused T is untouched. O(1), and O(readers) when the known room is used up: at each push while a gated reader is far behind.
    status try_push(const T& item) noexcept(std::is_nothrow_copy_constructible_v<T>) {
        return offer(item, counted::yes);
    }
    status try_push(T&& item) noexcept { return offer(std::move(item), counted::yes); }

    /// The same, but waits for room: success or closed; timeout, after that time, or at that time of any clock; or, if `stop()` said
    /// true, full or busy.
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
    template <class U, detail::bare_number N>
    status push_for(U&&, N) = delete;  // weir: a time has a unit, as 100ms
    template <class U = T>
        requires std::constructible_from<T, U>
    status push_until(U&& item, detail::any_time_point deadline) {
        return push_unless(std::forward<U>(item), detail::never, deadline);
    }
    template <class U, std::predicate Stop>
        requires std::constructible_from<T, U>
    status push_unless(U&& item, Stop stop, detail::any_time_point deadline = detail::forever) {
        if constexpr (!std::same_as<std::remove_cvref_t<U>, T>) {
            return push_unless(T(std::forward<U>(item)), stop, deadline);  // made once, however often it is tried
        } else {
            status answer = try_push(std::forward<U>(item));
            if (!is_to_wait(answer) || stop()) return answer;
            const auto done = [&] {
                answer = offer(std::forward<U>(item), counted::no);
                return !is_to_wait(answer) || stop();
            };
            if (!wait_for_room(done, deadline)) answer = status::timeout;
            return answer == status::success || is_to_wait(answer) ? answer : refuse(answer);
        }
    }

    /// The calling thread is the producer from now on, as of basic_ring.
    void adopt_producer() noexcept
        requires(!has_many_producers)
    {
        producer_.adopt();
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    /// A new reader. Any thread; lock-free. It belongs to one thread at a time and must not outlive the ring. Rejects with
    /// std::invalid_argument: a reader too many; in `after` more than four, or one that is not gated or of another ring; a limit, or lossy,
    /// of a reader after others; lossy, or a limit, where T is not trivially copyable; a negative limit. May throw std::bad_alloc.
    [[nodiscard]] reader join(join_settings how = {}) { return reader(*this, how); }

    /// Ends the pushing, as of basic_ring. Idempotent.
    void close() noexcept {
        shared_.claims.end();
        wake_all();
    }
    bool is_closed() const noexcept { return shared_.claims.is_ended(); }
    /// Makes every waiter look again, and ask again whether to stop.
    void wake_all() noexcept {
        items_.notify_all();
        finished_.notify_all();
        space_.notify_all();
    }
    std::size_t capacity() const noexcept { return static_cast<std::size_t>(shared_.capacity); }
    /// How many pushes would find room: for a lone producer a lower bound, unless a reader joins; for others a recent value. O(readers).
    std::size_t credits() const noexcept {
        const std::uint64_t sent = shared_.sent.load(detail::relaxed);  // relaxed: a lone producer's own
        const std::uint64_t used = detail::find_slowest(shared_, sent).behind + shared_.claims.ahead_of(sent);
        return static_cast<std::size_t>(shared_.capacity - std::min(used, shared_.capacity));
    }

    /// The name, mode and lag of every reader, and what it missed. Allocates. O(most_readers).
    std::vector<reader_info> readers() const {
        std::vector<reader_info> found;
        for (const seat& s : shared_.seats) {
            const std::uint32_t mode = seat::mode(s.state.load(detail::relaxed));  // relaxed, all: statistics
            if (mode != seat::gated && mode != seat::lossy && mode != seat::ended) continue;
            const auto name = s.name.get();
            const auto lag =
                static_cast<std::int64_t>(shared_.sent.load(detail::relaxed) - s.position.load(detail::relaxed));
            const auto lossy_or_gated = mode == seat::gated ? reader_mode::gated : reader_mode::lossy;
            found.push_back({name.data(), lossy_or_gated, static_cast<std::uint64_t>(std::max<std::int64_t>(lag, 0)),
                             s.missed.load(detail::relaxed), mode == seat::ended});
        }
        return found;
    }
    /// The gated reader furthest behind, the first of equals: the one that the producer waits for, if its lag is capacity(). Allocates.
    std::optional<reader_info> slowest() const {
        std::optional<reader_info> found;
        for (reader_info& one : readers()) {
            if (one.mode == reader_mode::gated && (!found || one.lag > found->lag)) found = std::move(one);
        }
        return found;
    }

    // Either the operation, or a function that refuses it with a sentence.
    using refused::snapshot, refused::adopt_producer, tokens::push;

    /// What the producers did, and what readers() says. See stats.hpp; needs stats::on. Allocates.
    stats::broadcast_snapshot snapshot() const
        requires keeps_statistics
    {
        return {capacity(), made_.of_producer(), readers()};
    }

private:
    broadcast_ring(std::size_t capacity, start_at start, const memory_source& from)
        : memory_(std::bit_ceil(detail::checked_capacity(capacity, most_capacity)), from),
          done_marks_(std::bit_ceil(capacity), from),
          shared_(capacity, start.position, detail::is_asymmetric<typename given::waiting::fence_policy>()),
          producer_(shared_, constructed(capacity), done_marks_.data()) {}

    slots constructed(std::size_t capacity) noexcept {
        slots mapped(memory_.data(), capacity);
        mapped.construct();
        return mapped;
    }
    slots mapped() noexcept { return slots(memory_.data(), capacity()); }

    enum class counted : bool { no, yes };

    status offer(const T& item, counted refusals) noexcept(std::is_nothrow_copy_constructible_v<T>) {
        if constexpr (std::is_trivially_copyable_v<T> || std::is_nothrow_copy_constructible_v<T>) {
            return put(item, refusals);
        } else {
            const status answer = producer_.room(shared_);
            if (answer == status::success) return put(T(item), refusals);
            return refusals == counted::yes ? refuse(answer) : answer;
        }
    }
    status offer(T&& item, counted refusals) noexcept { return put(std::move(item), refusals); }

    template <class U>
    status put(U&& item, counted refusals) noexcept {
        bool has_advanced = true;
        status answer = status::success;
        if constexpr (many) answer = producer_.try_put(shared_, std::forward<U>(item), has_advanced);
        if constexpr (!many) answer = producer_.try_put(shared_, std::forward<U>(item));
        tell_given_up();
        if (answer != status::success) return refusals == counted::yes ? refuse(answer) : answer;
        made_.passed(1);
        if (has_advanced) {
            if (tell_all(items_)) made_.woke();
            // Other producers may have waited for this one.
            if constexpr (many) (void)tell_all(space_);
        }
        return answer;
    }
    status refuse(status answer) noexcept {
        if constexpr (keeps_statistics) made_.refused(answer, capacity());
        return answer;
    }
    static constexpr bool is_to_wait(status said) noexcept { return said == status::full || said == status::busy; }

    // While readers have limits, a wait also ends when one of them has been late for too long: then it is waited for no longer.
    template <class Done>
    bool wait_for_room(Done& done, detail::steady_time deadline) {
        const auto parked = [this]() noexcept { made_.parked(); };
        for (;;) {
            const detail::steady_time until = std::min(deadline, when_to_look());
            bool is_done = false;
            if constexpr (requires { space_.wait(done, until, parked); }) {
                is_done = space_.wait(done, until, parked);
            } else {
                is_done = space_.wait(done, until);
            }
            if (is_done || detail::has_passed(deadline)) return is_done;
        }
    }
    // A reader has finished items: there may be room for the producer, and items for the readers after it.
    void tell_read() noexcept {
        if constexpr (many) (void)tell_all(space_);
        if constexpr (!many) (void)space_.notify(1);
        (void)tell_all(finished_);
    }
    // Every waiter of a lot. Where one wakes by a descriptor, it would take the signal from the others.
    static bool tell_all(lot& place) noexcept {
        if constexpr (requires { place.fd(); }) {
            place.notify_all();
            return false;
        } else {
            return place.notify(std::numeric_limits<std::size_t>::max());
        }
    }

    // To wait at several rings, as of ring_ends.
    lot& lot_of_room() noexcept { return space_; }
    status look_for_room() noexcept {
        if (is_closed()) return status::closed;
        return producer_.room(shared_) == status::success ? status::success : status::full;
    }
    // When a reader that is late now will have been so for too long, and the producer is to look again.
    detail::steady_time when_to_look() noexcept {
        // relaxed: a limit that comes later takes effect later
        if (shared_.limited.load(detail::relaxed) == 0) return detail::forever;
        const detail::steady_time next = detail::judge_late_readers(shared_).next;
        tell_given_up();
        return next;
    }
    // Readers that wait for one that is gated no longer go on without it.
    void tell_given_up() noexcept {
        // relaxed: the exchange decides. acquire: with the release of judge_late_readers()
        if (shared_.given_up.load(detail::relaxed) != 0 && shared_.given_up.exchange(0, detail::acquire) != 0)
            [[unlikely]]
            (void)tell_all(finished_);
    }

    friend reader;
    friend struct detail::select_access;

    detail::slot_memory<typename slots::slot, typename given::memory> memory_;
    [[no_unique_address]] std::conditional_t<
        many, detail::slot_memory<typename producer::done_mark, typename given::memory>, detail::no_done_marks>
        done_marks_;
    state shared_;
    producer producer_;
    lot items_{false};     // where readers wait for the producer
    lot finished_{false};  // where readers wait for others
    lot space_{true};      // where producers wait
    [[no_unique_address]] typename given::statistics::template ledger<0, many> made_;
};

/// Of what is no element: refused with a sentence, by its options.
template <class T, class... Options>
    requires(!detail::is_element<T>)
class broadcast_ring<T, Options...> : public broadcast_ring<detail::instead_of<T>, Options...> {
    using base = broadcast_ring<detail::instead_of<T>, Options...>;
    using refusal = typename detail::options<detail::ring_family::broadcast, T, Options...>::waiting;
    using base::base;
};

}  // namespace weir
