// SPDX-License-Identifier: MIT
//
// What the parts of a ring must offer. A family of rings has three:
//
//     state     the shared words: plain data that works wherever it is mapped
//     ends      what a side keeps for itself, and its try-operations, which take the state
//     core      the object that owns a state, the slots and the ends. basic_ring (ring.hpp) makes a ring of it
//
// and it is combined with a strategy of waiting, whose lots are where the threads of one side wait. To add a family, write a
// core that satisfies ring_core: test/ring/toy_core.hpp is one of 80 lines that passes the whole contract of rings.
//
// None of the functions named here blocks or makes a system call, unless its comment says so. "Producer" and "consumer" mean
// one thread at a time, or any thread where the capability says `many`.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

#include "weir/detail/base/slot_run.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/status.hpp"

namespace weir::detail {

// Stand-ins for code of the user, to spell the requirements with.
template <class T>
struct any_visit {
    void operator()(T&) const noexcept {}
};
struct any_count {
    void operator()(std::size_t) const noexcept {}
};
struct any_question {
    bool operator()() const noexcept { return true; }
};

/// The shared words of a family. No pointers, and no addresses of thread_locals, which a concept cannot see.
template <class State>
concept shared_state = std::is_standard_layout_v<State>;

/// One side's end. `try_emplace` appends and answers success, or why not; `has_room` is true if a push would succeed now.
template <class End, class State, class T>
concept producer_end = shared_state<State> && requires(End& end, State& state, T&& value) {
    { end.try_emplace(state, std::move(value)) } -> std::same_as<status>;
};
/// `try_take` calls `take(element)` on the oldest element, then destroys it and frees its slot; `has_items` is true if a pop
/// would succeed now; `drained` once the ring was closed and everything accepted was taken.
template <class End, class State, class T>
concept consumer_end = shared_state<State> && requires(End& end, State& state, any_visit<T> take) {
    { end.try_take(state, take) } -> std::same_as<status>;
    { end.has_items(state) } -> std::same_as<bool>;
    { end.drained(state) } -> std::same_as<bool>;
};

/// What a family can do, as values: false means that it cannot.
template <class Core>
concept says_what_it_can_do = requires {
    typename Core::value_type;
    typename Core::counter_type;  // of the positions, for start_at
    requires std::same_as<decltype(Core::has_many_producers), const bool>;
    requires std::same_as<decltype(Core::has_many_consumers), const bool>;
    requires std::same_as<decltype(Core::has_contiguous_slots), const bool>;   // try_reserve and try_peek
    requires std::same_as<decltype(Core::has_credit_on_request), const bool>;  // request
    requires std::same_as<decltype(Core::can_drop_oldest), const bool>;        // try_drop_oldest
    requires std::same_as<decltype(Core::fixed_capacity), const std::size_t>;  // 0: an argument of the constructor
    requires std::same_as<decltype(Core::most_capacity), const std::size_t>;
    typename Core::memory_source;  // the last argument of the constructor: no_source, a span of bytes, or an allocator
    requires std::same_as<decltype(Core::memory_alignment), const std::size_t>;  // of a span
    { Core::bytes_for(std::size_t{1}) } noexcept -> std::same_as<std::size_t>;   // of a span for that capacity
    requires std::same_as<decltype(Core::try_push_progress), const progress>;
    requires std::same_as<decltype(Core::try_pop_progress), const progress>;
};

/// What every core offers.
///
/// Producers: `try_emplace(args...)` appends an element built from args, which stay untouched unless the answer is success;
/// `has_room()` tells whether a push would succeed now, and is exact for a thread that is about to sleep.
///
/// Consumers: `try_take(f)` calls f on the oldest element, destroys it and frees its slot; if f may throw and does, the element
/// stays, where there is one consumer. `consume(visit, most, given_back)` does so with min(most, available) elements and calls
/// given_back(k) whenever k slots are free again. `has_items()` as has_room(). `drained()`: closed, and all that was accepted is
/// taken; once true, it stays so.
///
/// Any thread: `close()`, after which no push is accepted; it may make system calls. `is_closed()`, `capacity()`, `memory()`;
/// `size_approx()` is exact at a quiet moment and within [0, capacity] always.
template <class Core>
concept basic_core = says_what_it_can_do<Core> &&
                     requires(Core& core, const Core& seen, typename Core::value_type&& value,
                              any_visit<typename Core::value_type> visit, any_count given_back, std::size_t n) {
                         { core.try_emplace(std::move(value)) } -> std::same_as<status>;
                         { core.has_room() } -> std::same_as<bool>;
                         { core.try_take(visit) } -> std::same_as<status>;
                         { core.consume(visit, n, given_back) } -> std::same_as<std::size_t>;
                         { core.has_items() } -> std::same_as<bool>;
                         { core.drained() } -> std::same_as<bool>;
                         { core.close() } noexcept;
                         { seen.is_closed() } -> std::same_as<bool>;
                         { seen.capacity() } -> std::same_as<std::size_t>;
                         { seen.size_approx() } -> std::same_as<std::size_t>;
                         { seen.memory() } -> std::same_as<memory_report>;
                     };

/// Slots that are elements side by side. `claim(n)`: min(n, room) slots to be written; `publish(n, left)` hands the first n of
/// the `left` claimed ones over; `unclaim(left)` gives the last of them back. `readable(n)`: the oldest min(n, available)
/// elements; `release(n)` frees the slots of the oldest n, which are destroyed by then.
template <class Core>
concept contiguous_core = requires(Core& core, std::size_t n) {
    { core.claim(n) } -> std::same_as<slot_run<typename Core::value_type>>;
    { core.publish(n, n) } noexcept;
    { core.unclaim(n) } noexcept;
    { core.readable(n) } -> std::same_as<slot_run<typename Core::value_type>>;
    { core.release(n) } noexcept;
};

/// Slots that are not. `try_push_n(from, n)` appends min(n, room) items; an exception passes on if nothing was pushed before it.
/// `try_pop_n(out)` moves out min(out.size(), available); it need compile only where T can be assigned.
template <class Core>
concept scattered_core = requires(Core& core, typename Core::value_type* from, std::size_t n) {
    { core.try_push_n(std::make_move_iterator(from), n) } -> std::same_as<std::size_t>;
};

/// A single-ended side knows its thread in debug builds; `adopt_...` makes the calling thread that one.
template <class Core>
concept adoptable_core = requires(Core& core) {
    requires Core::has_many_producers || requires { core.adopt_producer(); };
    requires Core::has_many_consumers || requires { core.adopt_consumer(); };
};

/// Credit on request. `request(n)` asks for n more items and returns how many are granted at once; `grant_rest()` grants what
/// was held back; `has_unused_credit()` tells whether a producer that waits for credit could go on, and may report spurious
/// credit; `credits_approx()`: granted and not used.
template <class Core>
concept pulled_core = requires(Core& core, const Core& seen, std::uint64_t n) {
    { core.request(n) } -> std::convertible_to<std::uint64_t>;
    { core.grant_rest() } -> std::convertible_to<std::uint64_t>;
    { core.has_unused_credit() } -> std::same_as<bool>;
    { seen.credits_approx() } -> std::same_as<std::size_t>;
};

/// `try_drop_oldest(take)` calls `take(element)` on the oldest element and destroys it, if the ring is full at that moment:
/// success, empty if it is not, or busy. `take` does not throw.
template <class Core>
concept dropping_core = requires(Core& core, any_visit<typename Core::value_type> take) {
    { core.try_drop_oldest(take) } -> std::same_as<status>;
};

/// What basic_ring makes a ring of.
template <class Core>
concept ring_core =
    basic_core<Core> && adoptable_core<Core> &&
    (Core::has_contiguous_slots ? contiguous_core<Core> : scattered_core<Core>)&&(
        !Core::has_credit_on_request || pulled_core<Core>)&&(!Core::can_drop_oldest || dropping_core<Core>);

/// Where the threads of one side wait. Any thread may call any function.
///
/// `notify(n)` is called after n items, or slots, were published: it wakes as many waiters as they can serve, and is one relaxed
/// load while no thread waits; true if it made a system call to wake one. `notify_if(n, useful)` asks useful() first, and only
/// if there are waiters. `notify_all()` makes every waiter look again. `wait(done, deadline)` blocks: it calls done() until that
/// returns true (then true) or the deadline has passed (then false). Its protocol is announce, look again, sleep, withdraw: no
/// publication that is followed by notify() is missed, also if done() throws or the waiter gives up.
template <class Lot>
concept wait_lot = std::constructible_from<Lot, bool> &&
                   requires(Lot& lot, std::size_t n, any_question ask, std::chrono::steady_clock::time_point deadline) {
                       { lot.notify(n) } -> std::same_as<bool>;
                       { lot.notify_if(n, ask) } -> std::same_as<bool>;
                       { lot.notify_all() };
                       { lot.wait(ask, deadline) } -> std::same_as<bool>;
                   };

/// A strategy of waiting. `fence_policy` says how a publisher and a waiter order what they write and read (asymmetric_fence.hpp).
template <class Wait>
concept waiting_strategy = requires {
    typename Wait::fence_policy;
    typename Wait::lot;
} && wait_lot<typename Wait::lot>;

}  // namespace weir::detail
