// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "weir/credit.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/base/prefetch.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/base/slot_run.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// Bounded queue of one producer and one consumer: a contiguous array of slots under a credit loop.
///
/// The classic is Lamport's ring (1983), with the opposite cursor cached as in FastForward and MCRingBuffer (Giacomoni
/// 2008; Lee 2010). What is weir's own is that looks at the other side are paced (credit_counter), and that the lines of
/// slots are asked for ahead of need within the credit in hand: an item's cost is the transfer of its line, and that wait
/// is overlapped with the items before it.
///
/// Knows cursors and slots, and nothing of waiting. Closing is here since it must be one step with claiming: a push that
/// looked, then claimed, could be accepted after the consumer was told that all is drained.
template <class T, class Storage, std::unsigned_integral Counter, granting Granting = granting::automatic>
class spsc_core {
    using credit_counter = weir::credit_counter<Counter, Granting>;

public:
    using value_type = T;
    using counter_type = Counter;
    static constexpr bool has_credit_on_request = Granting == granting::on_request;
    static constexpr std::size_t fixed_capacity = detail::fixed_capacity<Storage>;
    static constexpr progress try_push_progress = progress::wait_free;
    static constexpr progress try_pop_progress = progress::wait_free;

    spsc_core(std::size_t capacity, Counter start, bool asymmetric)
        requires(!has_credit_on_request)
        : memory_(std::bit_ceil(checked_capacity<T, Counter>(capacity))),
          slots_(memory_.data()),
          mask_(static_cast<Counter>(std::bit_ceil(capacity) - 1)),
          credit_(static_cast<Counter>(capacity), start, asymmetric),
          producer_{start},
          consumer_{start} {}

    spsc_core(std::size_t capacity, Counter start, bool asymmetric, pull::grant_every every)
        requires has_credit_on_request
        : memory_(std::bit_ceil(checked_capacity<T, Counter>(capacity))),
          slots_(memory_.data()),
          mask_(static_cast<Counter>(std::bit_ceil(capacity) - 1)),
          credit_(static_cast<Counter>(capacity), start, asymmetric,
                  static_cast<Counter>(checked_threshold(every, capacity))),
          producer_{start},
          consumer_{start} {}

    ~spsc_core() {
        const slot_run<T> rest = take_run(credit_.capacity());
        std::destroy(rest.first.begin(), rest.first.end());
        std::destroy(rest.second.begin(), rest.second.end());
    }

    spsc_core(const spsc_core&) = delete;
    spsc_core& operator=(const spsc_core&) = delete;

    // ---- producer side ---------------------------------------------------------------------------------------

    template <class... Args>
    [[gnu::always_inline]] status try_emplace(Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
        check_producer();
        const Counter position = credit_.send_position();
        if (position == producer_.portion_end) [[unlikely]] {
            if (!open_send_portion(position)) return credit_.is_ended() ? status::closed : credit_.shortage();
        }
        if (!credit_.claim(position, 1)) [[unlikely]] return status::closed;
        if constexpr (std::is_nothrow_constructible_v<T, Args...>) {
            std::construct_at(&producer_.slot(position), std::forward<Args>(args)...);
        } else {
            claimed guard{credit_, position};
            std::construct_at(&producer_.slot(position), std::forward<Args>(args)...);
            guard.sent = true;
        }
        credit_.send(position, 1);
        return status::success;
    }

    /// Claims writable slots for the next `n` items at most; they hold no live element. None when full or closed.
    slot_run<T> claim(std::size_t n) noexcept {
        check_producer();
        const Counter position = credit_.send_position();
        const Counter wanted = within_capacity(n);
        const Counter granted = std::min(wanted, credit_.credits(position, wanted));
        if (granted == 0 || !credit_.claim(position, granted)) return {};
        producer_.portion_end = static_cast<Counter>(position + granted);
        return run(position, granted);
    }

    /// Hands the first `n` of the `left` slots that are still claimed over. Each holds a live element by now.
    void publish(std::size_t n, std::size_t left) noexcept {
        check_producer();
        credit_.send(first_claimed(left), static_cast<Counter>(n));
    }

    /// Gives the last `left` claimed slots back unused.
    void unclaim(std::size_t left) noexcept {
        if (left == 0) return;
        producer_.portion_end = first_claimed(left);
        credit_.unclaim(producer_.portion_end);
    }

    bool has_room() noexcept { return credit_.credits(credit_.send_position(), 1) > 0; }

    // ---- consumer side ---------------------------------------------------------------------------------------

    /// Calls `take(element)` on the oldest element, then destroys it. If `take` throws, the element stays.
    template <class F>
    [[gnu::always_inline]] status try_take(F&& take) {
        check_consumer();
        const Counter position = credit_.take_position();
        if (position == consumer_.portion_end) [[unlikely]] {
            if (const std::size_t known = credit_.known_items(position); known > 0) {
                open_next_take_portion(position, known);
            } else {
                // The slot's line is on its way while the look waits for the counter's: one transfer instead of two in a row.
                prefetch_for_read(&slot(position));
                const std::size_t items = credit_.items(position, 1);
                if (items == 0) return credit_.drained() ? status::closed : status::empty;
                open_portion(consumer_, position, items);
            }
        }
        T& element = consumer_.slot(position);
        std::forward<F>(take)(element);
        std::destroy_at(&element);
        credit_.consume(position, 1);
        return status::success;
    }

    /// The oldest `n` elements at most.
    slot_run<T> readable(std::size_t n) noexcept {
        check_consumer();
        return take_run(n);
    }

    /// Calls `visit(element)` on the oldest elements, as many as there are now and `most` at most, destroys them and gives
    /// their slots back, a few lines at a time so that the producer does not wait for the last; `given_back(k)` is told of
    /// each time. If `visit` throws, that element and those after it stay.
    template <class F, class G>
    std::size_t consume(F& visit, std::size_t most, G given_back) {
        const std::size_t count = readable(most).size();
        for (std::size_t left = count; left > 0;) {
            const Counter position = credit_.take_position();
            const slot_run<T> piece = run(position, static_cast<Counter>(std::min(left, most_items_at_once<T>)));
            giving_back<G> visited{*this, position, given_back};
            for (; visited.count < piece.first.size(); ++visited.count) {
                T& element = piece.first[visited.count];
                visit(element);
                std::destroy_at(&element);
            }
            left -= piece.first.size();
        }
        return count;
    }

    /// Gives the oldest `n` slots, whose elements are destroyed by now, back to the producer.
    void release(std::size_t n) noexcept {
        check_consumer();
        give_back(credit_.take_position(), static_cast<Counter>(n));
    }

    bool has_items() noexcept { return credit_.items(credit_.take_position(), 1) > 0; }

    /// Whether the ring was closed and everything accepted was taken.
    bool drained() noexcept { return credit_.drained(); }

    /// Asks for `n` more items; returns how many that grants at once.
    std::size_t request(std::uint64_t n) noexcept
        requires has_credit_on_request
    {
        check_consumer();
        return credit_.request(n);
    }

    /// Grants what was held back; returns how much that was.
    std::size_t grant_rest() noexcept
        requires has_credit_on_request
    {
        return credit_.grant_rest();
    }

    bool has_unused_credit() const noexcept
        requires has_credit_on_request
    {
        return credit_.has_unused_credit();
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    /// Nothing is accepted from now on, apart from what is claimed already.
    void close() noexcept { credit_.end_sending(); }
    bool is_closed() const noexcept { return credit_.is_ended(); }

    std::size_t capacity() const noexcept { return credit_.capacity(); }
    std::size_t size_approx() const noexcept { return credit_.in_flight_approx(); }
    std::size_t credits_approx() const noexcept
        requires has_credit_on_request
    {
        return is_closed() ? 0 : credit_.credits_approx();
    }
    memory_report memory() const noexcept { return memory_.report(); }

    void adopt_producer() noexcept { producer_.role.adopt(); }
    void adopt_consumer() noexcept { consumer_.role.adopt(); }

private:
    Counter within_capacity(std::size_t n) const noexcept {
        return n < credit_.capacity() ? static_cast<Counter>(n) : credit_.capacity();
    }

    // Gives back what was visited, also when a visit throws.
    template <class G>
    struct giving_back {
        spsc_core& core;
        Counter position;
        G& tell;
        std::size_t count = 0;
        ~giving_back() {
            if (count == 0) return;
            core.give_back(position, static_cast<Counter>(count));
            tell(count);
        }
    };

    // Gives the claim back when a constructor throws.
    struct claimed {
        credit_counter& credit;
        Counter position;
        bool sent = false;
        ~claimed() {
            if (!sent) credit.unclaim(position);
        }
    };

    Counter first_claimed(std::size_t left) const noexcept {
        return static_cast<Counter>(credit_.send_position() - static_cast<Counter>(left));
    }

    T& slot(Counter position) const noexcept { return slots_[position & mask_]; }

    slot_run<T> take_run(std::size_t n) noexcept {
        const Counter position = credit_.take_position();
        const Counter wanted = within_capacity(n);
        return run(position, std::min(wanted, credit_.items(position, wanted)));
    }

    slot_run<T> run(Counter position, Counter n) const noexcept {
        const std::size_t index = position & mask_;
        const std::size_t until_end = std::min<std::size_t>(n, std::size_t{mask_} + 1 - index);
        return {{slots_ + index, until_end}, {slots_, n - until_end}};
    }

    // Single items pass in portions of a few lines each, so that one costs a comparison and an addition. Between two portions
    // the lines of the one after are asked for, so that several are on their way at a time: only of slots that are known to
    // be this side's, lest it steal lines that the other side is working on.
    static constexpr std::size_t portion_lines = 8;
    static constexpr std::size_t portion = std::max<std::size_t>(1, portion_lines * cache_line_bytes / sizeof(T));

    // One side's portion, on a line of its own. Who moves the position in other ways ends the portion there.
    struct alignas(separation_bytes) side {
        Counter portion_end;        // its slots lie one after the other
        std::uintptr_t origin = 0;  // where the slot of position 0 would be
        [[no_unique_address]] role_checker role{};

        T& slot(Counter position) const noexcept {
            return *reinterpret_cast<T*>(origin + static_cast<std::uintptr_t>(position) * sizeof(T));
        }
    };

    void open_portion(side& mine, Counter position, std::size_t known) const noexcept {
        const std::size_t until_end = std::size_t{mask_} + 1 - (position & mask_);
        mine.portion_end = static_cast<Counter>(position + std::min({known, portion, until_end}));
        mine.origin = reinterpret_cast<std::uintptr_t>(&slot(position)) - static_cast<std::uintptr_t>(position) * sizeof(T);
    }

    // False when there is no credit. Out of line, so that the callers' loops stay small.
    [[gnu::noinline]] bool open_send_portion(Counter position) noexcept {
        const bool looks = credit_.known_credits(position) == 0;
        const std::size_t credits = credit_.credits(position, 1);
        if (credits == 0) return false;
        prefetch<true>(position, looks ? 0 : portion, std::min(credits, 2 * portion));
        open_portion(producer_, position, credits);
        return true;
    }

    // Not for what a look has just found: asking for its first lines gained nothing, and made a round trip longer.
    [[gnu::noinline]] void open_next_take_portion(Counter position, std::size_t items) noexcept {
        prefetch<false>(position, portion, std::min(items, 2 * portion));
        open_portion(consumer_, position, items);
    }

    void give_back(Counter position, Counter n) noexcept {
        consumer_.portion_end = static_cast<Counter>(position + n);
        credit_.consume(position, n);
    }

    // Asks for the lines of the slots `first` to `last` items on from `position`.
    template <bool Write>
    void prefetch(Counter position, std::size_t first, std::size_t last) const noexcept {
        constexpr std::size_t items_per_line = std::max<std::size_t>(1, cache_line_bytes / sizeof(T));
        for (std::size_t i = first; i < last; i += items_per_line) {
            const char* const item = reinterpret_cast<const char*>(&slot(static_cast<Counter>(position + i)));
            for (std::size_t byte = 0; byte < std::min(sizeof(T), portion_lines * cache_line_bytes); byte += cache_line_bytes) {
                if constexpr (Write) {
                    prefetch_for_write(item + byte);
                } else {
                    prefetch_for_read(item + byte);
                }
            }
        }
    }

    void check_producer() noexcept {
        producer_.role.check("a second thread pushes to a ring of one producer; use mpsc_ring or mpmc_ring, or call "
                             "adopt_producer() when the role is handed on");
    }
    void check_consumer() noexcept {
        consumer_.role.check("a second thread pops from a ring of one consumer; use spmc_ring or mpmc_ring, or call "
                             "adopt_consumer() when the role is handed on");
    }

    [[no_unique_address]] slot_memory<T, Storage> memory_;
    T* const slots_;
    const Counter mask_;
    credit_counter credit_;
    side producer_;
    side consumer_;
};

}  // namespace weir::detail
