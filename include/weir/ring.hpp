// SPDX-License-Identifier: MIT
//
// Bounded rings. A full ring is a signal: a try-operation refuses and says why, a waiting one waits.
//
//     weir::spsc_ring<int> ring(1024);             // exactly 1024 slots
//
//     std::thread consumer([&] {
//         while (auto item = ring.pop()) use(*item);   // waits; ends when the ring is closed and empty
//     });
//     for (int i = 0; i < 1000; ++i) {
//         if (!ring.push(i)) break;                    // waits for room; false once the ring is closed
//     }
//     ring.close();                                // what was accepted is still popped
//     consumer.join();
//
// | ring             | producers, consumers | progress    | for                                                          |
// |------------------|----------------------|-------------|--------------------------------------------------------------|
// | spsc_ring        | one, one             | wait-free   | one thread to another                                        |
// | mpmc_ring        | any, any             | may be busy | any other case                                               |
// | mpsc_, spmc_ring | any, one; one, any   | may be busy | names for mpmc_ring                                          |
// | strict_mpmc_ring | any, any             | lock-free   | threads that may be suspended at any step, signal handlers   |
//
// Credit on request (the consumer asks for items) is in pull.hpp, loss on purpose in overflow.hpp, handles in handles.hpp.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "weir/detail/concepts.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/detail/mpmc/core.hpp"
#include "weir/detail/options.hpp"
#include "weir/detail/refusals.hpp"
#include "weir/detail/ring/ends.hpp"
#include "weir/detail/ring/popping.hpp"
#include "weir/detail/spsc/core.hpp"
#include "weir/detail/strict/core.hpp"
#include "weir/stats.hpp"
#include "weir/status.hpp"
#include "weir/wait.hpp"

namespace weir {

template <detail::ring_core Core, detail::waiting_strategy Wait, class Stats>
class basic_ring;

namespace detail {
template <class Core, class Given>
using ring_of = basic_ring<Core, typename Given::waiting, typename Given::statistics>;
template <class T, class Given, granting Granting = granting::automatic>
using spsc_of = ring_of<spsc_core<T, typename Given::memory, typename Given::counter, Granting>, Given>;
template <class T, class Given, granting Granting = granting::automatic>
using mpmc_of = ring_of<mpmc_core<T, typename Given::memory, typename Given::counter, Granting>, Given>;
template <class T, class Given, granting Granting = granting::automatic>
using strict_of =
    ring_of<strict_core<T, typename Given::memory, typename Given::counter, Given::threads, Granting>, Given>;
}  // namespace detail

// Options, of all rings and in any order. Without them: wait::park, stats::off, storage::heap, std::uint64_t.
//
//     wait::park, spin, yield, sleep, event     how a waiting operation waits: see wait.hpp
//     stats::on                                 counts, for snapshot(): see stats.hpp
//     storage::heap, huge_pages                 the slots; memory() says what the kernel granted
//     storage::fixed<1000>                      the slots are inside the ring, and its capacity is in its type
//     storage::borrowed                         the slots are in a std::span<std::byte>: ring(1000, span), ring(span)
//     storage::on_node (node_memory.hpp)        the slots are on a NUMA node: ring(1000, storage::on_node(1))
//     storage::allocated<A>                     the slots are from an allocator, of any value_type: ring(1000, allocator)
//     std::uint32_t, ...                        an unsigned integer for the counters: at most half of its range is the capacity.
//                                               strict_mpmc_ring: keep 64 bits, a narrow one wraps its guard against ABA early
//     max_threads<8>                            of strict_mpmc_ring: how many operations may be under way at a time

/// One producer thread and one consumer thread. Total FIFO. All try-operations are wait-free.
///
/// Memory: sizeof(T) per slot, slots rounded up to a power of two, and some twenty cache lines.
template <class T, class... Options>
using spsc_ring = detail::spsc_of<T, detail::options<detail::ring_family::plain, T, Options...>>;

/// Any number of producer and consumer threads. Linearizable, total FIFO in the order of the claims. Every try-operation
/// returns: a claim is tried again only when another thread has claimed in between. But a thread suspended in the middle of one
/// holds its slot, and a thread that comes to that slot gets `busy` until the first one goes on (progress::may_be_busy).
///
/// Memory: an element and a counter per slot, padded to T's alignment, slots rounded up to a power of two, and 1.2 KB. A counter
/// narrower than T's padding makes slots smaller, and limits the capacity to half of its range.
template <class T, class... Options>
using mpmc_ring = detail::mpmc_of<T, detail::options<detail::ring_family::plain, T, Options...>>;

/// For many producers and one consumer, and for one producer and many consumers: names for mpmc_ring. Rings of their own, which
/// spared the lone side its read-modify-writes, were measured and never faster: see "What was tried" in bench/LAB.md.
template <class T, class... Options>
using mpsc_ring = mpmc_ring<T, Options...>;
template <class T, class... Options>
using spmc_ring = mpmc_ring<T, Options...>;

/// Any number of producer and consumer threads, strictly lock-free: a thread that is suspended, or dies, in the middle of
/// an operation delays no other thread and holds none of the capacity. Linearizable, total FIFO. The option max_threads<N>, 64
/// if it is not given, is how many operations may be under way at a time. With more a push may get `busy`: retry; and, rarely, with
/// fewer, if many come and go during its look.
///
/// For threads of different priorities, threads that a debugger or a scheduler may stop for long, and signal handlers. (In a handler use
/// only try-operations, and a T whose constructors may run there, while no coroutine waits at the ring.) Where a suspended thread may hold
/// up others for as long as it is suspended, mpmc_ring is smaller and, depending on the machine, up to twice as fast.
///
/// A push builds its element before it is certain of its room. If another thread is then quicker, an rvalue T gets its
/// value back by a move; what else try_emplace() was given is used up. Build a T yourself, and push it, to keep it.
///
/// Memory: an element, a counter and a byte per slot, padded to the alignment of the strictest; slots rounded up to a power of
/// two; as many slots more as max_threads<N> says, and 1 KB.
template <class T, class... Options>
using strict_mpmc_ring = detail::strict_of<T, detail::options<detail::ring_family::strict, T, Options...>>;

/// Where the counters of a ring begin. Any start works; one just below the counter's wrap makes a test pass through it.
struct start_at {
    std::uint64_t position = 0;
};

/// A bounded ring of T: the one public class, made of a core, which decides how many producers and consumers there may be, a
/// strategy of waiting (wait.hpp), and statistics or none (stats.hpp). Use it through its aliases, such as spsc_ring.
///
/// - The capacity is exact. When the ring is full, a try-operation refuses and says why, and a waiting one waits.
/// - A push that fails leaves a T untouched, also an rvalue. Values from which a T is made may be used up: see emplace().
/// - Every value of T can be stored. T may be move-only and over-aligned. Live elements are destroyed exactly once: when
///   they are taken, or by the ring's destructor.
/// - close() ends the pushing: accepted items are still popped, in order, and only then do pops answer `closed`.
/// - Errors: the constructor rejects an impossible capacity, span or node with std::invalid_argument (aborts where exceptions are off),
///   lets what the storage throws pass, and with wait::event throws std::system_error if there is no eventfd. wait_for_items(n) and
///   wait_for_slots(n) reject an `n` above the capacity, and request() a 0, with std::invalid_argument. Otherwise only T's own
///   constructors and assignments, and functions that the caller passes, may throw.
/// - Code of yours that an operation calls, such as a visit, a constructor or an assignment of T, may use the ring, too. But on a side
///   for one thread a push must not begin within a push, nor within a reservation, nor a pop within a pop: debug builds abort.
/// - Nothing allocates after construction. A try-operation makes no syscall, apart from one that wakes a sleeping peer
///   (wait::park), and those that keep a descriptor up to date at the edges of empty and full (wait::event).
/// - Construct and destroy while no other thread uses the ring.
/// - A ring connects threads of one process. It does not work in memory shared by processes: wake-ups and close() do not reach
///   the other process. A forked child may use its copy of a ring that no other thread was using at the time of the fork; with
///   wait::event the copies share their descriptors, so only one of the two processes may use its copy.
template <detail::ring_core Core, detail::waiting_strategy Wait, class Stats>
class basic_ring : public detail::ring_popping<Core, Wait, Stats>,
                   public detail::refusals<basic_ring<Core, Wait, Stats>, typename Core::value_type> {
    using base = detail::ring_popping<Core, Wait, Stats>;
    using refused = detail::refusals<basic_ring, typename Core::value_type>;
    using typename base::ends;
    static constexpr bool is_told_where = detail::borrows_memory<Core> || detail::takes_allocator<Core>;

public:
    using value_type = typename Core::value_type;
    using T = value_type;
    using time_point = std::chrono::steady_clock::time_point;

    static_assert(std::is_nothrow_destructible_v<T>,
                  "weir: T must be nothrow-destructible, since slots are emptied inside noexcept operations");
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "weir: T must be nothrow-move-constructible, else an item could be lost on its way out of the ring");

    // What a ring can do. Ask these values, not a requires-expression: an operation that a ring lacks compiles there, and is
    // refused with a sentence when it is used.

    /// Whether many threads may use a side at a time.
    static constexpr bool has_many_producers = ends::has_many_producers;
    static constexpr bool has_many_consumers = ends::has_many_consumers;
    /// Whether the slots are elements side by side, which try_reserve() and try_peek() can show.
    static constexpr bool has_contiguous_slots = ends::has_contiguous_slots;

    static constexpr bool keeps_statistics = ends::keeps_statistics;
    /// Whether a push needs a request of a consumer, besides room: see pull.hpp.
    static constexpr bool has_credit_on_request = Core::has_credit_on_request;
    /// Whether a producer may drop the oldest item: try_drop_oldest(). And whether it may push in its place: force_push().
    static constexpr bool has_drop_oldest = Core::can_drop_oldest;
    static constexpr bool has_force_push = base::forces;
    /// Whether there are descriptors to wait on: items_fd() and space_fd().
    static constexpr bool has_descriptors = requires(typename Wait::lot& lot) { lot.fd(); };

    /// How far try_push and try_pop, and their bulk and in-place forms, can be held up by other threads.
    static constexpr progress try_push_progress = Core::try_push_progress;
    static constexpr progress try_pop_progress = Core::try_pop_progress;

    /// What the constructor takes beside a capacity: a std::span<std::byte> with storage::borrowed, an A with
    /// storage::allocated<A>.
    using memory_source = typename Core::memory_source;
    /// The bytes that a ring of this capacity needs for its slots. They start at a multiple of memory_alignment. `capacity` is
    /// 1 to most_capacity. The number of slots is a power of two:
    /// - spsc: bit_ceil(capacity) * sizeof(T);
    /// - mpmc: max(2, bit_ceil(capacity)) slots, each a T and a Counter, padded;
    /// - strict: bit_ceil(capacity) slots, rounded up to whole multiples of memory_alignment, and max_threads slots more, each
    ///   a T, a Counter and a byte, padded.
    static constexpr std::size_t bytes_for(std::size_t capacity) noexcept { return Core::bytes_for(capacity); }
    static constexpr std::size_t memory_alignment = Core::memory_alignment;
    static constexpr std::size_t most_capacity = Core::most_capacity;

    /// A ring of exactly `capacity` slots, 1 at least.
    explicit basic_ring(std::size_t capacity, start_at start = {})
        requires(Core::fixed_capacity == 0 && !has_credit_on_request && !detail::borrows_memory<Core>)
        : base(capacity, static_cast<typename Core::counter_type>(start.position), asymmetric()) {}

    /// A ring whose storage fixes the capacity.
    basic_ring()
        requires(Core::fixed_capacity != 0)
        : basic_ring(start_at{}) {}
    explicit basic_ring(start_at start)
        requires(Core::fixed_capacity != 0 && !has_credit_on_request)
        : base(Core::fixed_capacity, static_cast<typename Core::counter_type>(start.position), asymmetric()) {}

    /// The same with credit on request: no push succeeds before the first request.
    explicit basic_ring(std::size_t capacity, start_at start = {})
        requires(Core::fixed_capacity == 0 && has_credit_on_request && !detail::borrows_memory<Core>)
        : basic_ring(capacity, pull::grant_every{}, start) {}
    explicit basic_ring(start_at start)
        requires(Core::fixed_capacity != 0 && has_credit_on_request)
        : basic_ring(pull::grant_every{}, start) {}
    /// ... and granted by `every` items at least, 1 to the capacity.
    basic_ring(std::size_t capacity, std::same_as<pull::grant_every> auto every, start_at start = {})
        requires(Core::fixed_capacity == 0 && has_credit_on_request && !detail::borrows_memory<Core>)
        : base(capacity, static_cast<typename Core::counter_type>(start.position), asymmetric(), every) {}
    explicit basic_ring(std::same_as<pull::grant_every> auto every, start_at start = {})
        requires(Core::fixed_capacity != 0 && has_credit_on_request)
        : base(Core::fixed_capacity, static_cast<typename Core::counter_type>(start.position), asymmetric(), every) {}

    /// A ring of exactly `capacity` slots, in the span or from the allocator. Rejects a span smaller than bytes_for(capacity)
    /// or not aligned to memory_alignment. O(capacity).
    basic_ring(std::size_t capacity, const memory_source& from, start_at start = {})
        requires(is_told_where && !has_credit_on_request)
        : base(capacity, static_cast<typename Core::counter_type>(start.position), asymmetric(),
               detail::checked_source<Core>(capacity, from)) {}
    basic_ring(std::size_t capacity, const memory_source& from, start_at start = {})
        requires(is_told_where && has_credit_on_request)
        : basic_ring(capacity, from, pull::grant_every{}, start) {}
    basic_ring(std::size_t capacity, const memory_source& from, std::same_as<pull::grant_every> auto every,
               start_at start = {})
        requires(is_told_where && has_credit_on_request)
        : base(capacity, static_cast<typename Core::counter_type>(start.position), asymmetric(), every,
               detail::checked_source<Core>(capacity, from)) {}

    /// A ring of the largest capacity whose bytes_for() fits into the span. It is a power of two, or most_capacity. Rejects a span that
    /// is too small for one item, or not aligned to memory_alignment.
    explicit basic_ring(std::span<std::byte> memory, start_at start = {})
        requires detail::borrows_memory<Core>
        : basic_ring(detail::capacity_within<Core>(memory), memory, start) {}
    basic_ring(std::span<std::byte> memory, std::same_as<pull::grant_every> auto every, start_at start = {})
        requires(detail::borrows_memory<Core> && has_credit_on_request)
        : basic_ring(detail::capacity_within<Core>(memory), memory, every, start) {}

    // What a ring cannot be built from, refused with a sentence.
    template <class... Args>
        requires(Core::fixed_capacity == 0 && !detail::borrows_memory<Core> && detail::is_misbuilt<Core, Args...>)
    explicit basic_ring(const Args&...) : basic_ring(std::size_t{1}) {
        detail::refuse_to_build<Core, Args...>();
    }
    template <class... Args>
        requires(Core::fixed_capacity != 0 && detail::is_misbuilt<Core, Args...>)
    explicit basic_ring(const Args&...) : basic_ring() {
        detail::refuse_to_build<Core, Args...>();
    }
    template <class... Args>
        requires(detail::borrows_memory<Core> && detail::is_without_memory<Core, Args...>)
    explicit basic_ring(const Args&...) : basic_ring(std::size_t{1}, memory_source{}) {
        detail::refuse_without_memory<Args...>();
    }

    basic_ring(const basic_ring&) = delete;
    basic_ring& operator=(const basic_ring&) = delete;

    // The producer's operations, with their contracts, also where T's code throws, in detail/ring/pushing.hpp. `x` is a T, by
    // reference or moved from:
    //
    //     status      try_push(x), try_emplace(args...)        success, full, no_credit, busy, closed
    //     size_t      try_push_n(span), try_push_n(it, n)      how many fitted
    //     status      push(x), emplace(args...)                waits for room: success, closed
    //     status      push_for(x, time), push_until(x, at)     ... timeout
    //     status      push_unless(x, stop[, at])               ... full, no_credit, busy if stop() returned true
    //     size_t      push_n(span), push_n_unless(span, stop[, at])
    //     status      wait_for_slots(n), _for(n, time), ...    success, closed, timeout, full if stopped; takes nothing
    //     reservation try_reserve(n)                           slots to be filled in place: has_contiguous_slots
    //     forced<T>   try_force_push(x)                        .answer, .oldest: an optional<T>; has_force_push
    //     status      force_push(x, f)                         f(T&&) gets what made room
    //     status      try_drop_oldest()                        has_drop_oldest
    //
    // The consumer's, in detail/ring/popping.hpp. `f` is called with T& in its slot, and may move from it:
    //
    //     status      try_pop(out)                             success, empty, busy, closed
    //     optional<T> try_pop(), pop(), pop_for(time), pop_until(at)     nothing: see the status of the form with `out`
    //     size_t      try_pop_n(span)                          how many there were
    //     status      pop(out)                                 waits for an item: success, closed
    //     status      pop_for(out, time), pop_until(out, at)   ... timeout
    //     status      pop_unless(out, stop[, at])              ... empty, busy if stop() returned true
    //     size_t      pop_n(span), pop_n_unless(span, stop[, at])
    //     size_t      consume(f[, most])                       those there are
    //     status      try_consume_one(f), consume_one(f), ...  the first does not wait; _for, _until, _unless
    //     size_t      consume_some(f[, most]), ...             waits for the first item; 0: closed, time up or stopped
    //     status      wait_for_items(n), _for(n, time), ...    success; closed, with fewer; timeout; empty if stopped
    //     readable    try_peek(n)                              items in their slots: has_contiguous_slots
    //     void        request(n)                               asks for items: see pull.hpp; has_credit_on_request
    //
    // A producer that waits for s slots and a consumer that waits for i items may wait for each other for ever if
    // s + i > capacity + 1. Forms with a std::stop_token are in stop.hpp.

    // ---- any thread ------------------------------------------------------------------------------------------

    /// Ends the pushing: every later push answers closed, all waiters wake, accepted items are still popped, and only then do pops
    /// answer closed. An item is accepted or refused, never lost. What the thread that closed the ring first did before happens
    /// before an answer of `closed`. Idempotent. With one producer it makes a system call that interrupts the cores of this process
    /// (membarrier), with more only one to wake a sleeper.
    ///
    /// With one producer, a pop may still answer empty for a moment after pushes are refused: while close(), or a push that it
    /// refuses, is under way.
    void close() noexcept {
        this->core().close();
        wake_all();
    }
    bool is_closed() const noexcept { return this->core().is_closed(); }

    /// Makes every waiter look again, and ask again whether to stop.
    void wake_all() noexcept { this->ends_.wake_all(); }

    /// Exactly the number that was asked for.
    std::size_t capacity() const noexcept { return this->core().capacity(); }

    /// How many items are inside: exact at a quiet moment, otherwise slightly stale, and always within [0, capacity()].
    std::size_t size_approx() const noexcept { return this->core().size_approx(); }

    /// How many pushes would succeed while the ring is open: a lower bound for the producer, slightly stale for others. With credit on
    /// request: the credit that is granted and not used, which is none once the ring is closed.
    std::size_t credits() const noexcept { return this->ends_.room(); }

    /// The counts of both ends so far. Any thread. Lock-free, O(1); reads the steady clock. Takes cache lines of the ends, no more.
    stats::snapshot snapshot() const noexcept
        requires keeps_statistics
    {
        return this->ends_.snapshot();
    }

    /// The kind of memory that the slots are in, and whether the kernel refused huge pages.
    memory_report memory() const noexcept { return this->core().memory(); }

    /// With wait::event: descriptors for poll and epoll, level-triggered, readable while there may be items, or room, and after close().
    /// Then try until the answer is empty, or full: that makes them unreadable again. Do not read, write or close them.
    int items_fd() const noexcept
        requires has_descriptors
    {
        return this->ends_.items().fd();
    }
    int space_fd() const noexcept
        requires has_descriptors
    {
        return this->ends_.space().fd();
    }

    // ---- handing a role on -----------------------------------------------------------------------------------

    /// The calling thread becomes the producer. The previous one must have finished, and that must happen before this call. Has an
    /// effect in debug builds only, which abort when a second thread uses a single-ended side.
    void adopt_producer() noexcept
        requires(!has_many_producers)
    {
        this->core().adopt_producer();
    }
    /// The same for the consumer.
    void adopt_consumer() noexcept
        requires(!has_many_consumers)
    {
        this->core().adopt_consumer();
    }

    // Either the operation, or a function that refuses it with a sentence.
    using base::push, base::push_n, base::pop, base::pop_n, base::try_force_push;
    using base::try_reserve, base::try_peek, base::request, base::try_drop_oldest, base::force_push;
    using refused::items_fd, refused::space_fd, refused::adopt_producer, refused::adopt_consumer;
    using refused::push, refused::push_n, refused::pop, refused::pop_n, refused::force_push, refused::try_force_push;
    using refused::try_reserve, refused::try_peek, refused::request, refused::try_drop_oldest, refused::snapshot;

private:
    static bool asymmetric() noexcept { return detail::is_asymmetric<typename Wait::fence_policy>(); }
};

}  // namespace weir
