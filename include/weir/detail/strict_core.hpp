// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "weir/detail/atomic.hpp"
#include "weir/detail/cache_line.hpp"
#include "weir/detail/cursor.hpp"
#include "weir/detail/demand.hpp"
#include "weir/detail/look_pace.hpp"
#include "weir/detail/pause.hpp"
#include "weir/detail/prefetch.hpp"
#include "weir/detail/storage.hpp"
#include "weir/detail/strict_cells.hpp"
#include "weir/detail/turns.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// Bounded queue of many producers and many consumers in which a thread that stops, at whatever step and for ever,
/// delays nobody else: it holds neither a slot of the capacity nor anything that another one needs.
///
/// How: a producer builds its element in a place that is its own, and then links it to the first position that has no
/// item, by a compare and exchange of that position's link. A consumer reads the link at the head, and takes the item
/// by a compare and exchange of the head; nobody waits for it to empty the place, since the next lap's item finds
/// another one. So there are as many places as the capacity, and one more for each thread that may be in the middle of
/// an operation, `Threads` at most. Extra memory in proportion to the threads is the price of every such queue
/// (Aksenov, Koval, Kuznetsov, Paramonov: Memory bounds for concurrent bounded queues, 2021).
///
/// A queue of links with laps, and compare and exchange at both ends, is that of Shann, Huang, Chen (2000) and of
/// Tsigas and Zhang (2001); a lap packed with an index, and the closing of a position by its own word, are as in SCQ
/// and LCRQ (Nikolaev 2019; Morrison, Afek 2013). SCQ itself, two rings of indices, was not chosen: it takes eight
/// contended read-modify-writes for an item where this takes three, and with exactly `capacity` indices a producer that
/// stops between its index and its publication holds a slot for ever: at capacity 1 the ring is full and empty from
/// then on.
///
/// - Lock-free: an operation is tried again only when another thread's has succeeded in between. close() and drained()
///   likewise. Pauses between looks are bounded.
/// - Linearizable, total FIFO: a push at its link, a pop at its exchange of the head, `full` and `empty` at the load
/// that
///   found it so, close() at its seal. These are seq_cst, so that it holds across rings too.
/// - `full` is exact: there were capacity() items. `busy`, for a push alone, means that every place was found taken:
/// more
///   than `Threads` operations are under way, or so many came and went during the look. Nothing waits for a certain
///   thread then: any of them that ends makes room.
/// - A link comes back to an old value after 2^(bits of Counter - 1 - bits that number the places) laps, so at 64 bits
/// not
///   before 2^56 items: 20 years at 100 M/s, which a thread would have to stand still between its look at the link and
///   its exchange, and wake up exactly then. A narrower Counter is for tests.
template <class T, class Storage, std::unsigned_integral Counter, std::size_t Threads,
          granting Granting = granting::automatic>
class strict_core {
    static_assert(Threads >= 1, "weir: a ring is used by one thread at least");
    using cells = strict_cells<T, Storage, Counter, Threads>;
    using cell = typename cells::cell;

public:
    using value_type = T;
    using counter_type = std::uint64_t;
    static constexpr bool has_credit_on_request = Granting == granting::on_request;
    static constexpr bool has_many_producers = true;
    static constexpr bool has_many_consumers = true;
    static constexpr std::size_t fixed_capacity = detail::fixed_capacity<Storage>;
    static constexpr progress try_push_progress = progress::lock_free;
    static constexpr progress try_pop_progress = progress::lock_free;

    strict_core(std::size_t capacity, std::uint64_t start, bool)
        requires(!has_credit_on_request)
        : cells_(capacity, start), capacity_(static_cast<std::int64_t>(capacity)), tail_(start), head_(start) {}

    strict_core(std::size_t capacity, std::uint64_t start, bool, pull::grant_every every)
        requires has_credit_on_request
        : cells_(capacity, start),
          capacity_(static_cast<std::int64_t>(capacity)),
          tail_(start),
          head_(start),
          demand_(cursor_at(start), capacity, checked_threshold(every, capacity)) {
        tail_.known.store(start - capacity, relaxed);  // relaxed: nobody else is there. No room is known of, see is_full()
    }

    ~strict_core() {
        // relaxed, both: nobody else is there
        for (std::uint64_t at = head_.position.load(relaxed);; ++at) {
            const Counter link = cells_.link_at(at).load(relaxed);
            if (!cells_.is_linked(link, at)) break;
            std::destroy_at(&cells_[cells_.index_of(link)].element);
        }
    }

    strict_core(const strict_core&) = delete;
    strict_core& operator=(const strict_core&) = delete;

    // ---- producer side ---------------------------------------------------------------------------------------

    /// An element is built before it is certain that there is still room for it. If another thread was quicker, it is
    /// destroyed, or, if it was made from an rvalue T, moved back.
    template <class... Args>
    [[gnu::always_inline]] status try_emplace(Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
        if (closing_.load(seq_cst) != open) [[unlikely]]
            return seal(), status::closed;  // (7) seq_cst: pairs with (8), and (11): who begins after close() is not told `full`
        if (!tail_.turn.is_mine()) [[unlikely]]
            tail_.turn.take();
        std::uint64_t at = tail_.position.load(acquire);  // (5) acquire: pairs with (6), see is_full()
        shortage reason;
        if (is_full(at, reason)) [[unlikely]]
            return reason.answer;
        // Lines ahead of need, among the cells that are this side's: nothing is loaded ahead beyond a compare and
        // exchange, so each line would cost its whole transfer between cores. relaxed: see is_full()
        if (at + items_ahead_of_need - tail_.known.load(relaxed) < static_cast<std::uint64_t>(capacity_)) {
            prefetch_for_write(&cells_[cells_.own_index(at + items_ahead_of_need)]);
        }
        std::size_t index = cells_.own_index(at);
        if (!cells_[index].claim()) [[unlikely]] {
            index = claim_another(at);
            if (index == cells::none) return is_full(at, reason) ? reason.answer : status::busy;
        }
        strict_building<cell> place(cells_[index]);
        std::construct_at(&place.element(), std::forward<Args>(args)...);
        place.is_built = true;
        while (!is_full(at, reason)) {
            atomic<Counter>& link = cells_.link_at(at);
            Counter before = link.load(relaxed);  // relaxed: the exchange decides
            if (!cells_.is_awaited(before, at)) {
                at = end_of_items(at);
            } else if (cells_.is_sealed(before)) {
                move_back(place.element(), std::forward<Args>(args)...);
                (void)link.load(acquire);  // acquire: pairs with the seal, what its thread knew of the closing one
                return status::closed;
                // (1) seq_cst: pairs with (2), hands the element over; and one order of all links, takes and looks
            } else if (link.compare_exchange_strong(before, cells_.link_to(at, index), seq_cst, relaxed)) [[likely]] {
                place.is_linked = true;
                advance_tail(at + 1);
                return status::success;
            }
        }
        move_back(place.element(), std::forward<Args>(args)...);
        return reason.answer;
    }

    /// Appends singly, as many as fit. An exception passes when nothing was pushed before it, and otherwise ends the
    /// batch.
    template <class It>
    std::size_t try_push_n(It from, std::size_t n) {
        std::size_t pushed = 0;
#if defined(__cpp_exceptions)
        try {
            push_singly(from, n, pushed);
        } catch (...) {
            if (pushed == 0) throw;
        }
#else
        push_singly(from, n, pushed);
#endif
        return pushed;
    }

    bool has_room() const noexcept {
        const std::uint64_t at = end_of_items(tail_.position.load(relaxed));  // relaxed: a hint
        if constexpr (has_credit_on_request) return !is_closed() && credit_at(at) > 0;
        return !is_closed() && distance(at, head_.position.load(relaxed)) < capacity_;  // relaxed: a hint by now
    }

    // ---- consumer side ---------------------------------------------------------------------------------------

    /// Calls `take(element)` on the oldest element, then destroys it.
    template <class F>
    [[gnu::always_inline]] status try_take(F&& take) noexcept {
        static_assert(
            noexcept(take(std::declval<T&>())),
            "weir: on a ring of many consumers T must be nothrow-move-assignable to be popped into a variable: an "
            "item that was taken could go neither forward nor back; use the pop that returns std::optional<T>");
        return take_one(take);
    }

    std::size_t try_pop_n(std::span<T> out) noexcept {
        std::size_t popped = 0;
        while (popped < out.size() && try_take([&](T& element) noexcept { out[popped] = std::move(element); }))
            ++popped;
        return popped;
    }

    /// Calls `visit(element)` on the oldest elements, as many as there are now and `most` at most, each taken before
    /// and destroyed afterwards; `given_back(k)` is told of room. If a visit throws, that element is gone.
    template <class F, class G>
    std::size_t consume(F& visit, std::size_t most, G given_back) {
        const std::size_t count = std::min(most, size_approx());
        std::size_t visited = 0;
        while (visited < count) {
            telling<G> taken{given_back};
            const std::size_t piece = std::min(count - visited, most_items_at_once<T>);
            while (taken.count < piece) {
                const auto counting = [&](T& element) {
                    ++taken.count;
                    visit(element);
                };
                if (!take_one(counting)) return visited + taken.count;
            }
            visited += piece;
        }
        return visited;
    }

    bool has_items() const noexcept {
        // relaxed, all: a hint; or asked after is_closed(), behind which no link is missed, or after a fence
        for (std::uint64_t at = head_.position.load(relaxed);;) {
            const Counter link = cells_.link_at(at).load(relaxed);
            if (cells_.is_linked(link, at)) return true;
            if (cells_.is_awaited(link, at)) return false;
            at = head_.position.load(relaxed);
        }
    }

    /// Whether the ring was closed and everything accepted was taken. Once true, it stays so.
    bool drained() noexcept { return is_closed() && !has_items(); }

    /// Asks for `n` more items; returns how many that grants at once.
    std::uint64_t request(std::uint64_t n) noexcept
        requires has_credit_on_request
    {
        // relaxed, both: a lower bound, and a hint
        const auto is_known = [this]() noexcept {
            return distance(head_.known.load(relaxed), head_.position.load(relaxed)) > 0;
        };
        return demand_.request(n, cursor_at(head_.position.load(relaxed)), is_known);
    }

    /// Grants what was held back; returns how much that was.
    std::uint64_t grant_rest() noexcept
        requires has_credit_on_request
    {
        return demand_.grant_rest(cursor_at(head_.position.load(relaxed)));  // relaxed: a lower bound
    }

    /// Whether a producer that waits could go on, now that this thread has made room.
    bool has_unused_credit() noexcept
        requires has_credit_on_request
    {
        // relaxed: where the items end is found out by their links
        return demand_.is_unused([this]() noexcept { return cursor_at(end_of_items(tail_.position.load(relaxed))); });
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    /// Nothing is linked from now on.
    void close() noexcept {
        unsigned char was = open;
        // Producers help from here on, so that they cannot keep ahead of the seal.
        // (8) release: pairs with (7), passes on what this thread did before. relaxed: another thread has closed it
        closing_.compare_exchange_strong(was, closing, release, relaxed);
        seal();
    }
    bool is_closed() const noexcept {
        return closing_.load(seq_cst) == closed;  // (10) seq_cst: pairs with (11), the last position is sealed
    }

    std::size_t capacity() const noexcept { return static_cast<std::size_t>(capacity_); }
    std::size_t size_approx() const noexcept {
        // relaxed, both: an approximation, and within its bounds whatever was read
        const std::uint64_t taken = head_.position.load(relaxed);
        const std::int64_t size = distance(end_of_items(tail_.position.load(relaxed)), taken);
        return static_cast<std::size_t>(std::clamp<std::int64_t>(size, 0, capacity_));
    }
    std::size_t credits_approx() const noexcept
        requires has_credit_on_request
    {
        const std::uint64_t at = end_of_items(tail_.position.load(relaxed));  // relaxed: as above
        return is_closed() ? 0 : static_cast<std::size_t>(std::clamp<std::int64_t>(credit_at(at), 0, capacity_));
    }
    memory_report memory() const noexcept { return cells_.memory(); }

private:
    enum closing_state : unsigned char { open, closing, closed };

    // A side's line. The consumers' position is exact. The producers' is a hint: no position before it waits for an
    // item, and it may be behind, since it is stored after the link, and by a thread that was suspended long after it.
    struct alignas(separation_bytes) side {
        explicit side(std::uint64_t start) noexcept : position(start), known(start) {}
        atomic<std::uint64_t> position;
        atomic<std::uint64_t> known;  // the other side's position when somebody last looked: a lower bound
        turns turn;
        look_pace pace;
        atomic<std::uint32_t> alone{0};  // looks that found one item at most
    };

    template <class G>
    struct telling {
        G& tell;
        std::size_t count = 0;
        ~telling() {
            if (count > 0) tell(count);
        }
    };

    static std::int64_t distance(std::uint64_t a, std::uint64_t b) noexcept { return static_cast<std::int64_t>(a - b); }
    std::uint64_t worthwhile() const noexcept { return look_pace::worthwhile(static_cast<std::uint64_t>(capacity_)); }

    // An argument that is a T and was moved from gets its value back. Assignment where there is one: it is right for a
    // base class subobject, too.
    template <class... Args>
    static void move_back([[maybe_unused]] T& element, [[maybe_unused]] Args&&... args) noexcept {
        if constexpr (sizeof...(Args) == 1 && (std::same_as<T&&, Args&&> && ...) && !std::is_trivially_copyable_v<T>) {
            const auto restore = [&element](T& argument) noexcept {
                if constexpr (std::is_nothrow_move_assignable_v<T>) {
                    argument = std::move(element);
                } else {
                    std::destroy_at(&argument);
                    std::construct_at(&argument, std::move(element));
                }
            };
            (restore(args), ...);
        }
    }

    template <class It>
    void push_singly(It& from, std::size_t n, std::size_t& pushed) {
        while (pushed < n && try_emplace(*from)) {
            ++pushed;
            ++from;
        }
    }

    // Why is_full() said so.
    struct always_full {
        static constexpr status::value answer = status::full;
    };
    struct full_or_not_asked {
        status::value answer = status::full;
    };
    using shortage = std::conditional_t<has_credit_on_request, full_or_not_asked, always_full>;

    // Whether there were capacity_ items or more before position `at`, which has no item or had none a moment ago. True
    // is exact: `at` was reached by links from before the look at the head.
    //
    // With credit on request, also where the demand ends. What is known is then the limit less the capacity: where the head
    // would be if that alone set the limit.
    [[gnu::always_inline]] bool is_full(std::uint64_t at, [[maybe_unused]] shortage& reason) noexcept {
        // relaxed: a lower bound for the head, which only grows
        if (at - tail_.known.load(relaxed) < static_cast<std::uint64_t>(capacity_)) [[likely]]
            return false;
        if constexpr (has_credit_on_request) return look_for_credit(at, reason) <= 0;
        return look_for_room(at) <= 0;
    }
    [[gnu::noinline]] std::int64_t look_for_credit(std::uint64_t at, shortage& reason) noexcept
        requires has_credit_on_request
    {
        tail_.pace.wait();
        bool not_asked = false;
        const std::int64_t credit = credit_at(at, not_asked);
        reason.answer = not_asked ? status::no_credit : status::full;
        tail_.pace.found(static_cast<std::uint64_t>(std::max<std::int64_t>(credit, 0)), worthwhile(), false);
        const auto known = at + static_cast<std::uint64_t>(credit - capacity_);
        tail_.known.store(known, relaxed);  // relaxed: a bound, see is_full()
        return credit;
    }
    std::int64_t credit_at(std::uint64_t at, bool& not_asked) const noexcept {
        const auto room = [this]() noexcept {
            const std::uint64_t head = head_.position.load(seq_cst);  // seq_cst: among (1) and (9)
            return cursor_at(head + static_cast<std::uint64_t>(capacity_));
        };
        return detail::distance(demand_.limit(cursor_at(at), room, not_asked), cursor_at(at));
    }
    std::int64_t credit_at(std::uint64_t at) const noexcept {
        bool ignored = false;
        return credit_at(at, ignored);
    }
    [[gnu::noinline]] std::int64_t look_for_room(std::uint64_t at) noexcept {
        tail_.pace.wait();
        const std::uint64_t head = head_.position.load(seq_cst);  // seq_cst: among (1) and (9)
        const std::int64_t room = capacity_ - distance(at, head);
        tail_.pace.found(static_cast<std::uint64_t>(std::max<std::int64_t>(room, 0)), worthwhile(), false);
        tail_.known.store(head, relaxed);  // relaxed: a bound, see is_full()
        return room;
    }

    // The position's own place is taken: by a consumer that has not quite emptied it, by a producer that builds for the
    // same position, or by one that stopped there. So a little patience, then any other place.
    [[gnu::noinline]] std::size_t claim_another(std::uint64_t& at) noexcept {
        for (int i = 0; i < most_pauses_for_a_place; ++i) {
            pause();
            const std::uint64_t tail = tail_.position.load(acquire);  // acquire: (5)
            if (distance(tail, at) > 0) at = tail;
            const std::size_t index = cells_.own_index(at);
            // relaxed: to leave the line alone; claim() decides
            if (cells_[index].taken.load(relaxed) == 0 && cells_[index].claim()) return index;
        }
        at = end_of_items(at);
        return cells_.claim_any();
    }

    // The first position without an item, from `at` on, or a position that was it a moment ago. Most often a step away;
    // and a hint that is far behind costs O(log capacity), since there is no gap between the head and that position.
    [[gnu::noinline]] std::uint64_t end_of_items(std::uint64_t at) const noexcept {
        for (int i = 0; i < 4; ++i, ++at) {
            if (is_end(at)) return at;
        }
        const std::uint64_t head = head_.position.load(acquire);  // acquire: before the looks at links
        if (distance(head, at) > 0) at = head;
        std::uint64_t end = head + static_cast<std::uint64_t>(capacity_);
        while (distance(end, at) > 0) {
            const std::uint64_t middle = at + (end - at) / 2;
            if (is_end(middle)) {
                end = middle;
            } else {
                at = middle + 1;
            }
        }
        return at;
    }
    bool is_end(std::uint64_t at) const noexcept {
        return cells_.is_awaited(cells_.link_at(at).load(acquire), at);  // acquire: as (2)
    }

    [[gnu::always_inline]] void advance_tail(std::uint64_t to) noexcept {
        // relaxed: not back if it can be helped, but a store costs less than an exchange
        if (distance(to, tail_.position.load(relaxed)) > 0) [[likely]] {
            tail_.position.store(to, release);  // (6) release: pairs with (5), the links before `to` happened before
        }
    }

    template <class F>
    [[gnu::always_inline]] status take_one(F& take) {
        std::uint64_t at = head_.position.load(relaxed);                     // relaxed: the exchange decides
        const std::int64_t items = distance(head_.known.load(relaxed), at);  // relaxed: a hint
        if (items <= 0) [[unlikely]] {
            at = look_for_items(at);
        } else if (items > items_ahead_of_need) {
            prefetch_for_write(&cells_[cells_.own_index(at + items_ahead_of_need)]);
        }
        for (;;) {
            // (2) seq_cst: pairs with (1), the element is readable; and "empty" has its place in the one order
            const Counter link = cells_.link_at(at).load(seq_cst);
            if (cells_.is_linked(link, at)) [[likely]] {
                if (!head_.turn.is_mine()) [[unlikely]] {
                    head_.turn.take();
                    at = head_.position.load(relaxed);  // relaxed: as above
                    continue;
                }
                // (9) seq_cst: for the one order. What the link hands over was acquired with it
                if (head_.position.compare_exchange_strong(at, at + 1, seq_cst, relaxed)) [[likely]] {
                    strict_emptying<cell> place(cells_[cells_.index_of(link)]);
                    take(place.element());
                    return status::success;
                }
            } else if (cells_.is_awaited(link, at)) {
                if (!cells_.is_sealed(link)) return status::empty;
                say_closed();
                return status::closed;
            } else {
                at = head_.position.load(relaxed);  // relaxed: as above; a stale value costs another turn
            }
        }
    }

    // Keeps off the producers' heels, see look_pace. A pop costs less than a push here, so consumers always catch up,
    // and then find items one by one, as fast as lines can change cores: which looks like items that come alone. So now
    // and then a look waits a little to see which it is.
    [[gnu::noinline]] std::uint64_t look_for_items(std::uint64_t at) noexcept {
        head_.pace.wait();
        at = head_.position.load(relaxed);                                // relaxed: the exchange decides
        std::int64_t items = distance(tail_.position.load(relaxed), at);  // relaxed: a hint
        if (items <= 1) {
            // relaxed, both: a hint
            const std::uint32_t alone = head_.alone.load(relaxed) + 1;
            head_.alone.store(alone, relaxed);
            if (alone % looks_to_doubt == 0 && items == 1) {
                for (int i = 0; i < 16; ++i) pause();
                at = head_.position.load(relaxed);                   // relaxed: as above
                items = distance(tail_.position.load(relaxed), at);  // relaxed: as above
                if (items >= 4) head_.pace.expect_stream();
            }
        }
        head_.pace.found(static_cast<std::uint64_t>(std::max<std::int64_t>(items, 0)), worthwhile(), true);
        if (items > 0) head_.known.store(at + static_cast<std::uint64_t>(items), relaxed);  // relaxed: a hint
        return at;
    }

    // Seals the first position without an item: it will never have one, so nor will any after it. A producer that finds
    // a ring being closed seals it itself before it says so: a push from before cannot slip in after that answer.
    [[gnu::noinline, gnu::cold]] void seal() noexcept {
        std::uint64_t at = tail_.position.load(acquire);  // acquire: (5)
        for (;;) {
            atomic<Counter>& link = cells_.link_at(at);
            Counter before = link.load(relaxed);  // relaxed: the exchange decides
            if (!cells_.is_awaited(before, at)) {
                at = end_of_items(at);
            } else if (cells_.is_sealed(before) ||
                       // seq_cst: for the one order
                       link.compare_exchange_strong(before, cells_.sealed(before), seq_cst, relaxed)) {
                return say_closed();
            }
        }
    }
    void say_closed() noexcept {
        closing_.store(closed, seq_cst);  // (11) seq_cst: pairs with (10) and (7), and among closings of other rings
    }

    static constexpr int most_pauses_for_a_place = 16;
    static constexpr int items_ahead_of_need = 12;
    static constexpr std::uint32_t looks_to_doubt = 256;

    cells cells_;
    const std::int64_t capacity_;
    atomic<unsigned char> closing_{open};  // on the line that is not written while items flow
    side tail_;
    side head_;
    struct no_demand {};
    [[no_unique_address]] std::conditional_t<has_credit_on_request, shared_demand, no_demand> demand_;
};

}  // namespace weir::detail
