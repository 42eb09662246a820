// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/prefetch.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/base/slot_run.hpp"
#include "weir/detail/credit/receiver.hpp"
#include "weir/detail/credit/state.hpp"
#include "weir/detail/spsc/slots.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The consumer's end: the items it knows of, its portion of slots, and where the slots are mapped for it. One thread.
template <class T, std::unsigned_integral Counter, granting Granting>
class alignas(separation_bytes) spsc_consumer {
    using state = credit_state<Counter>;
    using slots = spsc_slots<T, Counter>;
    using receiver = credit_receiver<Counter, Granting>;

public:
    /// At `first` lie the slots.
    spsc_consumer(const state& shared, T* first, Counter grant_every = 1) noexcept
        : portion_(receiver::position(shared)), slots_(first, shared.capacity), items_(shared, grant_every) {}

    /// Calls `take(element)` on the oldest element, then destroys it. If `take` throws, the element stays.
    template <class F>
    WEIR_ALWAYS_INLINE status try_take(state& shared, F&& take) {
        check_role();
        const Counter position = receiver::position(shared);
        if (position == portion_.end) [[unlikely]] {
            if (const std::size_t known = items_.known_items(position); known > 0) {
                open_next_portion(shared, position, known);
            } else {
                // The slot's line is on its way while the look waits for the counter's: one transfer instead of two in a row.
                detail::prefetch_for_read(std::addressof(slots_[position]));
                const std::size_t items = items_.items(shared, position, 1);
                if (items == 0) return items_.drained(shared) ? status::closed : status::empty;
                open_portion(shared, position, items);
            }
        }
        T& element = portion_[position];
        [[maybe_unused]] const single_use_checker::scope taking(visiting_);
        std::forward<F>(take)(element);
        std::destroy_at(std::addressof(element));
        if (is_last_of_line(position) && takes_over_) slots::take_over(std::addressof(element), 1);
        items_.consume(shared, position, 1);
        return status::success;
    }

    /// The oldest `n` elements at most.
    slot_run<T> readable(state& shared, std::size_t n) noexcept {
        check_role();
        return oldest(shared, n);
    }

    /// Calls `visit(element)` on the oldest elements, min(`most`, available) of them, destroys them and gives their slots back,
    /// `at_once` at a time; `given_back(k)` is called after each time. If `visit` throws, that element and those after it stay.
    template <class F, class G>
    std::size_t consume(state& shared, F& visit, std::size_t most, std::size_t at_once, G given_back) {
        const std::size_t count = readable(shared, most).size();
        for (std::size_t left = count; left > 0;) {
            const Counter position = receiver::position(shared);
            const slot_run<T> piece = slots_.run(position, static_cast<Counter>(std::min(left, at_once)));
            giving_back<G> visited{*this, shared, position, given_back};
            [[maybe_unused]] const single_use_checker::scope visits(visiting_);
            for (; visited.count < piece.first.size(); ++visited.count) {
                T& element = piece.first[visited.count];
                visit(element);
                std::destroy_at(std::addressof(element));
            }
            left -= piece.first.size();
        }
        return count;
    }

    /// Gives the oldest `n` slots, whose elements are destroyed by now, back to the producer.
    void release(state& shared, std::size_t n) noexcept {
        check_role();
        give_back(shared, receiver::position(shared), static_cast<Counter>(n));
    }

    /// Destroys every element; no other thread uses the ring.
    void clear(state& shared) noexcept {
        const slot_run<T> rest = oldest(shared, shared.capacity);
        std::destroy_n(rest.first.data(), rest.first.size());
        std::destroy_n(rest.second.data(), rest.second.size());
    }

    bool has_items(state& shared) noexcept {
        check_thread();
        return items_.items(shared, receiver::position(shared), 1) > 0;
    }

    /// The same, sooner: for select().
    WEIR_ALWAYS_INLINE bool has_items_now(const state& shared) noexcept {
        check_thread();
        return items_.has_items_now(shared, receiver::position(shared));
    }

    /// Whether the ring was closed and everything accepted was taken.
    bool drained(const state& shared) noexcept { return items_.drained(shared); }

    /// Credit on request: see credit_receiver.
    std::size_t request(state& shared, std::uint64_t n) noexcept {
        check_thread();  // also in the middle of a visit
        return items_.request(shared, n);
    }
    std::size_t grant_rest(state& shared) noexcept { return items_.grant_rest(shared); }
    bool has_unused_credit(const state& shared) const noexcept { return items_.has_unused_credit(shared); }

    /// The calling thread is the consumer from now on.
    void adopt() noexcept { role_.adopt(); }

private:
    // Gives back what was visited, also when a visit throws.
    template <class G>
    struct giving_back {
        spsc_consumer& me;
        state& shared;
        Counter position;
        G& given_back;
        std::size_t count = 0;
        ~giving_back() {
            if (count == 0) return;
            me.give_back(shared, position, static_cast<Counter>(count));
            given_back(count);
        }
    };

    slot_run<T> oldest(state& shared, std::size_t n) noexcept {
        const Counter position = receiver::position(shared);
        const Counter wanted = static_cast<Counter>(std::min<std::size_t>(n, shared.capacity));
        return slots_.run(position, std::min(wanted, items_.items(shared, position, wanted)));
    }

    void give_back(state& shared, Counter position, Counter n) noexcept {
        if (is_close(shared, items_.known_items(position))) slots_.take_over(position, n);
        portion_.end = static_cast<Counter>(position + n);
        items_.consume(shared, position, n);
    }

    // Not for what a look has just found: asking for its first lines gained nothing, and made a round trip longer.
    [[gnu::noinline]] void open_next_portion(const state& shared, Counter position, std::size_t items) noexcept {
        slots_.template prefetch<false>(position, slots::portion, std::min(items, 2 * slots::portion));
        open_portion(shared, position, items);
    }
    void open_portion(const state& shared, Counter position, std::size_t items) noexcept {
        takes_over_ = is_close(shared, items);
        portion_.open(slots_, position, items);
    }

    // Whether lines are to be taken over (see spsc_slots) while so many items are known. Not those of small items when the ring is nearly
    // full: the line has left the producer's cache by then, and the stores would only slow this side down.
    static bool is_close(const state& shared, std::size_t items) noexcept {
        return sizeof(T) >= cache_line_bytes || items <= shared.capacity / 2;
    }
    static constexpr bool is_last_of_line(Counter position) noexcept {
        return (position + 1) % std::max<std::size_t>(1, cache_line_bytes / sizeof(T)) == 0;
    }

    void check_role() noexcept {
        check_thread();
        visiting_.check(
            "a ring of one consumer is popped from in the middle of another pop from it, by a visit or an assignment; do "
            "so afterwards, or use mpmc_ring");
    }
    void check_thread() noexcept {
        role_.check(
            "a second thread pops from a ring of one consumer; use spmc_ring or mpmc_ring, or call adopt_consumer() when "
            "the role is handed on");
    }

    spsc_portion<T, Counter> portion_;
    bool takes_over_ = true;  // the lines of this portion
    [[no_unique_address]] role_checker role_{};
    slots slots_;
    receiver items_;
    single_use_checker visiting_;  // an element that is being visited, or moved out
};

}  // namespace weir::detail
