// SPDX-License-Identifier: MIT
//
// Bounded rings of messages: records of any size in a ring of bytes, written and read in place.
//
//     weir::spsc_message_ring<> feed(1 << 20);                     // 1 MiB
//
//     // The producer:
//     (void)feed.push(std::as_bytes(std::span(packet)), 7);        // a copy, with a type tag; waits for room
//     if (auto message = feed.try_reserve(1500)) {                 // or written in place
//         message.commit(receive(socket, message.bytes()));        // the first k bytes of it; without commit() nothing happens
//     }
//
//     // The consumer:
//     feed.consume([&](std::uint16_t type, std::span<const std::byte> bytes) { handle(type, bytes); });
//
// | ring              | producers | consumers | pushes    | visits      |
// |-------------------|-----------|-----------|-----------|-------------|
// | spsc_message_ring | one       | one       | wait-free | wait-free   |
// | mpsc_message_ring | any       | one       | lock-free | may be busy |
//
// A producer suspended in the middle of a push makes visits `busy`, and once the ring has filled up behind it, pushes `full`.
// A reservation converts to bool; answer() says why there is none; bytes() is the room; commit() or commit(k) hands it over, once.
// It cannot be moved. A message in pieces is a list of spans, or a span of them:
//
//     (void)feed.push({header, body}, 7);
//
// A visit returns void, or what is to come: visit::go_on, this message is done; visit::stop, it is done, and no more for now;
// visit::leave, no more for now, and this message stays the oldest.
//
// Typed messages, without casts, are in messages.hpp; rings that lose messages by a policy in overflow_messages.hpp.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/user_code.hpp"
#include "weir/detail/message/consuming.hpp"
#include "weir/detail/message/ends.hpp"
#include "weir/detail/message/mpsc.hpp"
#include "weir/detail/message/pushing.hpp"
#include "weir/detail/message/record.hpp"
#include "weir/detail/message/reservation.hpp"
#include "weir/detail/message/spsc.hpp"
#include "weir/detail/message/visit.hpp"
#include "weir/detail/options.hpp"
#include "weir/detail/refusals.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/ring.hpp"
#include "weir/stats.hpp"
#include "weir/status.hpp"
#include "weir/wait.hpp"

namespace weir {

template <class Core, class Wait, class Stats>
class basic_message_ring;
template <class Policy, class... Options>
class overflow_message_ring;

namespace detail {

template <template <class, std::size_t> class Core, class... Options>
struct message_ring_of {
    using given = options<ring_family::message, std::byte, Options...>;
    using type = basic_message_ring<Core<typename given::memory, given::alignment>, typename given::waiting,
                                    typename given::statistics>;
};

}  // namespace detail

// Options, in any order: a waiting strategy, stats::on, a storage, as of other rings (ring.hpp; storage::fixed<N> is for N bytes),
// and message_alignment<N>: payloads begin at multiples of N bytes, 8 if it is not given.

/// One producer thread and one consumer thread.
template <class... Options>
using spsc_message_ring = typename detail::message_ring_of<detail::spsc_message_core, Options...>::type;

/// Any number of producer threads and one consumer thread. A producer that is suspended between its claim and its commit holds up
/// the messages behind its own: visits answer `busy` until it goes on.
template <class... Options>
using mpsc_message_ring = typename detail::message_ring_of<detail::mpsc_message_core, Options...>::type;

/// A bounded ring of messages, used through its aliases.
///
/// - The bound is exact, in bytes: a message of n bytes takes bytes_for_message(n), which is n and a header of 8 bytes, rounded up
///   to the alignment. A message lies in one piece; where it would pass the end of the storage it begins at the start, and what it
///   skips is taken until the consumer has passed it. So acceptance depends on the position, but never for an empty ring: that
///   one accepts every message of up to max_message() bytes, half of the capacity but for the header. And when a message was
///   consumed, one of its size fits again. A larger one is always `too_large`.
/// - What a reservation does not hand over, because it is dropped or commits fewer bytes, is free at once on a ring of one producer.
///   With many producers it is free when the consumer has passed it, so there reserve what you need.
/// - A push that fails has no effect.
/// - close() ends the pushing: accepted messages are still delivered, in order, and only then do visits answer `closed`.
/// - Errors: the constructor rejects an impossible capacity with std::invalid_argument (aborts where exceptions are off) and lets
///   what the storage throws pass; with wait::event it throws std::system_error if there is no eventfd. Otherwise only visits and
///   stop predicates may throw.
/// - Nothing allocates after construction, and try-operations make no syscall, as of other rings.
/// - Construct and destroy while no other thread uses the ring.
template <class Core, class Wait, class Stats>
class basic_message_ring
    : public detail::option_refusals<basic_message_ring<Core, Wait, Stats>, stats::message_snapshot>,
      public detail::message_pushing<basic_message_ring<Core, Wait, Stats>>,
      public detail::message_consuming<basic_message_ring<Core, Wait, Stats>> {
    using pushing = detail::message_pushing<basic_message_ring>;
    using consuming = detail::message_consuming<basic_message_ring>;
    using refused = detail::option_refusals<basic_message_ring, stats::message_snapshot>;
    using ends = detail::message_ends<Core, Wait, Stats>;
    using mapping = typename Core::mapping;
    using shape = detail::core_of_capacity<Core::fixed_capacity, typename Core::memory_source>;
    static constexpr std::size_t all = static_cast<std::size_t>(-1);

public:
    using time_point = std::chrono::steady_clock::time_point;
    using bytes = typename pushing::bytes;
    using pieces = typename pushing::pieces;
    using reservation = message_reservation<basic_message_ring>;

    static constexpr bool has_many_producers = Core::has_many_producers;
    static constexpr bool has_many_consumers = false;
    static constexpr bool keeps_statistics = ends::keeps_statistics;
    /// Whether there are descriptors to wait on: items_fd() and space_fd().
    static constexpr bool has_descriptors = requires(typename Wait::lot& lot) { lot.fd(); };
    static constexpr progress try_push_progress = Core::try_push_progress;
    static constexpr progress try_pop_progress = Core::try_pop_progress;

    /// Bytes of the ring that a message of n bytes takes.
    static constexpr std::size_t bytes_for_message(std::size_t n) noexcept { return mapping::record_bytes(n); }

    /// What the constructor takes beside a capacity: a std::span<std::byte> with storage::borrowed, an A with
    /// storage::allocated<A>. A span has bytes_for(capacity) bytes at least, and begins at a multiple of memory_alignment.
    using memory_source = typename Core::memory_source;
    static constexpr std::size_t bytes_for(std::size_t capacity) noexcept {
        return mapping::words_for(capacity) * sizeof(detail::record_word);
    }
    static constexpr std::size_t memory_alignment = detail::slot_alignment<detail::record_word>;
    static constexpr std::size_t least_capacity = mapping::least_capacity;
    static constexpr std::size_t most_capacity = mapping::most_capacity;

    /// A ring of `capacity_bytes`: a power of two, 16 at least (twice the alignment), and 4 GiB at most.
    explicit basic_message_ring(std::size_t capacity_bytes, start_at start = {})
        requires(Core::fixed_capacity == 0 && !detail::borrows_memory<Core>)
        : ends_(capacity_bytes, start.position, asymmetric()) {}
    basic_message_ring()
        requires(Core::fixed_capacity != 0)
        : basic_message_ring(start_at{}) {}
    explicit basic_message_ring(start_at start)
        requires(Core::fixed_capacity != 0)
        : ends_(Core::fixed_capacity, start.position, asymmetric()) {}
    /// ... in the span or from the allocator.
    basic_message_ring(std::size_t capacity_bytes, const memory_source& from, start_at start = {})
        requires(detail::borrows_memory<Core> || detail::takes_allocator<Core>)
        : ends_(capacity_bytes, start.position, asymmetric(), checked_source(capacity_bytes, from)) {}

    // What a ring of messages cannot be built from, refused with a sentence.
    template <class... Args>
        requires(!detail::borrows_memory<Core> && detail::is_misbuilt<shape, Args...>)
    explicit basic_message_ring(const Args&...) : ends_(Core::fixed_capacity, std::uint64_t{0}, asymmetric()) {
        detail::refuse_to_build<shape, Args...>();
    }
    template <std::integral N, class... Rest>
        requires(detail::borrows_memory<Core> && (std::same_as<Rest, start_at> && ...))
    explicit basic_message_ring(const N& capacity, const Rest&...) : basic_message_ring(capacity, memory_source{}) {
        detail::refuse_without_memory<N, Rest...>();
    }

    basic_message_ring(const basic_message_ring&) = delete;
    basic_message_ring& operator=(const basic_message_ring&) = delete;

    // The producer's operations, with their contracts in detail/message/pushing.hpp. `bytes` is a std::span<const std::byte>, or a
    // message in pieces: a span of spans, or a list as {header, body}. `type` is a std::uint16_t, 0 if it is not given:
    //
    //     status      try_push(bytes[, type])                  success, full, closed, too_large
    //     status      push(bytes[, type])                      waits for room: success, closed, too_large
    //     status      push_for(bytes, time[, type])            ... timeout
    //     status      push_until(bytes, at[, type])            ... timeout
    //     status      push_unless(bytes, stop[, at[, type]])   ... full if stop() returned true
    //     reservation try_reserve(n[, type]), reserve(n[, type]), reserve_for(n, time[, type]), _until, _unless   in place
    //
    // The consumer's, with those that wait in detail/message/consuming.hpp. `f` is a visit of a message in place:
    // f(std::uint16_t type, std::span<const std::byte> bytes), which returns void or weir::visit:
    //
    //     size_t      consume(f[, most])                       those there are
    //     status      try_consume_one(f)                       success, empty, busy, closed
    //     status      consume_one(f), consume_one_for(f, time), _until(f, at), _unless(f, stop[, at])
    //     size_t      consume_some(f[, most]), consume_some_for(f, time[, most]), _until, _unless   waits for the first
    //
    // With a std::stop_token, in stop.hpp: weir::push(ring, bytes, token[, type]), weir::reserve(ring, n, token[, type]),
    // weir::consume_one(ring, f, token), weir::consume_some(ring, f, token[, most]).

    // ---- producer side: in place ------------------------------------------------------------------------------

    /// Reserves `n` bytes to be written in place; 0 is a message, too. Look at the reservation: full, closed, too_large or success.
    /// Until it is committed or dropped, a lone producer may push and reserve nothing else: that is undefined, and where roles are
    /// checked (see ring.hpp) it aborts with a sentence. O(1).
    reservation try_reserve(std::size_t n, std::uint16_t type = 0) noexcept {
        return {*this, ends_.try_claim(n), type};
    }

    /// As try_reserve, but waits for room: success, closed or too_large; timeout, after that time, or at that time of any clock; or,
    /// if `stop()` said true, full. wake_all() makes waiters ask again.
    reservation reserve(std::size_t n, std::uint16_t type = 0) { return reserve_until(n, detail::forever, type); }
    template <class Rep, class Period>
    reservation reserve_for(std::size_t n, std::chrono::duration<Rep, Period> time, std::uint16_t type = 0) {
        return reserve_until(n, detail::deadline_after(time), type);
    }
    reservation reserve_until(std::size_t n, detail::any_time_point deadline, std::uint16_t type = 0) {
        return reserve_unless(n, detail::never, deadline, type);
    }
    template <std::predicate Stop>
    reservation reserve_unless(std::size_t n, Stop stop, detail::any_time_point deadline = detail::forever,
                               std::uint16_t type = 0) {
        return {*this, ends_.claim_unless(n, stop, deadline), type};
    }

    // ---- consumer side: one thread ----------------------------------------------------------------------------

    /// Calls `f(type, bytes)` on the messages there are, oldest first and at most `most` of them, each in place, then frees them.
    /// `f` returns void, or whether to go on: visit::go_on, stop or leave. Returns how many messages are done. If `f` throws, that
    /// message and those after it stay. O(k); with many producers also in the bytes, which are set to 0.
    template <detail::message_visit F>
    std::size_t consume(F&& f, std::size_t most = all) {
        return consume_noting(f, most).done;
    }

    /// The same for the oldest message: success if there was one, and even if `f` left it; empty, closed, or busy (see progress).
    template <detail::message_visit F>
    status try_consume_one(F f) {
        return consume_noting(f, 1).visits > 0 ? status::success : ends_.core().shortage();
    }

    /// The same, but waits for a message until `stop()` says true: success or closed; timeout, at that time of any clock; or, if it said
    /// true, empty or busy. The forms without `stop` are in detail/message/consuming.hpp.
    template <detail::message_visit F, std::predicate Stop>
    status consume_one_unless(F f, Stop stop, detail::any_time_point deadline = detail::forever) {
        visits done;
        return wait_to_consume(f, 1, stop, deadline, done);
    }

    /// Waits until there is a message or `stop()` says true, then visits those there are, `most` at most, as consume() does. Returns
    /// how many are done; 0 when the ring is closed and drained, when the time was over or `stop()` said true first, or when `f` left
    /// the first one.
    template <detail::message_visit F, std::predicate Stop>
    std::size_t consume_some_unless(F&& f, Stop stop, detail::any_time_point deadline = detail::forever,
                                    std::size_t most = all) {
        visits done;
        (void)wait_to_consume(f, most, stop, deadline, done);
        return done.done;
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    /// Ends the pushing: later pushes answer closed, all waiters wake, accepted messages are still delivered. Idempotent.
    void close() noexcept { ends_.close(); }
    bool is_closed() const noexcept { return ends_.core().is_closed(); }
    /// Makes every waiter look again, and ask again whether to stop.
    void wake_all() noexcept { ends_.wake_all(); }

    /// Exactly the number of bytes that was asked for.
    std::size_t capacity_bytes() const noexcept { return ends_.core().capacity(); }
    std::size_t capacity() const noexcept { return capacity_bytes(); }
    /// The largest message: an empty ring accepts it, wherever it stands.
    std::size_t max_message() const noexcept { return mapping::most_payload(capacity_bytes()); }
    /// Bytes that are taken, headers and skipped bytes included: exact at a quiet moment, otherwise slightly stale.
    std::size_t size_approx() const noexcept { return ends_.core().size_approx(); }
    /// Bytes that are free: for a lone producer a lower bound.
    std::size_t credits() const noexcept { return capacity_bytes() - size_approx(); }

    // Either the operation, or a function that refuses it with a sentence.
    using consuming::consume, consuming::try_consume_one, consuming::consume_one_unless, consuming::consume_some_unless;
    using refused::snapshot, refused::adopt_producer, refused::items_fd, refused::space_fd;
    template <detail::bare_number N, class... More>
    void reserve_for(std::size_t, N, const More&...) = delete;  // weir: a time has a unit, as 100ms

    stats::message_snapshot snapshot() const noexcept
        requires keeps_statistics
    {
        return ends_.snapshot();
    }
    memory_report memory() const noexcept { return ends_.core().memory(); }

    /// With wait::event: descriptors that are readable while there may be messages, or room for what was refused.
    int items_fd() const noexcept
        requires has_descriptors
    {
        return ends_.items().fd();
    }
    int space_fd() const noexcept
        requires has_descriptors
    {
        return ends_.space().fd();
    }

    /// The calling thread becomes the producer, or the consumer, as of basic_ring.
    void adopt_producer() noexcept
        requires(!has_many_producers)
    {
        ends_.core().adopt_producer();
    }
    void adopt_consumer() noexcept { ends_.core().adopt_consumer(); }

private:
    friend reservation;
    friend struct detail::select_access;
    friend pushing;
    template <class Policy, class... Options>
    friend class overflow_message_ring;

    // What became of the messages that there were.
    struct visits {
        std::size_t visits = 0;
        std::size_t done = 0;
    };

    static bool asymmetric() noexcept { return detail::is_asymmetric<typename Wait::fence_policy>(); }

    status offer(pieces message, std::uint16_t type) noexcept {
        return fill(try_reserve(pushing::size_of(message), type), message);
    }
    template <class Stop>
    status offer_unless(pieces message, Stop stop, detail::steady_time deadline, std::uint16_t type) {
        return fill(reserve_unless(pushing::size_of(message), stop, deadline, type), message);
    }
    static status fill(reservation to, pieces message) noexcept {
        if (!to) return to.answer();
        std::byte* next = to.bytes().data();
        for (const bytes piece : message) {
            if (!piece.empty()) std::memcpy(next, piece.data(), piece.size());
            next += piece.size();
        }
        to.commit();
        return status::success;
    }

    static const memory_source& checked_source(std::size_t capacity, const memory_source& from) {
        return detail::checked_source<basic_message_ring>(
            detail::checked_message_capacity<mapping::alignment>(capacity), from);
    }

    template <class F>
    visits consume_some_now(F& f, std::size_t most) {
        visits done;
        auto visiting = [&](const message& one) {
            ++done.visits;
            const detail::visited answer = detail::call_visit(f, one);
            if (answer.taken) ends_.count_popped_bytes(one.bytes.size());
            return answer;
        };
        done.done = ends_.consume(visiting, most);
        return done;
    }
    template <class F>
    visits consume_noting(F& f, std::size_t most) {
        const visits done = consume_some_now(f, most);
        if (done.visits == 0 && most > 0) [[unlikely]]
            ends_.note_no_messages();
        return done;
    }

    template <class F, class Stop>
    status wait_to_consume(F& f, std::size_t most, Stop& stop, detail::steady_time deadline, visits& done) {
        const auto attempt = [&] {
            done = consume_some_now(f, most);
            return done.visits > 0 || most == 0;
        };
        return attempt() ? status(status::success) : ends_.wait_for_messages(attempt, stop, deadline);
    }

    ends ends_;
};

}  // namespace weir
