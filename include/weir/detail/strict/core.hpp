// SPDX-License-Identifier: MIT
//
// The numbers of memory orders count through the three headers of this ring: (3) and (4) stand in cells.hpp,
// (7), (8), (10) and (11) in positions.hpp, the others here.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/element.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/base/prefetch.hpp"
#include "weir/detail/base/user_code.hpp"
#include "weir/detail/concepts.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/detail/strict/cells.hpp"
#include "weir/detail/strict/positions.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// Bounded queue of many producers and many consumers in which a thread that stops, at any step and for ever, delays no other
/// thread: it holds neither a slot of the capacity nor anything that another one needs.
///
/// How: a producer builds its element in a place that is its own, and then links it to the first position that has no
/// item, by a compare and exchange of that position's link. A consumer reads the link at the head, and takes the item
/// by a compare and exchange of the head; no thread waits for it to empty the place, since the next lap's item finds another one. So there are as many places as the capacity, and one more for each thread that may be in the middle of
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
///   that found it so, close() at its seal. These are seq_cst, so that it holds across rings too.
/// - `full` is exact: there were capacity() items. `busy`, for a push alone, means that every place was found taken:
///   more than `Threads` operations are under way, or so many came and went during the look. Nothing waits for a
///   certain thread then: any of them that ends makes room.
/// - A link comes back to an old value after 2^(bits of Counter - 1 - bits that number the places) laps, so at 64 bits
///   not before 2^56 items: 20 years at 100 M/s, which a thread would have to stand still between its look at the link
///   and its exchange, and wake up exactly then. A narrower Counter is for tests.
template <class T, class Storage, std::unsigned_integral Counter, std::size_t Threads,
          granting Granting = granting::automatic>
class strict_core : public strict_positions<T, Storage, Counter, Threads, Granting> {
    static_assert(Threads >= 1, "weir: a ring is used by one thread at least");
    using positions = strict_positions<T, Storage, Counter, Threads, Granting>;
    using cells = typename positions::cells;
    using cell = typename cells::cell;
    using positions::cells_, positions::shared_;
    using positions::distance, positions::end_of_items, positions::is_full, positions::look_for_items;
    using positions::is_closing, positions::say_closed, positions::seal;

public:
    using positions::positions;  // its constructors
    using value_type = T;
    using counter_type = std::uint64_t;
    static constexpr bool has_many_producers = true;
    static constexpr bool has_many_consumers = true;
    static constexpr std::size_t fixed_capacity = detail::fixed_capacity<Storage>;
    static constexpr std::size_t most_capacity = cells::most_capacity;
    static constexpr std::size_t memory_alignment = slot_alignment<cell>;
    static constexpr std::size_t bytes_for(std::size_t capacity) noexcept { return cells::bytes_for(capacity); }
    static constexpr bool has_contiguous_slots = false;
    static constexpr bool can_drop_oldest = false;
    static constexpr progress try_push_progress = progress::lock_free;
    static constexpr progress try_pop_progress = progress::lock_free;

    // ---- producer side ---------------------------------------------------------------------------------------

    /// An element is built before it is certain that there is still room for it. If another thread was quicker, it is
    /// destroyed, or, if it was made from an rvalue T, moved back.
    template <class... Args>
    WEIR_ALWAYS_INLINE status try_emplace(Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
        if (is_closing()) [[unlikely]]
            return seal(), status::closed;
        if (!shared_.tail.turn.is_mine()) [[unlikely]]
            shared_.tail.turn.take();
        std::uint64_t at = shared_.tail.position.load(acquire);  // (5) acquire: pairs with (6), see is_full()
        typename positions::shortage reason;
        if (is_full(at, reason)) [[unlikely]]
            return reason.answer;
        // Lines ahead of need, among the cells that are this side's: nothing is loaded ahead beyond a compare and
        // exchange, so each line would cost its whole transfer between cores. relaxed: see is_full()
        if (at + items_ahead_of_need - shared_.tail.other.known() < static_cast<std::uint64_t>(shared_.capacity)) {
            detail::prefetch_for_write(std::addressof(cells_[cells_.own_index(at + items_ahead_of_need)]));
        }
        std::size_t index = cells_.own_index(at);
        if (!cells_[index].claim()) [[unlikely]] {
            index = claim_another(at);
            if (index == cells::none) return is_full(at, reason) ? reason.answer : status::busy;
        }
        strict_building<cell> place(cells_[index]);
        std::construct_at(std::addressof(place.element()), std::forward<Args>(args)...);
        place.is_built = true;
        while (!is_full(at, reason)) {
            atomic<Counter>& link = cells_.link_at(at);
            Counter before = link.load(relaxed);  // relaxed: the exchange decides
            if (!cells_.is_awaited(before, at)) {
                at = end_of_items(at);
            } else if (cells_.is_sealed(before)) {
                move_back(place.element(), std::forward<Args>(args)...);
                (void)link.load(acquire);  // acquire: pairs with the seal, what its thread knew of the closing one
                say_closed();  // the thread that sealed may not have come to it, and is_closed() must agree with us
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
        return detail::push_singly(from, n,
                                   [this](auto&& item) noexcept(std::is_nothrow_constructible_v<T, decltype(item)>) {
                                       return this->try_emplace(std::forward<decltype(item)>(item));
                                   });
    }

    // ---- consumer side ---------------------------------------------------------------------------------------

    /// Calls `take(element)` on the oldest element, then destroys it.
    template <class F>
    WEIR_ALWAYS_INLINE status try_take(F&& take) noexcept {
        static_assert(
            noexcept(take(std::declval<T&>())),
            "weir: on a ring of many consumers T must be nothrow-move-assignable to be popped into a variable, and the "
            "visit of a single item must be noexcept: an item that was taken could go neither forward nor back; use "
            "the pop that returns std::optional<T>, or consume");
        return take_one(take);
    }

    std::size_t try_pop_n(std::span<T> out) noexcept {
        std::size_t popped = 0;
        while (popped < out.size() && try_take([&](T& element) noexcept { out[popped] = std::move(element); }))
            ++popped;
        return popped;
    }

    /// Calls `visit(element)` on the oldest elements, as many as there are now and `most` at most, each taken before
    /// and destroyed afterwards; `given_back(k)` is called when there is room again. If a visit throws, that element is gone.
    template <class F, class G>
    std::size_t consume(F& visit, std::size_t most, G given_back) {
        const std::size_t count = std::min(most, this->size_approx());
        std::size_t visited = 0;
        while (visited < count) {
            std::size_t taken = 0;
            const at_scope_end afterwards([&]() {
                if (taken > 0) given_back(taken);
            });
            const std::size_t piece = std::min(count - visited, most_items_at_once<T>);
            while (taken < piece) {
                const auto counting = [&](T& element) {
                    ++taken;
                    visit(element);
                };
                if (!take_one(counting)) return visited + taken;
            }
            visited += piece;
        }
        return visited;
    }

private:
    // An argument that is a T and was moved from gets its value back. Assignment where there is one: it is right for a
    // base class subobject, too.
    template <class... Args>
    static void move_back([[maybe_unused]] T& element, [[maybe_unused]] Args&&... args) noexcept {
        if constexpr (sizeof...(Args) == 1 && (std::same_as<T&&, Args&&> && ...) && !std::is_trivially_copyable_v<T>) {
            const auto restore = [&element](T& argument) noexcept {
                if constexpr (std::is_nothrow_move_assignable_v<T>) {
                    argument = std::move(element);
                } else {
                    std::destroy_at(std::addressof(argument));
                    std::construct_at(std::addressof(argument), std::move(element));
                }
            };
            (restore(args), ...);
        }
    }

    // The position's own place is taken: by a consumer that has not quite emptied it, by a producer that builds for the
    // same position, or by one that stopped there. So a little patience, then any other place.
    [[gnu::noinline]] std::size_t claim_another(std::uint64_t& at) noexcept {
        for (int i = 0; i < most_pauses_for_a_place; ++i) {
            pause();
            const std::uint64_t tail = shared_.tail.position.load(acquire);  // acquire: (5)
            if (distance(tail, at) > 0) at = tail;
            const std::size_t index = cells_.own_index(at);
            // relaxed: to leave the line alone; claim() decides
            if (cells_[index].taken.load(relaxed) == 0 && cells_[index].claim()) return index;
        }
        at = end_of_items(at);
        return cells_.claim_any();
    }

    WEIR_ALWAYS_INLINE void advance_tail(std::uint64_t to) noexcept {
        // relaxed: not back if it can be helped, but a store costs less than an exchange
        if (distance(to, shared_.tail.position.load(relaxed)) > 0) [[likely]] {
            shared_.tail.position.store(to,
                                        release);  // (6) release: pairs with (5), the links before `to` happened before
        }
    }

    template <class F>
    WEIR_ALWAYS_INLINE status take_one(F& take) {
        std::uint64_t at = shared_.head.position.load(relaxed);               // relaxed: the exchange decides
        const std::int64_t items = distance(shared_.head.other.known(), at);  // relaxed: a hint
        if (items <= 0) [[unlikely]] {
            at = look_for_items(at);
        } else if (items > items_ahead_of_need) {
            detail::prefetch_for_write(std::addressof(cells_[cells_.own_index(at + items_ahead_of_need)]));
        }
        for (;;) {
            // (2) seq_cst: pairs with (1), the element is readable; and "empty" has its place in the one order
            const Counter link = cells_.link_at(at).load(seq_cst);
            if (cells_.is_linked(link, at)) [[likely]] {
                if (!shared_.head.turn.is_mine()) [[unlikely]] {
                    shared_.head.turn.take();
                    at = shared_.head.position.load(relaxed);  // relaxed: as above
                    continue;
                }
                // (9) seq_cst: for the one order. What the link hands over was acquired with it
                if (shared_.head.position.compare_exchange_strong(at, at + 1, seq_cst, relaxed)) [[likely]] {
                    strict_emptying<cell> place(cells_[cells_.index_of(link)]);
                    take(place.element());
                    return status::success;
                }
            } else if (cells_.is_awaited(link, at)) {
                if (!cells_.is_sealed(link)) return status::empty;
                say_closed();
                return status::closed;
            } else {
                at = shared_.head.position.load(relaxed);  // relaxed: as above; a stale value costs another turn
            }
        }
    }

    static constexpr int most_pauses_for_a_place = 16;
    static constexpr int items_ahead_of_need = 12;
};

/// Of what is no element: refused with a sentence, by options.
template <class T, class Storage, std::unsigned_integral Counter, std::size_t Threads, granting Granting>
    requires(!is_element<T>)
class strict_core<T, Storage, Counter, Threads, Granting>
    : public strict_core<instead_of<T>, Storage, Counter, Threads, Granting> {
    using base = strict_core<instead_of<T>, Storage, Counter, Threads, Granting>;
    using base::base;
};

static_assert(ring_core<strict_core<int, storage::heap, std::uint64_t, 1>>);
static_assert(ring_core<strict_core<int, storage::heap, std::uint64_t, 1, granting::on_request>>);
static_assert(shared_state<strict_state<granting::automatic>> && shared_state<strict_state<granting::on_request>>);

}  // namespace weir::detail
