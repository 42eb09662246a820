// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "weir/detail/atomic.hpp"
#include "weir/detail/cache_line.hpp"
#include "weir/detail/cursor.hpp"
#include "weir/detail/look_pace.hpp"
#include "weir/detail/role_checker.hpp"
#include "weir/detail/sequenced_slots.hpp"
#include "weir/detail/shared_cursor.hpp"
#include "weir/detail/shared_sides.hpp"
#include "weir/detail/storage.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// Bounded queue of many producers and one consumer: as mpmc_core on the producers' side, where it knows more. The lone
/// consumer frees slots in order, so credit alone says that a slot is free: producers look at no slot before they claim it,
/// and never find one busy. The consumer takes by plain stores, and leaves its slots as they are.
///
/// A producer suspended between its claim and the end of its operation holds up the consumer, which is told `busy`, and
/// after `capacity` more items the other producers, which are told `full`.
template <class T, class Storage, std::unsigned_integral Counter>
class mpsc_core : public many_producers<mpsc_core<T, Storage, Counter>, T> {
public:
    using value_type = T;
    using counter_type = std::uint64_t;
    static constexpr std::size_t fixed_capacity = detail::fixed_capacity<Storage>;
    static constexpr progress try_push_progress = progress::lock_free;
    static constexpr progress try_pop_progress = progress::may_be_busy;

    mpsc_core(std::size_t capacity, std::uint64_t start, bool)
        : slots_(capacity, cursor_at(start)),
          capacity_(capacity),
          tail_(cursor_at(start), items_ahead(cursor_at(start), capacity)),
          consumer_{cursor_at(start), cursor_at(start)},
          limit_(items_ahead(cursor_at(start), capacity)) {}

    ~mpsc_core() {
        const cursor end = tail_.current() & ~closed_bit;
        for (cursor at = consumer_.position; at != end; at += one_item) std::destroy_at(&slots_[at].element);
    }

    mpsc_core(const mpsc_core&) = delete;
    mpsc_core& operator=(const mpsc_core&) = delete;

    // ---- producer side; more in many_producers ---------------------------------------------------------------

    [[gnu::always_inline]] claimed claim_room(std::uint64_t wanted) noexcept {
        return tail_.claim(
            wanted, [this]() noexcept { return limit(); }, [](cursor, std::uint64_t n) noexcept { return n; }, worthwhile(),
            false);
    }

    /// What a push would be told now.
    status chance_to_push() const noexcept {
        for (cursor at = tail_.current();;) {
            if ((at & closed_bit) != 0) return status::closed;
            if (distance(limit(), at) > 0) return status::success;
            const cursor now = tail_.current();
            if (now == at) return status::full;
            at = now;
        }
    }

    bool has_room() const noexcept { return chance_to_push() == status::success; }

    // ---- consumer side ---------------------------------------------------------------------------------------

    /// Calls `take(element)` on the oldest element, then destroys it. If `take` throws, the element stays.
    template <class F>
    [[gnu::always_inline]] status try_take(F&& take) {
        check_consumer();
        const cursor at = consumer_.position;
        if (claimed_items(at, 1) == 0) [[unlikely]] return drained() ? status::closed : status::empty;
        if (count_written(at, 1) == 0) [[unlikely]] return status::busy;
        T& element = slots_[at].element;
        std::forward<F>(take)(element);
        std::destroy_at(&element);
        give_back(at, 1);
        return status::success;
    }

    /// If an assignment throws, all elements stay, those before it in their moved-from state.
    std::size_t try_pop_n(std::span<T> out) {
        check_consumer();
        const cursor at = consumer_.position;
        const std::size_t count = count_ready(at, out.size());
        for (std::size_t i = 0; i < count; ++i) out[i] = std::move(slots_[items_ahead(at, i)].element);
        for (std::size_t i = 0; i < count; ++i) std::destroy_at(&slots_[items_ahead(at, i)].element);
        if (count > 0) give_back(at, count);
        return count;
    }

    /// Calls `visit(element)` on the oldest elements, as many as there are now and `most` at most, destroys them and gives
    /// their slots back, a few lines at a time so that producers do not wait for the last; `given_back(k)` is told of each
    /// time. If `visit` throws, that element and those after it stay.
    template <class F, class G>
    std::size_t consume(F& visit, std::size_t most, G given_back) {
        check_consumer();
        const std::size_t count = count_ready(consumer_.position, most);
        for (std::size_t left = count; left > 0;) {
            const std::size_t piece = std::min(left, most_items_at_once<T>);
            giving_back<G> visited{*this, consumer_.position, given_back};
            for (; visited.count < piece; ++visited.count) {
                T& element = slots_[items_ahead(visited.first, visited.count)].element;
                visit(element);
                std::destroy_at(&element);
            }
            left -= piece;
        }
        return count;
    }

    bool has_items() const noexcept { return count_written(consumer_.position, 1) == 1; }

    /// Whether the ring was closed and everything accepted was taken. Once true, it stays so.
    bool drained() const noexcept { return tail_.current() == (consumer_.position | closed_bit); }

    // ---- any thread ------------------------------------------------------------------------------------------

    /// Nothing is claimed by producers from now on.
    void close() noexcept { tail_.close(); }
    bool is_closed() const noexcept { return (tail_.current() & closed_bit) != 0; }

    std::size_t capacity() const noexcept { return capacity_; }
    std::size_t size_approx() const noexcept {
        const cursor granted = limit();  // first: what the consumer has passed, the tail has
        const std::int64_t credits = distance(granted, tail_.current() & ~closed_bit);
        return size_within(static_cast<std::int64_t>(capacity_) - credits, capacity_);
    }
    memory_report memory() const noexcept { return slots_.memory(); }

    void adopt_consumer() noexcept { role_.adopt(); }

    /// For the producers.
    sequenced_slots<T, Storage, Counter>& slots() noexcept { return slots_; }

private:
    // The consumer's own line.
    struct alignas(separation_bytes) side {
        cursor position;
        cursor known;  // claimed by producers when last looked
        look_pace pace{};
    };

    // Gives back what was visited, also when a visit throws.
    template <class G>
    struct giving_back {
        mpsc_core& core;
        const cursor first;
        G& tell;
        std::size_t count = 0;
        ~giving_back() {
            if (count == 0) return;
            core.give_back(first, count);
            tell(count);
        }
    };

    cursor limit() const noexcept { return limit_.load(acquire); }  // (8) acquire: pairs with (7), the slots are free
    std::uint64_t worthwhile() const noexcept { return look_pace::worthwhile(capacity_); }

    // How many items are claimed at `at`, looking at the producers only if fewer than `wanted` are known.
    [[gnu::always_inline]] std::uint64_t claimed_items(cursor at, std::uint64_t wanted) noexcept {
        const auto known = static_cast<std::uint64_t>(distance(consumer_.known, at));
        return known >= wanted ? known : look_for_items(at, wanted);
    }

    [[gnu::noinline]] std::uint64_t look_for_items(cursor at, std::uint64_t wanted) noexcept {
        consumer_.pace.wait();
        consumer_.known = tail_.current() & ~closed_bit;
        const auto found = static_cast<std::uint64_t>(distance(consumer_.known, at));
        consumer_.pace.found(found, wanted > 1 ? std::min(wanted, worthwhile()) : worthwhile(), true);
        return found;
    }

    // How many of the `n` slots from `at` on hold an element.
    [[gnu::always_inline]] std::uint64_t count_written(cursor at, std::uint64_t n) const noexcept {
        std::uint64_t count = 0;
        for (; count < n; ++count, at += one_item) {
            // (6) acquire: pairs with (5), the element is readable
            if (slots_[at].sequence.load(acquire) != slots_.written(at)) break;
        }
        return count;
    }

    std::size_t count_ready(cursor at, std::size_t most) noexcept {
        const std::uint64_t wanted = std::min(most, capacity_);
        return static_cast<std::size_t>(count_written(at, std::min(wanted, claimed_items(at, wanted))));
    }

    void give_back(cursor at, std::uint64_t n) noexcept {
        consumer_.position = items_ahead(at, n);
        // (7) release: pairs with (8), hands the slots over
        limit_.store(items_ahead(consumer_.position, capacity_), release);
    }

    void check_consumer() noexcept {
        role_.check("a second thread pops from a ring of one consumer; use mpmc_ring, or call adopt_consumer() when the "
                    "role is handed on");
    }

    sequenced_slots<T, Storage, Counter> slots_;
    const std::size_t capacity_;
    shared_cursor tail_;
    side consumer_;
    alignas(separation_bytes) atomic<cursor> limit_;
    alignas(separation_bytes) role_checker role_;
};

}  // namespace weir::detail
